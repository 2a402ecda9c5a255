"""The inputs that a model is least sure of, for whoever annotates next: their order and their place in it.

Three measures, each of the model's calibrated posterior over the label sequences of n steps, such as the tag sequences
of a sentence of n tokens:

- `least-certain`: 1 − P(best sequence)^(1/n), the order of MNLP (Shen et al. 2018). The root keeps long sequences from
  coming first because they are long.
- `margin`: P(best sequence) − P(second best sequence), the smallest first (Scheffer et al. 2001).
- `errors`: the expected number of wrong labels, Σ 1 − P(label of the best sequence). Long sequences may have more.

Classifiers have measures of their own. Knows no torch.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar, assert_never

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.tasks.request import Measure, Ranking

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Place(NamedTuple):
    """The place of an input in the order.

    >>> Place(1, 7, 0.25).cells(), Place(1, 7, 0.25).values("margin")
    (['1', '7', '0.25'], {'rank': 1, 'line': 7, 'score': 0.25, 'by': 'margin'})
    """

    rank: int
    line: int
    """The line of the input in its file."""
    score: float

    def cells(self) -> list[str]:
        """Return the cells of CSV, below the names in `_fields`."""
        return [str(self.rank), str(self.line), f"{self.score:.6g}"]

    def values(self, by: Measure) -> dict[str, Any]:
        """Return the object of JSON."""
        return {**self._asdict(), "by": by}


def least_sure(scored: Iterable[tuple[float, T]], ranking: Ranking) -> list[tuple[float, T]]:
    """Return the inputs to annotate first, in their order. Ties keep the order of the input.

    `scored` are (score, input). No more than `ranking.top` inputs are kept at a time. A warning counts margins of 0,
    which put no input before another: the two best of very many sequences are both too improbable for a number.

    >>> least_sure([(0.1, "a"), (0.3, "b"), (0.3, "c")], Ranking(2, "errors"))
    [(0.3, 'b'), (0.3, 'c')]
    >>> least_sure([(0.1, "a"), (0.3, "b"), (0.3, "c")], Ranking(2, "margin"))
    [(0.1, 'a'), (0.3, 'b')]
    """
    sign = 1 if ranking.by == "margin" else -1
    chosen = heapq.nsmallest(ranking.top, scored, key=lambda each: sign * each[0])
    without = sum(score == 0 for score, _ in chosen) if ranking.by == "margin" else 0
    if without > 1:
        logger.warning(
            "--by margin: %d of the %d first have a margin of 0 and keep the order of the input; "
            "--by least-certain may tell them apart",
            without,
            len(chosen),
        )
    return chosen


def sequence_scores(
    measure: Measure,
    lengths: Ints,
    logarithms: Callable[[int], Values],
    best_labels: Callable[[], Iterable[Floats]],
) -> Floats:
    """Return the (B,) scores of sequences by a measure.

    `logarithms` maps N to the (B, N) logarithms of the probabilities of the N best sequences. `best_labels` returns the
    (T,) probabilities of the labels of each best sequence. Only what the measure needs is asked for.

    >>> two = np.log([[0.64, 0.16]])
    >>> [
    ...     sequence_scores(by, np.array([2]), lambda n: two[:, :n], lambda: [np.array([0.8, 0.75])]).round(4).tolist()
    ...     for by in ("least-certain", "margin", "errors")
    ... ]
    [[0.2], [0.48], [0.45]]
    """
    match measure:
        case "least-certain":
            best = np.minimum(logarithms(1)[:, 0].astype(np.float64), 0)
            certain: Floats = 0 - np.expm1(best / lengths)  # 0, not -0, where a sequence is certain
            return certain
        case "margin":
            first, second = np.exp(logarithms(2).astype(np.float64)).T  # a second that there is not has P = 0
            margins: Floats = first - second
            return margins
        case "errors":
            return np.array([(1 - labels).sum() for labels in best_labels()])
        case _:
            assert_never(measure)
