"""The rules by which a comparison judges the models of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A score by which variants are compared."""

    name: str
    """f1, accuracy, mse or mae."""
    part: str
    """Part of the data on which the score is measured. The same part chooses the epoch to keep."""
    higher_is_better: bool
    scale: int
    """Factor of the score in reports: 100 for percent."""

    @property
    def title(self) -> str:
        """The name of the score in reports: F1, MSE and MAE in capitals."""
        return self.name.upper() if len(self.name) <= 3 else self.name

    def within_range(self, interval: tuple[float, float]) -> tuple[float, float]:
        """Cut an interval to the values that the score can have: 0 to 1 for a percentage, otherwise 0 or more.

        >>> Measure("f1", "dev", higher_is_better=True, scale=100).within_range((0.19, 1.41))
        (0.19, 1.0)
        """
        low, high = interval
        return max(low, 0.0), min(high, 1.0) if self.scale == 100 else high


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
    seed: str | None = None
    """The key of a seed that must be set before runs of several seeds are scored on the same units; None if none."""
