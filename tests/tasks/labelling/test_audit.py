"""Audits of labels: every recording is judged once, by the model of its fold."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError, DataError
from bilstm_nlp.tasks.registry import auditor, build
from tests.tasks.labelling.machines import HEADS, machine_config

FOLDS = 3


@pytest.fixture(params=HEADS, ids=lambda head: head["kind"])
def config(request, tmp_path):
    return machine_config(tmp_path, head=request.param)


def names_of(part):
    return sorted(sequence.name for sequence in part.sequences)


def test_trainings_leave_out_each_recording_once(config):
    whole = names_of(build(config).loader.load().train)
    trained = [names_of(build(fold).loader.load().train) for fold in auditor(config, FOLDS).without_each_fold()]
    assert len(trained) == FOLDS
    assert sorted(name for part in trained for name in whole if name not in part) == whole


@pytest.mark.slow
def test_disagreements_are_those_of_the_model_of_the_fold(config):
    in_folds = auditor(config, FOLDS)
    untrained = [build(fold).prepare().predictor() for fold in in_folds.without_each_fold()]
    audit = in_folds.conclude(iter(untrained))
    train = build(config).loader.load().train
    expected = {}
    for fold, labeller in zip(in_folds.without_each_fold(), untrained, strict=True):
        trained = names_of(build(fold).loader.load().train)
        table = labeller.label(config.data.train)
        for sequence in train.sequences:
            if sequence.name not in trained:
                answers = table[table["recording"] == sequence.name].reset_index()
                for step, label in enumerate(sequence.labels):
                    if answers["state"][step] != label:
                        expected[sequence.name, str(step + 1)] = (label, answers["state"][step])
    stated = {
        (wrong.sequence, str(step)): (wrong.gold, wrong.predicted)
        for wrong in audit.disagreements
        for step in range(int(wrong.first), int(wrong.last) + 1)
    }
    assert stated == expected
    assert audit.steps == sum(map(len, train.sequences))
    assert audit.accuracy == pytest.approx(1 - len(expected) / audit.steps)
    confidences = [wrong.confidence for wrong in audit.disagreements]
    assert confidences == sorted(confidences, reverse=True)


def test_disagreements_are_in_all_reports(tmp_path):
    in_folds = auditor(machine_config(tmp_path), FOLDS)
    audit = in_folds.conclude(build(fold).prepare().predictor() for fold in in_folds.without_each_fold())
    values = audit.as_json()
    assert values["sequences"] == 6
    assert len(values["disagreements"]) == len(audit.disagreements)
    assert {"line", "annotated", "annotated_probability", "predicted", "confidence"} <= set(values["disagreements"][0])
    audit.write(tmp_path / "audit.html")
    page = (tmp_path / "audit.html").read_text()
    for wrong in audit.disagreements:
        assert f"{wrong.place}</td>" in page
    ((_, counts, first),) = [section.parts for section in audit.sections(2)]
    assert counts.rows[-1][-1] == str(len(audit.disagreements))
    assert [row[0] for row in first.rows] == [str(wrong.line) for wrong in audit.disagreements[:2]]


def test_what_cannot_be_audited_is_refused(tmp_path):
    config = machine_config(tmp_path)
    with pytest.raises(DataError, match="expected at least 7 sequences for as many folds, found 6"):
        auditor(config, 7)
    held_out = config.data.model_dump() | {"held_out": {"fold": 1, "folds": 2}}
    with pytest.raises(ConfigError, match=r"data\.held_out: expected none"):
        auditor(parse(config.model_dump(mode="json") | {"data": held_out}, "x"), 2)
    rows = [f"{name},{step},1,1,{label}" for name, label in (("a", "low"), ("b", "high")) for step in (1, 2)]
    (tmp_path / "train.csv").write_text("\n".join(["recording,step,heat,speed,state", *rows]))
    with pytest.raises(DataError, match="expected steps with at least two labels without each of 2 folds, found"):
        auditor(config, 2)
