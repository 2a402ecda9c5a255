"""Scores of classes against scikit-learn, which seqeval brings, and against hand-made values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.metrics.classes import average_precision, class_scores, roc_area

sklearn = pytest.importorskip("sklearn.metrics")


@st.composite
def answers(draw, several: bool):
    """(N, K) gold and predicted classes, and probabilities with ties."""
    count, classes = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    generator = np.random.default_rng(draw(st.integers(0, 2**31)))
    values = generator.integers(0, 5, size=(count, classes)) / 4
    if several:
        return generator.random((count, classes)) < 0.4, values >= 0.5, values
    eye = np.eye(classes, dtype=bool)
    return eye[generator.integers(0, classes, count)], eye[values.argmax(1)], values


@pytest.mark.slow
@given(answers(several=False))
@settings(max_examples=60, deadline=None)
def test_scores_of_one_class_equal_those_of_sklearn(case):
    gold, predicted, values = case
    names = [f"c{number}" for number in range(gold.shape[1])]
    scores = class_scores(names, gold, predicted, values, several=False)
    true, guess = gold.argmax(1), predicted.argmax(1)
    assert scores.accuracy == pytest.approx(sklearn.accuracy_score(true, guess))
    labels = sorted({*true.tolist(), *guess.tolist()})
    of_sklearn = {
        average: sklearn.f1_score(true, guess, labels=labels, average=average, zero_division=0)
        for average in ("micro", "macro", "weighted")
    }
    assert scores.micro_f1 == pytest.approx(of_sklearn["micro"])
    assert scores.macro_f1 == pytest.approx(of_sklearn["macro"])
    assert scores.weighted_f1 == pytest.approx(of_sklearn["weighted"])
    assert scores.confusion.counts.tolist() == sklearn.confusion_matrix(true, guess, labels=range(len(names))).tolist()
    assert scores.majority == max(np.bincount(true)) / len(true)
    check_areas(scores, gold, values)


@pytest.mark.slow
@given(answers(several=True))
@settings(max_examples=60, deadline=None)
def test_scores_of_several_classes_equal_those_of_sklearn(case):
    gold, predicted, values = case
    names = [f"c{number}" for number in range(gold.shape[1])]
    scores = class_scores(names, gold, predicted, values, several=True)
    assert scores.accuracy == pytest.approx(sklearn.accuracy_score(gold, predicted))
    assert (scores.micro_f1 or 0.0) == pytest.approx(
        sklearn.f1_score(gold, predicted, average="micro", zero_division=0)
    )
    assert (scores.weighted_f1 or 0.0) == pytest.approx(
        sklearn.f1_score(gold, predicted, average="weighted", zero_division=0)
    )
    assert scores.confusion is None
    check_areas(scores, gold, values)


def check_areas(scores, gold, values) -> None:
    for number, figures in enumerate(scores.per_class.values()):
        flags = gold[:, number]
        assert figures.support == flags.sum()
        if 0 < flags.sum() < len(flags):
            assert figures.roc_area == pytest.approx(sklearn.roc_auc_score(flags, values[:, number]))
        else:
            assert figures.roc_area is None
        if flags.any():
            expected = sklearn.average_precision_score(flags, values[:, number])
            assert figures.precision_recall_area == pytest.approx(expected)
        else:
            assert figures.precision_recall_area is None


def test_areas_of_equal_probabilities_are_those_of_chance():
    gold, equal = np.array([True, False, False, False]), np.full(4, 0.3)
    assert roc_area(gold, equal) == 0.5
    assert average_precision(gold, equal) == 0.25


def test_class_that_is_neither_gold_nor_predicted_counts_in_no_mean():
    eye = np.eye(3, dtype=bool)
    scores = class_scores(["a", "b", "c"], eye[[0, 1]], eye[[0, 1]], np.eye(3)[[0, 1]], several=False)
    assert scores.per_class["c"].f1 is None
    assert scores.macro_f1 == 1.0


def test_nothing_to_score_gives_no_score():
    empty = np.zeros((0, 2), bool)
    scores = class_scores(["a", "b"], empty, empty, np.zeros((0, 2)), several=False)
    assert (scores.accuracy, scores.macro_f1, scores.majority) == (None, None, None)
