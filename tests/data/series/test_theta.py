"""Season, level and slope of look-backs, beside plain loops over a single window."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.data.series.damped_trend import damped_trend
from bilstm_nlp.data.series.normalisation import Theta, WindowNormaliser
from bilstm_nlp.data.series.theta import LEAST_SCALE, LONGEST_MATRIX, WEIGHTS, WindowTheta

SEASON = np.array([3.0, -1.0, -4.0, 2.0])


def smoothed(values: np.ndarray) -> float:
    """Average the levels of exponential smoothing with several weights, step by step."""
    levels, errors = [], []
    for weight in WEIGHTS:
        level, squared = values[0], 0.0
        for value in values[1:]:
            squared += (value - level) ** 2
            level += weight * (value - level)
        levels.append(level)
        errors.append(max(squared, 1e-10))
    likelihood = (np.array(errors) / min(errors)) ** (-0.5 * len(values))
    return float((likelihood * levels).sum() / likelihood.sum())


@pytest.mark.parametrize("rows", [20, LONGEST_MATRIX, LONGEST_MATRIX + 1])
def test_level_and_slope_equal_those_of_loops(rows):
    values = np.random.default_rng(2).normal(size=rows).cumsum()
    theta = WindowTheta.of(values[None], 1, 3)
    assert theta.level.item() == pytest.approx(smoothed(values))
    assert theta.slope.item() == pytest.approx(np.polyfit(np.arange(rows), values, 1)[0])
    assert theta.scale.item() == pytest.approx(np.abs(np.diff(values)).mean() + LEAST_SCALE)
    expected = theta.level + 0.5 * theta.slope * np.array([1, 2, 3])
    np.testing.assert_allclose(theta.forecast(0.5)[0], expected)


@pytest.mark.parametrize("length", [16, 17, 19, 26])
def test_clean_season_is_found_at_its_phase(length):
    steps = np.arange(length)
    values = 10 + 0.5 * steps + SEASON[steps % 4]
    theta = WindowTheta.of(values[None], 4, 6)
    np.testing.assert_allclose(theta.season_past[0], SEASON[steps % 4], atol=1e-9)
    np.testing.assert_allclose(theta.season_ahead[0], SEASON[(length + np.arange(6)) % 4], atol=1e-9)
    assert theta.slope.item() == pytest.approx(0.5)


def test_odd_season_is_found():
    season, steps = np.array([2.0, -2.0, 0.0]), np.arange(15)
    theta = WindowTheta.of((season[steps % 3] + 1.0 * steps)[None], 3, 3)
    np.testing.assert_allclose(theta.season_ahead[0], season, atol=1e-9)


def test_noise_has_nearly_no_season():
    noise = np.random.default_rng(4).normal(size=(200, 24))
    theta = WindowTheta.of(noise, 4, 4)
    assert (theta.season_past.std(axis=1) < 0.2).mean() > 0.6
    assert theta.season_past.std(axis=1).mean() < 0.25


def test_padding_changes_nothing():
    values = 10 + np.random.default_rng(5).normal(size=14) + SEASON[np.arange(14) % 4]
    padded = np.concatenate([np.full(7, np.nan), values])
    plain, longer = (WindowTheta.of(each[None], 4, 5) for each in (values, padded))
    for name in ("level", "slope", "scale", "season_ahead"):
        np.testing.assert_allclose(getattr(longer, name), getattr(plain, name), atol=1e-9)


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_short_look_backs_have_a_finite_forecast(rows):
    past = np.concatenate([np.full((1, 12 - rows), np.nan), np.full((1, rows), 5.0)], axis=1)
    np.testing.assert_allclose(WindowTheta.of(past, 4, 3).forecast(0.5), [[5.0] * 3])


def test_normalised_past_and_level_give_back_the_values():
    targets = np.random.default_rng(6).normal(size=(3, 12, 2)).cumsum(axis=1).astype(np.float32)
    normalised = WindowNormaliser("theta", 4, Theta(4, 0.5))(targets)
    assert normalised.level.shape == (3, 4, 2)
    for window in range(3):
        for column in range(2):
            theta = WindowTheta.of(targets[window, :, column][None].astype(np.float64), 4, 4)
            expected = targets[window, :, column] - theta.season_past[0] - theta.level
            past = normalised.past[window, :, column] * normalised.scale[window, 0, column]
            np.testing.assert_allclose(past, expected, atol=1e-5)
            np.testing.assert_allclose(normalised.level[window, :, column], theta.forecast(0.5)[0], rtol=1e-5)


def test_smoothed_trend_is_averaged_with_level_and_slope():
    steps = np.arange(24)
    past = (10 + 0.5 * steps + SEASON[steps % 4] + np.random.default_rng(7).normal(size=24))[None]
    theta = WindowTheta.of(past, 4, 5, smooth_trend=True)
    line, smoothed = theta.forecast(0.5), theta.forecast(0.5, 1.0)
    np.testing.assert_allclose(line, WindowTheta.of(past, 4, 5).forecast(0.5))
    without = past - theta.season_past
    expected = damped_trend(without, np.ones((1, 24), dtype=bool), theta.slope, 5) + theta.season_ahead
    np.testing.assert_allclose(smoothed, expected)
    assert np.abs(line - smoothed).min() > 0.01
    np.testing.assert_allclose(theta.forecast(0.5, 0.25), 0.75 * line + 0.25 * smoothed)
    normalised = WindowNormaliser("theta", 5, Theta(4, 0.5, 0.25))(past[..., None].astype(np.float32))
    np.testing.assert_allclose(normalised.level[0, :, 0], theta.forecast(0.5, 0.25)[0], rtol=1e-5)
