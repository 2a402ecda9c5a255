"""Tests of differences between variants that were trained with a few seeds. Knows numpy and scipy only.

A score moves for two reasons besides the one of interest: another seed trains another model, and another development
part would have asked other questions. `difference` accounts for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from bilstm_nlp.batch import Floats

RESAMPLES = 2000
CELLS = 1 << 21
"""Weights that are drawn at once."""


@dataclass(frozen=True, eq=False)
class Units:
    """The parts of a measure for S seeds of one variant: Σ numerator / Σ denominator over U units."""

    numerator: Floats
    """(S, U)"""
    denominator: Floats
    """(S, U)"""
    lag: int
    """0: units are independent. Else they are in time order, and two share something if at most `lag` apart."""

    def __post_init__(self) -> None:
        if self.numerator.shape != self.denominator.shape or self.numerator.ndim != 2 or not self.numerator.size:
            shapes = f"{self.numerator.shape} and {self.denominator.shape}"
            raise ValueError(f"expected numerators and denominators of one shape (S, U), found {shapes}")
        if self.lag < 0:
            raise ValueError(f"expected a lag of 0 or more, found {self.lag}")

    @property
    def scores(self) -> Floats:
        """Return (S,) the measure of each seed, NaN for 0/0."""
        return ratio(self.numerator.sum(axis=1), self.denominator.sum(axis=1))


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; 0/0 gives NaN."""
    quotient: Floats = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=quotient, where=denominator != 0)


# --- one variant -----------------------------------------------------------------------------------------------------


def interval_of_mean(values: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """Return Student's interval of the mean over seeds; `None` for one value, which has no deviation."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    half = critical(level, len(values) - 1) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return mean - half, mean + half


def critical(level: float, degrees: float) -> float:
    """Return the number of standard errors about the mean that hold `level` of a t distribution."""
    return float(stdtrit(degrees, (1 + level) / 2))


# --- two variants ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A variant's measure minus the baseline's, mean over the seeds that both have."""

    mean: float
    low: float
    high: float
    p_value: float
    """Of no difference, two-sided. With one seed the noise between seeds is in neither interval nor p-value."""


def difference(
    first: Units, baseline: Units, *, level: float = 0.95, generator: np.random.Generator
) -> Difference | None:
    """Compare `first` with `baseline`: the mean difference with an interval and a p-value.

    Both have the same seeds and units in the same order.

    The variance of the mean difference is the sum of two, whose degrees of freedom are put together as Welch (1947)
    and Satterthwaite (1946) do:

    - between seeds: the variance of the S paired differences, over S. Left out for one seed;
    - between units, for the mean over seeds. Independent units are resampled in pairs (Efron and Tibshirani 1993;
      Koehn 2004; Berg-Kirkpatrick et al. 2012). Overlapping windows are tested as Diebold and Mariano (1995) do, with
      a variance that autocorrelation does not make too small, `long_run_variance`.

    What seeds and units do together (each seed errs in other sentences) is in both, so the test is conservative: if
    there is nothing else, and only then, it finds a difference between equal variants in some 1 of 100 comparisons
    where 5 are allowed.

    `None` where nothing can be said: the measure is undefined for a seed, or there is one unit only.
    """
    if first.numerator.shape != baseline.numerator.shape or first.lag != baseline.lag:
        found = [f"{units.numerator.shape}, lag {units.lag}" for units in (first, baseline)]
        raise ValueError(f"expected the same seeds and units, found {' and '.join(found)}")
    seeds, units = first.numerator.shape
    paired = first.scores - baseline.scores
    if units < 2 or not np.isfinite(paired).all():
        return None
    parts = [(float(paired.var(ddof=1)) / seeds, seeds - 1)] if seeds > 1 else []
    parts.append(diebold_mariano(first, baseline) if first.lag else bootstrap(first, baseline, generator))
    variance = sum(part for part, _ in parts)
    mean = float(paired.mean())
    if not variance:
        # Two variants that are the same in every unit, or differ in every unit by the same.
        return Difference(mean, mean, mean, float(mean == 0))
    degrees = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    error = math.sqrt(variance)
    half = critical(level, degrees) * error
    p_value = 2 * float(stdtr(degrees, -abs(mean) / error))
    return Difference(mean, mean - half, mean + half, p_value)


def bootstrap(first: Units, baseline: Units, generator: np.random.Generator) -> tuple[float, int]:
    """Variance of the mean difference over resampled units, and its degrees of freedom.

    A resample is the same for all seeds and both variants. One in which the measure is 0/0 does not count.
    """
    seeds, units = first.numerator.shape
    stacked = np.concatenate([first.numerator, first.denominator, baseline.numerator, baseline.denominator])
    found = []
    for weights in resamples(units, generator):
        sums = (weights @ stacked.T).reshape(-1, 4, seeds)
        found.append((ratio(sums[:, 0], sums[:, 1]) - ratio(sums[:, 2], sums[:, 3])).mean(axis=1))
    differences = np.concatenate(found)
    # Resampling U units knows their variance with a divisor of U.
    return float(differences[np.isfinite(differences)].var()) * units / (units - 1), units - 1


def resamples(units: int, generator: np.random.Generator) -> Iterator[Floats]:
    """(B, U) blocks of how often each unit is drawn when U are, with replacement; `RESAMPLES` rows in all."""
    block = max(1, CELLS // units)
    for done in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - done)
        drawn = generator.integers(units, size=(rows, units)) + units * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


def diebold_mariano(first: Units, baseline: Units) -> tuple[float, int]:
    """Variance of the mean difference of units in time order, and its degrees of freedom.

    What is tested is the mean of the units' loss differences. For a measure whose denominators differ between units,
    a unit's loss is what it moves the ratio by.
    """
    losses = influence(first) - influence(baseline)
    units = losses.shape[1]
    span = first.lag + 1
    waves = max(units // (4 * span), min(units // span, 2), 1)
    return long_run_variance(losses.mean(axis=0), waves) / units, waves


def influence(units: Units) -> Floats:
    """(S, U) by how much U times each unit's weight moves the measure: for a mean, how far the unit is from it."""
    weight = units.denominator.mean(axis=1, keepdims=True)
    moved: Floats = (units.numerator - units.scores[:, None] * units.denominator) / weight
    return moved


def long_run_variance(values: Floats, waves: int) -> float:
    """U times the variance of the mean of values (U,) in time order that are autocorrelated.

    It is the mean square of their projections on the `waves` slowest cosines, which are as many degrees of freedom
    (Müller 2004; Lazarus et al. 2018, the equal-weighted cosine estimator). It can't be negative and needs no
    correction for small samples. A sum of autocovariances to the horizon, as in Diebold and Mariano (1995) or with
    Bartlett's weights (Newey and West 1987), is too small for windows that overlap or have more in common than that:
    equal forecasters then differ in 10 to 30 of 100 comparisons, where 5 are allowed (see Coroneo and Iacone 2020).
    """
    steps = (np.arange(len(values)) + 0.5) / len(values)
    total = 0.0
    for wave in range(1, waves + 1):
        total += 2 / len(values) * float(np.cos(np.pi * wave * steps) @ values) ** 2
    return total / waves


# --- many variants ---------------------------------------------------------------------------------------------------


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number, so that each can be compared with one level (Holm 1979).

    The smallest of n is multiplied by n, the next by n − 1 and so on, and none is less than one before it.
    """
    adjusted = [0.0] * len(p_values)
    reached = 0.0
    for smaller, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        reached = max(reached, min(1.0, (len(p_values) - smaller) * p_values[index]))
        adjusted[index] = reached
    return adjusted


def pareto(quality: Sequence[float], speed: Sequence[float]) -> list[bool]:
    """Mark the variants to which no other is superior. More is better for quality and for speed.

    A variant is superior if it is at least as good and as fast, and better in one of the two.
    """
    points = list(zip(quality, speed, strict=True))
    return [not any(good >= q and fast >= s and (good, fast) != (q, s) for good, fast in points) for q, s in points]
