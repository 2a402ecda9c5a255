"""Forecasters with transformed targets: units, bounds, and series of very different sizes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.codec_file import codec_json, codec_of
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from tests.tasks.forecasting.test_task import HORIZON, ROWS, fitted, table

KINDS = ["none", "log1p", "box-cox", "ratio"]


def sales(size: float = 1.0) -> pd.DataFrame:
    """Make ROWS hours of a growing series above 0."""
    return table()[["date", "load"]].assign(load=lambda rows: size * np.exp(rows["load"] / 20))


@pytest.mark.parametrize("transform", KINDS)
def test_scores_in_own_units_are_those_of_the_forecasts(tmp_path, transform):
    prepared, _parts, codec, _model = fitted(tmp_path, sales(), transform=transform)
    results = prepared.finish()["test"]
    forecaster = prepared.predictor()
    table_of = forecaster.backtest(sales(), windows=results["windows"])
    error = table_of["forecast"] - table_of["y"]
    assert results["own_units"]["mae"] == pytest.approx(error.abs().mean(), rel=1e-5)
    inside = (table_of["lower"] <= table_of["y"] + 1e-9) & (table_of["y"] <= table_of["upper"] + 1e-9)
    assert results["interval"]["coverage"] == pytest.approx(inside.mean(), abs=0.005)
    again = codec_of(json.loads(json.dumps(codec_json(codec))))
    assert codec_json(again) == codec_json(codec)


@pytest.mark.parametrize("transform", ["log1p", "box-cox"])
def test_transform_and_scale_give_the_model_its_values(tmp_path, transform):
    _, parts, codec, _model = fitted(tmp_path, sales(), transform=transform)
    series = parts.series_set.series[0]
    curve, scale = codec.curves[series.id], codec.scales[series.id]
    windows = codec.windows_at([series], [np.array([50])])
    past = windows.gather(np.array([0])).past[0, :, 0]
    expected = scale.apply(curve.apply(series.values[20:50]))[:, 0]
    np.testing.assert_allclose(past, expected, rtol=1e-5)


@pytest.mark.parametrize("transform", ["ratio"])
def test_ratio_gives_series_of_any_size_the_same_forecasts(tmp_path, transform):
    prepared, *_ = fitted(tmp_path, sales(), transform=transform)
    prepared.calibrate()
    forecaster = prepared.predictor()
    small, large = (forecaster.forecast(sales(size)) for size in (1.0, 1000.0))
    for name in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(large[name], 1000 * small[name], rtol=1e-4)


@pytest.mark.parametrize("transform", KINDS)
def test_forecasts_and_borders_keep_to_the_lower_bound(tmp_path, transform):
    frame = sales().assign(load=lambda rows: np.maximum(rows["load"] - rows["load"].median(), 0))
    prepared, *_ = fitted(tmp_path, frame, transform=transform, lower=0)
    prepared.calibrate()
    forecasts = prepared.predictor().backtest(frame, windows=20)
    assert (forecasts[["forecast", "lower", "upper"]] >= 0).all(axis=None)
    assert (forecasts["lower"] <= forecasts["forecast"]).all()
    assert (forecasts["forecast"] <= forecasts["upper"]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transform": "log1p"}, r"expected values above -1 for data.transform, found -7"),
        ({"transform": "box-cox"}, r"expected values above 0 for data.transform, found -7"),
        ({"lower": 0}, r"expected values of at least data.lower = 0, found -7"),
    ],
)
def test_value_outside_the_domain_is_an_error_before_training(tmp_path, settings, message):
    frame = sales()
    frame.loc[ROWS - 2, "load"] = -7
    with pytest.raises(InputError, match=rf"column 'load', 2024-03-13 10:00:00 \(line or row {ROWS}\): {message}"):
        fitted(tmp_path, frame, **settings)


def test_other_files_are_held_to_the_domain(tmp_path):
    prepared, *_ = fitted(tmp_path, sales(), transform="log1p")
    prepared.calibrate()
    frame = sales()
    frame.loc[5, "load"] = -3
    with pytest.raises(InputError, match=r"\(line or row 6\): expected values above -1 for data.transform, found -3"):
        prepared.predictor().forecast(frame)


def test_interval_of_growing_values_is_wider_above(tmp_path):
    prepared, _parts, codec, _model = fitted(tmp_path, sales(), transform="log1p")
    prepared.calibrate()
    forecasts = prepared.predictor().forecast(sales())
    above, below = forecasts["upper"] - forecasts["forecast"], forecasts["forecast"] - forecasts["lower"]
    assert (above > below).all()
    assert len(forecasts) == HORIZON
    assert next(forecast_blocks(prepared.network, codec, prepared.windows.validation))[1].units.curve is not None
