"""Scores of labelled spans: precision, recall, F1, and which types are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bilstm_nlp.errors import InputError
from bilstm_nlp.tags import Span

SpanLists: TypeAlias = Sequence[Sequence[Span]]
"""The spans of each sentence; a span counts once however often it is listed."""


@dataclass(frozen=True)
class PRF:
    """Precision TP / predicted, recall TP / support, F1 2·TP / (predicted + support); `None` where that is 0/0."""

    precision: float | None
    recall: float | None
    f1: float | None
    true_positives: int
    predicted: int
    support: int

    @classmethod
    def from_counts(cls, true_positives: int, predicted: int, support: int) -> PRF:
        precision, recall = _ratio(true_positives, predicted), _ratio(true_positives, support)
        f1 = _ratio(2 * true_positives, predicted + support)
        return cls(precision, recall, f1, true_positives, predicted, support)


def micro_f1(gold: SpanLists, predicted: SpanLists) -> PRF:
    """All types counted together: a predicted span is right if its type and both of its borders are."""
    pairs = _paired(gold, predicted)
    return PRF.from_counts(
        true_positives=sum(len(right & found) for right, found in pairs),
        predicted=sum(len(found) for _, found in pairs),
        support=sum(len(right) for right, _ in pairs),
    )


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def _paired(gold: SpanLists, predicted: SpanLists) -> list[tuple[set[Span], set[Span]]]:
    _check_sentences(gold, predicted)
    return [(set(right), set(found)) for right, found in zip(gold, predicted, strict=True)]


def _check_sentences(gold: Sequence[object], predicted: Sequence[object]) -> None:
    if len(gold) != len(predicted):
        raise InputError(f"expected predictions for {len(gold)} sentences, found {len(predicted)}")


def grouped(gold: SpanLists, predicted: SpanLists, group: Callable[[int, Span], str]) -> dict[str, PRF]:
    """One PRF per group, sorted by its name; `group(sentence, span)` is asked on both sides."""
    counts: dict[str, Counter[str]] = {}
    for sentence, (right, found) in enumerate(_paired(gold, predicted)):
        for side, spans in (("support", right), ("predicted", found), ("true_positives", right & found)):
            for span in spans:
                counts.setdefault(group(sentence, span), Counter())[side] += 1
    return {
        name: PRF.from_counts(tally["true_positives"], tally["predicted"], tally["support"])
        for name, tally in sorted(counts.items())
    }


@dataclass(frozen=True, eq=False)
class Confusion:
    """`counts[i, j]`: spans of gold type `labels[i]` predicted as type `labels[j]` within the same borders.

    The last label is `"none"`: its row holds the spurious spans, its column the missed ones.
    """

    labels: list[str]
    counts: npt.NDArray[np.int64]
    """(types + 1, types + 1)"""


def confusion(gold: SpanLists, predicted: SpanLists) -> Confusion:
    """Types against types for spans with identical borders. Spans that merely overlap are missed and spurious."""
    pairs: Counter[tuple[Hashable, Hashable]] = Counter()
    for right, found in _paired(gold, predicted):
        gold_types = {(span.start, span.end): span.type for span in right}
        predicted_types = {(span.start, span.end): span.type for span in found}
        pairs.update((gold_types.get(at), predicted_types.get(at)) for at in gold_types.keys() | predicted_types.keys())
    types = sorted({span.type for span in chain(*gold, *predicted)})
    # A missing partner is `None`, which no type can be, also where a corpus calls a type "none".
    index: dict[Hashable, int] = {name: position for position, name in enumerate([*types, None])}
    counts = np.zeros((len(index), len(index)), dtype=np.int64)
    for (right_type, found_type), count in pairs.items():
        counts[index[right_type], index[found_type]] = count
    return Confusion(labels=[*types, "none"], counts=counts)
