"""Reliability diagrams equal sums over bins and values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.metrics.reliability import Threshold, reliability, scores_at
from tests.metrics.strategies import thorough


def test_reliability_of_a_worked_example() -> None:
    # (0, 0.5] holds 0.2, 0.4 and the border 0.5: mean 1.1/3, accuracy 2/3. (0.5, 1] holds 0.9 and 1: mean 0.95, 1/2.
    result = reliability([0.2, 0.9, 0.4, 1.0, 0.5], [False, True, True, False, True], bins=2)
    assert result.edges.tolist() == [0.0, 0.5, 1.0]
    assert result.counts.tolist() == [3, 2]
    assert result.mean_confidence.tolist() == pytest.approx([1.1 / 3, 0.95])
    assert result.accuracy.tolist() == pytest.approx([2 / 3, 0.5])
    assert result.ece == pytest.approx(3 / 5 * 0.3 + 2 / 5 * 0.45)


def test_reliability_of_no_predictions_is_undefined() -> None:
    result = reliability([], [])
    assert result.ece is None
    assert result.counts.tolist() == [0] * 15
    assert np.isnan(result.accuracy).all()


@thorough
@given(
    answers=st.lists(st.tuples(st.floats(0, 1) | st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.booleans()), min_size=1),
    bins=st.integers(1, 20),
)
def test_reliability_is_the_sum_over_the_bins(answers: list[tuple[float, bool]], bins: int) -> None:
    result = reliability([confidence for confidence, _ in answers], [correct for _, correct in answers], bins)
    ece = 0.0
    for position in range(bins):
        low, high = result.edges[position], result.edges[position + 1]
        inside = [pair for pair in answers if low < pair[0] <= high or (position == 0 and pair[0] == 0)]
        assert result.counts[position] == len(inside)
        if not inside:
            assert math.isnan(result.mean_confidence[position])
            continue
        confidence = sum(pair[0] for pair in inside) / len(inside)
        accuracy = sum(pair[1] for pair in inside) / len(inside)
        assert result.mean_confidence[position] == pytest.approx(confidence)
        assert result.accuracy[position] == pytest.approx(accuracy)
        ece += len(inside) / len(answers) * abs(accuracy - confidence)
    assert result.ece == pytest.approx(ece)


def test_reliability_takes_single_precision_and_refuses_what_is_no_probability() -> None:
    above_one = np.float32(1) + np.finfo(np.float32).eps
    assert reliability(np.array([above_one]), [True]).counts[-1] == 1
    for bad in (1.5, -0.5, math.nan):
        with pytest.raises(ValueError, match="from 0 to 1"):
            reliability([bad], [True])
    with pytest.raises(ValueError, match=r"\(2,\) and \(1,\)"):
        reliability([0.5, 0.5], [True])


@pytest.mark.parametrize(
    ("threshold", "kept", "precision", "recall", "f1"),
    [
        (0.0, 4, 2 / 4, 2 / 3, 4 / 7),
        (0.5, 3, 2 / 3, 2 / 3, 4 / 6),
        (0.8, 1, 1.0, 1 / 3, 2 / 4),
        (0.95, 0, None, 0.0, 0.0),
    ],
)
def test_scores_are_those_of_the_predictions_that_are_kept(threshold, kept, precision, recall, f1):
    (scores,) = scores_at([0.9, 0.5, 0.6, 0.2], [True, True, False, False], 3, [threshold])
    assert scores == Threshold(threshold, kept, precision, recall, f1)


def test_scores_without_gold_or_predictions_are_undefined():
    (scores,) = scores_at([], [], 0, [0.5])
    assert scores == Threshold(0.5, 0, None, None, None)
