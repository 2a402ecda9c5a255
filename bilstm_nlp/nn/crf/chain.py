"""The scores of a linear chain as numpy arrays, which is all of a CRF that decoding needs. Knows no torch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from bilstm_nlp.batch import Bools, Ints, Values


class ChainScores(NamedTuple):
    """The scores of a chain of K tags. A score of -inf forbids.

    >>> ChainScores.of_legal(np.array([True, False]), np.array([True, True]), np.eye(2, dtype=bool)).start
    array([  0., -inf], dtype=float32)
    """

    start: Values
    """(K,)"""
    end: Values
    """(K,)"""
    transitions: Values
    """(K, K), from the row's tag to the column's tag."""

    @classmethod
    def of_legal(cls, start: Bools, end: Bools, transitions: Bools) -> ChainScores:
        """Score 0 what is legal, and -inf all else."""
        return cls(*(np.where(legal, 0.0, -np.inf).astype(np.float32) for legal in (start, end, transitions)))

    def divided_by(self, temperature: float) -> ChainScores:
        """Divide every score by a temperature."""
        return ChainScores(*(score / temperature for score in self))

    def to(self, dtype: DTypeLike) -> ChainScores:
        """Convert every score to a type. Scores of this type stay the same arrays."""
        return ChainScores(*[score.astype(dtype, copy=False) for score in self])


def inside(lengths: Ints, steps: int) -> Bools:
    """(B,) lengths → (B, T) bool: True inside a sequence, False at padding.

    >>> inside(np.array([1, 3]), 3)
    array([[ True, False, False],
           [ True,  True,  True]])
    """
    real: Bools = np.arange(steps) < lengths[:, None]
    return real
