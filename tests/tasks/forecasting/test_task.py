"""The forecasting task: training rows, scores, and rows that it must not see."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bilstm_nlp
from bilstm_nlp.config import parse
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.runs import refitting, train
from bilstm_nlp.runs.evaluate import evaluate as run_evaluation
from bilstm_nlp.tasks.forecasting.evaluation import evaluate
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.registry import forecasting

ROWS, LOOK_BACK, HORIZON = 300, 30, 4


def table(rows: int = ROWS) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    time = np.arange(rows)
    return pd.DataFrame(
        {
            "date": pd.date_range("2024-03-01", periods=rows, freq="h"),
            "load": 50 + 10 * np.sin(time * 2 * np.pi / 24) + generator.normal(scale=1, size=rows),
            "wind": 5 + np.cumsum(generator.normal(scale=0.2, size=rows)),
            "holiday": (time // 24 % 7 == 0).astype(float),
        }
    )


def config(folder: Path, frame: pd.DataFrame | None = None, **data: object):
    path = folder / "table.csv"
    (table() if frame is None else frame).to_csv(path, index=False)
    values = {
        "task": "forecasting",
        "data": {"file": str(path), "look_back": LOOK_BACK, "horizon": HORIZON, **data},
        "input": {"reader": {"kind": "patches", "length": 6, "stride": 6, "size": 8}},
        "encoder": {"hidden": 6, "dropout": 0.0},
        "interval": 0.8,
        "training": {"epochs": 2, "batch_size": 32},
    }
    return parse(values, "a test")


def fitted(folder: Path, frame: pd.DataFrame | None = None, **data: object):
    """Return a prepared training, its data, the codec of its series, and its model."""
    prepared = forecasting(config(folder, frame, **data)).prepare()
    return prepared, prepared.data, prepared.codec.series, prepared.model


def test_the_codec_depends_on_training_rows_alone(tmp_path):
    prepared, parts, *_ = fitted(tmp_path, known=["holiday"], calendar="scaled")
    codec, changed = prepared.codec, table()
    border = parts.parts[0].train.stop
    changed.loc[border:, ["load", "wind", "holiday"]] += 1000
    again = fitted(tmp_path, changed, known=["holiday"], calendar="scaled")[0].codec
    assert again.to_json() == codec.to_json()
    for name, values in codec.tensors().items():
        assert np.array_equal(again.tensors()[name], values)
    changed.loc[border - 1, "load"] += 1000
    other = fitted(tmp_path, changed, known=["holiday"], calendar="scaled")[0].codec
    assert other.to_json() != codec.to_json()


def test_forecasts_equal_scored_forecasts_and_join_the_data(tmp_path):
    prepared, parts, codec, _model = fitted(tmp_path, known=["holiday"], calendar="cyclic")
    prepared.calibrate()
    forecaster = prepared.predictor()
    frame, origin = table(), ROWS - HORIZON
    table_ahead = forecaster.forecast(
        frame[:origin].drop(columns="date").set_index(frame["date"][:origin]), frame[origin:]
    )
    windows = codec.windows(parts.series_set.series, [slice(origin, ROWS)])
    _, _, result = next(forecast_blocks(prepared.network, codec, windows))
    expected = codec.scales[parts.series_set.series[0].id].select([0, 1]).undo(result.point[0])
    np.testing.assert_allclose(table_ahead["forecast"], expected.ravel(), rtol=1e-5)
    assert (table_ahead["lower"] < table_ahead["forecast"]).all()
    assert (table_ahead["forecast"] < table_ahead["upper"]).all()
    joined = table_ahead[table_ahead["column"] == "load"].merge(frame, left_on="ds", right_on="date")
    assert joined["step"].tolist() == [1, 2, 3, 4]
    assert (table_ahead["origin"] == frame["date"][origin - 1]).all()

    past = forecaster.backtest(str(tmp_path / "table.csv"), windows=1, step=1)
    np.testing.assert_allclose(past["forecast"], table_ahead["forecast"], rtol=1e-5)
    np.testing.assert_allclose(past["lower"], table_ahead["lower"], rtol=1e-5)
    np.testing.assert_allclose(past["y"], frame[["load", "wind"]][origin:].to_numpy().ravel())


def test_a_backtest_sees_nothing_after_an_origin(tmp_path):
    prepared, *_ = fitted(tmp_path)
    prepared.calibrate()
    forecaster = prepared.predictor()
    before = forecaster.backtest(str(tmp_path / "table.csv"), windows=5, step=7)
    changed = table()
    first = ROWS - HORIZON - 4 * 7
    assert (before["origin"].drop_duplicates() == changed["date"][first - 1 :: 7][:5].to_numpy()).all()
    changed.loc[first:, ["load", "wind"]] += 100
    changed.to_csv(tmp_path / "table.csv", index=False)
    after = forecaster.backtest(str(tmp_path / "table.csv"), windows=5, step=7)
    is_first = before["origin"] == before["origin"][0]
    pd.testing.assert_frame_equal(before[is_first].drop(columns="y"), after[is_first].drop(columns="y"))
    assert not np.allclose(before["forecast"][~is_first], after["forecast"][~is_first])


@pytest.mark.slow
def test_a_refit_trains_on_rows_before_its_origin(tmp_path):
    settings = config(tmp_path)
    task = forecasting(settings)
    seen: list[int] = []

    def refit(result):
        seen.append(len(result.series[0]))
        return refitting.refitted(task, result)

    forecaster = refitting.refitted(task, task.loader.load().series_set)
    rows = forecaster.backtest(settings.data.file, windows=2, step=10, refit=refit)
    assert seen == [ROWS - HORIZON - 10, ROWS - HORIZON]
    assert len(rows) == 2 * HORIZON * 3
    again = forecaster.backtest(settings.data.file, windows=2, step=10, refit=refit)
    pd.testing.assert_frame_equal(rows, again)


def test_the_leakage_probe_detects_a_leak(tmp_path, monkeypatch):
    prepared, _, codec, _ = fitted(tmp_path, known=["holiday"])
    windows = prepared.windows.of("test")
    assert prepared.scoring.probe(windows) == 0
    honest = type(codec).panel

    def leaking(self, panel):
        # As if scaling used the mean of the whole series.
        moved = [replace(series, values=series.values - series.values.mean(axis=0)) for series in panel]
        return honest(self, moved)

    monkeypatch.setattr(type(codec), "panel", leaking)
    assert prepared.scoring.probe(windows) > 0


def test_validating_on_the_test_part_is_warned_of(tmp_path, caplog):
    prepared = fitted(tmp_path, validate_on="test")[0]
    assert "the test part chooses the epoch" in caplog.text
    assert list(prepared.finish()) == ["test"]


NO_TEST = {"kind": "last", "validation": 30, "test": 0}


def test_a_run_without_a_test_part_reports_the_validation_part(tmp_path, caplog):
    run = bilstm_nlp.train(config(tmp_path, split=NO_TEST), tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"validation", "training"}
    assert metrics["validation"]["windows"] == 30 - HORIZON + 1
    page = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert "There is no test part." in page
    assert "(plots/steps.png)" in page
    assert (tmp_path / "run" / "plots" / "steps.png").exists()
    assert run_evaluation(run)["mse"] == pytest.approx(metrics["validation"]["mse"], rel=1e-6)
    assert "no test part; these are the figures of the validation part" in caplog.text


def test_the_seasonal_naive_forecast_needs_a_season(tmp_path):
    prepared = fitted(tmp_path, season=ROWS)[0]
    results = prepared.finish()["test"]
    assert "seasonal naive" not in results["baselines"]
    assert results["skill"] is None
    (section,) = forecasting(prepared.config).report({"test": results})
    assert f"needs {ROWS} rows before every origin" in section.parts[0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"targets": ["laod"]}, "expected a column 'laod'"),
        ({"observed": ["humidity"]}, "data: expected columns among load, wind, holiday, found 'humidity'"),
        ({"targets": ["load"], "known": ["load"]}, "data: expected each column in one role, found 'load' in two"),
        ({"look_back": 250}, "train part: expected a part with 4 rows to forecast and 250 rows before them"),
        (
            {"split": {"kind": "counts", "train": 299, "validation": 1, "test": 1}},
            "series 'table': split: expected a training part and at most 300 rows in all, found counts 299/1/1",
        ),
        (
            {"split": {"kind": "dates", "validation": "2030-01-01", "test": "2031-01-01"}},
            "validation part: expected a part with",
        ),
        ({"frequency": "h!"}, "expected a frequency such as 15min, h, D"),
    ],
)
def test_settings_that_do_not_fit_the_file_are_named(tmp_path, data, message):
    settings = config(tmp_path, **data)
    with pytest.raises(InputError) as caught:
        list(train.train_epochs(settings, tmp_path / "run"))
    assert message in str(caught.value)
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_tables_without_a_forecast_are_refused(tmp_path):
    prepared, *_ = fitted(tmp_path, known=["holiday"])
    forecaster = prepared.predictor()
    frame = table()
    with pytest.raises(InputError, match="expected a frame or file with holiday for the rows to forecast, found none"):
        forecaster.forecast(frame)
    with pytest.raises(DataError, match="none for 2024-03-13 12:00:00"):
        forecaster.forecast(frame, frame)
    with pytest.raises(
        InputError, match="expected at least 30 rows of a series \\(look-back 30\\), found only 'frame' \\(10\\)"
    ):
        forecaster.forecast(frame[:10], frame)
    daily = frame.assign(date=pd.date_range("2024-03-01", periods=ROWS, freq="D"))
    with pytest.raises(DataError, match="expected series of frequency h, as in training, found D"):
        forecaster.forecast(daily, frame)
    with pytest.raises(DataError, match="expected a column 'wind'"):
        forecaster.forecast(frame.drop(columns="wind"), frame)


def test_an_unknown_series_is_scaled_by_itself_with_a_warning(tmp_path, caplog):
    long = pd.concat([table().rename(columns={"date": "ds"}).assign(unique_id=name) for name in ("a", "b")])
    _, parts, codec, _ = fitted(tmp_path, long)
    assert [series.id for series in parts.series_set.series] == ["a", "b"]
    new = replace(parts.series_set.series[0], id="c", values=parts.series_set.series[0].values * 3)
    row = np.array([40])
    windows = codec.windows_at([new, parts.series_set.series[1]], [row, row])
    names = codec.columns.all
    own, trained = new.select(names)[:40], codec.scales["b"]
    assert windows.scale(np.array([0])).size[0, 0] == pytest.approx(own.std(axis=0))
    assert windows.scale(np.array([0])).centre[0, 0] == pytest.approx(own.mean(axis=0))
    assert windows.scale(np.array([1])).size[0, 0].tolist() == trained.size.tolist()
    assert "not in training, scaled by the rows before each origin: series 'c'" in caplog.text


@pytest.mark.slow
def test_a_resumed_forecaster_equals_an_uninterrupted_one(tmp_path):
    settings = config(tmp_path)
    settings = settings.model_copy(
        update={"encoder": settings.encoder.model_copy(update={"initial_state": "random", "dropout": 0.3})}
    )
    list(train.train_epochs(settings, tmp_path / "whole"))
    stopped = train.train_epochs(settings, tmp_path / "stopped")
    next(stopped)
    stopped.close()
    list(train.train_epochs(settings, tmp_path / "stopped", resume=True))
    whole, resumed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "stopped"))
    assert whole == resumed
    assert isinstance(bilstm_nlp.load(tmp_path / "whole"), Forecaster)


def test_evaluating_another_file_scores_every_window_of_it(tmp_path):
    prepared, parts, codec, _ = fitted(tmp_path)
    prepared.calibrate()
    other = tmp_path / "other.csv"
    table()[:80].to_csv(other, index=False)
    forecaster = prepared.predictor()
    results = forecasting(prepared.config).evaluate(forecaster, str(other))
    assert results["windows"] == 80 - LOOK_BACK - HORIZON + 1
    whole = codec.windows(parts.series_set.series, [slice(LOOK_BACK, 80)])
    expected = evaluate(prepared.forecasts, prepared.codec.baselines, parts.series_set.series, whole, 0.8)
    assert results["mse"] == pytest.approx(expected.total.scaled.mse)
