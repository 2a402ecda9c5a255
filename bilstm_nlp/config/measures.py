"""The rules by which a comparison judges the models of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A score by which variants are compared."""

    name: str
    """f1, mse or mae."""
    part: str
    """Part of the data on which the score is measured. The same part chooses the epoch to keep."""
    higher_is_better: bool
    scale: int
    """Factor of the score in reports: 100 for percent."""

    @property
    def title(self) -> str:
        """The name of the score in reports."""
        return self.name.upper()


@dataclass(frozen=True)
class Subject:
    """The units on which a score is measured."""

    units: str
    """Name of the units of the development part: sentences, windows."""
    overlapping: bool
    """True if neighbouring units share some of their data."""
    groups: str
    """Name of the groups by which the score is broken down: the type of an entity, a column."""


@dataclass(frozen=True)
class Comparability:
    """The scores of a task, and the keys that all variants must share."""

    measures: Sequence[Measure]
    """The first score is the default."""
    common: Sequence[str]
    """Dotted keys that make the development part. Variants can be compared only if they share these keys."""
    subject: Subject
