"""Scores of the labels of single steps: accuracy, by label, and their confusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.batch import Ints
from bilstm_nlp.metrics.labels import PRF, Confusion
from bilstm_nlp.metrics.ratios import ratio


@dataclass(frozen=True)
class StepScores:
    """Scores of labelled steps."""

    accuracy: float | None
    majority: float | None
    """The share of the most frequent gold label: the accuracy of an answer at no cost."""
    macro_f1: float | None
    """The unweighted mean of the F1 of labels that occur, as gold or as answers."""
    per_label: dict[str, PRF]
    confusion: Confusion


def step_scores(names: Sequence[str], gold: Ints, predicted: Ints) -> StepScores:
    """Score predicted labels (N,) against gold labels (N,), numbers into the K `names`.

    >>> scores = step_scores(["off", "on"], np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    >>> scores.accuracy, scores.per_label["on"].precision, scores.confusion.counts.tolist()
    (0.75, 0.6666666666666666, [[1, 1], [0, 2]])
    """
    size = len(names)
    counts = np.bincount(gold * size + predicted, minlength=size * size).reshape(size, size).astype(np.int64)
    support, answers, right = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    per_label = {
        name: PRF.from_counts(int(right[number]), int(answers[number]), int(support[number]))
        for number, name in enumerate(names)
    }
    f1 = [scores.f1 for scores in per_label.values() if scores.f1 is not None]
    return StepScores(
        accuracy=ratio(int(right.sum()), len(gold)),
        majority=ratio(int(support.max(initial=0)), len(gold)),
        macro_f1=ratio(sum(f1), len(f1)),
        per_label=per_label,
        confusion=Confusion(list(names), counts),
    )
