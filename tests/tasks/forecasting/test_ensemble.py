"""Ensembles: combined forecasts, intervals of their own, agreement of the members, scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bilstm_nlp
from bilstm_nlp.config import parse
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs import train
from bilstm_nlp.runs.ensemble import evaluate
from bilstm_nlp.tasks.forecasting.conformal import conformal_quantile
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from tests.tasks.forecasting.test_task import HORIZON, ROWS, config, fitted, table

TARGETS = ["load", "wind"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    """Three runs on the same file: another seed, another look-back, a transform and a column known ahead."""
    folder = tmp_path_factory.mktemp("ensemble")
    base = config(folder, targets=TARGETS).model_dump(mode="json")
    variants: dict[str, dict[str, object]] = {
        "first": {},
        "longer": {"look_back": 36},
        "known": {"known": ["holiday"], "transform": "log1p", "calendar": "cyclic"},
    }
    for seed, (name, data) in enumerate(variants.items()):
        values = {**base, "seed": seed, "data": {**base["data"], **data}}
        train.train(parse(values, "a test"), folder / name)
    return {name: folder / name for name in variants}


@pytest.fixture(scope="module")
def ensemble(runs) -> Ensemble:
    return bilstm_nlp.load_ensemble(list(runs.values()))


def known(rows: int = HORIZON) -> pd.DataFrame:
    return table(ROWS + rows)[ROWS:]


def members_of(runs: dict[str, Path], horizon: int | None = None) -> np.ndarray:
    """Return the forecasts of each run."""
    ahead = {"known": known(horizon or HORIZON)}
    tables = [
        bilstm_nlp.load_forecaster(path).forecast(table(), ahead.get(name), horizon=horizon)
        for name, path in runs.items()
    ]
    return np.stack([each["forecast"] for each in tables])


@pytest.mark.parametrize(("combine", "function"), [("mean", np.mean), ("median", np.median)])
def test_forecasts_are_mean_or_median_of_the_members(runs, combine, function):
    ensemble = bilstm_nlp.load_ensemble(list(runs.values()), combine)
    expected = function(members_of(runs), axis=0)
    np.testing.assert_allclose(ensemble.forecast(table(), known())["forecast"], expected, rtol=1e-9)


def test_order_of_members_changes_nothing(runs, ensemble):
    backwards = bilstm_nlp.load_ensemble(list(runs.values())[::-1])
    numbers = ["forecast", "lower", "upper"]
    expected = ensemble.forecast(table(), known())[numbers]
    np.testing.assert_allclose(backwards.forecast(table(), known())[numbers], expected, rtol=1e-9)


@pytest.mark.slow
def test_intervals_are_calibrated_on_the_validation_part(tmp_path):
    """With windows enough, margins are quantiles of the combined residuals in spreads, by step and column."""
    config(tmp_path, targets=TARGETS)
    base = config(tmp_path, targets=TARGETS).model_dump(mode="json")
    for seed in (1, 2):
        train.train(parse({**base, "seed": seed}, "a test"), tmp_path / str(seed))
    members = [bilstm_nlp.load_forecaster(tmp_path / str(seed)) for seed in (1, 2)]
    ensemble = Ensemble(members)
    prepared = fitted(tmp_path, targets=TARGETS)[0]
    windows = prepared.windows.validation
    arrays = windows.gather(np.arange(len(windows)))
    series = prepared.data.series_set.series
    points = [next(each.tables.windows.blocks(series, windows))[2].point for each in members]
    spread = ensemble.windows.intervals(series, 0.8).spread(arrays.past, np.zeros(len(windows), np.int64))
    scores = np.abs(arrays.future - np.mean(points, axis=0)) / spread
    expected = np.stack([conformal_quantile(scores[..., column], 0.8) for column in range(2)], axis=-1)
    np.testing.assert_allclose(ensemble.windows.margins.at(0.8)[0], expected, rtol=1e-5)
    result = ensemble.forecast(table())
    assert ((result["lower"] < result["forecast"]) & (result["forecast"] < result["upper"])).all()


def test_same_member_twice_is_that_member(runs):
    """Its intervals are those of its own calibration, too."""
    member = bilstm_nlp.load_forecaster(runs["first"])
    result = Ensemble([member, member]).forecast(table(), levels=[0.5, 0.8])
    numbers = ["forecast", "lower_50", "upper_50", "lower_80", "upper_80"]
    np.testing.assert_allclose(result[numbers], member.forecast(table(), levels=[0.5, 0.8])[numbers], rtol=1e-6)


def test_longer_horizons_roll_the_combined_forecast_on(runs, ensemble):
    result = ensemble.forecast(table(), known(6), horizon=6)
    first = ensemble.forecast(table(), known())
    pd.testing.assert_frame_equal(result[: 2 * HORIZON], first)
    past = pd.concat([table(), known(6)[:2]])
    past.loc[ROWS:, TARGETS] = first["forecast"].to_numpy().reshape(-1, 2)[:2]
    rest = ensemble.forecast(past, known(6)[2:])["forecast"][-4:]
    np.testing.assert_allclose(result["forecast"][-4:], rest, rtol=1e-9)


def test_backtest_equals_forecasts_of_cut_tables(ensemble):
    frame, origin = table(), ROWS - HORIZON
    result = ensemble.backtest(frame, windows=3)
    last = result[result["origin"] == frame["date"][origin - 1]].reset_index(drop=True)
    expected = ensemble.forecast(frame[:origin], frame[origin:])
    pd.testing.assert_frame_equal(last.drop(columns=["part", "y"]), expected, rtol=1e-6)
    assert set(result["part"]) == {"test"}


def test_scores_are_those_of_the_combined_forecasts(runs, ensemble):
    _, results = evaluate(list(runs.values()), "mean", None)
    windows = results["windows"]
    past = ensemble.backtest(table(), windows=windows)
    errors = (past["forecast"] - past["y"]).to_numpy()
    assert results["own_units"]["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-6)
    assert results["own_units"]["mse"] == pytest.approx((errors**2).mean(), rel=1e-6)
    inside = (past["lower"] <= past["y"]) & (past["y"] <= past["upper"])
    assert results["interval"]["coverage"] == pytest.approx(inside.mean(), abs=1e-6)
    assert results["leakage"] == 0


def test_missing_training_file_is_named(runs, tmp_path):
    ensemble = bilstm_nlp.load_ensemble([runs["first"], runs["longer"]])
    file = runs["first"].parent / "table.csv"
    moved = file.rename(tmp_path / "elsewhere.csv")
    try:
        with pytest.raises(
            InputError, match=r"table\.csv: expected a file.*; an ensemble's intervals are calibrated on"
        ):
            ensemble.forecast(table())
    finally:
        moved.rename(file)


def test_changed_training_file_is_refused(runs):
    ensemble = bilstm_nlp.load_ensemble([runs["first"], runs["longer"]])
    file = runs["first"].parent / "table.csv"
    content = file.read_bytes()
    table(ROWS - 30).to_csv(file, index=False)
    try:
        with pytest.raises(InputError, match=r"table\.csv: expected the parts that the run was trained with, found"):
            ensemble.forecast(table())
    finally:
        file.write_bytes(content)


def warnings_of(caplog) -> list[str]:
    """Return what loading an ensemble warned of."""
    return [record.message for record in caplog.records if record.name == "bilstm_nlp.tasks.forecasting.members"]


def test_other_values_at_the_same_dates_are_warned_of(runs, caplog):
    """The intervals are those of the present values."""
    pair = [runs["first"], runs["longer"]]
    expected = bilstm_nlp.load_ensemble(pair).forecast(table())
    file = runs["first"].parent / "table.csv"
    content = file.read_bytes()
    assert not warnings_of(caplog)
    changed = table()
    changed["wind"] += np.random.default_rng(0).normal(scale=9, size=ROWS)
    changed.to_csv(file, index=False)
    try:
        result = bilstm_nlp.load_ensemble(pair).forecast(table())
    finally:
        file.write_bytes(content)
    of = f"{pair[0]}, {pair[1]}"
    assert warnings_of(caplog) == [
        f"{file}: changed since the training of {of}; its present values calibrate the ensemble's intervals"
    ]
    pd.testing.assert_series_equal(result["forecast"], expected["forecast"])
    wider = (result["upper"] - result["lower"]) / (expected["upper"] - expected["lower"])
    assert (wider[result["column"] == "wind"] > 2).all()


@pytest.mark.slow
def test_member_trained_on_other_values_is_named(tmp_path, caplog):
    settings = config(tmp_path, targets=TARGETS)
    train.train(settings, tmp_path / "old")
    changed = table()
    changed["load"] *= 1.01
    changed.to_csv(tmp_path / "table.csv", index=False)
    train.train(settings, tmp_path / "new")
    caplog.clear()
    bilstm_nlp.load_ensemble([tmp_path / "old", tmp_path / "new"]).forecast(table())
    (message,) = warnings_of(caplog)
    assert f"changed since the training of {tmp_path / 'old'};" in message


def test_reading_of_the_first_member_is_named(runs, tmp_path, caplog):
    values = json.loads((runs["first"] / "config.json").read_text())
    values["data"] |= {"missing": "interpolate", "thousands": ","}
    train.train(parse(values, "a test"), tmp_path / "run")
    caplog.clear()
    bilstm_nlp.load_ensemble([tmp_path / "run", runs["longer"]])
    said = f"as {runs['longer']} says, not with"
    assert warnings_of(caplog) == [
        f"files are read with data.missing = 'error', {said} 'interpolate', as {tmp_path / 'run'} says",
        f"files are read with data.thousands = None, {said} ',', as {tmp_path / 'run'} says",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("backwards", [False, True])
def test_run_with_the_longest_look_back_gives_the_level(tmp_path, backwards, caplog):
    base = config(tmp_path, targets=TARGETS).model_dump(mode="json")
    for name, level, look_back in (("short", 0.6, 30), ("long", 0.75, 36)):
        values = {**base, "interval": level, "data": {**base["data"], "look_back": look_back}}
        train.train(parse(values, "a test"), tmp_path / name)
    paths = [tmp_path / "short", tmp_path / "long"]
    caplog.clear()
    ensemble = bilstm_nlp.load_ensemble(paths[::-1] if backwards else paths)
    (message,) = warnings_of(caplog)
    assert message.startswith(f"intervals of the level 0.75, that of {paths[1]}: ")
    assert f"{paths[0]} has 0.6" in message
    result = ensemble.forecast(table())
    asked = ensemble.forecast(table(), levels=[0.6, 0.75])  # both members' levels have margins
    assert result["lower"].tolist() == asked["lower_75"].tolist()
    assert (asked["upper_60"] <= asked["upper_75"]).all()
    assert (asked["upper_60"] < asked["upper_75"]).any()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"horizon": 3}, r"forecaster 2: expected horizon 4, as forecaster 1 has, found 3"),
        ({"targets": ["wind"]}, r"forecaster 2: expected targets load, wind, as forecaster 1 has, found wind"),
        (
            {"split": {"kind": "last", "validation": 40, "test": 40}},
            r"forecaster 2: expected the split of forecaster 1, .* in series 'table', found",
        ),
    ],
)
def test_members_that_differ_are_refused(tmp_path, data, message):
    forecasters = [fitted(tmp_path, **{"targets": TARGETS, **other})[0].predictor() for other in ({}, data)]
    with pytest.raises(InputError, match=message):
        Ensemble(forecasters)


def test_impossible_ensembles_are_refused(runs, tmp_path):
    with pytest.raises(InputError, match="paths: expected directories of trained runs, found none"):
        bilstm_nlp.load_ensemble([])
    with pytest.raises(InputError, match="first: expected different runs, found the same twice"):
        bilstm_nlp.load_ensemble([runs["first"], str(runs["first"])])
    with pytest.raises(InputError, match="expected a list of run directories"):
        bilstm_nlp.load_ensemble(runs["first"])
    with pytest.raises(InputError, match="combine: expected mean or median, found 'max'"):
        bilstm_nlp.load_ensemble(list(runs.values()), "max")
    other = config(tmp_path, targets=TARGETS)
    train.train(other, tmp_path / "run")
    with pytest.raises(InputError, match=r"run: expected the data file .*table\.csv .*, as .*first has, found"):
        bilstm_nlp.load_ensemble([runs["first"], tmp_path / "run"])
