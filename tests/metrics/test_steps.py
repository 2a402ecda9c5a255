"""Scores of the labels of steps, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.metrics.steps import step_scores

NAMES = ("a", "b", "c", "d")


def test_scores_are_those_of_the_counts():
    scores = step_scores(NAMES, np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 1]))
    assert scores.accuracy == pytest.approx(3 / 6)
    assert scores.majority == pytest.approx(3 / 6)
    assert scores.per_label["a"].f1 == pytest.approx(2 * 2 / (2 + 3))
    assert scores.per_label["b"].f1 == pytest.approx(2 * 1 / (3 + 2))
    assert scores.per_label["c"].f1 == 0
    assert scores.per_label["d"].f1 is None  # neither gold nor an answer
    assert scores.macro_f1 == pytest.approx((0.8 + 0.4 + 0) / 3)
    assert scores.confusion.counts.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_no_steps_have_no_scores():
    scores = step_scores(NAMES, np.array([], np.int64), np.array([], np.int64))
    assert (scores.accuracy, scores.majority, scores.macro_f1) == (None, None, None)
