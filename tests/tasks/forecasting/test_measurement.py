"""Errors window by window, in units that models of all scalers share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.measurement import date_numbers
from tests.tasks.forecasting.test_task import HORIZON, fitted, table


def test_errors_of_the_standard_scaler_are_those_of_metrics(tmp_path):
    prepared, *_ = fitted(tmp_path)
    measurement, results = prepared.measure(), prepared.scoring.results("validation")
    for name in ("mse", "mae"):
        measure = measurement.measures[name]
        assert measure.numerator.sum() / measure.denominator.sum() == pytest.approx(results[name], rel=1e-5)
        assert list(measure.by_type) == ["load", "wind", "holiday"]
    assert measurement.lag == HORIZON - 1
    assert measurement.speed > 0


def test_errors_are_in_deviations_of_the_whole_training_part(tmp_path):
    prepared, parts, codec, _model = fitted(tmp_path, targets=["load"], scaler="min-max", fraction=0.5)
    series = parts.series_set.series[0]
    deviation = series.select(["load"])[: parts.parts[0].train.stop].std()
    scale = codec.scales[series.id].select([0])
    expected = []
    for _, block, forecasts in forecast_blocks(prepared.network, codec, prepared.windows.validation):
        errors = (scale.undo(forecasts.point) - scale.undo(block.future)) / deviation
        expected += (errors**2).mean(axis=(1, 2)).tolist()
    np.testing.assert_allclose(prepared.measure().measures["mse"].numerator, expected, rtol=1e-4)


def test_examples_join_the_series(tmp_path):
    prepared, parts, codec, _ = fitted(tmp_path, targets=["load"])
    series, examples = parts.series_set.series[0], prepared.measure().examples
    load = pd.Series(series.values[:, series.columns.index("load")], series.dates)
    training = load[: parts.parts[0].train.stop]
    for index in (0, len(examples.origins) - 1):
        row = series.dates.get_loc(pd.Timestamp(examples.origins[index]))
        scaled = (load - training.mean()) / training.std(ddof=0)
        np.testing.assert_allclose(examples.actual[index], scaled[row : row + HORIZON], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(examples.past[index], scaled[row - codec.look_back : row], rtol=1e-4, atol=1e-5)
        assert (examples.series[index], examples.columns[index]) == (series.id, "load")


def test_windows_of_one_date_share_a_number(tmp_path):
    frame = table().rename(columns={"date": "ds"})
    long = pd.concat([frame.assign(unique_id="a"), frame[24:].assign(unique_id="b")])
    prepared, parts, *_ = fitted(tmp_path, long)
    series, windows = parts.series_set.series, prepared.windows.validation
    numbers = date_numbers(series, windows)
    dates = [series[of].dates[row] for of, row in zip(windows.series, windows.rows, strict=True)]
    assert numbers.tolist() == [sorted(set(dates)).index(date) for date in dates]
    assert len(set(dates)) < len(dates)
