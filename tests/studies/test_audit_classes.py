"""Audits of classes: planted mistakes are listed first, and every text is judged by a model that has not seen it."""

from __future__ import annotations

import json
import random

import pytest

from bilstm_nlp.studies.audit import audit
from tests.studies.test_audit import ThisProcess

pytestmark = pytest.mark.slow

WORDS = {
    "sea": ["harbour", "boat", "wave", "sail", "anchor", "tide", "crew", "storm"],
    "farm": ["field", "plough", "cow", "barn", "wheat", "tractor", "hay", "seed"],
    "town": ["street", "tram", "square", "mayor", "shop", "crossing", "library", "flat"],
}
LINES = (11, 48, 85, 140)
"""The lines of texts with a wrong class."""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The config of a classifier whose words tell the classes, except those of `LINES`."""
    generator = random.Random(0)
    folder = tmp_path_factory.mktemp("texts")
    rows = []
    for line in range(1, 181):
        name = generator.choice(list(WORDS))
        text = " ".join(["the", *generator.sample(WORDS[name], 3), "near", "here"])
        others = [other for other in WORDS if other != name]
        rows.append(f"{generator.choice(others) if line in LINES else name}\t{text}")
    (folder / "train.tsv").write_text("\n".join(rows))
    (folder / "dev.tsv").write_text("\n".join(row for line, row in enumerate(rows, 1) if line not in LINES))
    path = folder / "classifier.toml"
    path.write_text(
        f"""
        task = "classification"
        data = {{ train = "{folder}/train.tsv", dev = "{folder}/dev.tsv", tokenizer = "blanks" }}
        embeddings = {{ dimension = 12, characters = {{ kind = "none" }}, shapes = 0 }}
        encoder = {{ hidden = 8, dropout = 0.1 }}
        training = {{ epochs = 6, batch_size = 8, optimizer = {{ kind = "adamw", learning_rate = 2e-2 }} }}
        """
    )
    return path


@pytest.fixture(scope="module")
def audited(config, tmp_path_factory):
    out = tmp_path_factory.mktemp("audit") / "out"
    return audit(config, out, folds=3, engine=ThisProcess()), out


def test_planted_mistakes_are_the_most_sure(audited):
    report, _ = audited
    assert sorted(wrong.line for wrong in report.disagreements[: len(LINES)]) == list(LINES)


def test_disagreements_have_both_classes_and_their_probabilities(audited, config):
    report, _ = audited
    rows = [line.split("\t") for line in (config.parent / "train.tsv").read_text().splitlines()]
    for wrong in report.disagreements:
        annotated, text = rows[wrong.line - 1]
        assert (wrong.annotated, wrong.shown) == ((annotated,), text)
        assert wrong.predicted != wrong.annotated
        assert 0 <= wrong.annotated_probability < wrong.confidence <= 1
    assert report.accuracy == 1 - len(report.disagreements) / 180


def test_reports_hold_all(audited):
    report, out = audited
    assert json.loads((out / "audit.json").read_text(encoding="utf-8")) == report.as_json()
    page = (out / "audit.html").read_text(encoding="utf-8")
    assert "<title>Annotations to look at of" in page
    assert all(f"train.tsv:{line}<" in page for line in LINES)
    table = report.sections(limit=2)[0].parts[1].rows
    assert table[-1] == ("all", *table[-1][1:-1], str(len(report.disagreements)))


def test_the_command_shows_the_first(call, audited, config):
    report, out = audited
    ended = call("audit", config, "--out", out, "--folds", "3", "--show", "2")
    assert ended.status == 0
    assert "180 texts; models that had not seen them" in " ".join(ended.out.split())
    lines = [line.split()[0] for line in ended.out.split("The most sure")[1].splitlines() if line.strip()[:1].isdigit()]
    assert lines == [str(wrong.line) for wrong in report.disagreements[:2]]
    assert "all 3 runs are there" in ended.err


def test_class_that_a_fold_would_lose_is_refused(call, config, tmp_path):
    rows = (config.parent / "train.tsv").read_text() + "\nmoon\tfar away\n"
    (tmp_path / "train.tsv").write_text(rows)
    source = f"data.train='{tmp_path}/train.tsv'"
    ended = call("audit", config, "--set", source, "--set", source.replace("train=", "dev="), "--out", tmp_path / "out")
    assert ended.status == 2
    assert "expected two different texts or more of each class" in ended.err
    assert "fewer of moon" in ended.err
