"""What a comparison of configs needs to know of their task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """What variants are compared by."""

    name: str
    """f1, mse or mae."""
    part: str
    """Of the data, on which it is measured: the one that chooses the epoch to keep."""
    higher_is_better: bool
    scale: int
    """What people read is the measure times this: 100 for percent."""

    @property
    def title(self) -> str:
        return self.name.upper()


@dataclass(frozen=True)
class Subject:
    """What a measure is taken of."""

    units: str
    """What the development part is made of: sentences, windows."""
    overlapping: bool
    """Whether units near to each other share some of their data."""
    groups: str
    """What the measure is broken down by: the type of an entity, a column."""


@dataclass(frozen=True)
class Comparability:
    """How models of a task can be compared."""

    measures: Sequence[Measure]
    """The first one, unless another is asked for."""
    common: Sequence[str]
    """Dotted keys that make the development part: variants that don't share them can't be compared."""
    subject: Subject
