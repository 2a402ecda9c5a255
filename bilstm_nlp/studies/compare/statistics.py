"""Tests of differences between variants that were trained with a few seeds. Knows arrays only, no runs or files.

Chance enters a score twice: another seed would train another model, and another development part would have other
sentences or windows. `difference` accounts for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, stdtr, stdtrit

from bilstm_nlp.batch import Floats

RESAMPLES = 2000
"""Resamples of a bootstrap."""
CELLS = 1 << 21
"""Most weights in a block of resamples, which has at least one resample."""


@dataclass(frozen=True, eq=False)
class Units:
    """The parts of a measure for S seeds of one variant: Σ numerator / Σ denominator over U units."""

    numerator: Floats
    """(S, U)"""
    denominator: Floats
    """(S, U)"""
    lag: int
    """0 for independent units. Otherwise units are in time order, and two of them depend if at most `lag` apart."""

    def __post_init__(self) -> None:
        if self.numerator.shape != self.denominator.shape or self.numerator.ndim != 2 or not self.numerator.size:
            shapes = f"{self.numerator.shape} and {self.denominator.shape}"
            raise ValueError(f"expected numerators and denominators of one shape (S, U), found {shapes}")
        if self.lag < 0:
            raise ValueError(f"expected a lag of 0 or more, found {self.lag}")

    @property
    def scores(self) -> Floats:
        """Return (S,) the measure of each seed, NaN for 0/0."""
        return _ratio(self.numerator.sum(axis=1), self.denominator.sum(axis=1))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; 0/0 gives NaN."""
    quotient: Floats = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=quotient, where=denominator != 0)


# --- one variant -----------------------------------------------------------------------------------------------------


def interval_of_mean(values: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """Return Student's interval of the mean over seeds; `None` for one value, which has no deviation."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    half = _critical(level, len(values) - 1) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return mean - half, mean + half


def _critical(level: float, degrees: float) -> float:
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
    """Two-sided, for no difference. With one seed, neither interval nor p-value has the noise between seeds."""


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

    The interaction of seeds and units (each seed errs in other sentences) is in both variances, so the test is
    conservative. If there is no other noise, it finds a difference between equal variants in about 1 of 100
    comparisons, where 5 are allowed.

    Returns `None` if the measure is undefined for a seed, or if there is only one unit.
    Raises `ValueError` for different seeds or units.
    """
    if first.numerator.shape != baseline.numerator.shape or first.lag != baseline.lag:
        shapes = [f"{units.numerator.shape}, lag {units.lag}" for units in (first, baseline)]
        raise ValueError(f"expected the same seeds and units, found {' and '.join(shapes)}")
    seeds, units = first.numerator.shape
    paired = first.scores - baseline.scores
    if units < 2 or not np.isfinite(paired).all():
        return None
    parts = [(float(paired.var(ddof=1)) / seeds, seeds - 1)] if seeds > 1 else []
    parts.append(diebold_mariano(first, baseline) if first.lag else bootstrap(first, baseline, generator))
    variance = sum(part for part, _ in parts)
    mean = float(paired.mean())
    if not variance:
        # The variants differ by the same amount, perhaps 0, in every unit.
        return Difference(mean, mean, mean, float(mean == 0))
    degrees = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    error = math.sqrt(variance)
    half = _critical(level, degrees) * error
    p_value = 2 * float(stdtr(degrees, -abs(mean) / error))
    return Difference(mean, mean - half, mean + half, p_value)


@dataclass(frozen=True)
class McNemar:
    """Units that only one of two variants answers right, mean over the seeds, and the test of McNemar (1947)."""

    only_variant: float
    only_baseline: float
    p_value: float
    """The median over seeds of the exact two-sided p-value: the chance of such a split if both are as likely."""


def mcnemar(first: Units, baseline: Units) -> McNemar | None:
    """Test whether two variants answer units right equally often; `None` if units are not just right or wrong.

    >>> def of(*right: float) -> Units:
    ...     return Units(np.array([right]), np.ones((1, len(right))), lag=0)
    >>> mcnemar(of(1, 1, 1, 1, 0), of(0, 0, 0, 0, 0))
    McNemar(only_variant=4.0, only_baseline=0.0, p_value=0.125)
    """
    for units in (first, baseline):
        if units.lag or not (units.denominator == 1).all() or not np.isin(units.numerator, (0, 1)).all():
            return None
    only_first = ((first.numerator == 1) & (baseline.numerator == 0)).sum(axis=1)
    only_second = ((first.numerator == 0) & (baseline.numerator == 1)).sum(axis=1)
    smaller, total = np.minimum(only_first, only_second), only_first + only_second
    # The binomial distribution as an incomplete beta function.
    below = np.where(total > 0, betainc(np.maximum(total - smaller, 1), smaller + 1, 0.5), 1.0)
    p_values = np.minimum(1.0, 2 * below)
    return McNemar(float(only_first.mean()), float(only_second.mean()), float(np.median(p_values)))


def bootstrap(first: Units, baseline: Units, generator: np.random.Generator) -> tuple[float, int]:
    """Return the variance of the mean difference over resampled units, and its degrees of freedom.

    A resample is the same for all seeds and both variants. Resamples in which the measure is 0/0 do not count.
    """
    seeds, units = first.numerator.shape
    stacked = np.concatenate([first.numerator, first.denominator, baseline.numerator, baseline.denominator])
    blocks = []
    for weights in resamples(units, generator):
        sums = (weights @ stacked.T).reshape(-1, 4, seeds)
        blocks.append((_ratio(sums[:, 0], sums[:, 1]) - _ratio(sums[:, 2], sums[:, 3])).mean(axis=1))
    differences = np.concatenate(blocks)
    # The variance of resampled means has a divisor of U; U − 1 makes it unbiased.
    return float(differences[np.isfinite(differences)].var()) * units / (units - 1), units - 1


def resamples(units: int, generator: np.random.Generator) -> Iterator[Floats]:
    """(B, U) blocks of counts, `RESAMPLES` rows in all: each row draws U of the U units with replacement."""
    block = max(1, CELLS // units)
    for done in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - done)
        drawn = generator.integers(units, size=(rows, units)) + units * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)


def diebold_mariano(first: Units, baseline: Units) -> tuple[float, int]:
    """Return the variance of the mean difference of units in time order, and its degrees of freedom.

    The test is of the mean of the units' loss differences. If denominators differ between units, the loss of a unit is
    its influence on the ratio.
    """
    losses = _influence(first) - _influence(baseline)
    units = losses.shape[1]
    span = first.lag + 1
    waves = max(units // (4 * span), min(units // span, 2), 1)
    return long_run_variance(losses.mean(axis=0), waves) / units, waves


def _influence(units: Units) -> Floats:
    """(S, U) the influence of each unit on the measure. For a mean, it is the unit's distance from the mean."""
    weight = units.denominator.mean(axis=1, keepdims=True)
    moved: Floats = (units.numerator - units.scores[:, None] * units.denominator) / weight
    return moved


def long_run_variance(values: Floats, waves: int) -> float:
    """(U,) autocorrelated values in time order → U times the variance of their mean

    The estimate is the mean square of the values' projections on the `waves` slowest cosines (Müller 2004; Lazarus et
    al. 2018, the equal-weighted cosine estimator). It has as many degrees of freedom as waves. It can't be negative and
    needs no correction for small samples.

    A sum of autocovariances up to the horizon (Diebold and Mariano 1995; with Bartlett's weights, Newey and West 1987)
    is too small for overlapping windows. Equal forecasters then differ in 10 to 30 of 100 comparisons, where 5 are
    allowed (see Coroneo and Iacone 2020).
    """
    steps = (np.arange(len(values)) + 0.5) / len(values)
    total = 0.0
    for wave in range(1, waves + 1):
        total += 2 / len(values) * float(np.cos(np.pi * wave * steps) @ values) ** 2
    return total / waves


# --- many variants ---------------------------------------------------------------------------------------------------


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number, so that each can be compared with one level (Holm 1979).

    The smallest of n is multiplied by n, the next by n − 1 and so on. None is made smaller than its predecessor.

    >>> holm([0.01, 0.04, 0.5])
    [0.03, 0.08, 0.5]
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

    >>> pareto(quality=[0.9, 0.8, 0.8], speed=[10, 20, 5])
    [True, True, False]
    """
    points = list(zip(quality, speed, strict=True))
    return [not any(good >= q and fast >= s and (good, fast) != (q, s) for good, fast in points) for q, s in points]
