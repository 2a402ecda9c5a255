"""Gazetteers as features: a tagger that knows its entities only from lists, from training to prediction."""

from __future__ import annotations

import random

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs.load import load_tagger
from bilstm_nlp.runs.reproduce import begin, compare, reproduce
from bilstm_nlp.runs.train import resumable, train, train_epochs
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.registry import build

CITIES = [f"c{number}" for number in range(40)] + [f"New c{number}" for number in range(40)]
OTHERS = [f"w{number}" for number in range(40)] + ["New"]


def corpus(sentences: int, seed: int, cities: list[str]) -> str:
    """Write sentences of cities and other words. Only the list tells which is which."""
    draw, lines = random.Random(seed), []
    for _ in range(sentences):
        for _ in range(draw.randint(2, 5)):
            if draw.random() < 0.4:
                first, *rest = draw.choice(cities).split()
                lines += [f"{first} B-LOC", *(f"{word} I-LOC" for word in rest)]
            else:
                lines.append(f"{draw.choice(OTHERS)} O")
        lines.append("")
    return "\n".join(lines) + "\n"


def config(folder, **embeddings):
    (folder / "train.conll").write_text(corpus(80, 1, CITIES[:30] + CITIES[40:70]))
    (folder / "dev.conll").write_text(corpus(20, 2, CITIES[30:40] + CITIES[70:]))  # none of them in training
    (folder / "cities.txt").write_text("\n".join(CITIES).upper())
    own = {"gazetteers": {"city": str(folder / "cities.txt")}, "gazetteer_case": "fold", **embeddings}
    values = {
        "data": {"train": str(folder / "train.conll"), "dev": str(folder / "dev.conll")},
        "embeddings": {"dimension": 4, "characters": {"kind": "none"}, "shapes": 0, "word_dropout": 0.5, **own},
        "encoder": {"hidden": 8, "dropout": 0.0},
        "training": {"epochs": 6, "batch_tokens": 60, "optimizer": {"kind": "adam", "learning_rate": 0.03}},
    }
    return parse(values, "a test")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gazetteers")
    run = train(config(folder), folder / "run")
    (folder / "cities.txt").unlink()  # the run must not need it
    return run


def test_entities_that_only_the_list_knows_are_tagged(trained):
    assert trained.directory.read_json("metrics.json")["dev"]["f1"] > 0.97


def test_predict_needs_no_file(trained):
    tagger = load_tagger(trained.directory.path)
    assert [entity.text for entity in tagger.tag("w1 new C33 w2")] == ["new C33"]
    assert verify(trained.directory.path).same


@pytest.mark.slow
def test_reproduce_notices_a_changed_list(trained, tmp_path):
    original = begin(trained.directory.path)
    source = original.config.embeddings.gazetteers["city"]
    with open(source, "w") as stream:
        stream.write("\n".join(CITIES[:40]).upper())
    list(reproduce(original, tmp_path / "again"))
    comparison = compare(original, tmp_path / "again")
    assert not comparison.identical
    assert [name for name, _, _ in comparison.changed] == [f"data {source}"]


def test_check_counts_matches_and_their_agreement(tmp_path):
    settings = config(tmp_path)
    (tmp_path / "dev.conll").write_text("c1 B-LOC\nNew B-PER\nc2 I-PER\nc3 O\nNew B-LOC\nc4 B-LOC\n")
    inspection = build(settings).inspect()
    figures = inspection.figures()["corpora"]
    # "New c4" is one match, and two entities.
    assert figures["dev"]["features"]["gazetteers"] == {"city": {"matches": 4, "entities": {"LOC": 1, "PER": 1}}}
    train_matches = figures["train"]["features"]["gazetteers"]["city"]
    assert train_matches["matches"] >= figures["train"]["entities"]["LOC"]
    rows = {row[0]: row[1:] for row in inspection.sections()[0].parts[-1].rows}
    assert rows["matches of gazetteer city"][1] == "4"
    assert rows["  that are entities"][1] == "50.0%, LOC 25.0%"


def test_check_complains_of_a_missing_file(tmp_path):
    settings = config(tmp_path)
    (tmp_path / "cities.txt").unlink()
    complaints = [str(complaint) for complaint in build(settings).inspect().complaints if complaint.wrong]
    assert len(complaints) == 1
    assert "cities.txt: expected a file, found nothing there" in complaints[0]


def test_a_changed_list_ends_resuming(tmp_path):
    settings = config(tmp_path)
    next(iter(train_epochs(settings, tmp_path / "run")))
    assert resumable(tmp_path / "run", settings)
    (tmp_path / "cities.txt").write_text("Rome\n")
    with pytest.raises(RunError, match=r"can't go on with other data: .*cities\.txt changed since it began"):
        next(iter(train_epochs(settings, tmp_path / "run", resume=True)))


def test_a_list_without_phrases_ends_training(tmp_path):
    settings = config(tmp_path)
    (tmp_path / "cities.txt").write_text("\n")
    with pytest.raises(InputError, match="expected a phrase a line"):
        build(settings).prepare()
