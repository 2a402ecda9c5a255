"""What a comparison needs to know of a trained model: its figures on the development part, unit by unit. No torch."""

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
    """A measure as what it is made of: Σ numerator / Σ denominator over U units."""

    numerator: NDArray[np.float64]
    """(U,)"""
    denominator: NDArray[np.float64]
    """(U,)"""
    by_type: Mapping[str, float | None]
    """The measure of each type of entity, or of each column."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """Units are sentences, or dates that are forecast from, in order: the same for all models that are compared."""

    measures: Mapping[str, Ratio]
    """What models can be compared by, by name."""
    lag: int
    """Up to how far apart two units share something; 0 where they are independent."""
    speed: float
    """Sequences a second, in prediction."""
    examples: Examples
    """Some of the units, evenly spread: chosen by their place alone, so that all models have the same."""


def spread(total: int, most: int) -> NDArray[np.int64]:
    """At most `most` of the numbers below `total`, ascending and as evenly spread as they can be."""
    return np.arange(total) if total <= most else np.arange(most) * total // most


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and the seconds that the faster of two calls took: the first one may have to warm up."""
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return result, min(seconds)
