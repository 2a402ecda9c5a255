"""Audits: folds that keep documents whole, planted mistakes that are found, and nothing made twice."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.folds import fold_of_each
from bilstm_nlp.data.text.corpus import Sentence, TaggedCorpus, hold_out
from bilstm_nlp.errors import DataError, WorkerError
from bilstm_nlp.studies.audit import audit
from bilstm_nlp.studies.engines.base import Progress
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.studies.engines.worker import carry_out
from tests.samples import FORECASTER, TAGGER

NAMES = {
    "PER": ["Maria", "Jonas", "Keller", "Ivanova", "Petrov", "Lindholm", "Okafor", "Tanaka"],
    "LOC": ["Paris", "Basel", "Oslo", "Nairobi", "Kyoto", "Lima", "Quito", "Riga"],
}
PLANTED = 6


class ThisProcess:
    """An engine without processes."""

    def __init__(self, failing: int | None = None) -> None:
        self.failing, self.made = failing, 0

    def execute(self, jobs):
        for number, job in enumerate(jobs):
            if number == self.failing:
                job.fail("out of luck")
                yield Progress(job, "failed", error="out of luck")
                continue
            job.failure.unlink(missing_ok=True)
            list(carry_out(job.run.config, job.folder, job.key, Resources(1, 1, 1)))
            self.made += 1
            yield Progress(job, "finished")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus whose words tell their types, but for a few tags that are wrong; and the lines of these."""
    generator = random.Random(0)
    patterns = ["{PER} flew to {LOC} .", "In {LOC} , {PER} said no .", "{PER} met {PER} near {LOC} today ."]
    sentences = []
    for _ in range(240):
        tokens = []
        for word in generator.choice(patterns).split():
            kind = word.strip("{}")
            tokens.append((generator.choice(NAMES[kind]), f"B-{kind}") if word != kind else (word, "O"))
        sentences.append(tokens)
    # In every fold some: sentences far apart.
    for index in range(PLANTED):
        sentence = sentences[20 + 40 * index]
        place = next(place for place, (_, tag) in enumerate(sentence) if tag != "O")
        word, tag = sentence[place]
        sentence[place] = (word, "O" if index % 2 else {"B-PER": "B-LOC", "B-LOC": "B-PER"}[tag])
    planted, lines = [], []
    for sentence in sentences:
        for word, tag in sentence:
            lines.append(f"{word} {tag}")
            right = next((f"B-{kind}" for kind, names in NAMES.items() if word in names), "O")
            if tag != right:
                planted.append(len(lines))
        lines.append("")
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "train.conll").write_text("\n".join(lines))
    (folder / "tagger.toml").write_text(
        f"""
        data = {{ train = "{folder}/train.conll", dev = "{folder}/train.conll" }}
        embeddings = {{ dimension = 16, characters = {{ kind = "none" }}, shapes = 0 }}
        encoder = {{ hidden = 16, dropout = 0.2 }}
        training = {{ epochs = 6, batch_tokens = 80, optimizer = {{ kind = "adamw", learning_rate = 2e-2 }} }}
        """
    )
    assert len(planted) == PLANTED
    return folder / "tagger.toml", planted


@pytest.fixture(scope="module")
def audited(corpus, tmp_path_factory):
    config, _ = corpus
    out = tmp_path_factory.mktemp("audit") / "out"
    return audit(config, out, folds=3, engine=ThisProcess()), out


def test_planted_mistakes_are_the_most_sure(corpus, audited):
    found, _ = audited
    assert sorted(one.line for one in found.disagreements[:PLANTED]) == corpus[1]


def test_every_sentence_is_scored_once_by_a_model_that_has_not_seen_it(corpus, audited):
    found, out = audited
    runs = sorted((out / "runs").iterdir())
    held = [json.loads((run / "config.json").read_text())["data"]["held_out"] for run in runs]
    assert sorted(fold["fold"] for fold in held) == [1, 2, 3]
    assert {fold["folds"] for fold in held} == {3}
    tags = [line.split()[1] for line in (corpus[0].parent / "train.conll").read_text().splitlines() if line]
    assert found.score.support == sum(tag != "O" for tag in tags)
    wrong_gold = sum(one.gold is not None for one in found.disagreements)
    assert found.score.true_positives == found.score.support - wrong_gold
    assert found.score.predicted - found.score.true_positives == sum(
        one.predicted is not None for one in found.disagreements
    )


def test_reports_hold_all(audited):
    found, out = audited
    written = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(found.as_json()))
    assert len(written["disagreements"]) == len(found.disagreements) >= PLANTED
    first = written["disagreements"][0]
    sides = [one for one in (first["annotated"], first["predicted"]) if one]
    assert all(one["text"] == " ".join(first["tokens"][one["start"] : one["end"]]) for one in sides)
    page = (out / "audit.html").read_text(encoding="utf-8")
    assert page.count("<tr data-kind=") == len(found.disagreements)
    assert "<title>Annotations to look at</title>" in page


def test_what_is_there_is_not_made_anew(corpus, audited):
    found, out = audited
    engine = ThisProcess()
    again = audit(corpus[0], out, folds=3, engine=engine)
    assert engine.made == 0
    assert again.as_json() == found.as_json()


def test_a_fold_that_fails_is_said_and_made_by_the_next_call(corpus, tmp_path):
    with pytest.raises(WorkerError, match=r"1 of 2 folds failed, the same command tries them again; .*: out of luck"):
        audit(corpus[0], tmp_path, folds=2, engine=ThisProcess(failing=1))
    assert not (tmp_path / "audit.json").exists()
    engine = ThisProcess()
    audit(corpus[0], tmp_path, folds=2, engine=engine)
    assert engine.made == 1


def test_the_command_says_how_many_and_shows_the_first(call, corpus, audited):
    found, out = audited
    said = call("audit", corpus[0], "--out", out, "--folds", "3", "--show", "2")
    assert said.status == 0
    assert f"{found.score.support} annotated entities in 240 sentences" in said.out
    lines = [line.split()[0] for line in said.out.split("The most sure")[1].splitlines() if line.strip()[:1].isdigit()]
    assert lines == [str(one.line) for one in found.disagreements[:2]]
    assert "all 3 runs are there" in said.err
    as_json = call("audit", corpus[0], "--out", out, "--folds", "3", "--json")
    assert json.loads(as_json.out) == json.loads(json.dumps(found.as_json()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([FORECASTER], "task: expected tagging, found forecasting"),
        ([TAGGER, "--set", "data.held_out={fold=1, folds=2}"], "data.held_out: expected none"),
        ([TAGGER, "--folds", "1000"], "expected at least 1000 sentences, one a fold, found 778"),
        ([TAGGER, "--set", "data.held_out={fold=3, folds=2}"], "data.held_out: expected a fold of at most 2, found 3"),
    ],
)
def test_what_can_not_be_audited(call, tmp_path, arguments, message):
    found = call("audit", *arguments, "--out", tmp_path / "out")
    assert (found.status, found.out) == (2, "")
    assert message in found.err
    assert not (tmp_path / "out").exists()


# --- folds ---


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60)), min_size=1, max_size=30), st.integers(2, 6))
def test_folds_are_of_like_size_and_keep_documents(runs, folds):
    """`runs`: how many sentences follow each other in a document of their own, or in none."""
    documents = [number if has else 0 for number, (has, size) in enumerate(runs, 1) for _ in range(size)]
    if len(documents) < folds:
        return
    found = fold_of_each(documents, folds)
    sizes = np.bincount(found, minlength=folds)
    most = max(1, len(documents) // (4 * folds))
    assert len(sizes) == folds
    assert sizes.max() - sizes.min() <= most
    assert sizes.min() > 0
    for document in {*documents} - {0}:
        places = [place for place, one in enumerate(documents) if one == document]
        if len(places) <= most:
            assert len({*found[places].tolist()}) == 1
    assert found.tolist() == fold_of_each(documents, folds).tolist()


def test_the_folds_of_a_corpus_add_up_to_it():
    sentences = [Sentence(("a",), ("O",), line, document=line // 7) for line in range(1, 101)]
    corpus = TaggedCorpus("corpus", sentences)
    held = []
    for fold in range(1, 6):
        rest, out = hold_out(corpus, fold, 5)
        assert sorted([*rest.sentences, *out.sentences], key=lambda one: one.line) == sentences
        held += out.sentences
    assert sorted(held, key=lambda one: one.line) == sentences
    with pytest.raises(DataError, match="at least 101 sentences, one a fold, found 100"):
        hold_out(corpus, 1, 101)
