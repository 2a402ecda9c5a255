"""Frequencies of dates with gaps, seasons, future dates, and features of the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.series.calendar import (
    best_frequency,
    calendar_features,
    future_dates,
    parse_frequency,
    season,
    varying_fields,
)
from bilstm_nlp.errors import InputError

FREQUENCIES = ("10s", "min", "15min", "h", "6h", "D", "2D", "B", "W-SUN", "W-WED", "MS", "ME", "QE", "YS", "YE")


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(FREQUENCIES), st.integers(20, 60), st.sets(st.integers(1, 18), max_size=3), st.booleans())
def test_a_frequency_is_inferred_despite_missing_dates(frequency, length, missing, long_first):
    dates = pd.date_range("2021-03-03", periods=length, freq=frequency)
    gapped = dates[[row for row in range(length) if row not in missing]]
    indexes = [gapped, dates[:2]] if long_first else [dates[:2], gapped]
    result = best_frequency(indexes)
    # The alias may differ (YS is YS-JAN): what counts is that it goes on as the dates do.
    assert pd.date_range(dates[0], periods=length, freq=result).equals(dates)


def test_most_dates_decide_the_frequency():
    dates = list(pd.date_range("2021-01-01", periods=30, freq="h"))
    dates[7] += pd.Timedelta("3min")
    assert best_frequency([pd.DatetimeIndex(dates)]) == "h"


def test_few_or_irregular_dates_have_no_frequency():
    assert best_frequency([pd.DatetimeIndex(["2020-01-01", "2020-01-02"])]) is None
    assert best_frequency([pd.DatetimeIndex(["2020-01-01", "2020-01-02", "2020-01-05", "2020-01-19"])]) is None


def test_a_burst_of_seconds_makes_no_grid_of_years():
    burst = pd.date_range("2020-01-01", periods=3, freq="s")
    assert best_frequency([burst.append(pd.DatetimeIndex(["2024-01-01"]))]) is None


def test_an_unknown_frequency_is_refused():
    for wrong in ("99999999999999999999h", "hourly", "-1h", "0D", ""):
        with pytest.raises(InputError, match=f"expected a frequency such as .*, found '{wrong}'$"):
            parse_frequency(wrong)


SEASONS = {"10s": 360, "min": 1440, "15min": 96, "h": 24, "2h": 12, "5h": 24, "24h": 7, "D": 7, "2D": 7, "B": 5}
SEASONS |= {"W-SUN": 52, "MS": 12, "ME": 12, "QS-OCT": 4, "QE": 4, "YS": 1, "BYE": 1}


@pytest.mark.parametrize(("frequency", "expected"), SEASONS.items())
def test_the_season_of_a_frequency(frequency, expected):
    assert season(frequency) == expected


def test_a_season_later_it_is_the_same_hour_or_weekday():
    for frequency in ("15min", "h", "2h", "5h", "D", "2D", "3D"):
        dates = pd.date_range("2021-01-01", periods=500, freq=frequency)
        step = season(frequency)
        again = "time" if frequency not in ("D", "2D", "3D") else "day_of_week"
        assert np.array_equal(getattr(dates, again)[step:], getattr(dates, again)[:-step])


# --- future dates ---


@pytest.mark.parametrize(
    ("last", "frequency", "expected"),
    [
        ("2020-02-28", "D", ["2020-02-29", "2020-03-01"]),
        ("2020-01-31", "ME", ["2020-02-29", "2020-03-31"]),
        ("2020-01-01", "MS", ["2020-02-01", "2020-03-01"]),
        ("2021-01-08", "B", ["2021-01-11", "2021-01-12"]),
        ("2021-01-03", "W-SUN", ["2021-01-10", "2021-01-17"]),
        ("2020-12-31 23:00", "h", ["2021-01-01 00:00", "2021-01-01 01:00"]),
    ],
)
def test_future_dates_keep_the_frequency(last, frequency, expected):
    assert list(future_dates(pd.Timestamp(last), 2, frequency)) == [pd.Timestamp(date) for date in expected]


def test_future_dates_follow_the_clock_of_their_zone():
    last = pd.Timestamp("2021-03-28 01:00", tz="Europe/Berlin")
    assert [date.hour for date in future_dates(last, 2, "h")] == [3, 4]
    days = future_dates(pd.Timestamp("2021-03-27", tz="Europe/Berlin"), 2, "D")
    assert [str(day) for day in days] == ["2021-03-28 00:00:00+01:00", "2021-03-29 00:00:00+02:00"]


def test_a_last_date_off_the_grid_is_refused():
    with pytest.raises(InputError, match=r"expected the last date to be one of frequency B, found 2021-01-10"):
        future_dates(pd.Timestamp("2021-01-10"), 3, "B")


# --- features ---


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_only_fields_that_vary_are_features(frequency):
    """Each field takes several values; a field of the day that is left out takes one."""
    dates = pd.date_range("2015-01-01", periods=20000 if frequency[-1] in "shn" else 200, freq=frequency)
    chosen = varying_fields(frequency)
    values, names = calendar_features(dates, frequency)
    assert names == chosen
    if frequency not in ("10s", "min"):  # 20,000 of those are less than a month
        assert all(len(np.unique(column)) > 1 for column in values.T)
    for field in {"second", "minute", "hour"} - set(chosen):
        assert len(set(getattr(dates, field))) == 1


def test_scaled_features_run_from_minus_to_plus_one_half():
    dates = pd.date_range("2020-01-01", periods=366 * 24, freq="h")
    values, names = calendar_features(dates, "h")
    assert names == ("hour", "day_of_week", "day", "month")
    assert values.min(axis=0).tolist() == [-0.5] * 4
    assert values.max(axis=0).tolist() == [0.5] * 4
    # 2020-03-05 07:00 was a Thursday.
    row = values[dates.get_loc("2020-03-05 07:00")]
    assert row == pytest.approx([7 / 23 - 0.5, 3 / 6 - 0.5, 4 / 30 - 0.5, 2 / 11 - 0.5])


def test_cyclic_features_lie_on_an_even_circle():
    dates = pd.date_range("2020-01-01", periods=48, freq="h")
    values, names = calendar_features(dates, "h", "cyclic")
    assert names[:2] == ("sin(hour)", "cos(hour)")
    pairs = values.reshape(48, -1, 2)
    assert np.allclose((pairs**2).sum(axis=2), 1)
    steps = np.linalg.norm(np.diff(pairs[:, 0], axis=0), axis=1)
    assert np.allclose(steps, steps[0])


def test_yearly_dates_have_no_feature():
    values, names = calendar_features(pd.date_range("2000", periods=5, freq="YS"), "YS")
    assert (values.shape, names) == ((5, 0), ())


def test_features_follow_the_local_clock():
    dates = pd.date_range("2021-07-01", periods=24, freq="h", tz="Asia/Tokyo")
    assert calendar_features(dates, "h")[0][0, 0] == -0.5
