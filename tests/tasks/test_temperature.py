"""Temperatures: known ones are recovered, and calibration is measured on predictions that were not fitted."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.metrics.reliability import reliability
from bilstm_nlp.tasks.temperature import COLDEST, HOTTEST, cross_fitted, fit_temperature, interpolated


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def predictions(temperature: float, count: int = 20_000, seed: int = 0):
    """Draw predictions with log-odds `temperature` times too large, and whether each is right."""
    generator = np.random.default_rng(seed)
    log_odds = generator.normal(1, 2, count)
    correct = generator.random(count) < sigmoid(log_odds)
    return (lambda t: sigmoid(temperature * log_odds / t)), correct


@pytest.mark.parametrize("temperature", [0.4, 0.7, 1.0, 1.8, 3.0])
def test_a_known_temperature_is_recovered(temperature):
    confidences, correct = predictions(temperature)
    assert fit_temperature(confidences, correct) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("temperature", [0.7, 1.8])
def test_the_temperature_minimises_the_log_loss(temperature):
    confidences, correct = predictions(temperature, 300)

    def loss(t: float) -> float:
        return -np.log(np.where(correct, confidences(t), 1 - confidences(t))).mean()

    grid = np.geomspace(COLDEST, HOTTEST, 2000)
    best = grid[np.argmin([loss(t) for t in grid])]
    assert fit_temperature(confidences, correct) == pytest.approx(best, rel=0.01)


def test_calibration_error_of_overconfident_predictions_shrinks():
    confidences, correct = predictions(2.5)
    before = reliability(confidences(1.0), correct).ece
    after = reliability(confidences(fit_temperature(confidences, correct)), correct).ece
    assert before > 0.08
    assert after < 0.01


def test_all_right_or_all_wrong_gives_a_bound():
    """Confidences of exactly 0 or 1, whose logarithms are infinite, are included."""

    def confidences(t: float) -> np.ndarray:
        with np.errstate(over="ignore"):
            return sigmoid(np.array([40.0, 800.0, -800.0, 1.0]) / t)

    assert fit_temperature(confidences, np.ones(4, bool)) == pytest.approx(COLDEST, rel=0.02)
    assert fit_temperature(confidences, np.array([True, False, True, False])) == pytest.approx(HOTTEST, rel=0.02)


def test_without_predictions_the_temperature_is_1():
    assert fit_temperature(lambda t: np.empty(0), np.empty(0, bool)) == 1.0


# --- cross-fitting ---


def test_each_half_gets_the_temperature_of_the_other():
    """The halves need different temperatures. Confidences and error are those of the swapped temperatures."""
    hot, hot_correct = predictions(2.0, 5000, seed=1)
    cold, cold_correct = predictions(0.5, 3000, seed=2)
    correct = np.concatenate([hot_correct, cold_correct])
    half = np.arange(8000) < 5000
    order = np.random.default_rng(3).permutation(8000)
    fitted, ece = cross_fitted(lambda t: np.concatenate([hot(t), cold(t)])[order], correct[order], half[order])
    of_hot, of_cold = fit_temperature(hot, hot_correct), fit_temperature(cold, cold_correct)
    assert of_hot / of_cold > 3
    expected = np.concatenate([hot(of_cold), cold(of_hot)])[order]
    np.testing.assert_allclose(fitted, expected)
    assert ece == reliability(expected, correct[order]).ece


def test_a_halfs_confidences_do_not_depend_on_its_own_answers():
    """Changing the answers of one half leaves its own confidences the same."""
    confidences, correct = predictions(2.0, 2000)
    half = np.arange(2000) % 2 == 0
    before, _ = cross_fitted(confidences, correct, half)
    after, _ = cross_fitted(confidences, np.where(half, ~correct, correct), half)
    np.testing.assert_array_equal(after[half], before[half])
    assert not np.isclose(after[~half], before[~half]).any()


def test_cross_fitting_an_empty_half_changes_nothing():
    confidences, correct = predictions(2.0, 50)
    fitted, _ = cross_fitted(confidences, correct, np.ones(50, bool))
    np.testing.assert_array_equal(fitted, confidences(1.0))
    assert cross_fitted(lambda t: np.empty(0), np.empty(0, bool), np.empty(0, bool))[1] is None


@pytest.mark.parametrize("temperature", [0.5, 0.9, 1.8, 3.0])
def test_interpolation_finds_the_temperature_in_few_evaluations(temperature):
    """Softmaxes over five scores, whose log odds are no straight line in the temperature."""
    generator = np.random.default_rng(1)
    scores = generator.normal(0, 2, (20_000, 5))
    drawn = (scores + generator.gumbel(size=scores.shape)).argmax(1)
    best, asked = scores.argmax(1), []

    def confidences(t: float) -> np.ndarray:
        asked.append(t)
        exps = np.exp((scores - scores.max(1, keepdims=True)) * temperature / t)
        return 1 / exps.sum(1)

    approximate = interpolated(confidences)
    assert fit_temperature(approximate, drawn == best) == pytest.approx(temperature, rel=0.05)
    assert len(asked) <= 10
    near = len(asked)
    for t in (0.6, 1.0, 1.5):
        assert np.abs(approximate(t) - confidences(t)).max() < 0.01
    assert len(asked) - near == 3
