"""Audits: planted mistakes are listed first, and no run is made twice."""

from __future__ import annotations

import json
import random

import pytest

from bilstm_nlp.errors import WorkerError
from bilstm_nlp.studies.audit import audit
from bilstm_nlp.studies.engines.base import Progress
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.studies.engines.worker import carry_out
from tests.samples import FORECASTER, TAGGER

pytestmark = pytest.mark.slow

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
        index_of_entity = next(position for position, (_, tag) in enumerate(sentence) if tag != "O")
        word, tag = sentence[index_of_entity]
        sentence[index_of_entity] = (word, "O" if index % 2 else {"B-PER": "B-LOC", "B-LOC": "B-PER"}[tag])
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
    report, _ = audited
    assert sorted(disagreement.line for disagreement in report.disagreements[:PLANTED]) == corpus[1]


def test_every_sentence_is_scored_once_by_an_unseen_fold_model(corpus, audited):
    report, out = audited
    runs = sorted((out / "runs").iterdir())
    held = [json.loads((run / "config.json").read_text())["data"]["held_out"] for run in runs]
    assert sorted(fold["fold"] for fold in held) == [1, 2, 3]
    assert {fold["folds"] for fold in held} == {3}
    tags = [line.split()[1] for line in (corpus[0].parent / "train.conll").read_text().splitlines() if line]
    assert report.score.support == sum(tag != "O" for tag in tags)
    wrong_gold = sum(disagreement.gold is not None for disagreement in report.disagreements)
    assert report.score.true_positives == report.score.support - wrong_gold
    assert report.score.predicted - report.score.true_positives == sum(
        disagreement.predicted is not None for disagreement in report.disagreements
    )


def test_reports_hold_all(audited):
    report, out = audited
    written = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(report.as_json()))
    assert len(written["disagreements"]) == len(report.disagreements) >= PLANTED
    first = written["disagreements"][0]
    sides = [side for side in (first["annotated"], first["predicted"]) if side]
    assert all(side["text"] == " ".join(first["tokens"][side["start"] : side["end"]]) for side in sides)
    page = (out / "audit.html").read_text(encoding="utf-8")
    assert page.count("<tr data-kind=") == len(report.disagreements)
    assert "<title>Annotations to look at</title>" in page


def test_a_second_audit_trains_nothing(corpus, audited):
    report, out = audited
    engine = ThisProcess()
    again = audit(corpus[0], out, folds=3, engine=engine)
    assert engine.made == 0
    assert again.as_json() == report.as_json()


def test_a_failed_fold_is_reported_and_tried_again_next_time(corpus, tmp_path):
    with pytest.raises(WorkerError, match=r"1 of 2 folds failed, the same command tries them again; .*: out of luck"):
        audit(corpus[0], tmp_path, folds=2, engine=ThisProcess(failing=1))
    assert not (tmp_path / "audit.json").exists()
    engine = ThisProcess()
    audit(corpus[0], tmp_path, folds=2, engine=engine)
    assert engine.made == 1


def test_the_command_says_how_many_and_shows_the_first(call, corpus, audited):
    report, out = audited
    ended = call("audit", corpus[0], "--out", out, "--folds", "3", "--show", "2")
    assert ended.status == 0
    assert f"{report.score.support} annotated entities in 240 sentences" in ended.out
    lines = [line.split()[0] for line in ended.out.split("The most sure")[1].splitlines() if line.strip()[:1].isdigit()]
    assert lines == [str(disagreement.line) for disagreement in report.disagreements[:2]]
    assert "all 3 runs are there" in ended.err
    as_json = call("audit", corpus[0], "--out", out, "--folds", "3", "--json")
    assert json.loads(as_json.out) == json.loads(json.dumps(report.as_json()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([FORECASTER], "task: expected tagging, classification or labelling, found forecasting"),
        ([TAGGER, "--set", "data.held_out={fold=1, folds=2}"], "data.held_out: expected none"),
        ([TAGGER, "--folds", "1000"], "expected at least 1000 sentences, one a fold, found 778"),
        ([TAGGER, "--set", "data.held_out={fold=3, folds=2}"], "data.held_out: expected a fold of at most 2, found 3"),
    ],
)
def test_configs_that_cannot_be_audited_are_refused(call, tmp_path, arguments, message):
    ended = call("audit", *arguments, "--out", tmp_path / "out")
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
    assert not (tmp_path / "out").exists()
