"""Audits of texts and series, with one class or several: every sequence is judged once, by the model of its fold."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError, DataError
from bilstm_nlp.tasks.registry import auditor, build
from tests.tasks.classification.series import series_config_of
from tests.tasks.classification.texts import config_of

FOLDS = 3


@pytest.fixture(params=["softmax", "sigmoid"])
def head(request):
    return {"kind": request.param}


@pytest.fixture(params=[config_of, series_config_of], ids=["texts", "series"])
def config(request, tmp_path, head):
    return parse(request.param(tmp_path, head=head), "a test")


def places_of(part):
    return sorted((example.source, example.line) for example in part.examples)


def test_trainings_leave_out_each_sequence_once(config):
    whole = places_of(build(config).end.load().train)
    trained = [places_of(build(fold).end.load().train) for fold in auditor(config, FOLDS).without_each_fold()]
    left_out = [place for part in trained for place in whole if place not in part]
    assert len(trained) == FOLDS
    assert sorted(left_out) == whole


@pytest.mark.slow
def test_disagreements_are_those_of_the_model_of_the_fold(config):
    in_folds = auditor(config, FOLDS)
    untrained = [build(fold).prepare().predictor() for fold in in_folds.without_each_fold()]
    audit = in_folds.conclude(iter(untrained))
    expected = {}
    train = build(config).end.load().train
    for fold, classifier in zip(in_folds.without_each_fold(), untrained, strict=True):
        trained = places_of(build(fold).end.load().train)
        for example in train.examples:
            (answer,) = classifier.answer([example.input])
            if (example.source, example.line) not in trained and set(answer.classes) != set(example.classes):
                expected[example.line] = answer
    assert audit.total == len(train.examples)
    assert sorted(wrong.line for wrong in audit.disagreements) == sorted(expected)
    for wrong in audit.disagreements:
        answer = expected[wrong.line]
        assert set(wrong.predicted) == set(answer.classes)
        (annotated,) = wrong.annotated
        assert wrong.annotated_probability == pytest.approx(answer.probabilities[annotated], abs=1e-6)
        changes = [answer.probabilities[name] for name in wrong.predicted if name != annotated]
        changes += [1 - answer.probabilities[annotated]] if annotated not in wrong.predicted else []
        sure = answer.confidence if config.head.kind == "softmax" else max(changes)
        assert wrong.confidence == pytest.approx(sure, abs=1e-6)
    confidences = [wrong.confidence for wrong in audit.disagreements]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize("head", [{"kind": "softmax"}], indirect=False)
def test_what_cannot_be_audited_is_refused(config):
    with pytest.raises(DataError, match=r"at least 99 different sequences"):
        auditor(config, 99)
    held_out = parse(
        config.model_dump(mode="json") | {"data": config.data.model_dump() | {"held_out": {"fold": 1, "folds": 2}}}, "x"
    )
    with pytest.raises(ConfigError, match=r"data\.held_out: expected none"):
        auditor(held_out, 2)
