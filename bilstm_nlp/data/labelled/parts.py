"""Parts of labelled data: shares, folds and fractions that have all classes in like proportions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bilstm_nlp.batch import Bools, Ints
from bilstm_nlp.data.folds import count_of


def stratified_share(classes: Sequence[str], share: float, seed: int) -> Bools:
    """Draw about `share` of the items: (N,), True for an item in the share.

    At least one item is drawn, and one is left if there are two. Give all items one class if they have none.

    >>> int(stratified_share(["a"] * 6 + ["b"] * 4, share=0.5, seed=1).sum())
    5
    """
    order = _by_class(classes, seed)
    # Every 1 / share of the ordered items, so that each class gives its share to within an item.
    ends = np.floor(np.arange(1, len(order) + 1) * share + 0.5)
    inside = np.zeros(len(order), bool)
    inside[order[np.diff(ends, prepend=0.0) > 0]] = True
    if len(order) and not inside.any():
        inside[order[0]] = True
    if len(order) > 1 and inside.all():
        inside[order[0]] = False
    return inside


def stratified_folds(classes: Sequence[str], folds: int) -> Ints:
    """Assign each item to a fold, from 0: (N,). The assignment is the same for every seed of a training.

    >>> stratified_folds(["a", "a", "b", "b"], folds=2)[:2].sum()
    np.int64(1)
    """
    order = _by_class(classes, seed=0)
    fold = np.empty(len(order), np.int64)
    fold[order] = np.arange(len(order)) % folds
    return fold


def stratified_fraction(classes: Sequence[str], fraction: float) -> Bools:
    """Choose a fraction of the items: (N,), True for an item in it. Smaller fractions are subsets of larger ones.

    >>> int(stratified_fraction(["a"] * 6 + ["b"] * 4, fraction=0.5).sum())
    5
    """
    order = _by_class(classes, seed=0)
    sizes = np.unique(np.asarray(classes, dtype=object)[order].astype(str), return_counts=True)[1]
    # The share of its class that precedes an item, so that classes take turns by their sizes.
    rank = np.concatenate([(np.arange(size) + 0.5) / size for size in sizes]) if len(sizes) else np.zeros(0)
    chosen = np.zeros(len(order), bool)
    chosen[order[np.argsort(rank, kind="stable")[: count_of(fraction, len(order))]]] = True
    return chosen


def _by_class(classes: Sequence[str], seed: int) -> Ints:
    """Order items (N,) by class, at random within a class."""
    shuffled = np.random.default_rng(seed).permutation(len(classes))
    names = np.asarray(classes, dtype=object).astype(str)[shuffled]
    order: Ints = shuffled[np.argsort(names, kind="stable")]
    return order
