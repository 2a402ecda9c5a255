"""Measuring in rounds: on a machine that others use too, times wander, but the ratio of two taken in turn stays.

In every round all calls that are to be compared run one right after the other, in an order that turns around from
round to round; ratios are taken within a round, and their median and quartiles are what is reported.
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
    """What each call returned in each round: forwards in the first, backwards in the second, and so on."""
    results: dict[str, list[T]] = {name: [] for name in calls}
    for number in range(rounds):
        for name in calls if number % 2 == 0 else reversed(list(calls)):
            results[name].append(calls[name]())
    return results


def seconds(call: Callable[[], object], repeats: int, clock: Clock) -> float:
    """How long a call takes, as the mean of so many."""
    began = clock()
    for _ in range(repeats):
        call()
    return (clock() - began) / repeats


def timed(call: Callable[[], object], at_least: float = 0.0, clock: Clock = time.perf_counter) -> Callable[[], float]:
    """The call as one that returns its seconds, already warm.

    So many calls are timed as one that they take `at_least` so many seconds, where the clock and chance are coarse.
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
    """`timed` for two calls of very different length: ours is repeated until it takes as long as one of the reference.

    Others who want the processor would spare the shorter one. The stretch is within `at_least` and `at_most` seconds.
    """
    theirs = timed(reference, at_least, clock)
    stretch = max(at_least, min(theirs(), at_most))
    return {"ours": timed(ours, stretch, clock), "reference": theirs}


def ratios(reference: Sequence[float], ours: Sequence[float]) -> list[float]:
    """How many times as fast as the reference we are, round by round, of the seconds that both took."""
    return [there / here for there, here in zip(reference, ours, strict=True)]


def geometric_means(cells: Sequence[Sequence[float]]) -> list[float]:
    """The mean ratio of several cells in each round; a cell has one of every round."""
    return [statistics.geometric_mean(of_round) for of_round in zip(*cells, strict=True)]


@dataclass(frozen=True)
class Target:
    """What a figure is to reach. Less is better where the aim is less than what is asked at least."""

    at_least: float
    aim: float

    def verdict(self, value: float) -> str:
        """How far a value has come."""
        sign = 1 if self.aim >= self.at_least else -1
        if sign * value >= sign * self.aim:
            return "aim reached"
        return "enough" if sign * value >= sign * self.at_least else "missed"


@dataclass(frozen=True)
class Figure:
    """One number of a row, from its values in all rounds."""

    values: Sequence[float]
    unit: str
    target: Target | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper one; of a single round, its value twice."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        lower, _, upper = statistics.quantiles(self.values, n=4, method="inclusive")
        return lower, upper
