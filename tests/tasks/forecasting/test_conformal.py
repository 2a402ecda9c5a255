"""Conformal intervals: exact rank, coverage on exchangeable data, and no crossing quantiles."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.conformal import Conformal, conformal_quantile, rearranged


@pytest.mark.parametrize("percent", range(1, 100))
def test_the_quantile_has_the_finite_sample_rank(percent):
    """The rank is ⌈(n + 1)(1 − alpha)⌉ in exact fractions. Too few scores are refused, with the number needed."""
    level = Fraction(percent, 100)
    needed = next(n for n in range(1, 1000) if math.ceil((n + 1) * level) <= n)
    for count in range(1, 61):
        scores = np.random.default_rng(count).permutation(count)[:, None] + 1.0
        if count < needed:
            with pytest.raises(InputError, match=f"at least {needed} windows to calibrate .*, found {count}$"):
                conformal_quantile(scores, percent / 100)
        else:
            assert conformal_quantile(scores, percent / 100).item() == math.ceil((count + 1) * level)


def test_every_step_and_column_has_its_own_margin():
    target = np.zeros((9, 2, 3))
    forecast = np.arange(1, 10.0)[:, None, None] * np.array([[1, -10, 100], [2, 20, -200]])
    margin = Conformal.fit(target, forecast, forecast, 0.9).margin
    assert margin.tolist() == [[9, 90, 900], [18, 180, 1800]]
    assert Conformal.fit(target, forecast, forecast, 0.5).margin.tolist() == [[5, 50, 500], [10, 100, 1000]]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("quantile_head", [False, True])
def test_coverage_on_exchangeable_data_is_nominal(level, quantile_head):
    """Over many calibrations of n = 40, coverage lies in [level, level + 1/(n + 1)] (Lei et al. 2018, theorem 2.2)."""
    generator = np.random.default_rng(7)
    repeats, calibration, tests = 1500, 40, 10
    spread = np.array([[1.0, 5.0], [0.1, 2.0]])
    covered = np.zeros((2, 2))
    for _ in range(repeats):
        # A bad forecaster on skewed noise whose spread varies: coverage must not depend on any of that.
        scale = spread * generator.uniform(0.5, 2, size=(calibration + tests, 1, 1))
        target = scale * generator.exponential(size=(calibration + tests, 2, 2)) + 3
        lower, upper = (2.5 + 0.1 * scale, 2.5 + scale) if quantile_head else (2.5 + 0 * scale,) * 2
        fitted = Conformal.fit(target[:calibration], lower[:calibration], upper[:calibration], level)
        low, high = fitted.interval(lower[calibration:], upper[calibration:])
        covered += ((low <= target[calibration:]) & (target[calibration:] <= high)).mean(axis=0)
    coverage = covered / repeats
    # The mean over a calibration varies by sqrt(level(1 − level)/(n + 2)), over its tests by sqrt(level(1 − level)/10).
    error = 4 * math.sqrt(level * (1 - level) * (1 / (calibration + 2) + 1 / tests) / repeats)
    assert np.all(coverage > level - error)
    assert np.all(coverage < level + 1 / (calibration + 1) + error)


def test_the_margin_of_point_forecasts_is_their_absolute_residual():
    generator = np.random.default_rng(0)
    target, forecast = generator.normal(size=(2, 50, 4, 2))
    fitted = Conformal.fit(target, forecast, forecast, 0.8)
    assert np.array_equal(fitted.margin, np.sort(np.abs(target - forecast), axis=0)[math.ceil(51 * 0.8) - 1])
    lower, upper = fitted.interval(forecast, forecast)
    assert np.allclose(upper - lower, 2 * fitted.margin)
    assert np.allclose((upper + lower) / 2, forecast)


def test_wide_quantiles_are_narrowed_but_never_cross():
    generator = np.random.default_rng(1)
    target = generator.normal(size=(200, 1, 1))
    wide = np.full_like(target, 50.0)
    fitted = Conformal.fit(target, -wide, wide, 0.8)
    assert fitted.margin.item() < -40
    lower, upper = fitted.interval(-wide, wide)
    assert 0.7 < ((lower <= target) & (target <= upper)).mean() < 0.9
    lower, upper = fitted.interval(np.full((1, 1, 1), -1.0), np.full((1, 1, 1), 1.0))
    assert lower.item() < upper.item()


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (3, 5), elements=st.floats(-9, 9)))
def test_rearranged_quantiles_are_the_same_numbers_sorted(quantiles):
    assert rearranged(quantiles).tolist() == [sorted(row) for row in quantiles.tolist()]


def test_impossible_levels_and_shapes_are_refused():
    with pytest.raises(ValueError, match="level between 0 and 1, found 1"):
        conformal_quantile(np.zeros((5, 1)), 1)
    with pytest.raises(ValueError, match=r"expected shapes \(N, H, C\)"):
        Conformal.fit(np.zeros((5, 2, 1)), np.zeros((5, 2, 2)), np.zeros((5, 2, 2)), 0.5)


def test_missing_targets_do_not_count_for_a_margin():
    target = np.concatenate([np.arange(1.0, 10.0), [np.nan] * 5]).reshape(-1, 1, 1)
    forecast = np.zeros_like(target)
    assert Conformal.fit(target, forecast, forecast, 0.9).margin.item() == 9
    with pytest.raises(InputError, match=r"expected at least 19 windows to calibrate intervals of 0.95, found 9"):
        Conformal.fit(target, forecast, forecast, 0.95)
