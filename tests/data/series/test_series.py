"""Series and their chronological split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.series.series import Filled, Parts, Series, SeriesSet, split_counts, split_dates, split_fractions
from bilstm_nlp.errors import InputError

often = settings(max_examples=100, deadline=None)


def hourly(length: int, columns: int = 1, name: str = "s") -> Series:
    values = np.arange(length * columns, dtype=np.float64).reshape(length, columns)
    dates = pd.date_range("2020-01-01", periods=length, freq="h")
    return Series(name, dates, values, tuple("abcdefg"[:columns]), np.arange(length) + 2)


# --- series ---


def test_a_slice_of_a_series_is_a_view():
    series = hourly(10, 2)
    part = series[3:6]
    assert np.shares_memory(part.values, series.values)
    assert (len(part), part.dates[0], list(part.rows)) == (3, pd.Timestamp("2020-01-01 03:00"), [5, 6, 7])


def test_columns_are_selected_by_name_unknown_columns_named():
    series = hourly(4, 3)
    assert series.select(["c", "a"]).tolist() == [[2, 0], [5, 3], [8, 6], [11, 9]]
    with pytest.raises(InputError, match=r"^expected one of the columns a, b, c, found 'd'$"):
        series.select(["a", "d"])


def test_remarks_name_ten_filled_columns_and_count_the_others():
    date = pd.Timestamp("2020-01-01")
    filled = tuple(Filled("s", f"c{index}", index + 1, date, "ffill") for index in range(13))
    remarks = SeriesSet("x.csv", [hourly(4)], ("a",), "h", filled, notes=("cells are strange",)).remarks()
    assert remarks[0] == "x.csv: cells are strange"
    assert remarks[10] == (
        "x.csv: 10 values of column c9 of series s were missing, the first at 2020-01-01 00:00:00; filled by ffill"
    )
    assert remarks[11:] == ["x.csv: 36 values of 3 more columns were missing and have been filled"]


def test_numbered_rows_cannot_be_split_at_dates():
    steps = pd.Index([1, 2, 3])
    with pytest.raises(InputError, match="split: expected a series with dates, found one of steps from 1 to 3"):
        split_dates(steps, pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02"))


def test_arrays_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"expected values \(3, 1\)"):
        Series("s", pd.date_range("2020", periods=3), np.zeros((4, 1)), ("a",), np.zeros(3, np.int64))


# --- split ---


def test_counts_leave_later_rows_unused():
    parts = split_counts(17420, (8640, 2880, 2880))
    assert parts == Parts(slice(0, 8640), slice(8640, 11520), slice(11520, 14400))


@often
@given(st.integers(1, 400), st.integers(1, 100), st.data())
def test_fractions_are_rounded_down_and_add_up_to_all_rows(length, percent, data):
    test = data.draw(st.integers(0, 100 - percent))
    fractions = (percent / 100, (100 - percent - test) / 100, test / 100)
    if percent * length < 100:
        with pytest.raises(InputError, match="expected a training part"):
            split_fractions(length, fractions)
        return
    parts = split_fractions(length, fractions)
    # In integers, which have no rounding error.
    assert parts.train == slice(0, percent * length // 100)
    assert parts.test == slice(length - test * length // 100, length)
    assert parts.validation == slice(parts.train.stop, parts.test.start)


def test_fractions_of_less_than_one_leave_rows_unused():
    assert split_fractions(100, (0.5, 0.1, 0.2)) == Parts(slice(0, 50), slice(50, 60), slice(60, 80))


def test_impossible_splits_are_refused():
    with pytest.raises(InputError, match=r"at most 10 rows in all, found counts 8/2/1"):
        split_counts(10, (8, 2, 1))
    with pytest.raises(InputError, match=r"expected a training part .*, found counts 0/5/5"):
        split_counts(10, (0, 5, 5))
    with pytest.raises(InputError, match=r"add up to at most 1, found 0.7/0.2/0.2"):
        split_fractions(10, (0.7, 0.2, 0.2))


def test_dates_split_at_their_row_or_the_next():
    dates = hourly(48).dates
    parts = split_dates(dates, pd.Timestamp("2020-01-01 10:30"), pd.Timestamp("2020-01-02"))
    assert parts == Parts(slice(0, 11), slice(11, 24), slice(24, 48))
    parts = split_dates(dates, dates[10], dates[20], end=dates[30])
    assert parts == Parts(slice(0, 10), slice(10, 20), slice(20, 30))


def test_dates_without_a_zone_take_that_of_the_series():
    dates = pd.date_range("2020-01-01", periods=48, freq="h", tz="Europe/Berlin")
    berlin, utc = pd.Timestamp("2020-01-01 10:00"), pd.Timestamp("2020-01-01 19:00", tz="UTC")
    assert split_dates(dates, berlin, utc) == Parts(slice(0, 10), slice(10, 20), slice(20, 48))
    with pytest.raises(InputError, match="expected dates without a time zone"):
        split_dates(dates.tz_localize(None), berlin, utc)


def test_unordered_or_early_split_dates_are_refused():
    dates = hourly(48).dates
    with pytest.raises(InputError, match=r"ascending dates after 2020-01-01 00:00:00, found 2020-01-01 20:00:00, 2020"):
        split_dates(dates, dates[20], dates[10])
    with pytest.raises(InputError, match=r"ascending dates after 2020-01-01 00:00:00"):
        split_dates(dates, dates[0], dates[10])
