"""Methods of statistics beside a forecaster: on its windows, with its masks, in reports, backtests and Python."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.tasks.forecasting import report
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.forecasting.evaluation import evaluate
from bilstm_nlp.tasks.forecasting.scoring import Scoring
from bilstm_nlp.tasks.registry import check
from tests.tasks.forecasting.test_task import HORIZON, config, fitted, table

LEVEL, SEASON = 0.8, 4
MISSING = [262, 263, 264, 280]


@pytest.fixture(scope="module")
def theta():
    """Theta of statsforecast, with a season of four hours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = pytest.importorskip("statsforecast.models")
    return models.DynamicOptimizedTheta(season_length=SEASON)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """An untrained, calibrated forecaster of two targets, one with values that are missing in the test part."""
    frame = table()
    frame.loc[MISSING, "load"] = np.nan
    folder = tmp_path_factory.mktemp("methods")
    prepared = fitted(folder, frame, targets=["load", "wind"], missing="ffill", season=SEASON)[0]
    prepared.calibrate()
    return prepared


def by_hand(theta, column: str, origin: int) -> dict[str, np.ndarray]:
    """Call Theta on the rows before an origin."""
    past = table()[column].to_numpy()[:origin].copy()
    for row in MISSING if column == "load" else []:
        if row < origin:
            past[row] = past[row - 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = theta.forecast(y=past, h=HORIZON, level=[80])
    return {name: np.asarray(values, float) for name, values in result.items()}


def test_scores_of_a_method_equal_those_by_hand(theta, prepared):
    codec, series = prepared.codec.series, prepared.data.series_set.series
    windows = codec.windows(series, prepared.data.rows("test"), stride=5)
    results = evaluate(prepared.forecasts, prepared.codec.baselines, series, windows, LEVEL, Methods(("theta",)))
    scores = results.to_json()["baselines"]["Theta"]
    scale = codec.scales[series[0].id]
    scaled, own, inside, widths = [], [], [], []
    for origin in windows.rows.tolist():
        for index, column in enumerate(("load", "wind")):
            forecast = by_hand(theta, column, origin)
            rows = np.arange(origin, origin + HORIZON)
            truth = table()[column].to_numpy()[rows]
            known = np.ones(HORIZON, bool) if column == "wind" else ~np.isin(rows, MISSING)
            error = (forecast["mean"] - truth)[known]
            own += error.tolist()
            scaled += (error / scale.size[index]).tolist()
            inside += ((forecast["lo-80"] <= truth) & (truth <= forecast["hi-80"]))[known].tolist()
            widths += ((forecast["hi-80"] - forecast["lo-80"]) / scale.size[index])[known].tolist()
    assert 0 < 2 * HORIZON * len(windows) - len(own) < 8  # some targets are missing
    assert scores["own_units"]["points"] == results.total.own.points == len(own)
    assert scores["mse"] == pytest.approx(np.mean(np.square(scaled)), rel=1e-5)
    assert scores["own_units"]["mae"] == pytest.approx(np.mean(np.abs(own)), rel=1e-5)
    assert scores["interval"]["coverage"] == pytest.approx(np.mean(inside), abs=1e-9)
    assert scores["interval"]["width"] == pytest.approx(np.mean(widths), rel=1e-5)
    assert scores["replaced"] == 0


def test_the_config_asks_for_methods_in_the_report(theta, prepared):
    asking = prepared.config.model_copy(update={"baselines": ("theta",)})
    scoring = Scoring(asking, prepared.data, prepared.forecasts, prepared.codec.baselines, stride=9)
    results = scoring.results("test")
    section = report.sections({"test": results})[0]
    assert section.title.endswith("windows of 4 steps ahead, 9 rows apart")
    sentence = next(part for part in section.parts if str(part).startswith("Beside Theta"))
    change = abs(1 - results["mse"] / results["baselines"]["Theta"]["mse"])
    assert f"the mean squared error is {change:.1%} WORSE" in sentence
    rows = {row[0]: row for row in section.parts[2 + ("lacks" in section.parts[2])].rows}
    assert rows["naive"][-2:] == ("–", "–")
    assert rows["Theta"][-2] == f"{results['baselines']['Theta']['interval']['coverage']:.3f}"
    assert rows["this model"][-2] == f"{results['interval']['coverage']:.3f}"


def test_a_backtest_has_methods_from_the_same_origins(theta, prepared):
    frame = table()
    forecaster = prepared.predictor()
    plain = forecaster.backtest(frame, windows=3, step=7)
    beside = forecaster.backtest(frame, windows=3, step=7, baselines=["theta"])
    pd.testing.assert_frame_equal(beside[plain.columns], plain)
    assert list(beside.columns[len(plain.columns) :]) == ["theta", "theta_lower", "theta_upper"]
    for (origin, column), rows in beside.groupby(["origin", "column"]):
        first = int(frame.index[frame["date"] == origin][0]) + 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = theta.forecast(y=frame[column].to_numpy()[:first], h=HORIZON, level=[80])
        assert rows["theta"].tolist() == pytest.approx(expected["mean"], rel=1e-12)
        assert rows["theta_upper"].tolist() == pytest.approx(expected["hi-80"])
    longer = forecaster.backtest(frame, windows=1, horizon=6, levels=[0.5, 0.9], baselines=["theta"])
    assert longer["theta"].notna().all()
    assert (longer["theta_lower_90"] <= longer["theta_lower_50"]).all()
    assert (longer["theta_lower_50"] <= longer["theta"]).all()


def test_refitting_leaves_methods_as_they_are(theta, prepared):
    frame = pd.concat([table().assign(unique_id=name) for name in ("a", "b")]).rename(columns={"date": "ds"})
    frame.loc[frame["unique_id"] == "b", "load"] += 100
    forecaster = prepared.predictor()
    forecaster.inputs.format = forecaster.inputs.format.__class__(columns=("load", "wind"), trained="h")
    kept = forecaster.backtest(frame, windows=2, step=3, baselines=["theta"])
    anew = forecaster.backtest(frame, windows=2, step=3, baselines=["theta"], refit=lambda before: forecaster)
    pd.testing.assert_frame_equal(anew, kept)
    levels = kept[kept["column"] == "load"].groupby("unique_id")["theta"].mean()
    assert levels["b"] - levels["a"] == pytest.approx(100, abs=1)


def test_python_scores_methods_of_any_table(theta, prepared):
    forecaster, frame = prepared.predictor(), table()[200:]
    results = forecaster.evaluate(frame, baselines=["theta"], stride=20)
    assert results["windows"] == len(range(30, 100 - HORIZON + 1, 20))
    assert results["baselines"]["Theta"]["own_units"]["points"] == results["own_units"]["points"]
    together = Ensemble([forecaster, forecaster]).evaluate(frame, baselines=["theta"], stride=20)
    assert together["baselines"] == results["baselines"]


def test_a_missing_package_is_said_before_anything_is_read(tmp_path, prepared, monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    message = (
        r"baselines: expected the package statsforecast for ets, found none; pip install 'bilstm-nlp\[baselines\]'"
    )
    forecaster = prepared.predictor()
    for call in (forecaster.backtest, forecaster.evaluate):
        with pytest.raises(InputError, match=message):
            call("missing.csv", baselines=["ets"])
    with pytest.raises(ConfigError, match=message):
        check(config(tmp_path).model_copy(update={"baselines": ("ets",)}))
