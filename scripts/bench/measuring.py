"""Measurement in rounds. On a shared machine times vary, but the ratio of two calls in turn is stable.

In every round, all calls to compare run one after the other; the order is reversed from round to round. Ratios are
taken within a round. Their median and quartiles are reported.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

Clock = Callable[[], float]


def interleaved(calls: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Run the calls in rounds, in turn forwards and backwards, and return the results of each call by round."""
    results: dict[str, list[T]] = {name: [] for name in calls}
    for number in range(rounds):
        for name in calls if number % 2 == 0 else reversed(list(calls)):
            results[name].append(calls[name]())
    return results


def seconds(call: Callable[[], object], repeats: int, clock: Clock) -> float:
    """Measure the mean seconds of so many calls."""
    began = clock()
    for _ in range(repeats):
        call()
    return (clock() - began) / repeats


def timed(call: Callable[[], object], at_least: float = 0.0, clock: Clock = time.perf_counter) -> Callable[[], float]:
    """Return a function that measures the seconds of a call, which has been warmed up.

    A short call is repeated until the repeats take `at_least` so many seconds, because the clock is coarse.
    """
    taken = seconds(call, 1, clock)
    if taken < at_least:
        taken = seconds(call, 1, clock)  # the first one also loads and compiles
    repeats = max(1, math.ceil(at_least / taken)) if at_least else 1
    return lambda: seconds(call, repeats, clock)


def matched(
    ours: Callable[[], object],
    reference: Callable[[], object],
    *,
    at_least: float,
    at_most: float,
    clock: Clock = time.perf_counter,
) -> dict[str, Callable[[], float]]:
    """Return `timed` for two calls of very different length: ours is repeated until it takes as long as the reference.

    Otherwise other processes would interrupt the longer call more often. The repeats take between `at_least` and
    `at_most` seconds.
    """
    theirs = timed(reference, at_least, clock)
    stretch = max(at_least, min(theirs(), at_most))
    return {"ours": timed(ours, stretch, clock), "reference": theirs}


def ratios(reference: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Return reference / ours in each round, from the seconds of both: above 1, ours is faster."""
    return [there / here for there, here in zip(reference, ours, strict=True)]


def geometric_means(cells: Sequence[Sequence[float]]) -> list[float]:
    """Return the geometric mean of several cells in each round. Each cell has a ratio for every round."""
    return [statistics.geometric_mean(of_round) for of_round in zip(*cells, strict=True)]


@dataclass(frozen=True)
class Target:
    """The target of a figure: a bound to reach at least, and an aim. If the aim is below the bound, less is better."""

    at_least: float
    aim: float

    def verdict(self, value: float) -> str:
        """Tell whether a value reaches the aim, the bound or neither."""
        sign = 1 if self.aim >= self.at_least else -1
        if sign * value >= sign * self.aim:
            return "aim reached"
        return "enough" if sign * value >= sign * self.at_least else "missed"


@dataclass(frozen=True)
class Figure:
    """A number of a row, from its values in all rounds."""

    values: Sequence[float]
    unit: str
    target: Target | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile. For a single round, both are its value."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        lower, _, upper = statistics.quantiles(self.values, n=4, method="inclusive")
        return lower, upper
