"""`input.leads`: fitted before training, confirmed by the validation part, and kept by runs."""

from __future__ import annotations

import json
import logging

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.data.series.codec_file import codec_json, codec_of
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.train import train
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.forecasting import defaults, report
from bilstm_nlp.tasks.forecasting.facts import Facts
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.torch_network import head_of
from bilstm_nlp.tasks.registry import forecasting

LOOK_BACK, HORIZON, LAG = 12, 3, 3
ROWS, KEPT = 170, 50


def sales(*, until: int = ROWS) -> pd.DataFrame:
    """Return sales that follow a leader by `LAG` rows, up to a row; from there on they walk on their own."""
    draw = np.random.default_rng(0)
    moves = draw.normal(size=ROWS + LAG)
    own = np.where(np.arange(ROWS) < until, 4 * moves[:ROWS], 4 * draw.normal(size=ROWS))
    frame = pd.DataFrame({"y": 200 + own.cumsum(), "lead": 10 + moves[LAG:].cumsum()})
    frame.insert(0, "step", range(1, ROWS + 1))
    return frame.round(4)


def config(folder, frame: pd.DataFrame, leads: str = "linear", shrinkage: str = "none", **data: object):
    path = folder / "sales.csv"
    frame.to_csv(path, index=False)
    split = {"kind": "last", "validation": 30, "test": KEPT - 30}
    return parse(
        {
            "task": "forecasting",
            "data": {"file": str(path), "look_back": LOOK_BACK, "horizon": HORIZON, "split": split, **data},
            "input": {"reader": {"kind": "steps"}, "normalisation": "theta", "leads": leads},
            "encoder": {"hidden": 4},
            "head": {"shrinkage": shrinkage},
            "training": {"epochs": 1, "steps": 4, "mirror": 0.5},
        },
        "a test",
    )


def prepared(folder, frame: pd.DataFrame, **options: object):
    return forecasting(config(folder, frame, **options)).prepare()


def error(fitted, column: int) -> float:
    """Return the mean absolute error of a column on the test part, as part of the last value's."""
    codec, windows = fitted.codec.series, fitted.windows.of("test")
    errors = naive = 0.0
    for _, block, forecasts in forecast_blocks(fitted.network, codec, windows):
        errors += np.abs(forecasts.point - block.future)[..., column].sum()
        naive += np.abs(block.past[:, -1:, :2] - block.future)[..., column].sum()
    return errors / naive


def test_forecast_begins_with_what_the_leader_tells(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with_leads = prepared(tmp_path, sales())
    assert "input.leads: changes of all columns lead y" in caplog.text
    assert error(with_leads, 0) < 0.3
    without = prepared(tmp_path, sales(), leads="none")
    assert error(without, 0) > 0.8
    assert error(with_leads, 1) == error(without, 1)


def test_observed_column_leads_the_target(tmp_path):
    fitted = prepared(tmp_path, sales(), targets=["y"], observed=["lead"])
    codec, windows = fitted.codec.series, fitted.windows.of("test")
    _, block, forecasts = next(forecast_blocks(fitted.network, codec, windows))
    last = block.past[:, -1:, :1]
    assert np.abs(forecasts.point - block.future).sum() < 0.3 * np.abs(last - block.future).sum()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (sales(until=0), "columns that never had to do with each other"),
        (sales(until=ROWS - KEPT), "a leader that leads in training only"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_leads_that_validation_denies_are_not_read(tmp_path, caplog, frame, reason):
    caplog.set_level(logging.INFO)
    assert prepared(tmp_path, frame).codec.series.leads is None, reason
    assert "no column clearly leads another" in caplog.text


def test_no_window_sees_the_leader_after_its_origin(tmp_path):
    fitted = prepared(tmp_path, sales())
    assert fitted.codec.series.leads is not None
    assert fitted.scoring.probe(fitted.windows.of("test")) == 0


def test_shrunk_forecasts_keep_what_the_leader_tells(tmp_path):
    fitted = prepared(tmp_path, sales(), shrinkage="last")
    fitted.calibrate()
    head_of(fitted.model).shares.fill_(0.0)
    assert error(fitted, 0) < 0.3
    assert error(fitted, 1) == 1.0
    assert fitted.scoring.results("test")["shrinkage"]["led"] == ["y"]


def test_report_names_the_columns_that_are_led():
    results = {"shrinkage": {"towards": "last value", "share_of_start": 0.0, "share": 0.0, "led": ["y"]}}
    sentence = " ".join(report._shrunk(results))
    assert "the last value (of y: what the newest changes of all columns tell, input.leads)" in sentence
    assert "repeat the last value" not in sentence


@pytest.mark.parametrize(
    "leads",
    [
        {"limits": [1.0, 1.0], "coefficients": {"x": [[1.0] * HORIZON] * 12}},
        {"limits": [1.0, 1.0], "coefficients": {"y": [[1.0] * HORIZON] * 11}},
        {"limits": [1.0, 1.0], "coefficients": {"y": [[1.0]] * 12}},
        {"limits": [1.0], "coefficients": {"y": [[1.0] * HORIZON] * 12}},
    ],
    ids=["another column", "inputs", "steps", "limits"],
)
def test_damaged_leads_are_refused(tmp_path, leads):
    fitted = prepared(tmp_path, sales())
    values = codec_json(fitted.codec.series)
    np.testing.assert_array_equal(codec_of(values).leads.coefficients, fitted.codec.series.leads.coefficients)
    with pytest.raises(RunError, match="expected leads of targets, 2 limits, and 12 rows of 3 each"):
        codec_of(values | {"leads": leads})


@pytest.mark.slow
def test_saved_run_forecasts_with_its_leads(tmp_path):
    frame = sales()
    trained = train(config(tmp_path, frame), tmp_path / "run")
    codec = json.loads((tmp_path / "run" / "codec.json").read_text())
    assert list(codec["leads"]["coefficients"]) == ["y"]
    verify(tmp_path / "run")
    past = frame[: ROWS - HORIZON]
    table = open_run(tmp_path / "run").predictor.forecast(past)
    pd.testing.assert_frame_equal(table, trained.predictor.forecast(past))
    of_y = table[table["column"] == "y"]["forecast"].to_numpy()
    wanted, last = frame["y"].to_numpy()[-HORIZON:], past["y"].iloc[-1]
    assert np.abs(of_y - wanted).sum() < 0.5 * np.abs(last - wanted).sum()


@pytest.mark.parametrize(
    ("columns", "frequency", "given", "leads"),
    [
        (2, "step", {}, "linear"),
        (1, "step", {}, None),
        (32, "step", {}, "linear"),
        (32, "step", {"data.observed": ["x"]}, None),
        (1, "YS", {"data.observed": ["x"]}, "linear"),
        (3, "MS", {}, None),
        (2, "step", {"data.known": ["price"]}, None),
    ],
)
def test_leads_are_chosen_for_columns_without_a_season(columns, frequency, given, leads):
    choices = defaults.choose(Facts(frequency, [150], columns), given)
    assert {choice.key: choice.value for choice in choices}.get("input.leads") == leads
