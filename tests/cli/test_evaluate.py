"""`bilstm-nlp evaluate` and `bilstm-nlp backtest`: scores, the page of errors, rolling origins."""

from __future__ import annotations

import html
import io
import json
import re
import warnings
from pathlib import Path

import pandas as pd
import pytest
from seqeval.metrics import f1_score

import bilstm_nlp
from bilstm_nlp.tags import convert
from tests.cli.columns import columns
from tests.samples import SERIES


@pytest.fixture
def run(tagger_run) -> Path:
    """A small trained tagger."""
    return tagger_run


def test_a_taggers_scores_are_those_of_its_run_directory(run, call):
    ended = call("evaluate", run, "--json")
    assert ended.status == 0
    results = json.loads(ended.out)
    assert {"f1", "precision", "recall", "f1_strict", "per_type", "sentences", "tokens"} <= results.keys()
    assert results == json.loads((run / "metrics.json").read_text())["test"]
    dev = json.loads(call("evaluate", run, "--data", "sample:news.dev.conll", "--json").out)
    assert dev == json.loads((run / "metrics.json").read_text())["dev"] | {"calibration": dev["calibration"]}


def test_a_forecasters_scores_are_those_of_its_run_directory(forecaster_run, call):
    scores = json.loads(call("evaluate", forecaster_run, "--json").out)
    assert scores == json.loads((forecaster_run / "metrics.json").read_text())["test"]
    shown = call("evaluate", forecaster_run)
    assert shown.status == 0
    assert f"{scores['mse']:.4f}" in shown.out


def test_scores_of_predicted_columns_are_those_of_evaluate(run, call):
    results = json.loads(call("evaluate", run, "--data", "sample:news.dev.conll", "--json").out)
    predicted = call("predict", run, "sample:news.dev.conll", "--format", "conll")
    sentences = columns(predicted.out)
    assert len(sentences) == results["sentences"]
    gold, tagged = ([[row[column] for row in rows] for rows in sentences] for column in (1, 2))
    assert f1_score(gold, tagged) == pytest.approx(results["f1"], abs=1e-12)
    assert 0 < results["f1"] < 1
    assert predicted.out.count("-DOCSTART-") == 14


def test_a_corpus_in_another_scheme_scores_the_same(run, call, tmp_path, caplog):
    sample = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "news.dev.conll"
    other = []
    for rows in columns(sample.read_text()):
        tags = convert([tag for _, tag in rows], "IOB2", "BILOU")
        other += [*(f"{token} {tag}" for (token, _), tag in zip(rows, tags, strict=True)), ""]
    (tmp_path / "dev.bilou").write_text("\n".join(other))
    result = call("evaluate", run, "--data", tmp_path / "dev.bilou", "--json")
    assert "its tags are in BILOU, the training corpus's in IOB2; converted" in caplog.text
    assert json.loads(result.out)["f1"] == json.loads((run / "metrics.json").read_text())["dev"]["f1"]


@pytest.mark.slow
def test_the_errors_page_lists_every_wrong_entity(run, call, tmp_path):
    path = tmp_path / "errors.html"
    shown = call("evaluate", run, "--errors", path)
    assert (shown.status, shown.out) == (0, call("evaluate", run).out)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    result = call("evaluate", run, "--json", "--errors", path)
    assert result.status == 0
    assert path.read_text(encoding="utf-8") == text
    per_type = json.loads(result.out)["per_type"]
    rows = re.findall(r"<tr data-kind=.*?</tr>", text, re.DOTALL)
    sides = [re.findall(r'<td class="side">(?:<b class="type k\d">(\w+)</b>)?', row) for row in rows]
    assert len(rows) > 20
    for kind, counts in per_type.items():
        right = counts["true_positives"]
        assert [gold for gold, _ in sides].count(kind) == counts["support"] - right
        assert [predicted for _, predicted in sides].count(kind) == counts["predicted"] - right
    sure = [float(re.sub(r"&\w+;", "", value)) for value in re.findall(r'</th><td class="number">([^<]*)', text)]
    assert len(sure) == len(rows)
    assert sure == sorted(sure, reverse=True)
    lines = (Path(bilstm_nlp.__file__).parent / "data" / "samples" / "news.test.conll").read_text().splitlines()
    for row in rows:
        line = lines[int(re.findall(r'<td class="number line">(\d+)<', row)[-1]) - 1]
        assert f">{line.split(' ')[0]}" in html.unescape(row)
    for refused in (tmp_path, tmp_path / "none" / "errors.html"):
        failed = call("evaluate", run, "--errors", refused)
        assert (failed.status, failed.out) == (2, "")
        assert f"bilstm-nlp: {refused}: expected a file" in failed.err


def test_a_backtest_is_one_table(forecaster_run, call):
    printed = call("backtest", forecaster_run, "--windows", "3", "--step", "24")
    table = pd.read_csv(io.StringIO(printed.out), parse_dates=["origin", "ds"])
    assert len(table) == 3 * 24 * 3
    truth = pd.read_csv(SERIES, parse_dates=["date"])
    joined = table[table["column"] == "solar"].merge(truth, left_on="ds", right_on="date")
    assert joined["y"].tolist() == joined["solar"].tolist()
    assert (table["origin"] < table["ds"]).all()


@pytest.mark.slow
def test_methods_of_statistics_stand_beside_a_forecaster(forecaster_run, call, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("statsforecast.models")
    ended = call("evaluate", forecaster_run, "--baselines", "theta", "--stride", "900", "--json")
    assert ended.status == 0, ended.err
    assert '"Theta"' in ended.out
    path = tmp_path / "b.csv"
    options = ["--windows", "1", "--baselines", "theta", "--jobs", "1", "--output", path]
    ended = call("backtest", forecaster_run, *options)
    assert ended.status == 0, ended.err
    assert {"theta", "theta_lower", "theta_upper"} <= set(pd.read_csv(path).columns)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            ["backtest", "--baselines", "holt"],
            "baselines (--baselines): expected some of ets, theta, arima, found 'holt'",
        ),
        (["evaluate", "--jobs", "2"], "--jobs: expected --baselines beside it, found none"),
    ],
)
def test_options_that_can_not_be_met_are_refused(forecaster_run, call, command, message):
    ended = call(command[0], forecaster_run, *command[1:])
    assert (ended.status, ended.err) == (2, f"bilstm-nlp: {message}\n")


def test_taggers_have_no_methods(tagger_run, call):
    ended = call("evaluate", tagger_run, "--stride", "2")
    assert ended.status == 2
    assert "task: expected forecasting, found tagging" in ended.err
