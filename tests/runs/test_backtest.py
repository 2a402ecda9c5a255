"""Forecasts of a trained run from rolling origins, with the saved model and with new ones."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.config import load, parse
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.backtest import backtest
from bilstm_nlp.runs.load import load_forecaster, open_run
from bilstm_nlp.runs.refitting import refitted
from bilstm_nlp.runs.train import train
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.registry import forecasting
from tests.samples import SERIES


def table_of(run: Path, source: Path | None = None, *, windows: int, step: int, refit: bool = False) -> pd.DataFrame:
    """Return the CSV of a backtest as a table."""
    output = b"".join(backtest([run], source and str(source), windows=windows, step=step, refit=refit))
    return pd.read_csv(io.BytesIO(output), parse_dates=["origin", "ds"])


def test_forecasts_are_those_of_the_rows_before_each_origin(forecaster_run):
    table = table_of(forecaster_run, windows=2, step=24)
    data = pd.read_csv(SERIES, parse_dates=["date"])
    forecaster = load_forecaster(forecaster_run)
    horizon = forecaster.codec.horizon
    assert sorted(set(table["origin"])) == list(data["date"].iloc[[-horizon - 25, -horizon - 1]])
    for origin, rows in table.groupby("origin"):
        expected = forecaster.forecast(data[data["date"] <= origin])
        merged = rows.merge(expected, on=["ds", "step", "column"], suffixes=("", "_alone"))
        assert len(merged) == len(expected) == horizon * 3
        for figure in ("forecast", "lower", "upper"):
            assert merged[figure].tolist() == pytest.approx(merged[f"{figure}_alone"].tolist(), rel=1e-3, abs=1e-3)


def test_true_values_stand_beside_the_forecasts(forecaster_run):
    table = table_of(forecaster_run, windows=2, step=5)
    data = pd.read_csv(SERIES, parse_dates=["date"]).melt("date", var_name="column", value_name="true")
    merged = table.merge(data, left_on=["ds", "column"], right_on=["date", "column"])
    assert len(merged) == len(table)
    assert merged["y"].tolist() == merged["true"].tolist()


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A forecaster of one short series, trained in a second."""
    folder = tmp_path_factory.mktemp("small")
    write_series(folder / "a.csv")
    (folder / "a.toml").write_text(
        f'task = "forecasting"\n[data]\nfile = "{folder / "a.csv"}"\nlook_back = 8\nhorizon = 2\n'
        "[encoder]\nhidden = 4\n[training]\nepochs = 2\nbatch_size = 32\n"
    )
    train(load(folder / "a.toml"), folder / "run")
    return folder / "run"


def write_series(path: Path, last: tuple[float, ...] = ()) -> None:
    """Write 120 days, the last of them with these values."""
    values = [float(day % 7) for day in range(120 - len(last))] + list(last)
    days = pd.date_range("2020-01-01", periods=120).strftime("%Y-%m-%d")
    path.write_text("date,a\n" + "".join(f"{day},{value}\n" for day, value in zip(days, values, strict=True)))


def test_refitted_model_differs_and_sees_no_later_rows(small, tmp_path):
    write_series(tmp_path / "same.csv")
    write_series(tmp_path / "other.csv", last=(700.0, -900.0))
    first, second = (
        table_of(small, tmp_path / name, windows=1, step=1, refit=True) for name in ("same.csv", "other.csv")
    )
    figures = ["origin", "ds", "step", "forecast", "lower", "upper"]
    pd.testing.assert_frame_equal(first[figures], second[figures])
    assert first["y"].tolist() != second["y"].tolist() == [700.0, -900.0]
    assert first["forecast"].tolist() != table_of(small, tmp_path / "same.csv", windows=1, step=1)["forecast"].tolist()


def test_refitting_reports_the_origin_and_the_epoch(small, call, tmp_path, monkeypatch):
    shown = []

    def show(_: Activity, detail: str) -> None:
        if not detail.endswith("lines written"):  # which a slow machine shows, too
            shown.append(detail)

    monkeypatch.setattr(Activity, "show", show)
    ended = call("backtest", small, "--refit", "--windows", "2")
    assert (ended.status, ended.out.count("\n")) == (0, 1 + 2 * 2)
    assert shown == [f"origin {origin} of 2, epoch {epoch} of 2" for origin in (1, 2) for epoch in (1, 2)]
    shown.clear()
    second = shutil.copytree(small, tmp_path / "second")
    assert call("backtest", small, second, "--refit", "--windows", "1").status == 0
    assert shown == [f"origin 1 of 1, model {model} of 2, epoch {epoch} of 2" for model in (1, 2) for epoch in (1, 2)]


@pytest.mark.slow
def test_refitting_several_runs_combines_their_new_models(small, tmp_path):
    """Forecasts are means of those of each run refitted alone, with intervals of the refitted models together."""
    values = json.loads((small / "config.json").read_text())
    path = tmp_path / "longer"
    train(parse({**values, "seed": 7, "data": {**values["data"], "look_back": 12}}, "a test"), path)
    runs = [small, path]
    alone = [table_of(run, windows=2, step=3, refit=True) for run in runs]
    output = b"".join(backtest(runs, None, windows=2, step=3, refit=True))
    together = pd.read_csv(io.BytesIO(output), parse_dates=["origin", "ds"])
    columns = ["origin", "ds", "step", "y"]
    pd.testing.assert_frame_equal(together[columns], alone[0][columns])
    expected = np.mean([each["forecast"] for each in alone], axis=0)
    np.testing.assert_allclose(together["forecast"], expected, rtol=1e-6)
    series_set = load_forecaster(small).inputs.past(str(small.parent / "a.csv"))
    tasks = [forecasting(open_run(run).config) for run in runs]
    for origin, rows in together.groupby("origin"):
        series = series_set.series[0]
        past = replace(series_set, series=[series[: series.dates.get_loc(origin) + 1]])
        ensemble = Ensemble([refitted(task, past) for task in tasks])
        borders = ensemble.tables.forecast(past, None, None, None)[["lower", "upper"]]
        np.testing.assert_allclose(rows[["lower", "upper"]], borders, rtol=1e-6)
        assert (rows["lower"] < rows["upper"]).all()


def test_too_short_series_is_refused_by_name(small, tmp_path):
    (tmp_path / "x.csv").write_text("date,a\n" + "".join(f"2020-01-{day:02},{day}\n" for day in range(1, 10)))
    with pytest.raises(InputError, match=r"at least 10 rows of a series \(look-back 8\), found only 'x' \(9\)"):
        table_of(small, tmp_path / "x.csv", windows=1, step=1)


def test_run_of_another_task_is_refused_by_name(tagger_run):
    with pytest.raises(InputError, match=rf"(?s)^{tagger_run}: .*task: expected forecasting, found tagging"):
        table_of(tagger_run, windows=1, step=1)
