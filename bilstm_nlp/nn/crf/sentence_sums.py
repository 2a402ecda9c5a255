"""Probabilities of spans in a single sentence: plain products and no logarithms, in few operations. Knows no torch.

`posterior.py` has the same probabilities for any batch. It needs some hundred operations of numpy, whose calls take
longer than the sums of a single sentence. Here, forward and backward messages are one vector that is multiplied by one
matrix a step. Nothing is scaled, so a sentence must be short enough for a double.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints, Values
from bilstm_nlp.nn.crf.chain import ChainScores

MOST_PATHS = 1e100
"""Paths of a sentence. With its weights of at most 1, a sum of more paths might leave the range of a double."""
LEAST_SUM = 1e-180
"""Sum over all paths from which on products lost below the smallest double change no probability by 1e-16.

Each lost product is below 1e-307 and is part of at most `MOST_PATHS` paths.
"""
KEPT = 8
"""Chains whose kernels are kept, because the next sentence has the same."""


class Kernels(NamedTuple):
    """The weights exp(score) of a chain of K tags with a border, a further tag before and after each sentence.

    The border is the last of the K + 1 tags. So borders need no case of their own.
    """

    both: Floats
    """(2K + 2, 2K + 2): one step forward, and one step backward, along the diagonal."""
    within: Floats
    """(K + 1, K + 1): transitions that continue a span."""
    leaving: Floats
    """(K + 1, K + 1): all other transitions."""

    @classmethod
    def of(cls, scores: ChainScores, continues: Bools, temperature: float) -> Self:
        """Weigh the transitions of a chain, whose scores are divided by a temperature."""
        tags, scores = len(scores.start), scores.divided_by(temperature)
        weights, continued = np.full((tags + 1, tags + 1), -np.inf), np.zeros((tags + 1, tags + 1), np.bool_)
        weights[:tags, :tags], weights[tags, :tags], weights[:tags, tags] = scores.transitions, scores.start, scores.end
        continued[:tags, :tags] = continues
        with np.errstate(invalid="ignore"):  # of a chain that forbids everything
            weights = np.exp(weights - weights.max())
        both = np.zeros((2 * tags + 2, 2 * tags + 2))
        both[: tags + 1, : tags + 1], both[tags + 1 :, tags + 1 :] = weights, weights.T
        return cls(both, np.where(continued, weights, 0.0), np.where(continued, 0.0, weights))


@lru_cache(KEPT)
def _kernels(scores: tuple[bytes, ...], dtype: str, continues: bytes, temperature: float) -> Kernels:
    """Return kernels from the bytes of arrays, by which they are kept."""
    start, end, transitions = (np.frombuffer(array, dtype) for array in scores)
    shape = (len(start), len(start))
    chain = ChainScores(start, end, transitions.reshape(shape))
    return Kernels.of(chain, np.frombuffer(continues, np.bool_).reshape(shape), temperature)


class SentenceSums:
    """The sums over the paths of one sentence of T tokens.

    >>> free = ChainScores(np.zeros(2), np.zeros(2), np.zeros((2, 2)))
    >>> sums = SentenceSums.of(free, np.zeros((3, 2)), np.zeros((2, 2), bool), 1.0)
    >>> np.exp(sums.span_log_probabilities(np.array([1]), np.array([2]), np.array([[False, True]])))
    array([0.5])
    """

    @np.errstate(invalid="ignore", over="ignore")  # of scores that are not numbers
    def __init__(self, kernels: Kernels, emissions: Values, temperature: float) -> None:
        """(T, K) emissions. Their largest of each step only changes the unit of the sums."""
        steps, tags = emissions.shape
        self._kernels, self._dtype = kernels, emissions.dtype
        messages = np.zeros((steps + 2, 2 * tags + 2))  # of a step: forward, then backward from the other end
        weights = messages[1:-1, :tags]
        np.divide(emissions, temperature, weights, dtype=np.float64)
        weights -= weights.max(1, keepdims=True)
        np.exp(weights, out=weights)
        messages[1:-1, tags + 1 : -1] = weights[::-1]
        messages[[0, -1], tags] = messages[[0, -1], -1] = 1.0
        self._weights = messages[:, : tags + 1].copy()
        products = np.empty(2 * tags + 2)
        before = messages[0]
        for current in messages[1:]:
            current *= np.dot(before, kernels.both, products)
            before = current
        self._forward, self._backward = messages[:, : tags + 1], messages[::-1, tags + 1 :]
        self._sum = messages[-1, tags]
        self.exact = bool(LEAST_SUM < self._sum < np.inf)
        """False if the scores are too far apart for plain products."""

    @classmethod
    def of(cls, scores: ChainScores, emissions: Values, continues: Bools, temperature: float) -> Self:
        """(T, K) emissions; (K, K) True if the column's tag, right after the row's tag, continues the same span."""
        arrays = tuple([array.tobytes() for array in scores])
        return cls(_kernels(arrays, scores.start.dtype.str, continues.tobytes(), temperature), emissions, temperature)

    @np.errstate(divide="ignore")
    def span_log_probabilities(self, start: Ints, end: Ints, type_tags: Bools) -> Values:
        """(N,) start, end (exclusive), (N, K) tags of the span's type → (N,) log P(span, no longer and no shorter).

        Exact over all ways to spell the span: transitions into the span and out of it must not continue a span,
        transitions inside it must. As in `Posterior`, results have the emissions' type.
        """
        _, within, leaving = self._kernels
        sums = []
        for first, past, tags in zip(start.tolist(), end.tolist(), type_tags, strict=True):
            inside = self._forward[first].dot(leaving)
            inside *= self._weights[first + 1]
            inside[:-1] *= tags
            inside[-1] = 0.0
            for weights in self._weights[first + 2 : past + 1]:
                inside = inside.dot(within)
                inside *= weights
            sums.append(inside.dot(leaving.dot(self._backward[past + 1])))
        logarithms: Values = np.minimum(np.log(np.array(sums) / self._sum), 0.0).astype(self._dtype)
        return logarithms


def is_short(steps: int, tags: int) -> bool:
    """Tell whether a sentence has few enough paths for `SentenceSums`.

    >>> is_short(20, 17), is_short(200, 17)
    (True, False)
    """
    return (steps + 1) * math.log(tags + 1) < math.log(MOST_PATHS)
