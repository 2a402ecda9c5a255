"""Panels in which some series have a validation part, and the others are trained on these rows, too."""

from __future__ import annotations

import json
import logging

import numpy as np
import pandas as pd
import pytest

import bilstm_nlp
from bilstm_nlp.data.series.series import Parts
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.runs import verify
from bilstm_nlp.tasks.registry import forecasting
from tests.tasks.forecasting.test_task import config

LENGTHS = {"a": 40, "b": 52, "short": 9, "c": 44, "d": 60, "tiny": 8}
SPLIT = {"kind": "last", "validation": 4, "test": 4}


def panel(changed_from: int | None = None) -> pd.DataFrame:
    """Make series of numbered steps; from `changed_from` rows before the end on, values are 1,000 higher."""
    generator = np.random.default_rng(8)
    frames = []
    for name, length in LENGTHS.items():
        values = 50 + generator.normal(size=length).cumsum()
        if changed_from is not None:
            values[length - changed_from :] += 1000
        frames.append(pd.DataFrame({"unique_id": name, "step": np.arange(1, length + 1), "y": values}))
    return pd.concat(frames, ignore_index=True)


def settings(folder, frame: pd.DataFrame | None = None, fraction: float = 0.5, **data: object):
    given = {"split": SPLIT, "look_back": 8, "horizon": 4, "date_column": "step", "frequency": "step"}
    frame = panel() if frame is None else frame
    return config(folder, frame, **{**given, "validation_series": fraction, **data})


def parts_of(data) -> dict[str, Parts]:
    return {series.id: parts for series, parts in zip(data.series_set.series, data.parts, strict=True)}


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.5, "ac"), (0.25, "a"), (0.01, "a"), (0.75, "abc"), (1.0, "abcd")]
)
def test_series_without_a_validation_part_are_trained_on_its_rows(tmp_path, fraction, expected):
    parts = parts_of(forecasting(settings(tmp_path, fraction=fraction)).loader.load())
    assert parts.pop("short").test == slice(5, 9)  # 5 rows before its test part: no room for look-back and window
    for name, length in LENGTHS.items():
        if name in parts:
            border = length - 8 if name in expected else length - 4
            rows = slice(0, border), slice(border, length - 4), slice(length - 4, length)
            assert parts[name] == Parts(*rows), name


def test_training_windows_have_the_validation_rows_of_the_others_alone(tmp_path):
    prepared = forecasting(settings(tmp_path)).prepare()
    trained, validated = prepared.windows.training, prepared.windows.validation
    names = [series.id for series in prepared.data.series_set.series]
    last = {name: int(trained.rows[trained.series == index].max(initial=-1)) for index, name in enumerate(names)}
    assert [last[name] + 4 for name in "abcd"] == [40 - 8, 52 - 4, 44 - 8, 60 - 4]
    counts = dict(zip(names, validated.counts.tolist(), strict=True))
    assert counts == {"a": 1, "b": 0, "short": 0, "c": 1, "d": 0}


def test_scale_and_naive_error_follow_the_training_rows(tmp_path):
    plain, shifted = (forecasting(settings(tmp_path, panel(rows))).prepare().codec for rows in (None, 8))
    for name, same in {"a": True, "b": False, "c": True, "d": False}.items():
        assert (plain.series.scales[name].centre == shifted.series.scales[name].centre).all() == same
        assert (plain.baselines.naive_errors[name] == shifted.baselines.naive_errors[name]).all() == same


def test_fraction_counts_the_rows_that_are_trained_on(tmp_path):
    data = settings(tmp_path).data.model_copy(update={"fraction": 0.5})
    halved = parts_of(forecasting(settings(tmp_path).model_copy(update={"data": data})).loader.load())
    assert halved["a"].train == slice(16, 32)
    assert halved["b"].train == slice(24, 48)


def test_left_out_validation_rows_are_said_once(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    forecasting(settings(tmp_path)).prepare()
    assert "2 of 5 series have a validation part; the others are trained on these rows, too" in caplog.text
    assert "no validation window" not in caplog.text


def test_a_refit_without_test_part_validates_on_some_series(tmp_path):
    loader = forecasting(settings(tmp_path)).loader
    data = loader.without_test(read(str(tmp_path / "table.csv"), loader.format))
    parts = parts_of(data)
    assert parts["a"] == Parts(slice(0, 36), slice(36, 40), slice(40, 40))
    assert parts["b"] == Parts(slice(0, 52), slice(52, 52), slice(52, 52))


def test_check_shows_the_parts_that_are_trained_on(tmp_path):
    result = forecasting(settings(tmp_path)).inspect()
    parts = {figures.id: figures.parts for figures in result.series}
    assert parts["a"] == {"train": 32, "validation": 4, "test": 4}
    assert parts["b"] == {"train": 48, "validation": 0, "test": 4}
    messages = [str(complaint) for complaint in result.complaints]
    assert not [message for message in messages if "validation" in message and "'b'" in message]


def test_too_few_series_to_calibrate_are_refused_before_training(tmp_path):
    checked = settings(tmp_path, fraction=0.25).model_copy(update={"interval": 0.9})
    message = r"at least 9 values to calibrate intervals of 0.9, found 4 .* data.validation_series = 0.25 of all"
    with pytest.raises(ConfigError, match=message):
        forecasting(checked).prepare()


@pytest.mark.slow
def test_run_has_intervals_and_scores_of_all_series(tmp_path):
    runs = [tmp_path / f"run{seed}" for seed in (1, 2)]
    for seed, path in enumerate(runs, 1):
        bilstm_nlp.train(settings(tmp_path).model_copy(update={"seed": seed}), path)
    assert verify.verify(runs[0]).same
    metrics = json.loads((runs[0] / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation"]["windows"] == 2
    assert metrics["validation"]["by_series"]["b"]["points"] == 0
    assert metrics["test"]["by_series"]["b"]["points"] == 4
    forecaster = bilstm_nlp.load_forecaster(runs[0])
    forecasts = forecaster.forecast(panel())
    assert np.isfinite(forecasts[["forecast", "lower", "upper"]].to_numpy()).all()
    # each origin's part is that of its series
    table = forecaster.backtest(panel(), windows=2, step=4)
    parts = {name: list(dict.fromkeys(rows["part"])) for name, rows in table.groupby("unique_id")}
    assert (parts["a"], parts["b"]) == (["validation", "test"], ["train", "test"])
    # an ensemble is calibrated on the same validation part
    common = bilstm_nlp.load_ensemble(runs)
    assert np.isfinite(common.forecast(panel())[["lower", "upper"]].to_numpy()).all()
