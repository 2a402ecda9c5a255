"""Windows with fewer rows than the look-back: padded, masked, and forecast from what there is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import bilstm_nlp
from bilstm_nlp.config.regression import LinearBypassConfig
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.runs import train, verify
from bilstm_nlp.tasks.forecasting.forecasts import forecast
from bilstm_nlp.tasks.registry import forecasting
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, config, fitted

LENGTHS = {"long": 120, "short": 40, "tiny": 26}


def panel() -> pd.DataFrame:
    """Make series of different lengths that end on the same day."""
    generator = np.random.default_rng(8)
    frames = []
    for name, length in LENGTHS.items():
        dates = pd.date_range(end="2024-06-30", periods=length, freq="D")
        values = 50 + np.sin(2 * np.pi * np.arange(length) / 7) + generator.normal(scale=0.3, size=length)
        frames.append(pd.DataFrame({"unique_id": name, "ds": dates, "y": values}))
    return pd.concat(frames, ignore_index=True)


def short_windows(folder, normalisation: str = "theta", **data: object):
    """Return a prepared training that takes windows from 5 rows on."""
    split = {"kind": "last", "validation": HORIZON, "test": HORIZON}
    settings = config(folder, panel(), split=split, min_past=5, **data)
    inputs = settings.input.model_copy(update={"normalisation": normalisation})
    return settings.model_copy(update={"input": inputs})


@pytest.mark.parametrize("normalisation", ["none", "last", "standard", "theta"])
def test_series_shorter_than_the_look_back_are_trained_on_and_forecast(tmp_path, normalisation):
    prepared = forecasting(short_windows(tmp_path, normalisation)).prepare()
    lengths = np.array(list(LENGTHS.values()))
    # From row 5 on, with a horizon each, without validation and test part.
    assert prepared.windows.training.counts.tolist() == (lengths - 5 - 3 * HORIZON + 1).tolist()
    prepared.calibrate()
    forecasts = prepared.predictor().forecast(panel())
    assert forecasts["unique_id"].unique().tolist() == list(LENGTHS)
    assert forecasts[["forecast", "lower", "upper"]].notna().all(axis=None)
    assert ((forecasts["forecast"] > 30) & (forecasts["forecast"] < 70)).all() or normalisation == "none"


def test_training_windows_may_reach_beyond_the_training_part(tmp_path):
    prepared = forecasting(short_windows(tmp_path, min_future=2)).prepare()
    lengths = np.array(list(LENGTHS.values()))
    windows = prepared.windows.training
    assert windows.counts.tolist() == (lengths - 5 - 2 * HORIZON - 2 + 1).tolist()
    assert prepared.windows.validation.counts.tolist() == [1, 1, 1]
    future = windows.gather(np.arange(len(windows))).future[..., 0]
    inside = windows.rows[:, None] + np.arange(HORIZON) < (lengths - 2 * HORIZON)[windows.series][:, None]
    assert (np.isnan(future) == ~inside).all()
    # the loss is that of the targets inside
    batch = prepared.codec.series.batch(windows, np.flatnonzero(~inside.all(axis=1))[:4])
    with torch.no_grad():
        loss = prepared.model(on(batch, torch.device("cpu")))
    assert float(loss.weight) == (~np.isnan(batch.future)).sum() < batch.future.size
    error = np.abs(forecast(prepared.network, batch).point - batch.future)
    assert float(loss.total) == pytest.approx(np.nansum(error), rel=1e-4)


def test_mask_tells_which_rows_are_real(tmp_path):
    prepared = forecasting(short_windows(tmp_path)).prepare()
    codec, series = prepared.codec.series, prepared.data.series_set.series[2]
    batch = codec.batch(codec.windows_at([series], [np.array([8, 20])]), np.arange(2))
    assert batch.past.shape == (2, LOOK_BACK, 2)
    assert batch.past[..., 1].sum(axis=1).tolist() == [8, 20]
    assert (batch.past[0, : LOOK_BACK - 8] == 0).all()


def test_padded_rows_hold_no_later_value(tmp_path):
    """A window at the beginning of a series depends on its rows alone, not on the series before it in the panel."""
    prepared = forecasting(short_windows(tmp_path)).prepare()
    codec, series = prepared.codec.series, prepared.data.series_set.series
    together = codec.windows_at(series, [np.array([6])] * 3)
    for index, each in enumerate(series):
        alone = codec.windows_at([each], [np.array([6])])
        points = [
            forecast(prepared.network, codec.batch(windows, np.array([number]))).point
            for windows, number in ((together, index), (alone, 0))
        ]
        np.testing.assert_array_equal(*points)


def test_encoder_reads_the_newest_rows_alone(tmp_path):
    settings = short_windows(tmp_path)
    settings = settings.model_copy(update={"input": settings.input.model_copy(update={"rows": 6})})
    prepared = forecasting(settings).prepare()
    batch = prepared.codec.series.batch(prepared.windows.training, np.arange(4))
    assert batch.past.shape == (4, 6, 2)


def test_untrained_forecast_is_that_of_season_level_and_slope(tmp_path):
    prepared = forecasting(short_windows(tmp_path)).prepare()
    codec = prepared.codec.series
    batch = codec.batch(prepared.windows.training, np.arange(9))
    np.testing.assert_allclose(forecast(prepared.network, batch).point, batch.level, atol=1e-6)


def test_finished_run_answers_its_padded_windows_again(tmp_path):
    train.train(short_windows(tmp_path), tmp_path / "run")
    assert verify.verify(tmp_path / "run").same
    forecasts = bilstm_nlp.load_forecaster(tmp_path / "run").forecast(panel())
    assert len(forecasts) == 3 * HORIZON


def test_series_with_too_few_rows_is_left_out_by_name(tmp_path, caplog):
    prepared = forecasting(short_windows(tmp_path)).prepare()
    prepared.calibrate()
    frame = panel().groupby("unique_id", sort=False).tail(4)
    with pytest.raises(InputError, match=r"expected at least 5 rows of a series"):
        prepared.predictor().forecast(frame)
    mixed = pd.concat([frame[frame["unique_id"] == "tiny"], panel()[panel()["unique_id"] == "long"]])
    assert prepared.predictor().forecast(mixed)["unique_id"].unique().tolist() == ["long"]
    assert "not forecast, as fewer than 5 rows: 1 of 2 series: 'tiny' (4)" in caplog.text


def test_whole_look_backs_are_not_masked(tmp_path):
    codec = fitted(tmp_path)[2]
    assert not codec.is_padded


def test_linear_map_takes_the_rows_that_the_encoder_reads(tmp_path):
    settings = short_windows(tmp_path, "last")
    settings = settings.model_copy(
        update={
            "input": settings.input.model_copy(update={"rows": 6}),
            "head": settings.head.model_copy(update={"bypass": LinearBypassConfig()}),
        }
    )
    prepared = forecasting(settings).prepare()
    prepared.calibrate()
    assert prepared.predictor().forecast(panel())["forecast"].notna().all()


def test_advice_names_the_setting_that_is_too_large(tmp_path):
    settings = config(tmp_path, panel(), split={"kind": "last", "validation": 4, "test": 4}, min_past=29)
    frame = panel().groupby("unique_id", sort=False).tail(30)
    frame.to_csv(settings.data.file, index=False)
    with pytest.raises(ConfigError, match=r"settings that work: data.min_past = \d+$"):
        forecasting(settings).prepare()
