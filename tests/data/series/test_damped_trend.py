"""Smoothing with a damped trend, beside plain loops over a single window."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.data.series.damped_trend import DAMPINGS, FIRST_TREND, LEVEL_WEIGHTS, TREND_WEIGHTS, damped_trend


def looped(values: list[float], slope: float, horizon: int) -> list[float]:
    """Average the forecasts of all weights by their likelihood, step by step."""
    forecasts, errors = [], []
    for weight in LEVEL_WEIGHTS:
        for trend_weight in TREND_WEIGHTS:
            for damping in DAMPINGS:
                level, trend, squared = values[0], FIRST_TREND * slope, 0.0
                for value in values[1:]:
                    error = value - level - damping * trend
                    level += damping * trend + weight * error
                    trend = damping * trend + weight * trend_weight * error
                    squared += error**2
                ahead = []
                for step in range(1, horizon + 1):
                    level += damping**step * trend
                    ahead.append(level)
                forecasts.append(ahead)
                errors.append(squared)
    likelihood = (np.array(errors) / min(errors)) ** (-len(values) / 2)
    return list((likelihood[:, None] * np.array(forecasts)).sum(axis=0) / likelihood.sum())


def forecasts(values: np.ndarray, horizon: int = 4) -> np.ndarray:
    observed = ~np.isnan(values)
    slopes = [np.polyfit(np.flatnonzero(seen), row[seen], 1)[0] for row, seen in zip(values, observed, strict=True)]
    return damped_trend(np.where(observed, values, 0.0), observed, np.array(slopes), horizon)


def test_forecasts_equal_those_of_loops():
    values = 5 + np.random.default_rng(3).normal(size=(3, 12)).cumsum(axis=1)
    for row, forecast in zip(values, forecasts(values), strict=True):
        np.testing.assert_allclose(forecast, looped(list(row), np.polyfit(np.arange(12), row, 1)[0], 4))


def test_rows_before_the_first_value_change_nothing():
    values = 5 + np.random.default_rng(4).normal(size=(2, 9)).cumsum(axis=1)
    padded = np.concatenate([np.full((2, 6), np.nan), values], axis=1)
    padded[1, 6:8] = np.nan
    np.testing.assert_allclose(forecasts(padded)[0], forecasts(values)[0])
    np.testing.assert_allclose(forecasts(padded)[1], forecasts(values[1:, 2:])[0])


def test_steady_growth_slows_down_ahead():
    steps = np.diff(forecasts(10 + 2.0 * np.arange(20)[None], horizon=6)[0])
    assert 1 < steps[0] < 2
    assert (np.diff(steps) < 0).all()


@pytest.mark.parametrize("rows", [1, 2])
def test_constant_and_short_look_backs_stay_at_their_level(rows):
    observed = np.array([[False] * (5 - rows) + [True] * rows])
    np.testing.assert_allclose(damped_trend(np.full((1, 5), 7.0), observed, np.zeros(1), 3), [[7.0] * 3])
