"""Frequencies as text, their grids, and the dates that follow a series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.frequencies import (
    FixedDay,
    ObservedDays,
    Steps,
    future_dates,
    grid,
    moments,
    parse_frequency,
)
from bilstm_nlp.errors import InputError


def test_an_unknown_frequency_is_refused():
    for wrong in ("99999999999999999999h", "hourly", "-1h", "0D", ""):
        with pytest.raises(InputError, match=f"expected a frequency such as .*, found '{wrong}'$"):
            parse_frequency(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step", Steps(1)),
        ("10step", Steps(10)),
        ("month-15", FixedDay(1, 15)),
        ("3month-31-MAR", FixedDay(3, 31, 2)),
        ("12month-4-JUL", FixedDay(12, 4, 6)),
        ("observed-MonWedSun", ObservedDays((0, 2, 6))),
    ],
)
def test_own_frequencies_keep_their_text(text, expected):
    assert parse_frequency(text) == expected
    assert parse_frequency(text).freqstr == text


@pytest.mark.parametrize(
    "text", ["0step", "-1step", "month-0", "month-32", "5month-1-JAN", "3month-1-DEC", "month-15-JAN"]
)
def test_near_misses_of_own_frequencies_are_refused(text):
    with pytest.raises(InputError, match="expected a frequency such as"):
        parse_frequency(text)


@pytest.mark.parametrize("text", ["observed-", "observed-TueMon", "observed-MonMon", "observed-Montag", "observed-mon"])
def test_weekdays_must_ascend(text):
    with pytest.raises(InputError, match="expected a frequency such as"):
        parse_frequency(text)


def test_grids_of_fixed_days_keep_time_and_zone():
    ends = pd.DatetimeIndex(["2023-11-30 06:30", "2024-03-30 06:30"], tz="Europe/Berlin")
    assert [str(date) for date in grid(ends, "month-30")] == [
        "2023-11-30 06:30:00+01:00", "2023-12-30 06:30:00+01:00", "2024-01-30 06:30:00+01:00",
        "2024-02-29 06:30:00+01:00", "2024-03-30 06:30:00+01:00",
    ]  # fmt: skip
    assert len(grid(ends, "3month-30-JAN")) == 0  # a November is none of its months
    assert len(grid(ends, "3month-30-FEB")) == 2


def test_grids_of_steps_and_observed_days():
    assert grid(pd.Index([3, 9]), "3step").tolist() == [3, 6, 9]
    days = pd.DatetimeIndex(["2024-01-05", "2024-01-09"])
    assert list(grid(days, "observed-MonTueWedThuFri")) == list(days)


def test_rare_weekdays_are_not_those_of_a_series():
    days = pd.bdate_range("2020-01-01", periods=500).append(pd.DatetimeIndex(["2021-12-04"]))
    assert ObservedDays.of(days) == ObservedDays((0, 1, 2, 3, 4))
    assert ObservedDays.of(days[days.day_of_week != 2]).freqstr == "observed-MonTueThuFri"


def test_moments_are_numbers_in_the_order_of_time():
    assert moments(pd.Index([4, 6])).tolist() == [4, 6]
    seconds = pd.DatetimeIndex(["1970-01-01 00:00:01", "1970-01-01 00:00:02"]).as_unit("s")
    assert moments(seconds).tolist() == [10**9, 2 * 10**9]


# --- future dates ---


@pytest.mark.parametrize(
    ("last", "frequency", "expected"),
    [
        ("2020-02-28", "D", ["2020-02-29", "2020-03-01"]),
        ("2020-01-31", "ME", ["2020-02-29", "2020-03-31"]),
        ("2020-01-01", "MS", ["2020-02-01", "2020-03-01"]),
        ("2021-01-08", "B", ["2021-01-11", "2021-01-12"]),
        ("2021-01-03", "W-SUN", ["2021-01-10", "2021-01-17"]),
        ("2020-01-15", "month-15", ["2020-02-15", "2020-03-15"]),
        ("2020-02-29", "month-31", ["2020-03-31", "2020-04-30"]),
        ("2020-05-15", "3month-15-FEB", ["2020-08-15", "2020-11-15"]),
        ("2024-07-05", "observed-MonTueWedThuFri", ["2024-07-08", "2024-07-09"]),
        ("2020-12-31 23:00", "h", ["2021-01-01 00:00", "2021-01-01 01:00"]),
    ],
)
def test_future_dates_keep_the_frequency(last, frequency, expected):
    assert list(future_dates(pd.Timestamp(last), 2, frequency)) == [pd.Timestamp(date) for date in expected]


def test_future_dates_follow_the_clock_of_their_zone():
    last = pd.Timestamp("2021-03-28 01:00", tz="Europe/Berlin")
    assert [date.hour for date in future_dates(last, 2, "h")] == [3, 4]
    for frequency in ("D", "observed-MonTueWedThuFriSatSun"):
        days = future_dates(pd.Timestamp("2021-03-27", tz="Europe/Berlin"), 2, frequency)
        assert [str(day) for day in days] == ["2021-03-28 00:00:00+01:00", "2021-03-29 00:00:00+02:00"]
    (month,) = future_dates(pd.Timestamp("2021-03-15", tz="Europe/Berlin"), 1, "month-15")
    assert str(month) == "2021-04-15 00:00:00+02:00"


def test_a_last_date_off_the_grid_is_refused():
    with pytest.raises(InputError, match=r"expected the last date to be one of frequency B, found 2021-01-10"):
        future_dates(pd.Timestamp("2021-01-10"), 3, "B")
    for last, frequency in ((pd.Timestamp("2021-01-10"), "month-15"), (pd.Timestamp("2021-03-15"), "3month-15-JAN")):
        with pytest.raises(InputError, match="expected the last date to be one of frequency"):
            future_dates(last, 3, frequency)
    for last, frequency in ((pd.Timestamp("2021-01-10"), "step"), (5, "D")):
        with pytest.raises(InputError, match="expected the last date to be one of frequency"):
            future_dates(last, 3, frequency)


def test_numbers_follow_the_last_number():
    assert future_dates(np.int64(12), 3, "4step").tolist() == [16, 20, 24]
