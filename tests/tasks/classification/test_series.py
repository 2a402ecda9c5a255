"""Classifiers of series: trained, evaluated, verified, checked, and asked from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError, DataError
from bilstm_nlp.runs.load import load
from bilstm_nlp.runs.train import train_epochs
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.registry import build
from tests.tasks.classification.series import LENGTHS, csv_of, series_config_of

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A trained classifier with attention. Tests must not change it."""
    folder = tmp_path_factory.mktemp("series")
    values = series_config_of(
        folder,
        encoder={"hidden": 8, "dropout": 0.1},
        head={"kind": "softmax", "pooling": "attention", "dropout": 0.1},
        training={
            "epochs": 12,
            "batch_size": 4,
            "device": "cpu",
            "optimizer": {"kind": "adam", "learning_rate": 0.03},
        },
    )
    (folder / "train.csv").write_text(csv_of(1, lengths=LENGTHS * 4))
    values["data"]["test"] = str(folder / "dev.csv")
    list(train_epochs(parse(values, "a test"), folder / "run"))
    return folder / "run"


def test_classifier_learns_the_direction_of_a_column(run):
    results = json.loads((run / "metrics.json").read_text())
    assert results["dev"]["accuracy"] >= 0.9
    assert results["dev"]["input"] == "series"
    assert results["dev"]["sequences"] == 12
    assert results["test"]["accuracy"] == results["dev"]["accuracy"]


def test_classes_of_the_command_line_add_up_to_the_results(run, call):
    result = call("predict", run, run.parent / "dev.csv", "--confidence", "--nbest", "2")
    lines = [line.split(",") for line in result.out.splitlines()]
    assert lines[0] == ["unique_id", "class", "confidence", "class_1", "probability_1", "class_2", "probability_2"]
    gold = pd.read_csv(run.parent / "dev.csv").groupby("unique_id", sort=False)["label"].first()
    assert [line[0] for line in lines[1:]] == gold.index.tolist()
    right = [line[1] == label for line, label in zip(lines[1:], gold, strict=True)]
    assert sum(right) / len(right) == json.loads((run / "metrics.json").read_text())["dev"]["accuracy"]
    assert all(line[1:3] == line[3:5] for line in lines[1:])
    assert all(float(line[4]) >= float(line[6]) for line in lines[1:])


def test_attention_has_a_weight_for_each_step(run, call):
    result = call("predict", run, run.parent / "dev.csv", "--attention")
    lengths = pd.read_csv(run.parent / "dev.csv").groupby("unique_id", sort=False).size().tolist()
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [len(answer["attention"]) for answer in answers] == lengths
    assert all(sum(answer["attention"]) == pytest.approx(1, abs=1e-4) for answer in answers)


def test_series_need_no_classes_and_no_file(run, call):
    frame = pd.read_csv(run.parent / "dev.csv").drop(columns="label")
    piped = call("predict", run, "-", stdin=frame.to_csv(index=False).encode())
    assert piped.out == call("predict", run, run.parent / "dev.csv").out
    answers = load(run).classify(frame)
    assert [f"{answer.classes[0]}" for answer in answers] == [line.split(",")[1] for line in piped.out.splitlines()[1:]]


def test_file_of_the_archives_is_classified_by_a_run_with_its_columns(run, call, tmp_path):
    path = tmp_path / "other.ts"
    path.write_text("@dimensions 2\n@classLabel false\n@data\n1,2,3:0,1,2\n")
    refused = call("predict", run, path)
    assert refused.status == 2
    assert "expected columns noise, level, found dimensions named dim_0, dim_1" in refused.err


@pytest.mark.parametrize("option", [("--split",), ("--horizon", "2"), ("--input", "text"), ("--min-confidence", "0.5")])
def test_option_of_other_models_is_refused(run, call, option):
    result = call("predict", run, run.parent / "dev.csv", *option)
    assert (result.status, result.err) == (2, f"bilstm-nlp: {option[0]}: not for a classifier of series\n")


def test_run_is_verified_in_every_way(run):
    verification = verify(run)
    assert verification.same
    assert len(verification.replayed) == 4


def test_longer_input_pads_all_recorded_ones(run):
    classifier = load(run)
    inputs = [[[0.1 * step, 1.0 * step] for step in range(length)] for length in (200, 3)]
    (longer,) = classifier.longer(inputs)
    assert len(longer) == 600


def test_evaluation_names_the_class_that_training_lacks(run, call, tmp_path):
    (tmp_path / "other.csv").write_text(csv_of(3).replace("flat", "still"))
    result = call("evaluate", run, "--data", tmp_path / "other.csv")
    assert result.status == 2
    assert "other.csv:15: expected classes of the training data, down, flat, up, found 'still'" in result.err


def test_wrong_series_are_listed_on_a_page(run, call, tmp_path):
    (tmp_path / "other.csv").write_text(csv_of(3).replace("up", "down"))
    result = call("evaluate", run, "--data", tmp_path / "other.csv", "--errors", tmp_path / "errors.html")
    assert result.status == 0
    assert "s0 (" in (tmp_path / "errors.html").read_text()


def test_parts_are_checked(run, call, tmp_path):
    result = call("check", run.parent / "dev.csv", "--set", "task=classification", "--set", "input=series", "--json")
    figures = json.loads(result.out)
    assert result.status == 0
    assert figures["parts"]["file"]["labels"] == {"down": 4, "flat": 4, "up": 4}
    assert figures["roles"]["values"] == ["noise", "level"]


def test_share_has_each_class_and_equal_series_stay_together(tmp_path):
    values = series_config_of(tmp_path)
    rows = csv_of(1) + "".join(line + "\n" for line in csv_of(1, name="again").splitlines()[1:])
    (tmp_path / "train.csv").write_text(rows)
    values["data"]["dev"] = {"share": 0.25, "seed": 1}
    data = build(parse(values, "a test")).prepare().data
    names = {example.input.name for example in data.dev.examples}
    assert len(names) == 6
    assert {name.replace("s", "again") for name in names if name[0] == "s"} == {
        name for name in names if name[0] == "a"
    }
    assert {example.classes for example in data.dev.examples} == {("up",), ("down",), ("flat",)}


def test_class_that_changes_within_a_series_is_refused(tmp_path):
    values = series_config_of(tmp_path)
    text = (tmp_path / "train.csv").read_text().splitlines()
    text[3] = text[3].replace("up", "down")
    (tmp_path / "train.csv").write_text("\n".join(text) + "\n")
    with pytest.raises(
        DataError, match=r"train.csv:4: expected a single class in sequence 's0', found 'down' after 'up'"
    ):
        build(parse(values, "a test")).prepare()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"input": "images"}, "input: expected one of text, series, found 'images'"),
        ({"embeddings": {}}, "embeddings: unknown key"),
        ({"reader": {"kind": "letters"}}, "reader.kind: expected one of steps, patches, found 'letters'"),
        ({"data": {"train": "a.csv", "dev": "b.csv", "tokenizer": "blanks"}}, "data.tokenizer: unknown key"),
    ],
)
def test_config_of_another_input_is_refused(tmp_path, changed, message):
    with pytest.raises(ConfigError, match=message):
        parse(series_config_of(tmp_path) | changed, "a test")


def test_score_of_an_epoch_has_the_log_loss_of_its_development_part(run):
    classifier = load(run)
    values = json.loads((run / "config.json").read_text())
    prepared = build(parse(values, "a test")).prepare(classifier)
    classifier.network.model.head.temperature.fill_(1.0)
    score = prepared.scorer()(classifier.network.model)
    assert score.loss == pytest.approx(prepared.evaluation(prepared.data.dev).results()["log_loss"])
