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
from bilstm_nlp.tasks.forecasting import conformal
from bilstm_nlp.tasks.forecasting.conformal import conformal_quantile, group_margins, outside, rearranged, scores_needed
from tests.samples import repeats


@pytest.mark.slow
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


def margins_of(target, lower, upper, level):
    """Return the margins (H, C) of columns that are groups of their own."""
    count, steps, columns = target.shape
    scores = np.swapaxes(outside(target, lower, upper), 1, 2).reshape(-1, steps)
    relative = np.array_equal(lower, upper)
    return group_margins(scores, np.tile(np.arange(columns), count), columns, level, relative=relative).T


def test_every_step_and_column_has_its_own_margin():
    target = np.zeros((19, 2, 3))
    forecast = np.arange(1, 20.0)[:, None, None] * np.array([[1, -10, 100], [2, 20, -200]])
    margin = margins_of(target, forecast, forecast, 0.9)
    assert margin.tolist() == [[18, 180, 1800], [36, 360, 3600]]
    assert margins_of(target, forecast, forecast, 0.5).tolist() == [[10, 100, 1000], [20, 200, 2000]]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("quantile_head", [False, True])
def test_coverage_on_exchangeable_data_is_nominal(level, quantile_head):
    """Over many calibrations of n = 40, coverage lies in [level, level + 1/(n + 1)] (Lei et al. 2018, theorem 2.2)."""
    generator = np.random.default_rng(7)
    times, calibration, tests = repeats(1500), 40, 10
    spread = np.array([[1.0, 5.0], [0.1, 2.0]])
    covered = np.zeros((2, 2))
    for _ in range(times):
        # A bad forecaster on skewed noise whose spread varies: coverage must not depend on any of that.
        scale = spread * generator.uniform(0.5, 2, size=(calibration + tests, 1, 1))
        target = scale * generator.exponential(size=(calibration + tests, 2, 2)) + 3
        lower, upper = (2.5 + 0.1 * scale, 2.5 + scale) if quantile_head else (2.5 + 0 * scale,) * 2
        margin = margins_of(target[:calibration], lower[:calibration], upper[:calibration], level)
        low, high = lower[calibration:] - margin, upper[calibration:] + margin
        covered += ((low <= target[calibration:]) & (target[calibration:] <= high)).mean(axis=0)
    coverage = covered / times
    # The mean over a calibration varies by sqrt(level(1 − level)/(n + 2)), over its tests by sqrt(level(1 − level)/10).
    error = 4 * math.sqrt(level * (1 - level) * (1 / (calibration + 2) + 1 / tests) / times)
    assert np.all(coverage > level - error)
    assert np.all(coverage < level + 1 / (calibration + 1) + error)


def test_the_margin_of_point_forecasts_is_their_absolute_residual():
    generator = np.random.default_rng(0)
    target, forecast = generator.normal(size=(2, 50, 4, 2))
    margin = margins_of(target, forecast, forecast, 0.8)
    assert np.array_equal(margin, np.sort(np.abs(target - forecast), axis=0)[math.ceil(51 * 0.8) - 1])


def test_wide_quantiles_have_a_margin_below_0():
    generator = np.random.default_rng(1)
    target = generator.normal(size=(200, 1, 1))
    wide = np.full_like(target, 50.0)
    margin = margins_of(target, -wide, wide, 0.8)
    assert margin.item() < -40
    assert 0.7 < ((-wide - margin <= target) & (target <= wide + margin)).mean() < 0.9


# --- groups ---


def noise(windows: int, sizes: list[float], steps: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return absolute residuals (N, H) of groups of these sizes, each with so many windows, and the groups (N,)."""
    generator = np.random.default_rng(seed)
    residuals = [np.abs(generator.normal(scale=size, size=(windows, steps))) for size in sizes]
    return np.concatenate(residuals), np.repeat(np.arange(len(sizes)), windows)


@pytest.mark.parametrize("windows", [5, 12, 60])
def test_rough_group_among_calm_groups_is_covered(windows):
    """20 calm groups and a rough one: pooled margins would cover 3 % of the rough one."""
    sizes = [1.0] * 20 + [30.0]
    scores, groups = noise(windows, sizes)
    margins = group_margins(scores, groups, 21, 0.9, relative=True)
    later, of = noise(2000, sizes, seed=1)
    inside = later <= margins[of]
    calm, rough = inside[of < 20].mean(), inside[of == 20].mean()
    # Few windows are shrunk to the margins of all.
    assert rough > {5: 0.5, 12: 0.75, 60: 0.87}[windows]
    assert 0.87 < calm < 0.97
    assert (margins[20] > 5 * margins[:20].max(axis=0)).all()


def test_quantiles_are_corrected_by_shifts():
    scores, groups = noise(10, [1.0, 1.0])
    scores[groups == 1] -= 5
    margins = group_margins(scores, groups, 2, 0.8, relative=False)
    assert (margins[1] < 0).all()
    assert (margins[0] > 0.5).all()


def test_group_without_windows_has_the_margins_of_all():
    scores, groups = noise(30, [1.0, 1.0])
    margins = group_margins(scores, groups * 2, 3, 0.9, relative=True)
    assert margins[1].tolist() == conformal_quantile(scores, 0.9).tolist()


def test_few_windows_share_a_margin_over_all_steps():
    scores = np.array([[1.0, 2, 3, 4, 5], [6, 7, 8, 9, 10]])
    margins = group_margins(scores, np.zeros(2, dtype=np.int64), 1, 0.8, relative=True)
    assert margins.tolist() == [[9.0] * 5]
    with pytest.raises(InputError, match=r"at least 19 values to calibrate intervals of 0.95, found 10 in all"):
        group_margins(scores, np.zeros(2, dtype=np.int64), 1, 0.95, relative=True)


def test_exact_groups_keep_a_small_margin():
    scores, groups = noise(6, [1.0, 0.0])
    margins = group_margins(scores, groups, 2, 0.8, relative=True)
    assert (margins[1] > 0).all()
    assert (margins[1] < 0.1 * margins[0]).all()


@pytest.mark.parametrize("percent", [50, 80, 90, 95, 99])
def test_needed_scores_are_the_least_that_suffice(percent):
    needed = scores_needed(percent / 100)
    conformal_quantile(np.zeros((needed, 1)), percent / 100)
    with pytest.raises(InputError):
        conformal_quantile(np.zeros((needed - 1, 1)), percent / 100)


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (3, 5), elements=st.floats(-9, 9)))
def test_rearranged_quantiles_are_the_same_numbers_sorted(quantiles):
    assert rearranged(quantiles).tolist() == [sorted(row) for row in quantiles.tolist()]


def test_impossible_levels_and_shapes_are_refused():
    with pytest.raises(ValueError, match="level between 0 and 1, found 1"):
        conformal_quantile(np.zeros((5, 1)), 1)
    with pytest.raises(ValueError, match=r"expected shapes \(N, H, C\)"):
        outside(np.zeros((5, 2, 1)), np.zeros((5, 2, 2)), np.zeros((5, 2, 2)))


def test_missing_targets_do_not_count_for_a_margin():
    scores = np.concatenate([np.arange(1.0, 10.0), [np.nan] * 5]).reshape(-1, 1)
    assert conformal_quantile(scores, 0.9).item() == 9
    with pytest.raises(InputError, match=r"expected at least 19 windows to calibrate intervals of 0.95, found 9"):
        conformal_quantile(scores, 0.95)


@pytest.mark.parametrize("count", [1, 2, 5, 20, 333])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.95, 1.0])
def test_upper_quantile_is_that_of_numpy(count, share):
    values = np.random.default_rng(count).normal(size=count)
    assert conformal._upper_quantile(values, share) == np.quantile(values, share, method="higher")
