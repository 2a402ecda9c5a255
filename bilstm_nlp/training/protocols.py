"""What the trainer asks of scores and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Score:
    """The one number that decides which epoch is kept, and the figures shown beside it."""

    name: str
    value: float
    higher_is_better: bool
    figures: dict[str, float | None] = field(default_factory=dict)

    def at_least(self, other: Score) -> bool:
        """Whether this score is as good as `other` or better."""
        return self.value >= other.value if self.higher_is_better else self.value <= other.value


class TrainingBatch(Protocol):
    """What the trainer knows of a batch; as text it says how large it is."""

    def __len__(self) -> int:
        """Sequences."""
        ...

    def mapped(self, convert: Callable[[Any], Any], /) -> object:
        """Convert every array, to tensors on a device."""
        ...


class Batches(Protocol):
    """The batches of one epoch, made while they are iterated over."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Iterable[TrainingBatch]:
        """Some of them, or all; those left out are not made."""
        ...
