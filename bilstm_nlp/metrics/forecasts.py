"""How good forecasts are: errors of points, coverage and width of intervals. Pure numpy.

Scores are sums over their number of points, collected batch by batch, so that they are right over ragged batches and
no more than one batch is ever held. A score that is 0/0 is `None`, never 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.metrics.ratios import ratio

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class PointScores:
    """Means over `points` values of a forecast."""

    mse: float | None
    mae: float | None
    rmse: float | None
    smape: float | None
    """2·|y − f| / (|y| + |f|), from 0 to 2; points where both are 0 are left out (Makridakis 1993)."""
    mase: float | None
    """|y − f| over the mean error of the seasonal naive forecast on the training rows (Hyndman and Koehler 2006);
    points whose training rows repeat the season exactly, so that it is 0, are left out."""
    points: int


class PointErrors:
    """Sums of errors for each of H horizon steps and C columns; `add` batches, then ask."""

    def __init__(self, horizon: int, columns: int) -> None:
        shape = (horizon, columns)
        self.count, self.smape_count, self.mase_count = (np.zeros(shape, np.int64) for _ in range(3))
        self.squared, self.absolute, self.relative, self.scaled = (np.zeros(shape) for _ in range(4))

    def add(self, target: Floats, forecast: Floats, naive_error: Floats | None = None) -> None:
        """(B, H, C) both. `naive_error`: `seasonal_naive_error` of the windows' series, (C,) or (B, C)."""
        expected = (len(target), *self.count.shape)
        if target.shape != expected or forecast.shape != expected:
            raise ValueError(f"expected targets and forecasts {expected}, found {target.shape} and {forecast.shape}")
        error = np.abs(np.subtract(forecast, target, dtype=np.float64))
        self.count += len(target)
        self.squared += (error**2).sum(axis=0)
        self.absolute += error.sum(axis=0)
        size = np.abs(target).astype(np.float64) + np.abs(forecast)
        self.smape_count += (size != 0).sum(axis=0)
        self.relative += np.divide(2 * error, size, out=np.zeros_like(error), where=size != 0).sum(axis=0)
        if naive_error is not None:
            scale = np.broadcast_to(np.asarray(naive_error, np.float64)[..., None, :], error.shape)
            self.mase_count += (scale > 0).sum(axis=0)
            self.scaled += np.divide(error, scale, out=np.zeros_like(error), where=scale > 0).sum(axis=0)

    def total(self) -> PointScores:
        return self._scores(slice(None), slice(None))

    def by_step(self) -> list[PointScores]:
        """For each horizon step, over all columns."""
        return [self._scores(step, slice(None)) for step in range(len(self.count))]

    def by_column(self) -> list[PointScores]:
        """For each column, over the whole horizon."""
        return [self._scores(slice(None), column) for column in range(self.count.shape[1])]

    def _scores(self, steps: int | slice, columns: int | slice) -> PointScores:
        def mean(sums: Floats, counts: NDArray[np.int64]) -> float | None:
            return ratio(sums[steps, columns].sum(), counts[steps, columns].sum())

        mse = mean(self.squared, self.count)
        return PointScores(
            mse=mse,
            mae=mean(self.absolute, self.count),
            rmse=None if mse is None else math.sqrt(mse),
            smape=mean(self.relative, self.smape_count),
            mase=mean(self.scaled, self.mase_count),
            points=int(self.count[steps, columns].sum()),
        )


def seasonal_naive_error(train: Floats, season: int) -> NDArray[np.float64]:
    """(C,) mean |y_t − y_{t−season}| over training rows (T, C), the scale of MASE; 0 where there is no such pair."""
    if len(train) <= season:
        return np.zeros(train.shape[1])
    error: NDArray[np.float64] = np.abs(train[season:] - train[:-season]).mean(axis=0, dtype=np.float64)
    return error


# --- intervals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IntervalScores:
    """How often the truth lay in the interval, beside how often it should have, and how wide that made it."""

    nominal: float
    coverage: float | None
    width: float | None
    """Mean of upper − lower."""
    points: int


class IntervalErrors:
    """Sums for each of H horizon steps and C columns at one nominal level; `add` batches, then ask."""

    def __init__(self, horizon: int, columns: int, nominal: float) -> None:
        self.nominal = nominal
        self.count, self.inside = (np.zeros((horizon, columns), np.int64) for _ in range(2))
        self.width = np.zeros((horizon, columns))

    def add(self, target: Floats, lower: Floats, upper: Floats) -> None:
        """(B, H, C) all three; borders belong to the interval."""
        expected = (len(target), *self.count.shape)
        if not target.shape == lower.shape == upper.shape == expected:
            raise ValueError(f"expected shapes {expected}, found {target.shape}, {lower.shape} and {upper.shape}")
        self.count += len(target)
        self.inside += ((lower <= target) & (target <= upper)).sum(axis=0)
        self.width += np.subtract(upper, lower, dtype=np.float64).sum(axis=0)

    def total(self) -> IntervalScores:
        return self._scores(slice(None), slice(None))

    def by_step(self) -> list[IntervalScores]:
        """For each horizon step, over all columns."""
        return [self._scores(step, slice(None)) for step in range(len(self.count))]

    def by_column(self) -> list[IntervalScores]:
        """For each column, over the whole horizon."""
        return [self._scores(slice(None), column) for column in range(self.count.shape[1])]

    def _scores(self, steps: int | slice, columns: int | slice) -> IntervalScores:
        points = int(self.count[steps, columns].sum())
        inside, width = self.inside[steps, columns].sum(), self.width[steps, columns].sum()
        return IntervalScores(self.nominal, ratio(inside, points), ratio(width, points), points)
