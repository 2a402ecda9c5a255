"""The contract between the training loop and its callers: scores and batches. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Score:
    """The number that decides which epoch is kept, with figures to show beside it.

    >>> Score("mae", 0.2, higher_is_better=False).at_least(Score("mae", 0.3, higher_is_better=False))
    True
    """

    name: str
    value: float
    higher_is_better: bool
    figures: dict[str, float | None] = field(default_factory=dict)
    undecided: bool = False
    """The development data can't tell models apart. The last epoch is then kept."""
    loss: float | None = None
    """Of the development data. The lower one is the better of two scores with equal values; None if values decide."""

    def at_least(self, other: Score) -> bool:
        """Return True if this score is as good as `other` or better. An undecided score never is."""
        if self.undecided:
            return False
        if self.value == other.value and self.loss is not None and other.loss is not None:
            return self.loss <= other.loss
        return self.value >= other.value if self.higher_is_better else self.value <= other.value


class TrainingBatch(Protocol):
    """A batch. Its text names its size, for messages."""

    def __len__(self) -> int:
        """Return the number of sequences."""
        ...

    def mapped(self, convert: Callable[[Any], Any], /) -> object:
        """Convert every array, to tensors on a device."""
        ...


class Batches(Protocol):
    """The batches of one epoch. Each batch is made when it is iterated over."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Iterable[TrainingBatch]:
        """Return the batches of a slice. Other batches are not made."""
        ...
