"""Classifiers of texts from the command line: every command, and the values that come out."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.runs import train
from tests.cli.test_predict_slow_input import SECONDS, read_until, running
from tests.samples import CLASSIFIER, sets

MESSAGES = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "messages.dev.csv"
TEXTS = "The invoice is wrong\n\nMy parcel\thas not come, caf\u00e9 \U0001f600\n"
DESKS = {"account", "billing", "delivery", "product", "returns"}


@pytest.fixture
def texts(tmp_path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text(TEXTS, encoding="utf-8")
    return path


def records(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_line_has_class_and_text_and_an_empty_line_stays(call, classifier_run, texts, caplog):
    result = call("predict", classifier_run, texts)
    lines = result.out.split("\n")
    assert len(lines) == 4
    assert lines[1] == lines[3] == ""
    desk, text = lines[0].split("\t")
    assert desk in DESKS
    assert text == "The invoice is wrong"
    assert lines[2].split("\t")[1] == "My parcel has not come, café 😀"
    assert "1 of 3 texts have no tokens, and get no class" in caplog.text


def test_probabilities_of_all_classes_sum_to_one(call, classifier_run, texts):
    rows = records(call("predict", classifier_run, texts, "--format", "jsonl", "--confidence", "--nbest", "9").out)
    assert [row["text"] for row in rows] == TEXTS.split("\n")[:3]
    assert rows[1] == {"text": "", "classes": []}
    for row in (rows[0], rows[2]):
        names = [name for name, _ in row["top"]]
        values = [value for _, value in row["top"]]
        assert set(names) == DESKS
        assert values == sorted(values, reverse=True)
        assert sum(values) == pytest.approx(1, abs=1e-4)
        assert row["classes"] == names[:1]
        assert row["confidence"] == values[:1]


def test_csv_has_a_column_for_each_of_the_top_classes(call, classifier_run, texts):
    out = call("predict", classifier_run, texts, "--format", "csv", "--confidence", "--nbest", "2").out
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["text", "class", "confidence", "class_1", "probability_1", "class_2", "probability_2"]
    assert rows[2] == [""] * 7
    assert rows[3][0] == "My parcel\thas not come, café 😀"
    assert rows[1][1] == rows[1][3]
    assert float(rows[1][2]) == float(rows[1][4]) > float(rows[1][6])


def test_other_columns_of_a_table_come_out_again(call, classifier_run, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text('id,text,day\n7,"My lamp, it broke",May\n8,Where is it,\n')
    for jobs in ("1", "2"):
        out = call("predict", classifier_run, path, "--format", "csv", "--confidence", "--jobs", jobs).out
        rows = list(csv.reader(io.StringIO(out)))
        assert rows[0] == ["id", "day", "text", "class", "confidence"]
        assert [row[:3] for row in rows[1:]] == [["7", "May", "My lamp, it broke"], ["8", "", "Where is it"]]


def test_other_keys_of_records_come_out_again(call, classifier_run, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": 7, "text": "A lamp\\nis broken", "meta": {"a": [1]}}\n', encoding="utf-8")
    (row,) = records(call("predict", classifier_run, path, "--format", "jsonl").out)
    assert (row["id"], row["text"], row["meta"]) == (7, "A lamp\nis broken", {"a": [1]})
    assert len(call("predict", classifier_run, path).out.splitlines()) == 1


def test_attention_has_a_weight_for_each_token_that_sum_to_one(call, classifier_run, texts):
    rows = records(call("predict", classifier_run, texts, "--attention").out)
    assert rows[0]["tokens"] == ["The", "invoice", "is", "wrong"]
    for row in (rows[0], rows[2]):
        assert len(row["attention"]) == len(row["tokens"])
        assert sum(row["attention"]) == pytest.approx(1, abs=1e-4)


def test_page_shades_words_and_loads_nothing(call, classifier_run, tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("<b>bold</b> & brave\n", encoding="utf-8")
    page = call("predict", classifier_run, path, "--format", "html").out
    assert "&lt;" in page
    assert "<b>" not in page
    assert page.count('<span class="w') >= 5
    assert "://" not in page


@pytest.mark.parametrize("jobs", [1, 2])
def test_standard_input_gives_what_the_file_gives(call, classifier_run, texts, jobs, caplog):
    many = texts.with_name("many.txt")
    many.write_text(TEXTS * 900, encoding="utf-8")
    expected = call("predict", classifier_run, many, "--confidence")
    result = call("predict", classifier_run, many, "--confidence", "--jobs", str(jobs))
    assert result.out == expected.out
    assert "900 of 2,700 texts have no tokens" in caplog.text
    if jobs == 1:
        piped = call("predict", classifier_run, "-", "--confidence", stdin=many.read_bytes())
        assert piped.out == expected.out


@pytest.mark.slow
def test_each_line_of_a_pipe_is_answered_before_the_next(classifier_run):
    with running("predict", classifier_run, "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for line in (b"My parcel is late\n", b"Who pays ?\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert read_until(process.stdout.fileno(), line).endswith(b"\t" + line)
        process.stdin.close()
        assert process.wait(SECONDS) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split"], "--split: not for a classifier of texts"),
        (["--min-confidence", "0.5"], "--min-confidence: not for a classifier of texts"),
        (["--horizon", "3"], "--horizon: not for a classifier of texts"),
        (["--format", "conll"], "--format: expected text, jsonl, csv, html for a classifier of texts, found conll"),
        (["--attention", "--format", "csv"], "--format: expected jsonl, html for a classifier of texts, found csv"),
        (["--input", "conll"], "--input: expected text, tokens, jsonl or dataset for a classifier"),
    ],
)
def test_options_of_other_models_are_refused(call, classifier_run, texts, options, message):
    result = call("predict", classifier_run, texts, *options)
    assert result.status == 2
    assert message in result.err


def test_evaluation_repeats_the_figures_of_training(call, classifier_run, tmp_path):
    recorded = json.loads((classifier_run / "metrics.json").read_text())["dev"]
    assert json.loads(call("evaluate", classifier_run, "--json").out) == recorded
    page = tmp_path / "errors.html"
    again = json.loads(call("evaluate", classifier_run, "--data", str(MESSAGES), "--json", "--errors", page).out)
    assert again["accuracy"] == recorded["accuracy"]
    wrong = round(120 * (1 - recorded["accuracy"]))
    assert page.read_text(encoding="utf-8").count("messages.dev.csv:") == wrong


def test_run_is_verified_and_described(call, classifier_run):
    verified = json.loads(call("verify", classifier_run, "--json").out)
    assert verified["same"]
    assert call("info", classifier_run).status == 0
    report = (classifier_run / "report.md").read_text(encoding="utf-8")
    assert "Expected calibration error" in report
    assert "ROC area" in report


@pytest.mark.slow
def test_run_is_reproduced(call, classifier_run, tmp_path):
    result = call("reproduce", classifier_run, "--out", tmp_path / "again")
    assert result.status == 0, result.err


@pytest.mark.slow
def test_training_that_is_resumed_ends_in_the_same_bits(call, tmp_path):
    settings = ["training.epochs=4", "encoder.hidden=8"]
    config = load(CLASSIFIER, settings)
    list(train.train_epochs(config, tmp_path / "whole"))
    halves = train.train_epochs(config, tmp_path / "halves")
    next(halves), next(halves)
    halves.close()
    assert call("predict", tmp_path / "halves", MESSAGES).status == 2
    resumed = call("train", CLASSIFIER, *sets(settings), "--out", tmp_path / "halves", "--resume")
    assert resumed.status == 0, resumed.err
    for name in ("model.safetensors", "codec.json", "codec.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "halves" / name).read_bytes()
    figures = [json.loads((tmp_path / name / "metrics.json").read_text())["dev"] for name in ("whole", "halves")]
    assert figures[0] == figures[1]


@pytest.mark.slow
def test_variants_are_compared_by_accuracy(call, tmp_path):
    grid = tmp_path / "grid.toml"
    grid.write_text(
        f"""
base = "{CLASSIFIER}"
baseline = "attention"
seeds = [1, 2]
[set]
training.epochs = 2
encoder.hidden = 8
[variants.attention]
[variants.mean]
head = {{ kind = "softmax", pooling = "mean" }}
"""
    )
    result = call("compare", grid, "--out", tmp_path / "compared", "--jobs", "1")
    assert result.status == 0, result.err
    report = json.loads((tmp_path / "compared" / "report.json").read_text())
    assert report["task"] == "classification"
    assert {run["status"] for run in report["runs"]} == {"finished"}
    split = next(v["difference"] for v in report["variants"] if v["name"] == "mean")["mcnemar"]
    assert split["only_variant"] + split["only_baseline"] > 0
    assert "p (McNemar" in (tmp_path / "compared" / "report.md").read_text()
