"""Scores and calibrated intervals of a forecaster, against single windows counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.metrics.forecasts import PointScores
from bilstm_nlp.tasks.forecasting.evaluation import UnitScores, evaluate
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.intervals import Intervals
from tests.tasks.forecasting.test_task import HORIZON, ROWS, fitted, table


def test_scores_equal_those_of_single_windows(tmp_path):
    prepared, parts, codec, _model = fitted(tmp_path)
    results = prepared.finish()["test"]
    series, part = parts.series_set.series[0], parts.parts[0].test
    names = codec.columns.targets
    values = series.select(names)
    scale = codec.scales[series.id].select(range(len(codec.columns.targets)))
    squared, absolute, own, inside, naive = [], [], [], [], []
    for origin in range(part.start, part.stop - HORIZON + 1):
        windows = codec.windows([series], [slice(origin, origin + HORIZON)])
        (_, block, result) = next(forecast_blocks(prepared.network, codec, windows))
        truth = values[origin : origin + HORIZON]
        error = result.point[0] - scale.apply(truth)
        squared.append(error**2)
        absolute.append(np.abs(error))
        own.append(np.abs(scale.undo(result.point[0]) - truth))
        lower, upper = Intervals.of(prepared.network, codec, [series], 0.8).borders(block.past, np.array([0]), result)
        # Not the truth in double precision: days of the holiday column repeat, and lie on the borders exactly.
        inside.append((lower[0] <= block.future[0]) & (block.future[0] <= upper[0]))
        naive.append((scale.apply(values[origin - 24 + np.arange(HORIZON)]) - scale.apply(truth)) ** 2)
    assert results["windows"] == len(squared) == part.stop - part.start - HORIZON + 1
    assert results["mse"] == pytest.approx(np.mean(squared), rel=1e-5)
    assert results["mae"] == pytest.approx(np.mean(absolute), rel=1e-5)
    assert results["own_units"]["mae"] == pytest.approx(np.mean(own), rel=1e-5)
    assert results["interval"]["coverage"] == pytest.approx(np.mean(inside), abs=1e-2)
    assert results["baselines"]["seasonal naive"]["mse"] == pytest.approx(np.mean(naive), rel=1e-5)
    assert results["skill"] == pytest.approx(1 - np.mean(squared) / np.mean(naive), rel=1e-4)
    assert [step["mse"] for step in results["by_step"]] == pytest.approx(np.mean(squared, axis=(0, 2)), rel=1e-5)
    for index, name in enumerate(names):
        assert results["by_column"][name]["mse"] == pytest.approx(np.mean(squared, axis=(0, 1))[index], rel=1e-5)


def test_intervals_cover_the_part_of_their_calibration(tmp_path):
    prepared = fitted(tmp_path)[0]
    results = prepared.finish()["validation"]
    # ceil((n + 1) · level) of n windows at each step and column
    expected = np.ceil((results["windows"] + 1) * 0.8) / results["windows"]
    # More where several windows lie on the border: the holiday column repeats itself.
    assert expected - 1e-9 <= results["interval"]["coverage"] <= expected + 0.05


def test_volatile_windows_have_wider_intervals(tmp_path):
    prepared, parts, codec, _model = fitted(tmp_path)
    prepared.calibrate()
    intervals = Intervals.of(prepared.network, codec, parts.series_set.series, 0.8)
    windows = prepared.windows.of("test")
    _, block, result = next(forecast_blocks(prepared.network, codec, windows))
    of = np.zeros(len(block.past), np.int64)
    lower, upper = intervals.borders(block.past, of, result)
    width = (upper - lower) / intervals.spread(block.past, of)
    np.testing.assert_allclose(width, np.broadcast_to(width[:1], width.shape), rtol=1e-6)


def test_skill_needs_a_seasonal_naive_forecast_with_errors(tmp_path):
    prepared, parts, *_ = fitted(tmp_path)
    windows = prepared.windows.of("test")
    evaluation = evaluate(prepared.forecasts, prepared.codec.baselines, parts.series_set.series, windows, 0.8)
    naive = evaluation.baselines["seasonal naive"].scaled.mse
    assert evaluation.skill == 1 - evaluation.total.scaled.mse / naive
    perfect = PointScores(0.0, 0.0, 0.0, 0.0, None, 1)
    for baselines in ({}, {"seasonal naive": UnitScores(perfect, perfect)}):
        assert replace(evaluation, baselines=baselines).skill is None


def test_each_of_several_series_has_the_scores_of_its_windows(tmp_path):
    long = pd.concat(
        [
            table().rename(columns={"date": "ds"}).assign(unique_id=name, load=table()["load"] * k)
            for k, name in ((1, "a"), (9, "b"))
        ]
    )
    prepared, parts, codec, _ = fitted(tmp_path, long)
    series, windows = parts.series_set.series, prepared.windows.of("test")
    whole = evaluate(prepared.forecasts, prepared.codec.baselines, series, windows, 0.8)
    for each, rows in zip(series, parts.rows("test"), strict=True):
        alone = evaluate(prepared.forecasts, prepared.codec.baselines, [each], codec.windows([each], [rows]), 0.8)
        assert whole.by_series[each.id].errors.mse == pytest.approx(alone.total.scaled.mse, rel=1e-6)
        assert whole.by_series[each.id].errors.mase == pytest.approx(alone.total.own.mase, rel=1e-6)
    json.dumps(whole.to_json(), allow_nan=False)


def test_filled_values_are_scored_nowhere(tmp_path):
    """Scores of a file with gaps are those of its observed values, computed by hand."""
    frame = table()
    gaps = np.random.default_rng(2).random(ROWS) < 0.3
    gaps[:2] = False
    frame.loc[gaps, "load"] = np.nan
    prepared, parts, codec, _model = fitted(tmp_path, frame, missing="ffill")
    results = prepared.finish()["test"]
    series, part = parts.series_set.series[0], parts.parts[0].test
    windows = codec.windows([series], [part])
    (_, _, forecasts), *_ = forecast_blocks(prepared.network, codec, windows)
    rows = windows.rows[:, None] + np.arange(codec.horizon)
    observed = ~gaps[rows]
    error = (forecasts.point - codec.scales[series.id].apply(series.values[rows]))[..., 0]
    assert results["by_column"]["load"]["mse"] == pytest.approx((error[observed] ** 2).mean(), rel=1e-5)
    assert results["by_column"]["load"]["own_units"]["points"] == observed.sum()
    assert results["missing"] == gaps[part].sum()
    assert 0 < results["missing"] < part.stop - part.start


def test_training_windows_without_a_target_are_counted(tmp_path, caplog):
    """A gap as long as the horizon leaves a single window without a target in its columns."""
    frame = table()[["date", "load"]]
    frame.loc[60 : 60 + HORIZON - 1, "load"] = np.nan
    prepared, *_ = fitted(tmp_path, frame, missing="ffill")
    assert prepared.windows.training.left_out.sum() == 1
    assert "1 train windows are left out" in caplog.text
