"""Shares of the training data: fractions of it, and folds for cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RUN = 20
"""Neighbours that are not said to be of a document, and stay together all the same: they share their entities."""


def count_of(fraction: float, total: int) -> int:
    """The whole items in a fraction of `total`."""
    return math.floor(fraction * total + 1e-9)  # 0.29 · 100 is 28.999…96


def fold_of_each(documents: Sequence[int], folds: int) -> NDArray[np.int64]:
    """(S,) the fold, from 0, of each sentence, whose `documents` (S,) are in order; 0 is none that is known.

    A document repeats its names, so it is in one fold as a whole; one that is more than a quarter of a fold is cut, or
    the folds would not be of like size. Which folds are dealt what is drawn, and depends on `documents` alone.
    """
    of = np.asarray(documents, np.int64)
    most = max(1, len(of) // (4 * folds))
    position = np.arange(len(of))
    begins = np.append(True, of[1:] != of[:-1])[: len(of)]
    within = position - np.maximum.accumulate(np.where(begins, position, 0))
    limit = np.where(of > 0, most, min(most, RUN))
    unit = np.cumsum(within % limit == 0) - 1
    sizes = np.bincount(unit)
    held = np.zeros(folds, np.int64)
    fold_of_unit = np.empty(len(sizes), np.int64)
    for index in np.random.default_rng(0).permutation(len(sizes)).tolist():
        fold_of_unit[index] = held.argmin()
        held[fold_of_unit[index]] += sizes[index]
    found: NDArray[np.int64] = fold_of_unit[unit]
    return found
