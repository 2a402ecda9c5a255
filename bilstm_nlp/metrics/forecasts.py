"""Scores of forecasts: errors of points, coverage and width of intervals. Pure numpy.

A score is a sum over its number of points, collected batch by batch: batches may differ in size, and only one is held
at a time. A score of no points is `None`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Values
from bilstm_nlp.metrics.ratios import ratio


@dataclass(frozen=True)
class PointScores:
    """Mean errors over `points` forecast values."""

    mse: float | None
    mae: float | None
    rmse: float | None
    smape: float | None
    """2·|y − f| / (|y| + |f|), from 0 to 2; points with y = f = 0 are left out (Makridakis 1993)."""
    mase: float | None
    """|y − f| over the mean error of the seasonal naive forecast on the training rows (Hyndman and Koehler 2006).
    Points are left out if that mean error is 0, as the training rows repeat the season exactly."""
    points: int


class PointErrors:
    """Sums of errors for each of H horizon steps and C columns.

    >>> errors = PointErrors(horizon=1, columns=1)
    >>> errors.add(np.array([[[1.0]], [[4.0]]]), np.array([[[2.0]], [[1.0]]]))
    >>> errors.total().mae, errors.total().mse
    (2.0, 5.0)
    """

    def __init__(self, horizon: int, columns: int) -> None:
        shape = (horizon, columns)
        self.count, self.smape_count, self.mase_count = (np.zeros(shape, np.int64) for _ in range(3))
        self.squared, self.absolute, self.relative, self.scaled = (np.zeros(shape) for _ in range(4))

    def add(self, target: Values, forecast: Values, naive_error: Values | None = None) -> None:
        """Add the errors of targets and forecasts (B, H, C). Targets that are NaN are left out.

        `naive_error`: the scale of MASE, (C,) or (B, C), from `seasonal_naive_error`; without it MASE is undefined.
        Raises `ValueError` for other shapes.
        """
        expected = (len(target), *self.count.shape)
        if target.shape != expected or forecast.shape != expected:
            raise ValueError(f"expected targets and forecasts {expected}, found {target.shape} and {forecast.shape}")
        missing = np.isnan(target)
        if missing.any():
            # A forecast without a target has no error, no size, and counts nowhere.
            target, forecast = np.where(missing, 0, target), np.where(missing, 0, forecast)
        error = np.abs(np.subtract(forecast, target, dtype=np.float64))
        self.count += (~missing).sum(axis=0)
        self.squared += (error**2).sum(axis=0)
        self.absolute += error.sum(axis=0)
        size = np.abs(target).astype(np.float64) + np.abs(forecast)
        self.smape_count += (size != 0).sum(axis=0)
        self.relative += np.divide(2 * error, size, out=np.zeros_like(error), where=size != 0).sum(axis=0)
        if naive_error is not None:
            scale = np.broadcast_to(np.asarray(naive_error, np.float64)[..., None, :], error.shape)
            self.mase_count += ((scale > 0) & ~missing).sum(axis=0)
            self.scaled += np.divide(error, scale, out=np.zeros_like(error), where=scale > 0).sum(axis=0)

    def total(self) -> PointScores:
        """Score all steps and columns."""
        return self._scores(slice(None), slice(None))

    def by_step(self) -> list[PointScores]:
        """Score each horizon step, over all columns."""
        return [self._scores(step, slice(None)) for step in range(len(self.count))]

    def by_column(self) -> list[PointScores]:
        """Score each column, over the whole horizon."""
        return [self._scores(slice(None), column) for column in range(self.count.shape[1])]

    def _scores(self, steps: int | slice, columns: int | slice) -> PointScores:
        def mean(sums: Values, counts: NDArray[np.int64]) -> float | None:
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


def seasonal_naive_error(train: Values, season: int) -> NDArray[np.float64]:
    """Compute the scale of MASE (C,), the mean of |y_t − y_{t−season}| over training rows (T, C).

    Differences with a NaN are left out. If none is left, as for rows of no more than a season, the scale is 0, for
    undefined.

    >>> seasonal_naive_error(np.array([[1.0], [2.0], [4.0]]), 1)
    array([1.5])
    """
    errors = np.abs(train[season:] - train[:-season], dtype=np.float64)
    observed = ~np.isnan(errors)
    errors[~observed] = 0
    scale: NDArray[np.float64] = errors.sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
    return scale


# --- intervals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IntervalScores:
    """Scores of intervals over `points` values: coverage and mean width."""

    nominal: float
    """The coverage that the intervals are meant to have."""
    coverage: float | None
    """Fraction of the values that lie in their interval."""
    width: float | None
    """Mean of upper − lower."""
    points: int


class IntervalErrors:
    """Sums over intervals of one nominal level, for each of H horizon steps and C columns.

    >>> intervals = IntervalErrors(horizon=1, columns=1, nominal=0.8)
    >>> intervals.add(np.array([[[1.0]], [[4.0]]]), np.array([[[0.0]], [[0.0]]]), np.array([[[2.0]], [[3.0]]]))
    >>> intervals.total().coverage, intervals.total().width
    (0.5, 2.5)
    """

    def __init__(self, horizon: int, columns: int, nominal: float) -> None:
        self.nominal = nominal
        self.count, self.inside = (np.zeros((horizon, columns), np.int64) for _ in range(2))
        self.width = np.zeros((horizon, columns))

    def add(self, target: Values, lower: Values, upper: Values) -> None:
        """Add targets (B, H, C) and the borders of their intervals, which belong to the intervals.

        Targets that are NaN are left out.
        Raises `ValueError` for other shapes.
        """
        expected = (len(target), *self.count.shape)
        if not target.shape == lower.shape == upper.shape == expected:
            raise ValueError(f"expected shapes {expected}, found {target.shape}, {lower.shape} and {upper.shape}")
        missing = np.isnan(target)
        width = np.subtract(upper, lower, dtype=np.float64)
        self.count += (~missing).sum(axis=0)
        self.inside += ((lower <= target) & (target <= upper)).sum(axis=0)
        self.width += (np.where(missing, 0, width) if missing.any() else width).sum(axis=0)

    def total(self) -> IntervalScores:
        """Score all steps and columns."""
        return self._scores(slice(None), slice(None))

    def by_step(self) -> list[IntervalScores]:
        """Score each horizon step, over all columns."""
        return [self._scores(step, slice(None)) for step in range(len(self.count))]

    def by_column(self) -> list[IntervalScores]:
        """Score each column, over the whole horizon."""
        return [self._scores(slice(None), column) for column in range(self.count.shape[1])]

    def _scores(self, steps: int | slice, columns: int | slice) -> IntervalScores:
        points = int(self.count[steps, columns].sum())
        inside, width = self.inside[steps, columns].sum(), self.width[steps, columns].sum()
        return IntervalScores(self.nominal, ratio(inside, points), ratio(width, points), points)
