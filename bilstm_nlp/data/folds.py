"""Parts of the training data: fractions, and folds for cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bilstm_nlp.batch import Ints

RUN = 20
"""Neighbours without a document that stay in one fold, because they share their entities."""


def count_of(fraction: float, total: int) -> int:
    """Count the whole items in a fraction of `total`.

    >>> count_of(0.29, 100)
    29
    """
    return math.floor(fraction * total + 1e-9)  # 0.29 · 100 is 28.999…96


def fold_of_each(documents: Sequence[int], folds: int) -> Ints:
    """Assign each sentence to a fold, from 0: (S,). `documents` (S,) are in order; 0 stands for an unknown document.

    A document repeats its names, so it stays in one fold. A document of more than a quarter of a fold is cut, because
    folds should have like sizes. Documents are assigned in a random order that depends on `documents` alone, each to
    the fold with the fewest sentences.

    >>> fold_of_each([1, 1, 2, 2, 3, 3, 4, 4], folds=2).tolist().count(0)
    4
    """
    document = np.asarray(documents, np.int64)
    longest = max(1, len(document) // (4 * folds))
    # A unit is a run of neighbours that stay together.
    position = np.arange(len(document))
    begins = np.append(True, document[1:] != document[:-1])[: len(document)]
    position_in_document = position - np.maximum.accumulate(np.where(begins, position, 0))
    limit = np.where(document > 0, longest, min(longest, RUN))
    unit = np.cumsum(position_in_document % limit == 0) - 1
    sizes = np.bincount(unit)
    size_of_fold = np.zeros(folds, np.int64)
    fold_of_unit = np.empty(len(sizes), np.int64)
    for index in np.random.default_rng(0).permutation(len(sizes)).tolist():
        fold_of_unit[index] = size_of_fold.argmin()
        size_of_fold[fold_of_unit[index]] += sizes[index]
    fold_of_sentence: Ints = fold_of_unit[unit]
    return fold_of_sentence
