"""Seasons, and features of the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.calendar import calendar_features, season, varying_fields

FREQUENCIES = ("10s", "min", "15min", "h", "6h", "D", "2D", "B", "W-SUN", "W-WED", "MS", "ME", "QE", "YS", "YE")


SEASONS = {"10s": 360, "min": 1440, "15min": 96, "h": 24, "2h": 12, "5h": 24, "24h": 7, "D": 7, "2D": 7, "B": 5}
SEASONS |= {"step": 1, "month-15": 12, "3month-15-JAN": 4, "observed-MonTueWedThuFri": 5, "observed-SatSun": 2}
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


def test_steps_have_no_feature_fixed_days_the_month():
    values, names = calendar_features(pd.Index([1, 2, 3]), "step", "cyclic")
    assert (values.shape, names) == ((3, 0), ())
    assert (varying_fields("month-15"), varying_fields("12month-15-JAN")) == (("month",), ())
    assert varying_fields("observed-MonTue") == ("day_of_week", "day", "month")


def test_features_follow_the_local_clock():
    dates = pd.date_range("2021-07-01", periods=24, freq="h", tz="Asia/Tokyo")
    assert calendar_features(dates, "h")[0][0, 0] == -0.5
