"""Scores of segments against the definitions, written out."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.metrics.segments import OVERLAPS, Segments, edit_distance, segment_scores

LABELS = st.lists(st.integers(0, 2), min_size=1, max_size=14)
PAIRS = LABELS.flatmap(
    lambda gold: st.tuples(st.just(gold), st.lists(st.integers(0, 2), min_size=len(gold), max_size=len(gold)))
)


def runs_of(labels: list[int]) -> list[tuple[int, int, int]]:
    """Return (label, start, end) of each run."""
    runs, start = [], 0
    for label, group in groupby(labels):
        end = start + len(list(group))
        runs.append((label, start, end))
        start = end
    return runs


def right_segments(gold: list[int], predicted: list[int], least: float) -> int:
    """Count the right segments as Lea et al. 2017 do: one after the other, against all gold segments."""
    own, used, right = runs_of(gold), set(), 0
    for label, start, end in runs_of(predicted):
        overlaps = [
            (min(end, e) - max(start, s)) / (max(end, e) - min(start, s)) if name == label else 0.0
            for name, s, e in own
        ]
        best = int(np.argmax(overlaps))
        if overlaps[best] >= least and best not in used:
            used.add(best)
            right += 1
    return right


def distance(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """The distance of Levenshtein by its recursion."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + (a[0] != b[0]))


@given(LABELS)
def test_segments_are_the_runs_of_labels(labels):
    segments = Segments.of(np.array(labels))
    columns = (segments.labels.tolist(), segments.starts.tolist(), segments.ends.tolist())
    assert list(zip(*columns, strict=True)) == runs_of(labels)


@given(st.lists(PAIRS, min_size=1, max_size=3))
def test_counts_are_those_of_the_definitions(pairs):
    gold, predicted = ([np.array(labels) for labels in side] for side in zip(*pairs, strict=True))
    scores = segment_scores(gold, predicted)
    for number, (own, labels) in enumerate(pairs):
        exact = len(set(runs_of(own)) & set(runs_of(labels)))
        assert scores.hits[number].tolist() == [exact, *(right_segments(own, labels, least) for least in OVERLAPS)]
    assert scores.exact.support == sum(len(runs_of(own)) for own, _ in pairs)
    assert scores.exact.predicted == sum(len(runs_of(labels)) for _, labels in pairs)
    assert scores.exact.true_positives == scores.hits[:, 0].sum()


@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.integers(0, 3), max_size=6))
def test_edit_distance_is_that_of_levenshtein(a, b):
    assert edit_distance(np.array(a, np.int64), np.array(b, np.int64)) == distance(tuple(a), tuple(b))


def test_scores_of_an_example_worked_by_hand():
    """Gold: a 4, b 4, a 2. Predicted: a 3, b 2, a 1, b 2, a 2. The second b takes no gold segment again."""
    gold = [np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 0])]
    predicted = [np.array([0, 0, 0, 1, 1, 0, 1, 1, 0, 0])]
    scores = segment_scores(gold, predicted)
    assert scores.exact.f1 == pytest.approx(2 * 1 / (5 + 3))
    # Overlaps: a 3/4, b 1/5, a 0 or 1/8, b 2/4, a 1. The third has no step in common with a gold a.
    assert scores.overlapping[0.10].true_positives == 3
    assert scores.overlapping[0.50].true_positives == 3
    assert scores.edit == pytest.approx(1 - 2 / 5)


def test_edit_score_is_the_mean_of_sequences():
    right, wrong = np.array([0, 0, 1]), np.array([2, 2, 2])
    assert segment_scores([right, right], [right, wrong]).edit == pytest.approx((1 + 0) / 2)


def test_no_sequences_have_no_scores():
    scores = segment_scores([], [])
    assert (scores.edit, scores.exact.f1) == (None, None)
