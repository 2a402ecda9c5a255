"""Parts of labelled sequences: fractions, shares and folds, each with the same share of each class.

Equal sequences stay together, so that a part has none that another one has.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from bilstm_nlp.batch import Bools, Ints
from bilstm_nlp.data.folds import count_of
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.classification.ends import Labelled, Part

T = TypeVar("T")
Key = Callable[[T], Hashable]
"""sequence → its content, by which equal sequences are told."""


def fraction_of(part: Part[T], fraction: float, key: Key[T]) -> Part[T]:
    """Keep a fraction of a part. Smaller fractions are subsets of larger ones.

    Raises `DataError` if nothing is left.
    """
    if fraction == 1:
        return part
    ranks = _ranks(part.examples, key, 0)
    kept = ranks < max(count_of(fraction, len(ranks)), 0)
    if not kept.any():
        expected = "at least one sequence in data.fraction"
        raise DataError(part.source, expected, f"{fraction} of {len(ranks):,}")
    return _chosen(part, kept)


def cut_off(part: Part[T], share: float, seed: int, key: Key[T]) -> tuple[Part[T], Part[T]]:
    """Cut a share off a part: (the rest, the share). Raises `DataError` if one of the two would be empty."""
    ranks = _ranks(part.examples, key, seed)
    drawn = ranks < max(round(share * len(ranks)), 1)
    if drawn.all() or not drawn.any():
        raise DataError(part.source, "sequences for both parts of data.dev.share", f"{len(ranks):,} in all")
    return _chosen(part, ~drawn), _chosen(part, drawn)


def hold_out(part: Part[T], fold: int, folds: int, key: Key[T]) -> tuple[Part[T], Part[T]]:
    """Leave out a fold, numbered from 1: (all others, the fold). Raises `DataError` for fewer sequences than folds."""
    group = _groups(part.examples, key)
    if len(np.unique(group)) < folds:
        raise DataError(
            part.source, f"at least {folds} different sequences for as many folds", f"{len(np.unique(group)):,}"
        )
    first = _first_of_each(group)
    order = _stratified(part.examples, first, 0)
    fold_of_group = np.empty(len(first), np.int64)
    fold_of_group[order] = np.arange(len(order)) % folds
    held_out = fold_of_group[group] == fold - 1
    return _chosen(part, ~held_out), _chosen(part, held_out)


def _ranks(examples: Sequence[Labelled[Any]], key: Key[Any], seed: int) -> Ints:
    """Rank sequences in an order whose every beginning has about the same share of each class: (N,) from 0.

    Equal sequences have the rank of the first of them.
    """
    group = _groups(examples, key)
    first = _first_of_each(group)
    order = _spread(examples, first, seed)
    sizes = np.bincount(group, minlength=len(first))
    rank_of_group = np.empty(len(first), np.int64)
    rank_of_group[order] = np.cumsum(sizes[order]) - sizes[order]
    ranks: Ints = rank_of_group[group]
    return ranks


def _spread(examples: Sequence[Labelled[Any]], first: Ints, seed: int) -> Ints:
    """Order groups at random, the n-th of a class with m groups near place n / m of all."""
    order = _stratified(examples, first, seed)
    strata = [examples[first[index]].classes for index in order.tolist()]
    totals: dict[tuple[str, ...], int] = {}
    for stratum in strata:
        totals[stratum] = totals.get(stratum, 0) + 1
    seen: dict[tuple[str, ...], int] = {}
    places = []
    for stratum in strata:
        seen[stratum] = seen.get(stratum, 0) + 1
        places.append((seen[stratum] - 0.5) / totals[stratum])
    spread: Ints = order[np.argsort(np.array(places), kind="stable")]
    return spread


def _stratified(examples: Sequence[Labelled[Any]], first: Ints, seed: int) -> Ints:
    """Order groups by their classes, at random within a class."""
    shuffled = np.random.default_rng(seed).permutation(len(first))
    names = sorted({examples[index].classes for index in first.tolist()})
    number = {name: position for position, name in enumerate(names)}
    stratum = np.array([number[examples[first[index]].classes] for index in shuffled.tolist()], np.int64)
    order: Ints = shuffled[np.argsort(stratum, kind="stable")]
    return order


def _groups(examples: Sequence[Labelled[Any]], key: Key[Any]) -> Ints:
    """Number the different sequences in their order: (N,) from 0."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key(example.input), len(numbers)) for example in examples], np.int64)


def _first_of_each(group: Ints) -> Ints:
    """Return the index of the first sequence of each group."""
    first: Ints = np.unique(group, return_index=True)[1].astype(np.int64)
    return first


def _chosen(part: Part[T], flags: Bools) -> Part[T]:
    """Return the sequences whose flag is set."""
    return Part(part.source, [example for example, flag in zip(part.examples, flags.tolist(), strict=True) if flag])
