"""The batches of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

BatchT = TypeVar("BatchT")


class EpochBatches(Generic[BatchT]):
    """The batches of one epoch, collated while they are iterated over."""

    def __init__(self, chosen: Sequence[NDArray[np.int64]], collate: Callable[[NDArray[np.int64]], BatchT]) -> None:
        """`chosen`: the numbers of each batch's sequences."""
        self.chosen, self.collate = chosen, collate

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, part: slice) -> EpochBatches[BatchT]:
        """Some of them."""
        return EpochBatches(self.chosen[part], self.collate)

    def __iter__(self) -> Iterator[BatchT]:
        return map(self.collate, self.chosen)
