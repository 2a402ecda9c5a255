"""Parts of the training data: fractions, and folds for cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bilstm_nlp.batch import Bools, Ints

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
    unit = _units(document, np.where(document > 0, longest, min(longest, RUN)))
    sizes = np.bincount(unit)
    size_of_fold = np.zeros(folds, np.int64)
    fold_of_unit = np.empty(len(sizes), np.int64)
    for index in np.random.default_rng(0).permutation(len(sizes)).tolist():
        fold_of_unit[index] = size_of_fold.argmin()
        size_of_fold[fold_of_unit[index]] += sizes[index]
    fold_of_sentence: Ints = fold_of_unit[unit]
    return fold_of_sentence


def in_share(documents: Sequence[int], share: float, seed: int) -> Bools:
    """Draw whole documents, about `share` of all sentences: (S,), True for a sentence in the share.

    `documents` (S,) are in order; 0 stands for an unknown document. Neighbours without a document stay together, and
    so do those of a single document. At least one unit is drawn, and one is left if there are two.

    >>> int(in_share([1, 1, 2, 3, 3, 3], share=0.5, seed=1).sum())
    3
    """
    document = np.asarray(documents, np.int64)
    total, target = len(document), share * len(documents)
    if len(np.unique(document)) == 1:
        document = np.zeros_like(document)
    limit = np.where(document > 0, max(total, 1), min(RUN, max(1, round(target / 2))))
    unit = _units(document, limit)
    sizes = np.bincount(unit)
    order = np.random.default_rng(seed).permutation(len(sizes)).tolist()
    drawn, taken = np.zeros(len(sizes), bool), 0
    for index in order:
        if abs(taken + sizes[index] - target) < abs(taken - target):
            drawn[index], taken = True, taken + sizes[index]
    if not drawn.any() and order:
        drawn[min(order, key=lambda index: sizes[index])] = True
    if drawn.all() and len(order) > 1:
        drawn[min(order, key=lambda index: sizes[index])] = False
    inside: Bools = drawn[unit]
    return inside


def _units(document: Ints, limit: Ints) -> Ints:
    """Number the runs of neighbours of one document, each of at most `limit` sentences: (S,)."""
    position = np.arange(len(document))
    begins = np.append(True, document[1:] != document[:-1])[: len(document)]
    position_in_document = position - np.maximum.accumulate(np.where(begins, position, 0))
    unit: Ints = np.cumsum(position_in_document % limit == 0) - 1
    return unit
