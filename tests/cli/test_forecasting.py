"""The command line on series: train, evaluate, predict in three formats, backtest, on the sample series."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

import bilstm_nlp
from tests.samples import FORECASTER, SERIES


@pytest.fixture
def run(forecaster_run) -> Path:
    """A small trained run."""
    return forecaster_run


def test_the_report_carries_the_baselines_the_skill_and_the_probe(run):
    report = (run / "report.md").read_text()
    for words in ("seasonal naive", "linear map", "Skill ", "Leakage probe: a forecast does not move", "coverage"):
        assert words in report
    for picture in ("curves", "steps"):
        assert f"(plots/{picture}.png)" in report
        assert (run / "plots" / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_evaluate_says_in_json_what_the_run_directory_says(run, call):
    found = json.loads(call("evaluate", run, "--json").out)
    assert found == json.loads((run / "metrics.json").read_text())["test"]
    shown = call("evaluate", run)
    assert shown.status == 0
    assert f"{found['mse']:.4f}" in shown.out


def test_three_formats_and_python_tell_the_same_future(run, call, tmp_path):
    printed = call("predict", run, SERIES, "--plot", tmp_path / "next.png")
    table = pd.read_csv(io.StringIO(printed.out), parse_dates=["origin", "ds"])
    assert len(table) == 24 * 3
    assert (table["lower"] <= table["forecast"]).all()
    assert (table["forecast"] <= table["upper"]).all()
    assert table["ds"].min() == pd.Timestamp("2023-05-01 00:00")
    assert (tmp_path / "next.png").read_bytes().startswith(b"\x89PNG")
    from_json = pd.DataFrame(json.loads(call("predict", run, SERIES, "--format", "json").out))
    assert from_json["forecast"].tolist() == pytest.approx(table["forecast"].tolist())
    assert pd.to_datetime(from_json["ds"]).tolist() == table["ds"].tolist()
    assert call("predict", run, SERIES, "--format", "parquet", "--output", tmp_path / "next.parquet").status == 0
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "next.parquet"), table, check_dtype=False)
    frame = bilstm_nlp.load(run).forecast(pd.read_csv(SERIES))
    assert frame["forecast"].tolist() == pytest.approx(table["forecast"].tolist())


def test_a_backtest_is_one_table(run, call):
    printed = call("backtest", run, "--windows", "3", "--step", "24")
    table = pd.read_csv(io.StringIO(printed.out), parse_dates=["origin", "ds"])
    assert len(table) == 3 * 24 * 3
    truth = pd.read_csv(SERIES, parse_dates=["date"])
    joined = table[table["column"] == "solar"].merge(truth, left_on="ds", right_on="date")
    assert joined["y"].tolist() == joined["solar"].tolist()
    assert (table["origin"] < table["ds"]).all()


def test_what_is_for_a_tagger_is_refused(run, call, tmp_path):
    for option in (["--confidence"], ["--nbest", "3"], ["--input", "conll"], ["--attention"]):
        refused = call("predict", run, SERIES, *option)
        assert refused.status == 2
        assert f"{option[0]}: not for a forecaster" in refused.err
    refused = call("predict", run, SERIES, "--format", "conll")
    assert refused.status == 2
    assert "--format: expected csv, json, parquet for a forecaster, found conll" in refused.err
    refused = call("evaluate", run, "--errors", tmp_path / "errors.html")
    assert (refused.status, refused.err) == (2, "bilstm-nlp: --errors: not for a forecaster\n")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_series_is_one_line_and_leaves_no_file(run, call, tmp_path):
    lines = SERIES.read_text().splitlines()
    lines[1500] = lines[1500].rpartition(",")[0] + ",warm"
    (tmp_path / "bad.csv").write_text("\n".join(lines))
    broken = call("predict", run, tmp_path / "bad.csv", "--output", tmp_path / "next.csv")
    assert broken.status == 2
    assert "bad.csv:1501: expected a number in column 'temperature', found 'warm'" in broken.err
    assert "Traceback" not in broken.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv"]
    checked = call("check", tmp_path / "bad.csv")
    assert checked.status == 2
    assert "bad.csv:1501: expected a number in column 'temperature', found 'warm'" in checked.out


def test_check_shows_a_series(call):
    found = call("check", "sample:energy.csv")
    assert found.status == 0
    assert "Frequency h, season of 24 rows" in found.out
    assert json.loads(call("check", str(FORECASTER), "--json").out)["wrong"] is False


def test_info_shows_a_run(run, call):
    summary = json.loads(call("info", run, "--json").out)
    assert summary["finished"] is True
    assert summary["config"]["task"] == "forecasting"
    assert summary["results"]["test"]["windows"] == 553
