"""Scores of labelled spans: precision, recall, F1, and a confusion matrix of types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bilstm_nlp.errors import InputError
from bilstm_nlp.metrics.ratios import ratio
from bilstm_nlp.tags import Span

SpanLists: TypeAlias = Sequence[Sequence[Span]]
"""The spans of each sentence. A span counts once, however often it is listed."""


@dataclass(frozen=True)
class PRF:
    """Precision, recall and F1, each `None` if it is 0/0.

    Precision is TP / predicted, recall TP / support, F1 2·TP / (predicted + support).
    """

    precision: float | None
    recall: float | None
    f1: float | None
    true_positives: int
    predicted: int
    support: int

    @classmethod
    def from_counts(cls, true_positives: int, predicted: int, support: int) -> PRF:
        """Compute the scores from counts.

        >>> PRF.from_counts(true_positives=1, predicted=2, support=4).f1
        0.3333333333333333
        """
        precision, recall = ratio(true_positives, predicted), ratio(true_positives, support)
        f1 = ratio(2 * true_positives, predicted + support)
        return cls(precision, recall, f1, true_positives, predicted, support)


def micro_f1(gold: SpanLists, predicted: SpanLists) -> PRF:
    """Score all types together. A predicted span is right if its type and both of its ends are.

    Raises `InputError` if the numbers of sentences differ.

    >>> micro_f1([[Span("PER", 0, 2)]], [[Span("PER", 0, 2), Span("LOC", 3, 4)]]).precision
    0.5
    """
    pairs = _pairs_of_sets(gold, predicted)
    return PRF.from_counts(
        true_positives=sum(len(gold_spans & predicted_spans) for gold_spans, predicted_spans in pairs),
        predicted=sum(len(predicted_spans) for _, predicted_spans in pairs),
        support=sum(len(gold_spans) for gold_spans, _ in pairs),
    )


def check_sentences(gold: Sequence[object], predicted: Sequence[object]) -> None:
    """Raises `InputError` if the numbers of sentences differ."""
    if len(gold) != len(predicted):
        raise InputError(f"expected predictions for {len(gold)} sentences, found {len(predicted)}")


def grouped(gold: SpanLists, predicted: SpanLists, group: Callable[[int, Span], str]) -> dict[str, PRF]:
    """Score each group of spans, sorted by the group's name.

    `group(sentence, span)` names the group of a gold or predicted span. Raises `InputError` if the numbers of
    sentences differ.

    >>> scores = grouped([[Span("PER", 0, 2)]], [[Span("LOC", 0, 2)]], lambda sentence, span: span.type)
    >>> {name: (score.predicted, score.support) for name, score in scores.items()}
    {'LOC': (1, 0), 'PER': (0, 1)}
    """
    counts: dict[str, Counter[str]] = {}
    for sentence, (gold_spans, predicted_spans) in enumerate(_pairs_of_sets(gold, predicted)):
        sides = {"support": gold_spans, "predicted": predicted_spans, "true_positives": gold_spans & predicted_spans}
        for side, spans in sides.items():
            for span in spans:
                counts.setdefault(group(sentence, span), Counter())[side] += 1
    return {
        name: PRF.from_counts(tally["true_positives"], tally["predicted"], tally["support"])
        for name, tally in sorted(counts.items())
    }


@dataclass(frozen=True, eq=False)
class Confusion:
    """A matrix of types: `counts[i, j]` spans of gold type `labels[i]` are predicted as type `labels[j]`.

    Only spans with the same ends are compared. The last label is `"none"`: its row counts the spurious spans, its
    column the missed ones.
    """

    labels: list[str]
    counts: npt.NDArray[np.int64]
    """(types + 1, types + 1)"""


def confusion(gold: SpanLists, predicted: SpanLists) -> Confusion:
    """Count gold types against predicted types of spans with the same ends. Overlapping spans are missed and spurious.

    Raises `InputError` if the numbers of sentences differ.

    >>> matrix = confusion([[Span("PER", 0, 2)]], [[Span("LOC", 0, 2), Span("LOC", 3, 4)]])
    >>> matrix.labels
    ['LOC', 'PER', 'none']
    >>> matrix.counts
    array([[0, 0, 0],
           [1, 0, 0],
           [1, 0, 0]])
    """
    pairs: Counter[tuple[Hashable, Hashable]] = Counter()
    for gold_spans, predicted_spans in _pairs_of_sets(gold, predicted):
        gold_types = {(span.start, span.end): span.type for span in gold_spans}
        predicted_types = {(span.start, span.end): span.type for span in predicted_spans}
        ends = gold_types.keys() | predicted_types.keys()
        pairs.update((gold_types.get(key), predicted_types.get(key)) for key in ends)
    types = sorted({span.type for span in chain(*gold, *predicted)})
    # A missing partner is `None`, because a corpus may have a type called "none".
    index: dict[Hashable, int] = {name: position for position, name in enumerate([*types, None])}
    counts = np.zeros((len(index), len(index)), dtype=np.int64)
    for (gold_type, predicted_type), count in pairs.items():
        counts[index[gold_type], index[predicted_type]] = count
    return Confusion(labels=[*types, "none"], counts=counts)


def _pairs_of_sets(gold: SpanLists, predicted: SpanLists) -> list[tuple[set[Span], set[Span]]]:
    """Pair the gold and the predicted spans of each sentence."""
    check_sentences(gold, predicted)
    return [(set(gold_spans), set(spans)) for gold_spans, spans in zip(gold, predicted, strict=True)]
