"""Scores of labels in time: runs of one label as segments, and the order of these segments (Lea et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bilstm_nlp.batch import Ints
from bilstm_nlp.metrics.labels import PRF
from bilstm_nlp.metrics.ratios import ratio

OVERLAPS = (0.10, 0.25, 0.50)
"""Least overlaps of a predicted segment with a gold segment, as intersection over union."""

Labels: TypeAlias = Ints
"""(T,) the number of the label of each step."""


@dataclass(frozen=True, eq=False)
class Segments:
    """The S runs of equal labels of a sequence."""

    labels: Ints
    """(S,)"""
    starts: Ints
    """(S,) the first step."""
    ends: Ints
    """(S,) the step after the last."""

    @classmethod
    def of(cls, labels: Labels) -> Segments:
        """Find the runs of labels (T,).

        >>> segments = Segments.of(np.array([3, 3, 1, 1, 1, 3]))
        >>> segments.labels.tolist(), segments.starts.tolist(), segments.ends.tolist()
        ([3, 1, 3], [0, 2, 5], [2, 5, 6])
        """
        starts = np.flatnonzero(np.append(True, labels[1:] != labels[:-1])[: len(labels)])
        return cls(labels[starts], starts, np.append(starts[1:], len(labels))[: len(starts)])

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class SegmentScores:
    """Scores of the segments of all sequences together."""

    exact: PRF
    """A predicted segment is right if its label and both of its ends are."""
    overlapping: dict[float, PRF]
    """By the least overlap: a predicted segment is right if the gold segment of its label that it overlaps most is not
    taken by an earlier one, and the overlap is large enough."""
    edit: float | None
    """The mean over sequences of 1 − distance / length: the distance of Levenshtein between the labels of predicted and
    gold segments, by the larger number of segments. None without sequences."""
    hits: Ints
    """(N, 1 + overlaps) the right segments of each sequence: exact, then by overlap."""
    predicted: Ints
    """(N,) segments of each sequence."""
    gold: Ints
    """(N,) segments of each sequence."""


def segment_scores(gold: Sequence[Labels], predicted: Sequence[Labels]) -> SegmentScores:
    """Score predicted labels (T,) of each sequence against the gold labels.

    >>> scores = segment_scores([np.array([0, 0, 0, 0, 1, 1])], [np.array([0, 0, 0, 1, 1, 1])])
    >>> scores.exact.f1, scores.overlapping[0.5].f1, scores.edit
    (0.0, 1.0, 1.0)
    """
    pairs = [(Segments.of(own), Segments.of(labels)) for own, labels in zip(gold, predicted, strict=True)]
    hits = np.array([[_exact(*pair), *_overlapping(*pair)] for pair in pairs], np.int64).reshape(-1, 1 + len(OVERLAPS))
    of_gold = np.array([len(own) for own, _ in pairs], np.int64)
    of_predicted = np.array([len(labels) for _, labels in pairs], np.int64)
    scores = [PRF.from_counts(int(right), int(of_predicted.sum()), int(of_gold.sum())) for right in hits.sum(axis=0)]
    edits = [1 - edit_distance(own.labels, labels.labels) / max(len(own), len(labels)) for own, labels in pairs]
    return SegmentScores(
        exact=scores[0],
        overlapping=dict(zip(OVERLAPS, scores[1:], strict=True)),
        edit=ratio(sum(edits), len(edits)),
        hits=hits,
        predicted=of_predicted,
        gold=of_gold,
    )


def _exact(gold: Segments, predicted: Segments) -> int:
    """Count the predicted segments with label and ends of a gold segment."""
    own = set(zip(gold.labels.tolist(), gold.starts.tolist(), gold.ends.tolist(), strict=True))
    return len(own.intersection(zip(*(array.tolist() for array in vars(predicted).values()), strict=True)))


def _overlapping(gold: Segments, predicted: Segments) -> list[int]:
    """Count the right segments for each of the overlaps."""
    best, overlap = np.zeros(len(predicted), np.int64), np.zeros(len(predicted))
    for number in range(len(predicted)):
        start, end = predicted.starts[number], predicted.ends[number]
        # Of the gold segments, only those that share a step can overlap.
        first, past = np.searchsorted(gold.ends, start, "right"), np.searchsorted(gold.starts, end, "left")
        near = slice(int(first), int(past))
        shared = np.minimum(gold.ends[near], end) - np.maximum(gold.starts[near], start)
        whole = np.maximum(gold.ends[near], end) - np.minimum(gold.starts[near], start)
        values = np.where(gold.labels[near] == predicted.labels[number], shared / whole, 0.0)
        best[number], overlap[number] = int(first) + int(values.argmax()), values.max()
    counts = []
    for least in OVERLAPS:
        enough = np.flatnonzero((overlap >= least) & (overlap > 0))
        # Each gold segment is taken once, by the first predicted segment that overlaps it enough.
        counts.append(len(np.unique(best[enough])))
    return counts


def edit_distance(a: Ints, b: Ints) -> int:
    """Return the distance of Levenshtein between two sequences of numbers.

    >>> edit_distance(np.array([1, 2, 3]), np.array([1, 3, 4, 5]))
    3
    """
    steps = np.arange(len(b) + 1)
    row = steps
    for number in range(len(a)):
        changed = np.minimum(row[1:] + 1, row[:-1] + (b != a[number]))
        # Insertions run along the row: the least of what came before, and the steps since.
        row = np.minimum.accumulate(np.append(row[0] + 1, changed) - steps) + steps
    return int(row[-1])
