"""Runs of taggers as one: commands, Python, calibration on their development section, and what is refused."""

from __future__ import annotations

import json
import logging
import re
import shutil
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.config import parse
from bilstm_nlp.errors import InputError
from bilstm_nlp.metrics.labels import micro_f1
from bilstm_nlp.runs import train
from bilstm_nlp.runs.ensemble import evaluate
from bilstm_nlp.tags import spans
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.tagging.ensemble import TaggerEnsemble
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.predictor import Tagger
from tests.cli.columns import columns

PLACES = ["Bonn", "Basel", "Paris", "Dearborn"]
PEOPLE = ["Ann Lee", "Maria Keller", "Ford", "Peter"]
PATTERNS = [["PER", "left", "LOC", "."], ["LOC", "is", "far"], ["In", "LOC", ",", "PER", "met", "PER", "."]]


def corpus(first: int, last: int) -> str:
    """Sentences in IOB2, two a document."""
    lines = []
    for number in range(first, last):
        lines += ["-DOCSTART- O", ""] if number % 2 == 0 else []
        for index, word in enumerate(PATTERNS[number % 3]):
            names = {"LOC": PLACES, "PER": PEOPLE}.get(word)
            tokens = [word] if names is None else names[(number * 7 + index) % 4].split()
            tags = ["O"] * len(tokens) if names is None else [f"B-{word}", *[f"I-{word}"] * (len(tokens) - 1)]
            lines += [f"{token} {tag}" for token, tag in zip(tokens, tags, strict=True)]
        lines.append("")
    return "\n".join(lines) + "\n"


def values(folder: Path, **tables: dict[str, object]) -> dict[str, object]:
    """The settings of a tagger that learns a little."""
    data = {"train": str(folder / "train.conll"), "dev": str(folder / "dev.conll"), **tables.pop("data", {})}
    return {
        "task": "tagging",
        "data": data,
        "embeddings": {"dimension": 8, "characters": {"kind": "none"}},
        "encoder": {"hidden": 6},
        "training": {"epochs": 4, "batch_tokens": 20, "optimizer": {"kind": "adamw", "learning_rate": 0.03}},
        **tables,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("taggers")
    (folder / "train.conll").write_text(corpus(0, 24))
    (folder / "dev.conll").write_text(corpus(24, 40).replace("Basel", "Ulm"))
    (folder / "other.conll").write_text(corpus(40, 52))
    return folder


@pytest.fixture(scope="module")
def runs(folder) -> list[Path]:
    """Three runs: another head, attention, documents, characters, a lexicon, and part of the training data."""
    variants: dict[str, dict[str, object]] = {
        "crf": {},
        "softmax": {
            "seed": 2,
            "head": {"kind": "softmax", "constrained": False},
            "attention": {"kind": "additive"},
            "data": {"fraction": 0.5},
        },
        "documents": {
            "seed": 3,
            "context": {"kind": "document", "tokens": 20},
            "embeddings": {"dimension": 6, "characters": {"kind": "cnn"}, "lexicon": True, "usage": True},
        },
    }
    for name, tables in variants.items():
        train.train(parse(values(folder, **tables), "a test"), folder / name)
    return [folder / name for name in variants]


@pytest.fixture(scope="module")
def ensemble(runs) -> TaggerEnsemble:
    loaded = bilstm_nlp.load_ensemble(runs)
    assert isinstance(loaded, TaggerEnsemble)
    return loaded


TEXT = "Ann Lee left Basel.\n\nIn Paris, Ford met Zoe.\n"


def test_scores_are_those_of_predicted_tags(runs, folder, call):
    printed = call("predict", *runs, folder / "other.conll", "--format", "conll")
    assert printed.status == 0
    rows = [rows for rows in columns(printed.out) if rows[0][0] != "-DOCSTART-"]
    gold, predicted = ([spans([row[column] for row in of], "IOB2") for of in rows] for column in (1, 2))
    scored = json.loads(call("evaluate", *runs, "--data", folder / "other.conll", "--json").out)
    counts = micro_f1(gold, predicted)
    assert (scored["precision"], scored["recall"], scored["f1"]) == (counts.precision, counts.recall, counts.f1)
    assert counts.f1 > 0
    assert scored["sentences"] == len(rows) == 12


def test_every_format_and_python_give_the_same_entities(runs, ensemble, call):
    stdin = TEXT.encode()
    printed = call("predict", *runs, "-", "--format", "jsonl", "--confidence", "--nbest", "3", stdin=stdin)
    records = [json.loads(line) for line in printed.out.splitlines()]
    in_python = ensemble.tag(TEXT.splitlines())
    assert any(in_python)
    for record, entities in zip(records, in_python, strict=True):
        assert [(e["text"], e["type"]) for e in record["entities"]] == [(e.text, e.type) for e in entities]
        assert [e["score"] for e in record["entities"]] == pytest.approx([e.score for e in entities], abs=1e-6)
        if record["tokens"]:
            probabilities = [alternative["probability"] for alternative in record["alternatives"]]
            assert record["alternatives"][0]["tags"] == record["tags"]
            assert len(probabilities) == 3
            assert sorted(probabilities, reverse=True) == probabilities
    piped = call("predict", *runs, "--format", "csv", stdin=stdin)  # without an input
    names = [entity.text for entities in in_python for entity in entities]
    assert [row.split(",")[6] for row in piped.out.splitlines()[1:]] == names
    shown = call("predict", *runs, "-", "--confidence", stdin=stdin).out.splitlines()
    assert len(shown) == 3
    assert shown[1] == ""


def test_order_of_runs_changes_nothing(runs, ensemble):
    backwards = bilstm_nlp.load_ensemble(runs[::-1])
    for first, second in zip(ensemble.tag(TEXT.splitlines()), backwards.tag(TEXT.splitlines()), strict=True):
        assert [(e.text, e.type) for e in first] == [(e.text, e.type) for e in second]
        assert [e.score for e in first] == pytest.approx([e.score for e in second], abs=1e-6)
    _, forwards = evaluate(runs, "mean", None)
    _, reversed_runs = evaluate(runs[::-1], "mean", None)
    assert reversed_runs["f1"] == forwards["f1"]
    assert reversed_runs["by_novelty"] == forwards["by_novelty"]
    assert reversed_runs["calibration"]["temperature"] == pytest.approx(forwards["calibration"]["temperature"])


def test_development_section_is_the_default_and_calibrates(runs, folder):
    _, results = evaluate(runs, "mean", None)
    assert results["source"] == str(folder / "dev.conll")
    calibration = results["calibration"]
    assert calibration["temperature"] != 1
    # The temperature that fits these sentences best has the least loss, of which the bins show most.
    assert calibration["after"]["ece"] < calibration["before"]["ece"]


@pytest.mark.slow
def test_several_processes_print_what_one_prints(runs, folder, call):
    (folder / "long.conll").write_text(corpus(0, 4500))
    for options in (["--format", "conll"], ["--format", "jsonl", "--confidence"]):
        printed = call("predict", *runs, folder / "long.conll", *options)
        shared = call("predict", *runs, folder / "long.conll", *options, "--jobs", "2")
        assert (printed.status, printed.out) == (shared.status, shared.out)
        assert printed.out


def test_wrong_entities_are_written_to_a_page(runs, call, tmp_path):
    (tmp_path / "x.conll").write_text("Paris B-LOC\nis O\nfar B-PER\n")
    page = tmp_path / "errors.html"
    assert call("evaluate", *runs, "--data", tmp_path / "x.conll", "--errors", page).status == 0
    assert re.search(r"\b\d wrong entities", page.read_text())
    assert "missed" in page.read_text()
    assert "far" in page.read_text()


def test_missing_development_section_is_warned_of(runs, folder, ensemble, caplog):
    expected = [[(e.text, e.type) for e in entities] for entities in ensemble.tag(TEXT.splitlines())]
    moved = (folder / "dev.conll").rename(folder / "elsewhere.conll")
    try:
        loaded = bilstm_nlp.load_ensemble(runs)
        assert [[(e.text, e.type) for e in entities] for entities in loaded.tag(TEXT.splitlines())] == expected
        assert loaded.decoder.temperature == 1
    finally:
        moved.rename(folder / "dev.conll")
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "confidences are not calibrated" in record.message
    assert (
        "dev.conll: expected the development section that the runs were trained with, found no file" in record.message
    )


def test_changed_development_section_is_warned_of(runs, folder, caplog):
    content = (folder / "dev.conll").read_text()
    (folder / "dev.conll").write_text(content.replace("Ulm B-LOC", "Ulm O"))
    try:
        assert bilstm_nlp.load_ensemble(runs).decoder.temperature == 1
    finally:
        (folder / "dev.conll").write_text(content)
    assert "found a file that has changed since" in caplog.text


def test_copy_of_the_development_section_is_common(runs, folder):
    """A section is known by its content, so that runs of different machines go together."""
    copied = shutil.copytree(folder, folder.parent / "copied", ignore=shutil.ignore_patterns("softmax", "documents"))
    shutil.rmtree(copied / "crf")
    train.train(parse({**values(copied), "seed": 9}, "a test"), copied / "crf")
    loaded = bilstm_nlp.load_ensemble([copied / "crf", runs[1]])
    (copied / "dev.conll").unlink()
    assert loaded.decoder.temperature != 1


def untrained(folder: Path, name: str, tables: dict[str, dict[str, object]]) -> Tagger:
    """Make a tagger that differs from others by these settings, without training."""
    data = {"train": str(folder / "other.conll"), **tables.get("data", {})}
    prepared = build(parse(values(folder, **{**tables, "data": data}), name)).prepare()
    return Tagger(prepared.network, prepared.codec, column_format(prepared.config))


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"data": {"scheme": "IOB2"}}, "expected tags in the scheme IOBES, as a has, found IOB2"),
        (
            {"data": {"file_scheme": "IOB1", "on_invalid_tags": "repair"}},
            "expected files with tags in the scheme IOB2, as a has, found IOB1",
        ),
        ({"data": {"comment": "#"}}, "expected data.comment None, as a has, found #"),
        ({"data": {"encoding": "latin-1"}}, "expected data.encoding utf-8, as a has, found latin-1"),
        ({"data": {"train": "places.conll"}}, "expected the tags of a, found none of B-PER, none of E-PER"),
        ({"data": {"train": "things.conll"}}, "expected the tags of a, found B-THING besides, E-THING besides"),
    ],
)
def test_taggers_that_differ_are_refused_by_name(folder, tmp_path, monkeypatch, tables, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "places.conll").write_text("Bonn B-LOC\nis O\n")
    (tmp_path / "things.conll").write_text("Bonn B-LOC\nAnn B-PER\nMona B-THING\n")
    alike = [untrained(folder, name, {}) for name in "ab"]
    assert len(TaggerEnsemble(alike).members) == 2
    with pytest.raises(InputError, match=f"^c: {re.escape(message)}"):
        TaggerEnsemble([*alike, untrained(folder, "c", tables)], ["a", "b", "c"])
    with pytest.raises(InputError, match="expected trained taggers, found none"):
        TaggerEnsemble([])


def refused(*paths: Path, combine: str = "mean") -> str:
    with pytest.raises(InputError) as error:
        bilstm_nlp.load_ensemble(list(paths), combine)
    return str(error.value)


def test_runs_of_other_tasks_and_combinations_are_refused(runs, forecaster_run):
    first = runs[0]
    first = runs[0]
    assert "task: expected tagging, found forecasting" in refused(first, forecaster_run)
    assert "task: expected forecasting, found tagging" in refused(forecaster_run, first)
    assert refused(first, runs[1], combine="median") == "combine: expected mean for taggers, found 'median'"
    assert "found the same twice" in refused(first, first)


def test_other_sections_are_scored_with_data_alone(runs, folder, tmp_path, caplog):
    other = {"data": {"dev": str(folder / "other.conll")}}
    train.train(parse(values(folder, **other), "a test"), tmp_path / "other")
    pair = [runs[0], tmp_path / "other"]
    with pytest.raises(InputError, match=r"other: expected the corpus of .*crf, .*dev\.conll, found .*; --data names"):
        evaluate(pair, "mean", None)
    _, results = evaluate(pair, "mean", str(folder / "dev.conll"))
    assert results["calibration"]["temperature"] == 1
    assert "expected the development section of" in caplog.text


def test_options_without_a_meaning_are_refused(runs, call):
    for options, message in [
        (["--attention"], "attention: expected a single tagger, whose weights are shown, found 3"),
        (["--combine", "median"], "combine: expected mean for taggers, found 'median'"),
        (["--level", "0.8"], "--level: not for a tagger"),
    ]:
        printed = call("predict", *runs, "-", *options, stdin=b"x\n")
        assert (printed.status, printed.out) == (2, "")
        assert message in printed.err
    printed = call("backtest", *runs)
    assert printed.status == 2
    assert "task: expected forecasting, found tagging" in printed.err
