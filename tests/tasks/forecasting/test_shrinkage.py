"""Shrinkage towards the last value, and intervals that training windows calibrate too."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.train import train
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.forecasting import defaults, file_config, report
from bilstm_nlp.tasks.forecasting.conformal import group_margins
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.forecasting.facts import Facts
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.intervals import Margins
from bilstm_nlp.tasks.forecasting.shrinkage import SHARES, costs
from bilstm_nlp.tasks.forecasting.torch_network import head_of
from bilstm_nlp.tasks.registry import forecasting

LOOK_BACK, HORIZON = 8, 3


def walk(rows: int = 90, columns: int = 1, seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(rows, columns)).cumsum(axis=0) + 50
    frame = pd.DataFrame(values, columns=[f"y{number}" for number in range(columns)]).round(4)
    frame.insert(0, "step", range(1, rows + 1))
    return frame


def config(
    folder,
    frame: pd.DataFrame,
    *,
    calibration: str = "validation",
    shrinkage: str = "last",
    normalisation: str = "last",
    effects: str = "none",
    **data: object,
):
    path = folder / "walk.csv"
    frame.to_csv(path, index=False)
    split = {"kind": "last", "validation": 20, "test": 12}
    sizes = {"look_back": LOOK_BACK, "horizon": HORIZON, "split": split}
    return parse(
        {
            "task": "forecasting",
            "calibration": calibration,
            "data": {"file": str(path), **sizes, **data},
            "input": {"reader": {"kind": "steps"}, "normalisation": normalisation, "effects": effects},
            "encoder": {"hidden": 4},
            "head": {"shrinkage": shrinkage},
            "training": {"epochs": 1, "steps": 8},
        },
        "a test",
    )


def prepared(folder, frame: pd.DataFrame | None = None, **options: object):
    return forecasting(config(folder, walk() if frame is None else frame, **options)).prepare()


def departing(folder, frame: pd.DataFrame, **options: object):
    """Return a forecaster of drawn weights, whose forecasts differ from level and trend."""
    fitted = prepared(folder, frame, normalisation="theta", **options)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in fitted.model.head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return fitted


def set_shares(fitted, of_start: float, of_model: float) -> None:
    head_of(fitted.model).shares.copy_(torch.tensor([of_start, of_model]))


def points(fitted, windows) -> np.ndarray:
    return np.concatenate(
        [forecasts.point for _, _, forecasts in forecast_blocks(fitted.network, fitted.codec.series, windows)]
    )


def last_values(windows, targets: int) -> np.ndarray:
    return windows.gather(np.arange(len(windows))).past[:, -1:, :targets]


def starts(fitted, windows) -> np.ndarray:
    """Return the forecasts of level and trend alone, as a model of zeros makes them."""
    weights = {name: value.clone() for name, value in fitted.model.state_dict().items()}
    with torch.no_grad():
        for parameter in fitted.model.parameters():
            parameter.zero_()
    set_shares(fitted, 1.0, 1.0)
    alone = points(fitted, windows)
    fitted.model.load_state_dict(weights)
    return alone


# --- forecasts ---


@pytest.mark.parametrize("data", [{}, {"min_past": 2}, {"transform": "log1p"}], ids=["plain", "padded", "logarithms"])
def test_shares_of_the_departure_from_the_last_value_are_kept(tmp_path, data):
    fitted = departing(tmp_path, walk(columns=2), **data)
    windows = fitted.windows.validation
    own, last, start = points(fitted, windows), last_values(windows, 2), starts(fitted, windows)
    assert min(np.abs(own - start).max(), np.abs(start - last).max()) > 0.01
    for of_start, of_model in ((0.0, 0.25), (0.5, 0.0), (0.5, 0.25), (0.5, 1.0)):
        set_shares(fitted, of_start, of_model)
        begun = last + of_start * (start - last)
        np.testing.assert_allclose(points(fitted, windows), begun + of_model * (own - begun), atol=1e-5)
    set_shares(fitted, 0.0, 0.0)
    np.testing.assert_array_equal(points(fitted, windows), np.broadcast_to(last, own.shape))


def test_column_without_a_value_yet_keeps_its_forecast(tmp_path):
    frame = walk(columns=2)
    frame.loc[:65, "y1"] = np.nan
    fitted = prepared(tmp_path, frame)
    set_shares(fitted, 0.5, 0.5)
    assert np.isfinite(points(fitted, fitted.windows.validation)).all()


def test_quantiles_are_shrunk_like_the_point(tmp_path):
    chosen = config(tmp_path, walk())
    head = chosen.head.model_copy(update={"objective": parse_quantiles()})
    fitted = forecasting(chosen.model_copy(update={"head": head})).prepare()
    codec, windows = fitted.codec.series, fitted.windows.validation
    blocks = {}
    for share in (1.0, 0.5):
        set_shares(fitted, 0.0, share)
        blocks[share] = np.concatenate(
            [each.quantiles for _, _, each in forecast_blocks(fitted.network, codec, windows)]
        )
    last = last_values(windows, 1)[..., None]
    np.testing.assert_allclose(blocks[0.5], last + 0.5 * (blocks[1.0] - last), atol=1e-5)


def parse_quantiles():
    values = {"task": "forecasting", "data": {"file": "x.csv"}, "head": {"objective": {"kind": "quantile"}}}
    return parse(values, "a test").head.objective


# --- the choice of the shares ---


@pytest.mark.parametrize(
    ("gains", "windows", "share"),
    [
        # the error falls by 30 % of the last value's; a departure costs 0.5 / √windows of it
        (0.3, 1, 0.0),
        (0.3, 2, 0.0),
        (0.3, 3, 1.0),
        (0.6, 1, 1.0),
        (-0.1, 100, 0.0),
        (0.01, 100, 0.0),
        (0.06, 100, 1.0),
    ],
)
def test_departure_is_kept_if_its_gain_exceeds_its_cost(gains, windows, share):
    assert SHARES[np.argmin(costs(8 * (1 - gains * SHARES), windows, doubt=0.5))] == share


def least_cost(begin: np.ndarray, end: np.ndarray, future: np.ndarray, doubt: float) -> float:
    by_hand = {}
    for candidate in np.linspace(0, 1, 21):
        error, nothing = (np.nansum(np.abs(begin + part * (end - begin) - future)) for part in (candidate, 0.0))
        by_hand[candidate] = error / nothing + doubt * candidate / (len(future) / HORIZON) ** 0.5
    return min(by_hand, key=by_hand.__getitem__)


def futures(windows) -> np.ndarray:
    return windows.gather(np.arange(len(windows))).future


def persistent(rows: int = 200, seed: int = 1) -> pd.DataFrame:
    """Return a walk whose steps resemble the steps before."""
    steps = np.random.default_rng(seed).normal(size=rows)
    for row in range(1, rows):
        steps[row] += 0.9 * steps[row - 1]
    return pd.DataFrame({"step": range(1, rows + 1), "y0": steps.cumsum().round(4)})


@pytest.mark.parametrize("frame", [walk(), persistent()], ids=["walk", "persistent"])
def test_shares_have_the_least_error_and_cost(tmp_path, frame):
    fitted = departing(tmp_path, frame)
    training, validation = fitted.windows.training, fitted.windows.validation
    both = [
        np.concatenate([make(each) for each in (training, validation)])
        for make in (lambda windows: last_values(windows, 1), lambda windows: starts(fitted, windows), futures)
    ]
    own, last, start = points(fitted, validation), last_values(validation, 1), starts(fitted, validation)
    fitted.calibrate()
    of_start, of_model = head_of(fitted.model).shares.tolist()
    assert of_start == pytest.approx(least_cost(*both, doubt=0.3))
    assert of_model == pytest.approx(least_cost(last + of_start * (start - last), own, futures(validation), doubt=0.5))


def test_training_windows_support_the_trend_that_few_validation_windows_do_not(tmp_path):
    frame = persistent()
    # The validation part is still: there, the last value is right.
    frame.loc[168:, "y0"] = frame["y0"][168]
    fitted = prepared(tmp_path, frame, normalisation="theta")
    fitted.calibrate()
    of_start, of_model = head_of(fitted.model).shares.tolist()
    assert of_start > 0.2
    assert of_model == 0.0


def test_effects_of_known_columns_are_judged_by_validation_alone(tmp_path):
    frame = walk()
    price = np.random.default_rng(3).normal(size=90)
    frame["price"] = price
    frame["y0"] += 8 * np.where(frame["step"] <= 58, price, -price)  # the effect turns after the training part
    inputs = {"normalisation": "theta", "effects": "linear"}
    fitted = prepared(tmp_path, frame, targets=["y0"], known=["price"], **inputs)
    assert abs(fitted.codec.series.effects.item()) > 0.3
    fitted.calibrate()
    assert head_of(fitted.model).shares[0] == 0.0


def test_forecast_that_is_always_right_keeps_its_departure(tmp_path):
    rising = walk()
    rising["y0"] = np.arange(90.0)
    fitted = prepared(tmp_path, rising)
    with torch.no_grad():  # the decoder's bias forecasts the next steps of the line
        for parameter in fitted.model.parameters():
            parameter.zero_()
        bias = fitted.model.head.decoder
        step = 1 / fitted.codec.series.scales["walk"].size[0]
        last_layer = [parameter for parameter in bias.parameters() if parameter.ndim == 1][-1]
        last_layer.copy_(torch.arange(1, HORIZON + 1) * step)
    fitted.calibrate()
    assert head_of(fitted.model).shares[1] == 1.0


# --- runs ---


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shrunk")
    return folder, train(config(folder, walk(), calibration="training"), folder / "run")


@pytest.mark.slow
def test_saved_run_forecasts_and_explains_its_share(run):
    folder, trained = run
    metrics = json.loads((folder / "run" / "metrics.json").read_text())
    assert head_of(trained.predictor.network.model).shares.tolist() == [0.0, 0.0]
    shares = {"towards": "last value", "share_of_start": 0, "share": 0}
    assert metrics["test"]["shrinkage"] == metrics["validation"]["shrinkage"] == shares
    assert metrics["test"]["mae"] == pytest.approx(metrics["test"]["baselines"]["naive"]["mae"], rel=1e-6)
    assert "Forecasts repeat the last value" in (folder / "run" / "report.md").read_text()
    verify(folder / "run")
    table = open_run(folder / "run").predictor.forecast(walk())
    assert table["forecast"].to_numpy() == pytest.approx(walk()["y0"].iloc[-1])
    assert (table["upper"] > table["lower"]).all()


@pytest.mark.slow
def test_ensemble_combines_shrunk_forecasts(run):
    folder, trained = run
    other = prepared(folder, shrinkage="none")
    other.calibrate()
    members = [trained.predictor, other.predictor()]
    alone = [member.forecast(walk())["forecast"].to_numpy() for member in members]
    together = Ensemble(members).forecast(walk())
    assert together["forecast"].to_numpy() == pytest.approx((alone[0] + alone[1]) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("of_start", "share", "sentence"),
    [
        (0.0, 0.0, "repeat the last value"),
        (0.45, 0.0, "are the last value and 45% of the departure of each window's own level and trend from it: the"),
        (0.0, 0.35, "are 35% the model's own, and for the rest the last value, as"),
        (0.45, 0.35, "are 35% the model's own, and for the rest the last value and 45% of the departure"),
        (0.45, 1.0, "are the model's own"),
    ],
)
def test_report_explains_the_shares(of_start, share, sentence):
    results = {"shrinkage": {"towards": "last value", "share_of_start": of_start, "share": share}}
    assert sentence in " ".join(report._shrunk(results))
    assert list(report._shrunk({})) == []


def test_verdict_says_that_a_model_repeats_the_last_value():
    scores = {"mae": 1.0, "mse": 1.0}
    results = {"season": 1, "baselines": {"naive": scores}, **scores}
    for of_start, share, expected in ((0.0, 0.0, "repeats the last value:"), (0.5, 0.0, "LOSES"), (0.0, 0.5, "LOSES")):
        shrunk = {"shrinkage": {"share_of_start": of_start, "share": share}}
        assert report.verdict(results | shrunk, "validation").startswith(f"this model {expected}")


def test_runs_without_shrinkage_have_no_share(tmp_path):
    fitted = prepared(tmp_path, shrinkage="none")
    assert head_of(fitted.model).shares is None
    assert "head.shares" not in fitted.model.state_dict()


# --- intervals ---


@pytest.mark.parametrize("columns", [1, 2])
def test_training_windows_calibrate_beside_the_validation_part(tmp_path, columns):
    fitted = prepared(tmp_path, walk(columns=columns), calibration="training", shrinkage="none")
    fitted.calibrate()
    codec = fitted.codec.series
    assert len(fitted.windows.calibration) == 2
    deviation, scores = codec.deviations["walk"], []
    for windows in (fitted.windows.validation, fitted.windows.training):
        arrays = windows.gather(np.arange(len(windows)))
        past = arrays.past[..., :columns].astype(float)
        median = np.median(past, axis=1, keepdims=True)
        reach = 3 * 1.4826 * np.median(np.abs(past - median), axis=1, keepdims=True) + deviation
        variance = np.clip(past, median - reach, median + reach).var(axis=1, keepdims=True)
        spread = np.sqrt(variance + (0.1 * deviation) ** 2)
        scores.append(np.abs(arrays.future - points(fitted, windows)) / spread)
    both = np.concatenate(scores)
    independent = len(both) / HORIZON
    margins = Margins.of(fitted.network).at(0.9)[0]
    for column in range(columns):
        groups = np.zeros(len(both), int)
        expected = group_margins(both[..., column], groups, 1, 0.9, relative=True)[0] * independent / (independent - 1)
        assert margins[:, column] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("rows", "series", "columns", "frequency", "shrinkage", "calibration"),
    [
        (150, 1, 1, "step", "last", "training"),
        (100, 1, 2, "YS", "last", "training"),
        (144, 1, 1, "MS", "none", "training"),
        (144, 30, 1, "MS", "none", "validation"),
        (60, 30, 1, "YS", "last", "validation"),
        (4000, 1, 1, "step", "last", "validation"),
    ],
)
def test_choice_follows_season_and_rows(rows, series, columns, frequency, shrinkage, calibration):
    choices = defaults.choose(Facts(frequency, [rows] * series, columns), {})
    settings = file_config.with_choices("s.csv", {}, choices)
    assert (settings.head.shrinkage, settings.calibration) == (shrinkage, calibration)
