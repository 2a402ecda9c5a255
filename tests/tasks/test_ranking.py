"""The order of what a model is least sure of, and scores of sequences that are certain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.tasks.ranking import Place, least_sure, sequence_scores
from bilstm_nlp.tasks.request import Ranking


@given(st.lists(st.integers(0, 3)), st.integers(1, 6), st.sampled_from(["least-certain", "margin", "errors"]))
def test_least_sure_are_the_first_of_a_stable_sort(values, top, by):
    scored = [(float(value), object()) for value in values]  # objects have no order of their own
    expected = sorted(scored, key=lambda each: each[0] if by == "margin" else -each[0])[:top]
    assert least_sure(iter(scored), Ranking(top, by)) == expected


@pytest.mark.parametrize(("by", "cell"), [("least-certain", "0"), ("margin", "1"), ("errors", "0")])
def test_single_possible_sequence_is_certain(by, cell):
    logarithms = np.array([[0.0, -np.inf]], np.float32)
    (score,) = sequence_scores(by, np.array([3]), lambda count: logarithms[:, :count], lambda: [np.ones(3)])
    assert Place(1, 2, float(score)).cells() == ["1", "2", cell]


def test_score_of_a_long_sequence_is_that_of_its_mean_step():
    """The probability of the sequence itself is below the smallest number."""
    logarithms = np.array([[10_000 * np.log(0.9)]])
    scores = sequence_scores("least-certain", np.array([10_000]), lambda count: logarithms, list)
    assert scores.tolist() == [pytest.approx(0.1)]


def test_margins_of_zero_are_counted(caplog):
    """Of ten thousand steps, the two best sequences have probabilities below the smallest number."""
    step = np.log([0.9, 0.6])
    logarithms = np.array([[10_000 * step[0], 10_000 * step[0] + step[1]]] * 2 + [[step[0], step[0] + step[1]]])
    margins = sequence_scores("margin", np.array([10_000, 10_000, 1]), lambda count: logarithms, list)
    chosen = least_sure(zip(margins.tolist(), "abc", strict=True), Ranking(3, "margin"))
    assert [name for _, name in chosen] == ["a", "b", "c"]
    assert caplog.messages == [
        "--by margin: 2 of the 3 first have a margin of 0 and keep the order of the input; "
        "--by least-certain may tell them apart"
    ]


def test_single_margin_of_zero_needs_no_warning(caplog):
    least_sure([(0.0, "a"), (0.5, "b")], Ranking(2, "margin"))
    least_sure([(0.0, "a"), (0.0, "b")], Ranking(2, "errors"))
    assert caplog.messages == []
