"""Stretches of steps with the same wrong label: a labeller's mistakes, for people. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.labelled.sequence import LabelledSequence
from bilstm_nlp.metrics.segments import Segments

Kind = Literal["border", "missed", "label"]
KINDS: dict[Kind, str] = {
    "border": "change at another step",
    "missed": "segment not seen",
    "label": "other label",
}
"""Kind of a mistake → its name for people."""


@dataclass(frozen=True)
class WrongStretch:
    """Steps in a row that have one gold label and another predicted label."""

    source: str
    line: int
    """The line of the first step."""
    sequence: str
    first: str
    """The first step, as the file spells it; numbers from 1 if it has no column of steps."""
    last: str
    steps: int
    kind: Kind
    """A border is one beside which the predicted label is right, on one side; on both sides, a segment is not seen."""
    gold: str
    predicted: str
    confidence: float
    """The mean probability of the predicted label over the steps."""
    likely: float
    """The mean probability of the gold label; 0 for a label that training does not have."""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.source}:{self.line}"


def wrong_stretches(
    sequence: LabelledSequence, gold: Ints, predicted: Ints, marginals: Floats, names: Sequence[str]
) -> Iterator[WrongStretch]:
    """Yield the wrong stretches of a sequence in their order.

    `gold` (T,) and `predicted` (T,) are numbers into `names`, `marginals` (T, K) are the probabilities of the first K.

    >>> import numpy as np
    >>> sequence = LabelledSequence("a", "a.csv", 2, np.zeros((4, 1)), None, np.arange(2, 6))
    >>> labels = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    >>> (late,) = wrong_stretches(sequence, *labels, np.full((4, 2), 0.5), ["off", "on"])
    >>> late.place, late.kind, late.gold, late.predicted
    ('a.csv:3', 'border', 'off', 'on')
    """
    pairs = Segments.of(gold * len(names) + predicted)
    for start, end in zip(pairs.starts.tolist(), pairs.ends.tolist(), strict=True):
        own, label = int(gold[start]), int(predicted[start])
        if own == label:
            continue
        rows = marginals[start:end]
        yield WrongStretch(
            source=sequence.source,
            line=int(sequence.rows[start]),
            sequence=sequence.name,
            first=_step(sequence, start),
            last=_step(sequence, end - 1),
            steps=end - start,
            kind=_kind(gold, predicted, start, end),
            gold=names[own],
            predicted=names[label],
            confidence=float(rows[:, label].mean()),
            likely=float(rows[:, own].mean()) if own < rows.shape[1] else 0.0,
        )


def most_confident_first(stretches: Sequence[WrongStretch]) -> list[WrongStretch]:
    """Sort stretches by their confidence, and longer ones first among equals."""
    return sorted(stretches, key=lambda wrong: (-wrong.confidence, -wrong.steps, wrong.source, wrong.line))


def _kind(gold: Ints, predicted: Ints, start: int, end: int) -> Kind:
    """Tell the kind of the stretch of steps start..end-1."""
    beside = [step for step in (start - 1, end) if 0 <= step < len(gold)]
    right = sum(bool(gold[step] == predicted[step] == predicted[start]) for step in beside)
    kinds: tuple[Kind, ...] = ("label", "border", "missed")
    return kinds[right]


def _step(sequence: LabelledSequence, index: int) -> str:
    """Return a step as the file spells it, or its number from 1."""
    return str(index + 1) if sequence.steps is None else sequence.steps[index]
