"""Scores of plain labels, one a token: accuracy, by label and by what training had of the word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.metrics.labels import PRF, Confusion, SpanLists, confusion, grouped
from bilstm_nlp.metrics.ratios import ratio
from bilstm_nlp.tags import Span

WORD_GROUPS = ("seen with one label", "seen with several labels", "unseen")
"""By what the training data has of a word."""
MOST_LABELS = 200
"""Labels of a confusion matrix. Of more, the rarest share a row and a column."""
OTHERS = "other labels"


@dataclass(frozen=True)
class Accuracy:
    """A share of right tokens; None without tokens."""

    accuracy: float | None
    right: int
    tokens: int

    @classmethod
    def of(cls, right: int, tokens: int) -> Accuracy:
        """Compute the share from counts.

        >>> Accuracy.of(3, 4).accuracy
        0.75
        """
        return cls(ratio(right, tokens), right, tokens)


@dataclass(frozen=True)
class LabelScores:
    """Scores of labelled sentences."""

    all: Accuracy
    by_word: dict[str, Accuracy]
    """By `WORD_GROUPS`, each present."""
    per_label: dict[str, PRF]
    macro_f1: float | None
    """The unweighted mean of `per_label`."""
    sentences_right: Accuracy
    """Sentences without a wrong label."""
    confusion: Confusion


def label_scores(
    gold: SpanLists, predicted: SpanLists, tokens: Sequence[Sequence[str]], seen: Mapping[tuple[str, ...], Set[str]]
) -> LabelScores:
    """Score labels, given as spans of one token. `seen` maps each word of the training data to its labels there.

    >>> gold, predicted = [[Span("DT", 0, 1), Span("NN", 1, 2)]], [[Span("DT", 0, 1), Span("VB", 1, 2)]]
    >>> scores = label_scores(gold, predicted, [["the", "run"]], {("the",): {"DT"}})
    >>> scores.all.accuracy, scores.by_word["unseen"].accuracy, scores.per_label["DT"].f1
    (0.5, 0.0, 1.0)
    """
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    whole = 0
    for sentence, (gold_labels, labels) in enumerate(zip(gold, predicted, strict=True)):
        whole += list(gold_labels) == list(labels)
        for own, label in zip(gold_labels, labels, strict=True):
            known = len(seen.get((tokens[sentence][own.start],), ()))
            group = WORD_GROUPS[2] if known == 0 else WORD_GROUPS[0] if known == 1 else WORD_GROUPS[1]
            total[group] += 1
            right[group] += own == label
    per_label = grouped(gold, predicted, lambda _, span: span.type)
    f1 = [score.f1 for score in per_label.values() if score.f1 is not None]
    return LabelScores(
        all=Accuracy.of(right.total(), total.total()),
        by_word={group: Accuracy.of(right[group], total[group]) for group in WORD_GROUPS},
        per_label=per_label,
        macro_f1=ratio(sum(f1), len(f1)),
        sentences_right=Accuracy.of(whole, len(gold)),
        confusion=_confusion(gold, predicted, per_label),
    )


def _confusion(gold: SpanLists, predicted: SpanLists, per_label: Mapping[str, PRF]) -> Confusion:
    """Count gold labels against predicted labels; of many labels, the rarest together."""
    kept = set(per_label)
    if len(kept) > MOST_LABELS:
        kept = set(sorted(kept, key=lambda label: (-per_label[label].support, label))[: MOST_LABELS - 1])

    def pooled(lists: SpanLists) -> list[list[Span]]:
        return [[span if span.type in kept else span._replace(type=OTHERS) for span in spans] for spans in lists]

    whole = confusion(gold, predicted) if len(kept) == len(per_label) else confusion(pooled(gold), pooled(predicted))
    # The last row and column are those of tokens without a label, of which there are none.
    return Confusion(whole.labels[:-1], np.ascontiguousarray(whole.counts[:-1, :-1]))
