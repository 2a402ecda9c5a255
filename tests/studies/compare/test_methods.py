"""Methods of statistics beside the variants of a comparison of forecasters."""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bilstm_nlp
from bilstm_nlp.config import load, to_json
from bilstm_nlp.errors import InputError
from bilstm_nlp.studies.compare.methods import CHANGE, trials_of
from bilstm_nlp.studies.compare.results import answer
from tests.studies import trials
from tests.studies.grids import read, write_grid

SEASON, HORIZON, ROWS = 4, 3, 60
BASE = """
task = "forecasting"
baselines = ["theta"]
[data]
file = "{folder}/sales.csv"
look_back = 8
horizon = 3
season = 4
split = {{ kind = "last", validation = 12, test = 8 }}
[input.reader]
kind = "steps"
[encoder]
hidden = 4
[training]
epochs = 1
"""
VARIANTS = {"lstm": {}, "gru": {"encoder": {"cell": "gru"}}}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a series of quarters, and a config that puts Theta beside its model."""
    sales().to_csv(tmp_path / "sales.csv", index=False)
    (tmp_path / "series.toml").write_text(BASE.format(folder=tmp_path))
    return tmp_path


@pytest.fixture
def theta():
    """Theta of statsforecast."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = pytest.importorskip("statsforecast.models")
    return models.DynamicOptimizedTheta(season_length=SEASON)


def sales() -> pd.DataFrame:
    time = np.arange(ROWS)
    values = 100 + time + 9 * (time % SEASON) + np.random.default_rng(1).normal(size=ROWS)
    return pd.DataFrame({"date": pd.date_range("2005-01-01", periods=ROWS, freq="QS"), "sales": values})


def test_runs_leave_the_methods_to_the_comparison(folder):
    grid = read(folder, base="series.toml", baseline="lstm", variants=VARIANTS, seeds=[1, 2])
    assert grid.methods == ("theta",)
    assert {run.config.baselines for run in grid.runs} == {()}
    assert to_json(load(folder / "series.toml"))["baselines"] == ["theta"]
    shared = read(folder, base="series.toml", baseline="lstm", variants=VARIANTS, set={"baselines": ["ets", "arima"]})
    assert shared.methods == ("ets", "arima")


@pytest.mark.slow
def test_trials_of_a_method_are_errors_by_hand(folder, theta):
    grid = read(folder, base="series.toml", baseline="lstm", variants=VARIANTS, seeds=[1, 2])
    group = trials_of(grid, folder / "out")["Theta"]
    values = sales()["sales"].to_numpy()
    deviation = values[: ROWS - 20].std()
    squared = []
    for origin in range(ROWS - 20, ROWS - 8 - HORIZON + 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            forecast = theta.forecast(y=values[:origin], h=HORIZON)["mean"]
        squared.append(np.mean((forecast - values[origin : origin + HORIZON]) ** 2) / deviation**2)
    assert [(trial.variant, trial.seed, trial.cost) for trial in group] == [("Theta", 1, None), ("Theta", 2, None)]
    for trial in group:
        assert trial.numerator.tolist() == pytest.approx(squared, rel=1e-5)
        assert trial.denominator.tolist() == [1] * len(squared)
        assert trial.lag == HORIZON - 1
    saved = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("trial.*")}
    again = trials_of(grid, folder / "out")["Theta"]
    assert [trial.numerator.tolist() for trial in again] == [trial.numerator.tolist() for trial in group]
    assert {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("trial.*")} == saved
    changed = sales()
    changed.loc[3, "sales"] += 1
    changed.to_csv(folder / "sales.csv", index=False)
    other = trials_of(grid, folder / "out")["Theta"]
    assert other[0].numerator.tolist() != group[0].numerator.tolist()


def test_a_method_has_one_figure_without_costs_or_curves():
    question = trials.question("lstm", "Theta", measure=trials.MSE)
    question = replace(question, methods=("Theta",), changes={"lstm": {}, "Theta": CHANGE})
    models = trials.trials_of({"lstm": [0.5, 0.52, 0.54]}, lag=2)
    same = models[0]
    beside = [replace(same, variant="Theta", seed=seed, cost=None, losses=(), epoch_scores=()) for seed in (1, 2, 3)]
    result = answer(question, [*models, *beside], trials.runs(models))
    figures = {variant.name: variant for variant in result.variants}
    assert figures["Theta"].mean == pytest.approx(0.5)
    assert (figures["Theta"].runs, figures["lstm"].runs) == (1, 3)
    assert figures["Theta"].deviation is figures["Theta"].parameters is figures["Theta"].prediction_speed is None
    assert figures["Theta"].difference is not None
    assert [curve.variant for curve in result.learning_curves] == ["lstm"]
    assert {curve.variant for curve in result.curves} == {"lstm"}
    assert any(sentence.startswith("Theta is fitted at each origin; its MSE") for sentence in result.words)


def test_a_missing_package_stops_a_comparison_before_its_runs(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    grid = write_grid(folder, base="series.toml", baseline="lstm", variants=VARIANTS, seeds=[1])
    with pytest.raises(InputError, match=r"grid\.toml: baselines: expected the package statsforecast for theta, found"):
        bilstm_nlp.compare(grid, folder / "out")
    assert not (folder / "out").exists()


@pytest.mark.slow
def test_reports_rank_methods_beside_variants(folder, theta):
    grid = write_grid(folder, base="series.toml", baseline="lstm", variants=VARIANTS, seeds=[1])
    result = bilstm_nlp.compare(grid, folder / "out")
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["methods"] == ["Theta"]
    assert report["variants"][0]["name"] == "Theta"  # of models after an epoch
    assert len(result.runs) == 2
    text = (folder / "out" / "report.md").read_text()
    assert '| Theta | method = "statsforecast, fitted at each origin" |' in text
    assert "Theta is fitted at each origin; its MSE" in text
    assert any("Theta" in disagreement.errors for disagreement in result.disagreements)
