"""Plain labels, segments without types and near schemes through the command line: training, figures, all outputs."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.runs.train import train_epochs
from tests import labelled
from tests.cli.columns import columns


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tagger of parts of speech, with words in the development data that training does not have."""
    folder = tmp_path_factory.mktemp("pos")
    config = labelled.config(folder, labelled.parts_of_speech)
    dev = columns((folder / "dev.conll").read_text())
    dev.append([["the", "DT"], ["newt", "NN"], ["leaps", "VB"]])
    labelled.write(folder / "dev.conll", dev)
    list(train_epochs(load(config), folder / "run"))
    return folder


def predicted(call, run: Path, source: Path, *options: str):
    result = call("predict", run, source, *options)
    assert result.status == 0, result.err
    return result.out


@pytest.fixture
def sides(call, trained) -> list[tuple[str, str, str]]:
    """(word, gold, predicted) of every token of the development data."""
    rows = columns(predicted(call, trained / "run", trained / "dev.conll", "--format", "conll"))
    return [tuple(row) for sentence in rows for row in sentence]


def test_figures_of_labels_are_those_of_the_predictions(sides, trained):
    metrics = json.loads((trained / "run" / "metrics.json").read_text())["dev"]
    assert metrics["tokens"] == len(sides)
    assert metrics["accuracy"] == sum(gold == own for _, gold, own in sides) / len(sides)
    unknown = [(gold, own) for word, gold, own in sides if word in ("newt", "leaps")]
    assert metrics["accuracy_unknown"] == sum(gold == own for gold, own in unknown) / 2
    assert metrics["by_word"]["unseen"]["tokens"] == 2
    several = sum(word == "run" for word, _, _ in sides)
    assert metrics["by_word"]["seen with several labels"]["tokens"] == several > 0
    f1 = {}
    for label in labelled.WORDS:
        right = sum(gold == own == label for _, gold, own in sides)
        total = sum((gold == label) + (own == label) for _, gold, own in sides)
        f1[label] = 2 * right / total
        assert metrics["per_label"][label]["f1"] == f1[label]
    assert metrics["macro_f1"] == pytest.approx(sum(f1.values()) / len(f1))
    names = metrics["confusion"]["labels"]
    pairs = Counter((gold, own) for _, gold, own in sides)
    assert names == sorted(labelled.WORDS)
    for row, counts in zip(names, metrics["confusion"]["counts"], strict=True):
        assert counts == [pairs[row, column] for column in names]


def test_epoch_of_a_tagger_of_labels_is_chosen_by_accuracy(trained):
    epochs = [json.loads(line) for line in (trained / "run" / "history.jsonl").read_text().splitlines()]
    scores = [epoch["score"] for epoch in epochs]
    assert {score["name"] for score in scores} == {"accuracy"}
    best = max(score["value"] for score in scores)
    metrics = json.loads((trained / "run" / "metrics.json").read_text())
    assert metrics["dev"]["accuracy"] == best
    assert best > 0.8


def test_outputs_of_labels_agree(call, trained, tmp_path):
    (tmp_path / "a.txt").write_text("the dog sees a red cat\n")
    run, source = trained / "run", tmp_path / "a.txt"
    (record,) = map(json.loads, predicted(call, run, source, "--format", "jsonl", "--confidence").splitlines())
    words, tags = record["tokens"], record["tags"]
    scores = [entity["score"] for entity in record["entities"]]
    assert [entity["type"] for entity in record["entities"]] == tags
    assert [record["text"][entity["start"] : entity["end"]] for entity in record["entities"]] == words
    assert predicted(call, run, source) == " ".join(map("/".join, zip(words, tags, strict=True))) + "\n"
    marked = [f"{word}/{tag}/{score:.2f}" for word, tag, score in zip(words, tags, scores, strict=True)]
    assert predicted(call, run, source, "--confidence") == " ".join(marked) + "\n"
    ((*rows,),) = columns(predicted(call, run, source, "--format", "conll", "--confidence"))
    assert rows == [[word, tag, f"{score:.4f}"] for word, tag, score in zip(words, tags, scores, strict=True)]
    table = list(csv.DictReader(predicted(call, run, source, "--format", "csv", "--confidence").splitlines()))
    assert [(row["text"], row["type"]) for row in table] == list(zip(words, tags, strict=True))
    first, second = predicted(call, run, source, "--nbest", "2").splitlines()
    assert first.split("\t")[1] == predicted(call, run, source).strip() != second.split("\t")[1]
    assert float(first.split("\t")[0]) >= float(second.split("\t")[0]) > 0
    tagger = bilstm_nlp.load(run)
    assert [(entity.type, entity.score) for entity in tagger.tag("the dog sees a red cat")] == [
        (tag, pytest.approx(score, abs=1e-6)) for tag, score in zip(tags, scores, strict=True)
    ]


def test_confidence_of_a_label_is_its_marginal(trained):
    """The scores of all labels of a token sum to 1: asked of all sequences, by their probabilities."""
    tagger = bilstm_nlp.load(trained / "run")
    (tagged,) = tagger.stream([["the", "run"]], confidence=True, alternatives=len(tagger.codec.tags) ** 2)
    assert math.fsum(alternative.probability for alternative in tagged.alternatives) == pytest.approx(1, abs=1e-4)
    for index, entity in enumerate(tagged.entities):
        own = math.fsum(a.probability for a in tagged.alternatives if a.tags[index] == entity.type)
        assert entity.score == pytest.approx(own, abs=1e-4)


def test_page_of_errors_lists_each_wrong_label(call, trained, sides, tmp_path):
    page = tmp_path / "errors.html"
    result = call("evaluate", trained / "run", "--errors", page)
    assert result.status == 0, result.err
    text = page.read_text()
    assert text.count("<tr data-kind") == sum(gold != own for _, gold, own in sides)
    assert "Wrong labels" in text
    assert "missed" not in text


def test_runs_of_labels_verify_and_combine(call, trained, tmp_path):
    run = trained / "run"
    assert call("verify", run).status == 0
    assert "accuracy" in call("info", run).out
    (tmp_path / "copy").mkdir()
    for path in run.iterdir():
        (tmp_path / "copy" / path.name).symlink_to(path)
    scores = json.loads(call("evaluate", run, tmp_path / "copy", "--json").out)
    alone = json.loads((run / "metrics.json").read_text())["dev"]
    assert scores["accuracy"] == alone["accuracy"]


def test_check_describes_labels(call, trained):
    result = call("check", trained / "config.toml", "--json")
    assert result.status == 0, result.out
    figures = json.loads(result.out)
    assert figures["scheme"] == "plain"
    tags = Counter(row[1] for rows in columns((trained / "train.conll").read_text()) for row in rows)
    assert figures["corpora"]["train"]["entities"] == tags


# --- types alone: labels, or runs ---


def test_types_alone_are_labels_with_a_remark_or_runs(call, tmp_path):
    rows = [("Ann", "PER"), ("Lee", "PER"), ("met", "O"), ("Rome", "LOC")]
    labelled.write(tmp_path / "a.conll", [rows] * 4)
    config = tmp_path / "a.toml"
    config.write_text(f'[data]\ntrain = "{tmp_path / "a.conll"}"\ndev = "{tmp_path / "a.conll"}"\n')
    plain = json.loads(call("check", config, "--json").out)
    assert plain["scheme"] == "plain"
    assert any('data.tag_format = "runs"' in complaint["message"] for complaint in plain["complaints"])
    runs = json.loads(call("check", config, "--set", "data.tag_format=runs", "--json").out)
    assert runs["corpora"]["train"]["entities"] == {"LOC": 4, "PER": 4}
    silent = json.loads(call("check", config, "--set", "data.file_scheme=plain", "--json").out)
    assert not any("runs" in complaint["message"] for complaint in silent["complaints"])


# --- segments without types ---


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    list(train_epochs(load(labelled.config(folder, labelled.words_of_characters, epochs=6)), folder / "run"))
    return folder / "run"


def test_segmenter_writes_words_between_blanks(call, segmenter, tmp_path):
    (tmp_path / "a.txt").write_text("我爱北京 天安门\n", encoding="utf-8")
    (record,) = map(json.loads, predicted(call, segmenter, tmp_path / "a.txt", "--format", "jsonl").splitlines())
    words, word = [], ""
    for token, tag in zip(record["tokens"], record["tags"], strict=True):
        word += token
        if tag in "ES":
            words.append(word)
            word = ""
    assert predicted(call, segmenter, tmp_path / "a.txt") == " ".join(words) + "\n"
    assert words == ["我", "爱", "北京", "天安门"]
    assert {entity["type"] for entity in record["entities"]} == {""}


def test_segmenter_without_o_in_training_has_no_o(segmenter):
    tagger = bilstm_nlp.load(segmenter)
    assert sorted(tagger.codec.tags) == ["B", "E", "I", "S"]
    metrics = json.loads((segmenter / "metrics.json").read_text())["dev"]
    assert list(metrics["per_type"]) == ["segment"]
    assert metrics["f1"] > 0.8


def test_segments_without_types_stand_in_brackets(call, tmp_path):
    config = labelled.config(tmp_path, labelled.names_without_type, epochs=5)
    list(train_epochs(load(config), tmp_path / "run"))
    (tmp_path / "a.txt").write_text("saw ann lee in rome\n")
    assert predicted(call, tmp_path / "run", tmp_path / "a.txt") == "saw [ann lee] in [rome]\n"
    rows = columns(predicted(call, tmp_path / "run", tmp_path / "a.txt", "--format", "conll"))
    assert rows == [[["saw", "O"], ["ann", "B"], ["lee", "I"], ["in", "O"], ["rome", "B"]]]


# --- near schemes ---


def test_near_scheme_is_refused_with_the_line_that_trains(call, tmp_path):
    config = labelled.config(tmp_path, labelled.names_without_type, epochs=5)
    for part in ("train", "dev"):
        text = (tmp_path / f"{part}.conll").read_text()
        text = text.replace(" B\n", " b_NAME\n").replace(" I\n", " i_NAME\n").replace(" O\n", " o\n")
        (tmp_path / f"{part}.conll").write_text(text)
    refused = call("train", config, "--out", tmp_path / "run")
    assert refused.status == 2
    line = 'data.tag_map = { "b_*" = "B-*", "i_*" = "I-*", "o" = "O" }'
    assert line in refused.err
    assert "repair" not in refused.err
    checked = call("check", config)
    assert checked.status == 2
    assert line in checked.out
    setting = line.replace(" = {", "={")
    assert call("check", config, "--set", setting).status == 0
    list(train_epochs(load(config, [setting]), tmp_path / "run"))
    (tmp_path / "a.txt").write_text("saw ann lee in rome\n")
    assert predicted(call, tmp_path / "run", tmp_path / "a.txt") == "saw [ann lee NAME] in [rome NAME]\n"
    assert call("evaluate", tmp_path / "run", "--data", tmp_path / "dev.conll").status == 0
    assert call("verify", tmp_path / "run").status == 0


@pytest.mark.parametrize(
    ("rows", "entry"),
    [
        ("Ann B_PER|Lee I_PER|met O", 'data.tag_map={"B_*"="B-*","I_*"="I-*"}'),
        ("Ann I-PER|Lee E-PER|met O", "data.tag_format=IOE2"),
        ("Ann B-PER|Lee I-PER|met 0", 'data.tag_map={"0"="O"}'),
        ("Ann PER-B|Lee PER-I|met O", 'data.tag_map={"*-B"="B-*","*-I"="I-*"}'),
        ("Ann B-PER|Lee E-PER|met O|Bo B-PER", "data.tag_format=BIE"),
        ("Ann B-PER|Lee I-PER|x E-PER|Bo W-PER", 'data.tag_map={"W-*"="S-*"}'),
    ],
)
def test_scheme_that_is_set_gets_the_offer_instead_of_repair(call, tmp_path, rows, entry):
    labelled.write(tmp_path / "a.conll", [[tuple(row.split()) for row in rows.split("|")]] * 3)
    config = tmp_path / "a.toml"
    config.write_text(f'[data]\ntrain = "{tmp_path / "a.conll"}"\ndev = "{tmp_path / "a.conll"}"\n')
    for scheme in ("auto", "IOB2"):
        refused = call("train", config, "--set", f"data.file_scheme={scheme}", "--out", tmp_path / "run")
        assert refused.status == 2
        key, value = entry.split("=", 1)
        assert key in refused.err
        assert value.strip('"{}').split('"')[0] in refused.err
        assert "repair" not in refused.err
    figures = json.loads(call("check", config, "--set", entry, "--json").out)
    assert not figures["wrong"]
    assert figures["corpora"]["train"]["entities"] == {"PER": 3 * rows.count("|Bo") + 3}


def test_entry_that_renames_nothing_is_said(call, tmp_path, caplog):
    labelled.write(tmp_path / "a.conll", [[("Ann", "B-PER"), ("met", "O")]] * 3)
    config = tmp_path / "a.toml"
    config.write_text(f'[data]\ntrain = "{tmp_path / "a.conll"}"\ndev = "{tmp_path / "a.conll"}"\n')
    overrides = ["data.tag_map={'B_*'='B-*'}", "training.epochs=1", "encoder.hidden=4", "embeddings.dimension=4"]
    list(train_epochs(load(config, overrides), tmp_path / "run"))
    assert "data.tag_map renames 'B_*', which no tag is" in caplog.text


def test_prefixes_with_and_without_types_are_refused(call, tmp_path):
    labelled.write(tmp_path / "a.conll", [[("Ann", "B-PER"), ("Lee", "I-PER")], [("Bo", "B")]])
    config = tmp_path / "a.toml"
    config.write_text(f'[data]\ntrain = "{tmp_path / "a.conll"}"\ndev = "{tmp_path / "a.conll"}"\n')
    refused = call("train", config, "--out", tmp_path / "run")
    assert refused.status == 2
    assert "a.conll:4: expected a type in every tag of IOB2, as other tags have it, found 'B'" in refused.err


# --- development data without entities ---


def test_last_epoch_is_kept_if_no_entity_is_annotated(call, tmp_path, caplog):
    config = labelled.config(tmp_path, labelled.names_without_type)
    text = (tmp_path / "dev.conll").read_text()
    (tmp_path / "dev.conll").write_text(text.replace(" B\n", " O\n").replace(" I\n", " O\n"))
    trained = call("train", config, "--out", tmp_path / "run", "--set", "training.patience=1")
    assert trained.status == 0, trained.err
    assert "has no entities to choose an epoch by: the last epoch is kept" in caplog.text
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["training"]["best_epoch"] == metrics["training"]["epochs"] == 3
    assert "no entities are annotated here" in (tmp_path / "run" / "report.md").read_text()
