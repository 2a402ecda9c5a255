"""Forecasts depend on nothing after their origin: not through scales, gaps or names, in any layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.task import ForecastingTask
from tests.tasks.forecasting.test_task import HORIZON, ROWS, config

LAYOUTS = ("long", "wide")
VALUES = ("forecast", "lower", "upper")


def frame_of(layout: str, seed: int, level: float = 0.0, size: float = 1.0) -> pd.DataFrame:
    """Make ROWS hours of two columns: of a single series, or of two series."""
    generator = np.random.default_rng(seed)
    hours = pd.date_range("2024-03-01", periods=ROWS, freq="h")
    cycle = np.sin(2 * np.pi * np.arange(ROWS) / 24)[:, None]
    names = ["p", "q"] if layout == "long" else [None]
    frames = []
    for name in names:
        values = level + size * (cycle + generator.normal(size=(ROWS, 2)).cumsum(axis=0))
        frame = pd.DataFrame({"ds": hours, "load": values[:, 0], "wind": values[:, 1]})
        frames.append(frame if name is None else frame.assign(unique_id=name))
    return pd.concat(frames, ignore_index=True)


def forecaster_of(folder: Path, frame: pd.DataFrame, normalisation: str = "last", **data: object) -> Forecaster:
    """Make a forecaster with initial weights, calibrated."""
    folder.mkdir(exist_ok=True)
    settings = config(folder, frame, **data)
    settings = settings.model_copy(update={"input": settings.input.model_copy(update={"normalisation": normalisation})})
    prepared = ForecastingTask(settings).prepare()
    prepared.calibrate()
    return prepared.predictor()


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(unique_id=frame["unique_id"] + " of elsewhere") if "unique_id" in frame else frame


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("scaler", ["standard", "robust", "min-max", "none"])
@pytest.mark.parametrize("normalisation", ["none", "last", "standard"])
def test_backtest_of_a_strange_series_equals_forecasts_of_the_cut_file(tmp_path, layout, scaler, normalisation):
    forecaster = forecaster_of(tmp_path / "run", frame_of(layout, 1), normalisation, scaler=scaler)
    strange = renamed(frame_of(layout, 2, level=500, size=40))
    backtest = forecaster.backtest(strange, windows=3, step=7)
    for row, rows in zip(sorted(backtest["origin"].unique()), (14, 7, 0), strict=True):
        origin = ROWS - HORIZON - rows
        cut = forecaster.forecast(strange[strange["ds"] < strange["ds"][origin]])
        expected = backtest[backtest["origin"] == row].reset_index(drop=True)
        assert expected["ds"].tolist() == cut["ds"].tolist()
        np.testing.assert_allclose(cut[[*VALUES]], expected[[*VALUES]], rtol=1e-9)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("scaler", ["standard", "robust", "min-max", "none"])
def test_rows_after_the_origin_change_no_forecast(tmp_path, layout, scaler):
    forecaster = forecaster_of(tmp_path / "run", frame_of(layout, 1), scaler=scaler)
    strange = renamed(frame_of(layout, 2, level=500, size=40))
    later = strange["ds"] >= strange["ds"][ROWS - HORIZON]
    other = strange.assign(load=strange["load"].where(~later, 1e6), wind=strange["wind"].where(~later, -3.0))
    before, after = (forecaster.backtest(each, windows=1) for each in (strange, other))
    assert before[[*VALUES]].equals(after[[*VALUES]])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("missing", ["interpolate", "ffill"])
def test_gap_that_is_open_at_the_origin_is_not_filled_from_later_rows(tmp_path, layout, missing):
    forecaster = forecaster_of(tmp_path / "run", frame_of(layout, 1), missing=missing)
    frame = frame_of(layout, 1)
    hours = frame["ds"].unique()
    origin = ROWS - HORIZON
    gap = frame["ds"].isin(hours[origin - 3 : origin + 2])
    with_gap = frame.assign(load=frame["load"].where(~gap))
    other = with_gap.assign(load=with_gap["load"].where(frame["ds"] < hours[origin], 1e6 + frame["wind"]))
    other["load"] = other["load"].where(~gap)
    before, after = (forecaster.backtest(each, windows=1) for each in (with_gap, other))
    assert before[[*VALUES]].equals(after[[*VALUES]])
    first = before[(before["column"] == "load") & (before["step"] <= 2)]
    assert first["y"].isna().all()


def test_frame_of_the_training_file_is_recognised_under_any_name(tmp_path, caplog):
    frame = frame_of("wide", 1)
    forecaster = forecaster_of(tmp_path / "run", frame)
    frame.to_csv(tmp_path / "another.csv", index=False)
    expected = forecaster.forecast(str(tmp_path / "run" / "table.csv"))
    for table in (frame, tmp_path / "another.csv", frame[ROWS // 2 - 30 :]):
        assert forecaster.forecast(table)[[*VALUES]].equals(expected[[*VALUES]])
    assert "not in training" not in caplog.text


def test_other_series_has_its_own_scale_after_a_training_of_one(tmp_path, caplog):
    forecaster = forecaster_of(tmp_path / "run", frame_of("wide", 1), "none")
    strange = frame_of("wide", 2, level=1e6, size=1e4)
    assert (forecaster.forecast(strange)["forecast"] > 8e5).all()
    assert "not in training, scaled by the rows before each origin: series 'frame'" in caplog.text
