"""A trained model's figures on each unit of the development part, for comparisons. Knows no torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.tasks.comparison import Examples

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Ratio:
    """A measure that is Σ numerator / Σ denominator over U units."""

    numerator: NDArray[np.float64]
    """(U,)"""
    denominator: NDArray[np.float64]
    """(U,)"""
    by_type: Mapping[str, float | None]
    """The measure for each entity type, or for each column."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """The measures of one model, unit by unit.

    Units are sentences, or dates from which a forecast starts, in the data's order. They are the same for all models of
    a comparison.
    """

    measures: Mapping[str, Ratio]
    """By name."""
    lag: int
    """The largest distance at which two units depend on each other; 0 for independent units."""
    speed: float
    """Sequences predicted a second."""
    examples: Examples
    """Some of the units, chosen by their index only, so that all models have the same examples."""


def evenly_spaced(total: int, limit: int) -> NDArray[np.int64]:
    """Return at most `limit` of the numbers below `total`, ascending and evenly spaced.

    >>> evenly_spaced(10, 4)
    array([0, 2, 5, 7])
    """
    return np.arange(total) if total <= limit else np.arange(limit) * total // limit


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Call `work` twice; return its result and the seconds of the faster call. The first call may have to warm up."""
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return result, min(seconds)
