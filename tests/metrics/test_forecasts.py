"""Scores of forecasts equal plain loops over points, for any batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bilstm_nlp.metrics.forecasts import IntervalErrors, PointErrors, PointScores, seasonal_naive_error

HORIZON, COLUMNS = 3, 2
numbers = st.one_of(st.just(0.0), st.floats(-100, 100, width=32))


def cubes(windows):
    return arrays(np.float64, (windows, HORIZON, COLUMNS), elements=numbers)


def mean(values):
    return math.fsum(values) / len(values) if values else None


def slow_scores(points):
    """Compute the scores from (y, forecast, naive error) of each point."""
    mse = mean([(y - f) ** 2 for y, f, _ in points])
    return PointScores(
        mse=mse,
        mae=mean([abs(y - f) for y, f, _ in points]),
        rmse=None if mse is None else math.sqrt(mse),
        smape=mean([2 * abs(y - f) / (abs(y) + abs(f)) for y, f, _ in points if abs(y) + abs(f)]),
        mase=mean([abs(y - f) / scale for y, f, scale in points if scale]),
        points=len(points),
    )


def assert_same(result, expected):
    assert result.points == expected.points
    for name in ("mse", "mae", "rmse", "smape", "mase"):
        right = getattr(expected, name)
        assert getattr(result, name) == (None if right is None else pytest.approx(right, rel=1e-9, abs=1e-12)), name


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.data(), st.lists(st.integers(0, 3), min_size=1, max_size=3), st.booleans())
def test_point_scores_of_any_batches_are_means_over_points(data, sizes, per_window):
    errors = PointErrors(HORIZON, COLUMNS)
    points = []
    for size in sizes:
        target, forecast = data.draw(cubes(size)), data.draw(cubes(size))
        shape = (size, COLUMNS) if per_window else (COLUMNS,)
        scale = data.draw(arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.5, 2.0])))
        errors.add(target, forecast, scale)
        for window, step, column in np.ndindex(target.shape):
            at = (window, step, column)
            unit = scale[window, column] if per_window else scale[column]
            points.append((step, column, (target[at], forecast[at], unit)))
    assert_same(errors.total(), slow_scores([point for _, _, point in points]))
    for number, result in enumerate(errors.by_step()):
        assert_same(result, slow_scores([point for step, _, point in points if step == number]))
    for number, result in enumerate(errors.by_column()):
        assert_same(result, slow_scores([point for _, column, point in points if column == number]))


def test_undefined_scores_are_none():
    nothing = PointErrors(HORIZON, COLUMNS).total()
    assert nothing == PointScores(None, None, None, None, None, 0)
    zeros = np.zeros((4, HORIZON, COLUMNS))
    perfect = PointErrors(HORIZON, COLUMNS)
    perfect.add(zeros, zeros, np.zeros(COLUMNS))
    assert perfect.total() == PointScores(0.0, 0.0, 0.0, None, None, 24)
    assert IntervalErrors(HORIZON, COLUMNS, 0.9).total().coverage is None


def test_single_precision_is_summed_in_double():
    errors = PointErrors(1, 1)
    target = np.zeros((100_000, 1, 1), np.float32)
    errors.add(target, target + np.float32(0.1))
    assert errors.total().mae == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_shapes_that_would_broadcast_are_refused():
    errors = PointErrors(HORIZON, COLUMNS)
    with pytest.raises(
        ValueError, match=r"expected targets and forecasts \(4, 3, 2\), found \(4, 3, 2\) and \(4, 3, 1\)"
    ):
        errors.add(np.zeros((4, 3, 2)), np.zeros((4, 3, 1)))
    with pytest.raises(ValueError, match=r"expected shapes \(4, 3, 2\)"):
        IntervalErrors(HORIZON, COLUMNS, 0.9).add(np.zeros((4, 3, 2)), np.zeros((4, 3, 2)), np.zeros((4, 1, 2)))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=numbers), st.integers(1, 6))
def test_the_scale_of_mase_is_the_seasonal_naive_error(train, season):
    for column, result in enumerate(seasonal_naive_error(train, season)):
        pairs = [abs(train[t, column] - train[t - season, column]) for t in range(season, len(train))]
        assert result == pytest.approx(mean(pairs) or 0.0)


def test_seasonal_naive_has_mase_1_on_training_rows():
    train = np.random.default_rng(0).normal(size=(50, COLUMNS))
    errors = PointErrors(1, COLUMNS)
    errors.add(train[7:, None], train[:-7, None], seasonal_naive_error(train, 7))
    assert errors.total().mase == pytest.approx(1.0)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_coverage_and_width_are_means_over_points(data, sizes):
    errors = IntervalErrors(HORIZON, COLUMNS, 0.8)
    inside, widths = [], []
    for size in sizes:
        target, lower, width = data.draw(cubes(size)), data.draw(cubes(size)), np.abs(data.draw(cubes(size)))
        errors.add(target, lower, lower + width)
        inside.append((lower <= target) & (target <= lower + width))
        widths.append((lower + width) - lower)
    inside, widths = np.concatenate(inside), np.concatenate(widths)
    total = errors.total()
    assert (total.nominal, total.points) == (0.8, inside.size)
    if inside.size == 0:
        assert (total.coverage, total.width) == (None, None)
        return
    assert total.coverage == pytest.approx(inside.mean())
    assert total.width == pytest.approx(widths.mean())
    for step, scores in enumerate(errors.by_step()):
        assert scores.coverage == pytest.approx(inside[:, step].mean())
        assert scores.width == pytest.approx(widths[:, step].mean())
    for column, scores in enumerate(errors.by_column()):
        assert scores.coverage == pytest.approx(inside[:, :, column].mean())


def test_borders_belong_to_the_interval():
    errors = IntervalErrors(1, 1, 0.5)
    errors.add(np.array([[[1.0]], [[2.0]], [[2.1]]]), np.full((3, 1, 1), 1.0), np.full((3, 1, 1), 2.0))
    assert errors.total().coverage == pytest.approx(2 / 3)


def test_missing_targets_count_nowhere():
    target = np.array([[[1.0, np.nan]], [[4.0, 2.0]]])
    forecast = np.array([[[2.0, 50.0]], [[1.0, 2.0]]])
    points = PointErrors(1, 2)
    points.add(target, forecast, np.array([2.0, 1.0]))
    total = points.total()
    assert (total.points, total.mae, total.mse) == (3, pytest.approx(4 / 3), pytest.approx(10 / 3))
    assert total.mase == pytest.approx((0.5 + 1.5 + 0) / 3)
    assert total.smape == pytest.approx((2 / 3 + 6 / 5 + 0) / 3)
    intervals = IntervalErrors(1, 2, 0.8)
    intervals.add(target, forecast - 1, forecast + 1)
    assert (intervals.total().points, intervals.total().coverage, intervals.total().width) == (
        3,
        pytest.approx(2 / 3),
        pytest.approx(2),
    )


def test_scale_of_mase_leaves_out_differences_with_a_gap():
    train = np.array([[1.0], [2.0], [np.nan], [7.0], [9.0]])
    assert seasonal_naive_error(train, 1).tolist() == [1.5]
    assert seasonal_naive_error(np.full((4, 1), np.nan), 1).tolist() == [0.0]
