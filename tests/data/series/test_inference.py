"""Frequencies inferred from dates with gaps, and compared with that of training."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.series.frequencies import grid
from bilstm_nlp.data.series.inference import best_frequency, fits_training

FREQUENCIES = ("10s", "min", "15min", "h", "6h", "D", "2D", "B", "W-SUN", "W-WED", "MS", "ME", "QE", "YS", "YE")


@settings(max_examples=100, deadline=None)
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


@pytest.mark.parametrize(
    "frequency", ["month-15", "month-2", "month-30", "3month-15-FEB", "12month-4-JUL", "6month-30-JAN"]
)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_fixed_day_of_the_month_is_a_frequency(frequency, zone):
    first, last = pd.DatetimeIndex(["2001-07-04", "2021-12-31"], tz=zone)
    whole = grid(pd.DatetimeIndex([first, last]), frequency) if "JUL" in frequency else None
    months = {"month-15": "01", "month-2": "01", "month-30": "01", "3month-15-FEB": "02", "6month-30-JAN": "01"}
    if whole is None:
        begin = pd.Timestamp(f"2001-{months[frequency]}-01", tz=zone)
        whole = grid(pd.DatetimeIndex([begin, last]), frequency)
    for dates in (whole[:30], whole[:3], whole[[0, 1, 2, 3, 5, 6, 7, 8]]):
        assert best_frequency([pd.DatetimeIndex(dates)]) == frequency


def test_one_date_off_a_fixed_day_does_not_hide_it():
    dates = pd.date_range("2020-01-01", periods=20, freq="MS") + pd.Timedelta("14D")
    assert best_frequency(
        [dates.delete(7).append(pd.DatetimeIndex([dates[7] + pd.Timedelta("1D")])).sort_values()]
    ) == ("month-15")


def test_numbered_rows_have_steps():
    assert best_frequency([pd.Index([1, 2, 3, 5])]) == "step"
    assert best_frequency([pd.Index([4]), pd.Index([0, 10, 30])]) == "10step"
    assert best_frequency([pd.Index([7])]) == "step"


DAYS = pd.date_range("2024-01-01", periods=10, freq="D")
"""From a Monday on."""


@pytest.mark.parametrize(
    ("dates", "training", "fits"),
    [
        (DAYS[:1], "D", True),
        (DAYS[:2], "D", True),
        (DAYS[:3], "B", True),
        (DAYS[:7], "B", False),
        (DAYS[:5], "h", False),
        (DAYS[:2], "h", False),
        (pd.date_range("2024-01-01", periods=5, freq="h"), "D", False),
        (DAYS[[0, 2, 3, 4]], "D", True),
        (pd.DatetimeIndex(["2024-01-01", "2024-02-01"]), "MS", True),
        (pd.DatetimeIndex(["2024-01-02", "2024-02-02"]), "MS", False),
        (DAYS[[0, 1, 2, 4]], "observed-MonTueWedThuFri", True),
        (pd.date_range("2024-01-01", periods=5, freq="h"), "observed-MonTueWedThuFri", False),
        (pd.date_range("2024-01-01", periods=5, freq="W-MON"), "observed-MonTueWedThuFri", False),
        (pd.Index([3, 4]), "step", True),
        (pd.Index([3, 5, 7]), "step", False),
        (pd.Index([3, 4]), "D", False),
        (DAYS, "step", False),
    ],
)
def test_dates_fit_training_unless_they_tell_otherwise(dates, training, fits):
    assert fits_training([dates], training, best_frequency([dates])) is fits


def test_stretches_count_where_no_frequency_gives_all_dates():
    """All the dates have the fixed day 31, which is no better than the month ends of the stretches."""
    ends = pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31", "2024-06-30"])
    assert best_frequency([ends.insert(1, pd.Timestamp("2024-02-01"))]) == "ME"
