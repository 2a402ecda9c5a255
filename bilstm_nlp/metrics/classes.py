"""Scores of classes, of which a sequence has one or several: accuracy, F1, confusion, areas under curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bilstm_nlp.metrics.labels import PRF, Confusion
from bilstm_nlp.metrics.ratios import ratio

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ClassFigures:
    """The scores of a class against all others."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int
    roc_area: float | None
    """Area under the ROC curve: the chance that a sequence of the class has a higher probability than another one.
    Equal probabilities count half. None if all sequences have the class, or none has it."""
    precision_recall_area: float | None
    """Average precision: the sum over thresholds of precision times the increase of recall."""


@dataclass(frozen=True)
class ClassScores:
    """The scores of N sequences."""

    accuracy: float | None
    """Share of the sequences whose classes are all right, and no others."""
    micro_f1: float | None
    """F1 of all classes together. The accuracy if each sequence has one class."""
    macro_f1: float | None
    """The unweighted mean of F1 over classes that are gold or predicted."""
    weighted_f1: float | None
    """The mean of F1 over classes, weighted by support."""
    majority: float | None
    """Share of the most frequent gold class: the accuracy of always answering with it."""
    per_class: dict[str, ClassFigures]
    confusion: Confusion | None
    """Gold classes against predicted ones; None if a sequence may have several."""


def class_scores(
    names: Sequence[str], gold: Flags, predicted: Flags, probabilities: npt.NDArray[np.floating], *, several: bool
) -> ClassScores:
    """Score predictions: (N, K) gold and predicted classes, and (N, K) probabilities.

    >>> gold, sure = np.eye(2, dtype=bool)[[0, 0, 1]], np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    >>> scores = class_scores(["no", "yes"], gold, sure > 0.5, sure, several=False)
    >>> round(scores.accuracy, 3), round(scores.macro_f1, 3), scores.per_class["yes"].roc_area
    (0.667, 0.667, 1.0)
    """
    hits, guessed, support = (gold & predicted).sum(0), predicted.sum(0), gold.sum(0)
    scores = [PRF.from_counts(*map(int, counts)) for counts in zip(hits, guessed, support, strict=True)]
    per_class = {
        name: ClassFigures(
            precision=score.precision,
            recall=score.recall,
            f1=score.f1,
            support=score.support,
            predicted=score.predicted,
            roc_area=roc_area(gold[:, number], probabilities[:, number]),
            precision_recall_area=average_precision(gold[:, number], probabilities[:, number]),
        )
        for number, (name, score) in enumerate(zip(names, scores, strict=True))
    }
    f1 = [score.f1 for score in scores if score.f1 is not None]
    weighted = sum((score.f1 or 0.0) * score.support for score in scores)
    return ClassScores(
        accuracy=ratio(int((gold == predicted).all(1).sum()), len(gold)),
        micro_f1=ratio(2 * int(hits.sum()), int(guessed.sum() + support.sum())),
        macro_f1=ratio(sum(f1), len(f1)),
        weighted_f1=ratio(weighted, int(support.sum())),
        majority=ratio(int(support.max(initial=0)), len(gold)),
        per_class=per_class,
        confusion=None if several else Confusion(list(names), gold.T.astype(np.int64) @ predicted.astype(np.int64)),
    )


def roc_area(gold: Flags, probabilities: npt.NDArray[np.floating]) -> float | None:
    """Return the area under the ROC curve of (N,) probabilities: the U statistic of Mann and Whitney, normalised.

    >>> roc_area(np.array([True, False, False]), np.array([0.5, 0.5, 0.1]))
    0.75
    """
    positive = int(gold.sum())
    negative = len(gold) - positive
    if not positive or not negative:
        return None
    _, group, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of equal probabilities, from 1
    above = float(ranks[group][gold].sum()) - positive * (positive + 1) / 2
    return above / (positive * negative)


def average_precision(gold: Flags, probabilities: npt.NDArray[np.floating]) -> float | None:
    """Return the area under the curve of precision over recall, without interpolation (Davis and Goadrich 2006).

    >>> round(average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7])), 4)
    0.8333
    """
    positive = int(gold.sum())
    if not positive:
        return None
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(gold[order])
    # A threshold takes all of equal probabilities together.
    last = np.append(np.diff(probabilities[order]) != 0, True)
    hits, count = hits[last], np.flatnonzero(last) + 1
    gains = np.diff(hits, prepend=0) / positive
    return float((gains * hits / count).sum())
