"""From sequences of different lengths to the batches of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Generic, TypeVar

import numpy as np

from bilstm_nlp.batch import Bools, Ints

BatchT = TypeVar("BatchT")
T = TypeVar("T")


class EpochBatches(Generic[BatchT]):
    """The batches of one epoch. A batch is collated when the iteration comes to it.

    >>> batches = EpochBatches([np.array([2, 0]), np.array([1])], lambda numbers: numbers.tolist())
    >>> len(batches), list(batches), list(batches[1:])
    (2, [[2, 0], [1]], [[1]])
    """

    def __init__(self, plan: Sequence[Ints], collate: Callable[[Ints], BatchT]) -> None:
        """`plan`: the numbers of each batch's sequences."""
        self.plan, self.collate = plan, collate

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, part: slice) -> EpochBatches[BatchT]:
        """Select batches without collating them."""
        return EpochBatches(self.plan[part], self.collate)

    def __iter__(self) -> Iterator[BatchT]:
        return map(self.collate, self.plan)


class RepeatedBatches(Generic[BatchT]):
    """The batches of several passes, as many as an epoch of so many steps needs.

    >>> passes = lambda number: EpochBatches([np.array([number]), np.array([9])], lambda numbers: numbers.tolist())
    >>> batches = RepeatedBatches.of(passes, steps=3)
    >>> len(batches), list(batches), list(batches[1:])
    (3, [[0], [9], [1]], [[9], [1]])
    """

    def __init__(self, plan: Sequence[tuple[Callable[[Ints], BatchT], Ints]]) -> None:
        """`plan`: for each batch, the collation of its pass, and the numbers of its sequences."""
        self.plan = plan

    @classmethod
    def of(cls, passes: Callable[[int], EpochBatches[BatchT]], steps: int) -> RepeatedBatches[BatchT]:
        """Join passes, numbered from 0, and cut the last."""
        plan: list[tuple[Callable[[Ints], BatchT], Ints]] = []
        for number in count():
            if len(plan) >= steps:
                break
            batches = passes(number)
            plan += [(batches.collate, numbers) for numbers in batches.plan]
        return cls(plan[:steps])

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, part: slice) -> RepeatedBatches[BatchT]:
        """Select batches without collating them."""
        return RepeatedBatches(self.plan[part])

    def __iter__(self) -> Iterator[BatchT]:
        return (collate(numbers) for collate, numbers in self.plan)


def epoch_of(
    passes: Callable[[int], EpochBatches[BatchT]], steps: int | None
) -> EpochBatches[BatchT] | RepeatedBatches[BatchT]:
    """Return the batches of an epoch: a single pass, or so many steps."""
    return passes(0) if steps is None else RepeatedBatches.of(passes, steps)


def plan(lengths: Ints, tokens: int, generator: np.random.Generator | None = None) -> list[Ints]:
    """Group sentences of like length into batches of at most `tokens` tokens, padding included, the longest first.

    A batch takes as many sentences as its longest one allows, and at least one. So batches have few shapes, and kernels
    that are prepared for a shape are used again. With a generator, ties of length are broken at random and the batches
    come in random order.

    >>> [batch.tolist() for batch in plan(np.array([1, 3, 2, 2]), tokens=4)]
    [[1], [2, 3], [0]]
    """
    if len(lengths) == 1 and generator is None:
        return [np.zeros(1, np.int64)]
    tie_break = np.arange(len(lengths)) if generator is None else generator.permutation(len(lengths))
    order = np.lexsort((tie_break, -lengths))
    batches: list[Ints] = []
    begin = 0
    while begin < len(order):
        end = begin + max(1, tokens // int(lengths[order[begin]]))
        batches.append(order[begin:end])
        begin = end
    if generator is not None:
        generator.shuffle(batches)
    return batches


POOL = 50
"""Batches whose sequences are sorted by length together."""


def buckets(lengths: Ints, size: int, generator: np.random.Generator) -> list[Ints]:
    """Group sequences into batches of `size`, in random order, with sequences of like length together.

    Sequences are shuffled, cut into pools of `POOL` batches, and sorted by length within a pool. The last batch of the
    shortest pool may be smaller.

    >>> [sorted(batch.tolist()) for batch in buckets(np.array([9, 1, 9, 1]), 2, np.random.default_rng(0))]
    [[1, 3], [0, 2]]
    """
    order = generator.permutation(len(lengths))
    batches: list[Ints] = []
    for begin in range(0, len(order), POOL * size):
        pool = order[begin : begin + POOL * size]
        pool = pool[np.argsort(-lengths[pool], kind="stable")]
        batches += [pool[start : start + size] for start in range(0, len(pool), size)]
    generator.shuffle(batches)
    return batches


def in_corpus_order(batches: Iterable[tuple[Ints, Iterable[T]]]) -> list[T]:
    """Sort results by sequence. Each batch is ((B,) indices of its sequences, their B results).

    >>> in_corpus_order([(np.array([2, 0]), "ca"), (np.array([1]), "b")])
    ['a', 'b', 'c']
    """
    results: dict[int, T] = {}
    for sequences, of_batch in batches:
        results.update(zip(sequences.tolist(), of_batch, strict=True))
    return [results[index] for index in range(len(results))]


def ragged(offsets: Ints, chosen: Ints) -> tuple[Ints, Bools]:
    """Look up rows `chosen` of a ragged array: (B, T) positions in its flat form, 0 at padding, and their (B, T) mask.

    Row r of the ragged array is the stretch `offsets[r]` to `offsets[r + 1]` of the flat form.

    >>> positions, mask = ragged(np.array([0, 3, 4]), np.array([1, 0]))
    >>> positions
    array([[3, 0, 0],
           [0, 1, 2]])
    """
    starts, lengths = offsets[chosen], offsets[chosen + 1] - offsets[chosen]
    steps = np.arange(lengths.max(initial=0))
    mask = steps < lengths[:, None]
    return np.where(mask, starts[:, None] + steps, 0), mask
