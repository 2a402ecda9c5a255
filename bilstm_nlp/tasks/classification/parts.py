"""Parts of labelled sequences: fractions, shares and folds, each with the same share of each class.

Equal sequences stay together, so that a part has none that another one has.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Bools, Ints
from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.config.sequences import SequenceData
from bilstm_nlp.config.text_classes import TextClassData
from bilstm_nlp.data.labelled.parts import stratified_folds, stratified_fraction, stratified_share
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.classification.ends import Labelled, Part, Parts

T = TypeVar("T")
Files = str | tuple[str, ...]
Key = Callable[[T], Hashable]
"""sequence → its content, by which equal sequences are told."""


def divided(data: TextClassData | SequenceData, seed: int, key: Key[T], read: Callable[[Files], Part[T]]) -> Parts[T]:
    """Read all parts that a data section names, the training part first.

    Of the training part, development sequences are cut off first, then the fraction is taken, then a fold left out.
    `seed`: that of the run. Raises `DataError` for a part that can't be read, or would be empty.
    """
    train = read(data.train)
    if isinstance(data.dev, DevShare):
        train, dev = cut_off(train, data.dev, seed, key)
    else:
        dev = read(data.dev)
    train = fraction_of(train, data.fraction, key)
    if data.held_out is not None:
        train = hold_out(train, data.held_out.fold, data.held_out.folds, key)[0]
    return Parts(train, dev, None if data.test is None else read(data.test))


def fraction_of(part: Part[T], fraction: float, key: Key[T]) -> Part[T]:
    """Keep a fraction of a part. Smaller fractions are subsets of larger ones.

    Raises `DataError` if nothing is left.
    """
    if fraction == 1:
        return part
    group, classes = _groups(part.examples, key)
    kept = stratified_fraction(classes, fraction)[group]
    if not kept.any():
        raise DataError(part.source, "at least one sequence in data.fraction", f"{fraction} of {len(classes):,}")
    return _chosen(part, kept)


def cut_off(part: Part[T], dev: DevShare, seed: int, key: Key[T]) -> tuple[Part[T], Part[T]]:
    """Cut a share off a part: (the rest, the share). `seed`: that of the run, if the share has none of its own.

    Raises `DataError` if one of the two would be empty.
    """
    group, classes = _groups(part.examples, key)
    drawn = stratified_share(classes, dev.share, seed if dev.seed is None else dev.seed)[group]
    if drawn.all() or not drawn.any():
        raise DataError(part.source, "different sequences for both parts of data.dev.share", f"{len(classes):,} in all")
    return _chosen(part, ~drawn), _chosen(part, drawn)


def hold_out(part: Part[T], fold: int, folds: int, key: Key[T]) -> tuple[Part[T], Part[T]]:
    """Leave out a fold, numbered from 1: (all others, the fold). Raises `DataError` for fewer sequences than folds."""
    group, classes = _groups(part.examples, key)
    if len(classes) < folds:
        raise DataError(part.source, f"at least {folds} different sequences for as many folds", f"{len(classes):,}")
    held_out: NDArray[np.bool_] = (stratified_folds(classes, folds) == fold - 1)[group]
    return _chosen(part, ~held_out), _chosen(part, held_out)


def _groups(examples: Sequence[Labelled[Any]], key: Key[Any]) -> tuple[Ints, list[str]]:
    """Number the different sequences in their order: (N,) from 0, and the classes of each, as one name."""
    numbers: dict[Hashable, int] = {}
    classes: list[str] = []
    group = np.empty(len(examples), np.int64)
    for index, example in enumerate(examples):
        group[index] = numbers.setdefault(key(example.input), len(numbers))
        if len(numbers) > len(classes):
            classes.append("\n".join(example.classes))
    return group, classes


def _chosen(part: Part[T], flags: Bools) -> Part[T]:
    """Return the sequences whose flag is set."""
    return Part(part.source, [example for example, flag in zip(part.examples, flags.tolist(), strict=True) if flag])
