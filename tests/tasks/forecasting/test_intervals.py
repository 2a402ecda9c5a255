"""Prediction intervals: margins by series and column, the spread of a look-back, levels, and the points inside."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bilstm_nlp
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs import train
from bilstm_nlp.tasks.forecasting.forecasts import Forecasts
from bilstm_nlp.tasks.forecasting.intervals import Intervals, levels_with
from bilstm_nlp.tasks.forecasting.torch_network import head_of
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, ROWS, config, fitted

BORDERS = ["forecast", "lower", "upper"]


def columns_of(names: str) -> pd.DataFrame:
    """Make ROWS hours of a noisy cycle a column; the last column is 30 times as noisy."""
    generator = np.random.default_rng(5)
    cycle = np.sin(2 * np.pi * np.arange(ROWS) / 24)
    values = {name: cycle + generator.normal(scale=3.0 if name == names[-1] else 0.1, size=ROWS) for name in names}
    return pd.DataFrame({"ds": pd.date_range("2024-03-01", periods=ROWS, freq="h"), **values})


def in_long(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.melt(id_vars="ds", var_name="unique_id", value_name="y")


def test_long_and_wide_layouts_have_the_same_intervals(tmp_path):
    wide = columns_of("abcd")
    tables = []
    for name, frame in (("wide", wide), ("long", in_long(wide))):
        (tmp_path / name).mkdir()
        prepared = fitted(tmp_path / name, frame)[0]
        prepared.calibrate()
        table = prepared.predictor().forecast(frame)
        series = "column" if name == "wide" else "unique_id"
        tables.append(table.sort_values([series, "step"])[BORDERS].to_numpy())
    np.testing.assert_allclose(*tables, rtol=1e-5, atol=1e-6)


def test_rough_series_among_calm_ones_is_covered(tmp_path):
    """Margins of all series together would cover a few percent of the rough one."""
    prepared = fitted(tmp_path, in_long(columns_of("abcdefghijklmnopqrstu")))[0]
    results = prepared.finish()["test"]["by_series"]
    coverages = [scores["coverage"] for scores in results.values()]
    assert min(coverages) > 0.6
    assert results["u"]["coverage"] > 0.65
    assert np.mean(coverages) == pytest.approx(0.8, abs=0.1)
    assert set(results["u"]) >= {"nominal", "width", "off"}


def test_single_outlier_does_not_widen_an_interval_without_bound():
    past = np.random.default_rng(1).normal(size=(1, LOOK_BACK, 1))
    intervals = Intervals(np.ones((1, HORIZON, 1)), np.ones((1, 1)))
    usual = intervals.spread(past, np.array([0]))
    past[0, 3] = 1e6
    assert intervals.spread(past, np.array([0])) < 1.6 * usual
    assert usual == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize("margin", [-5.0, -0.5, 0.0, 2.0])
def test_point_lies_in_its_interval(margin):
    quantiles = np.array([-1.0, 0.9, 1.0]).reshape(1, 1, 1, 3)
    intervals = Intervals(np.full((1, 1, 1), margin), np.ones((1, 1)))
    lower, upper = intervals.borders(np.zeros((1, 4, 1)), np.array([0]), Forecasts(quantiles, 1))
    assert lower.item() <= 0.9 <= upper.item()


def test_levels_widen_and_uncalibrated_ones_are_refused(tmp_path):
    prepared, parts, codec, model = fitted(tmp_path)
    prepared.calibrate()
    series = parts.series_set.series
    widths = [Intervals.of(prepared.network, codec, series, level).margins.mean() for level in (0.5, 0.8, 0.9)]
    assert widths == sorted(widths)
    assert head_of(model).levels == levels_with(0.8) == (0.5, 0.8, 0.9, 0.95, 0.99)
    with pytest.raises(InputError, match=r"expected one that the run is calibrated for \(0.5, 0.8, .*\), found 0.7"):
        Intervals.of(prepared.network, codec, series, 0.7)


def test_strange_series_has_the_median_margin(tmp_path):
    prepared, parts, codec, _model = fitted(tmp_path, in_long(columns_of("abc")))
    prepared.calibrate()
    series = parts.series_set.series
    known = Intervals.of(prepared.network, codec, series, 0.8)
    strange = Intervals.of(prepared.network, codec, [replace(series[0], id="z")], 0.8)
    np.testing.assert_allclose(strange.margins[0], np.median(known.margins, axis=0))


# --- runs ---


def test_unfinished_run_is_refused(tmp_path):
    settings = config(tmp_path)
    train.train(settings, tmp_path / "run")
    unfinished = shutil.copytree(tmp_path / "run", tmp_path / "unfinished")
    (unfinished / "metrics.json").unlink()
    with pytest.raises(RunError, match=r"expected a finished run, found an unfinished one; train --resume"):
        bilstm_nlp.load(unfinished)


def test_backtest_names_the_part_of_each_origin(tmp_path):
    prepared, parts, _, _ = fitted(tmp_path)
    prepared.calibrate()
    split = parts.parts[0]
    step = 15
    table = prepared.predictor().backtest(str(tmp_path / "table.csv"), windows=15, step=step)
    first = table[(table["step"] == 1) & (table["column"] == "load")]
    rows = ROWS - HORIZON - step * np.arange(15)[::-1]
    expected = np.where(rows < split.train.stop, "train", np.where(rows < split.validation.stop, "validation", "test"))
    assert first["part"].tolist() == expected.tolist()
    assert set(expected) == {"train", "validation", "test"}
