"""Prediction intervals that cover what they promise, calibrated on a part that no model was fitted to. Pure numpy.

Split-conformal prediction (Vovk et al. 2005; Lei et al. 2018) widens a point forecast, conformalised quantile
regression (Romano et al. 2019) corrects a pair of quantiles. Each horizon step and column has its own width. If the
windows are exchangeable, the truth lies in the interval with at least the nominal probability; windows of one series
are not quite, so the coverage is measured and reported as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.errors import InputError

Floats = NDArray[np.floating[Any]]


def rearranged(quantiles: Floats) -> Floats:
    """(…, Q) quantile forecasts in ascending order (Chernozhukov et al. 2010), so that none crosses another."""
    return np.sort(quantiles, axis=-1)


def conformal_quantile(scores: Floats, level: float) -> Floats:
    """(N, …) → (…): the ⌈(N + 1)·level⌉-th smallest score, the smallest that covers a new one with that probability.

    Raises `InputError` if there are too few windows for that: fewer than level / (1 − level).
    """
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, found {level}")
    # (N + 1)·level may be a whole number but for rounding: 10 · 0.7 is 7.000…01.
    rank = math.ceil((len(scores) + 1) * level - 1e-9)
    if rank > len(scores):
        needed = math.ceil(level / (1 - level) - 1e-9)
        raise InputError(
            f"expected at least {needed} windows to calibrate intervals of {level:.4g}, found {len(scores)}"
        )
    quantile: Floats = np.partition(scores, rank - 1, axis=0)[rank - 1]
    return quantile


@dataclass(frozen=True, eq=False)
class Conformal:
    """Intervals of one nominal level, made from a point forecast or from a lower and an upper quantile."""

    level: float
    """Nominal coverage, 1 − alpha."""
    margin: NDArray[np.float64]
    """(H, C) what an interval is widened by on either side; below 0 where quantiles were too far apart."""

    @classmethod
    def fit(cls, target: Floats, forecast: Floats, level: float) -> Conformal:
        """Split-conformal, from (N, H, C) targets and point forecasts of the validation part."""
        return cls.fit_quantiles(target, forecast, forecast, level)

    @classmethod
    def fit_quantiles(cls, target: Floats, lower: Floats, upper: Floats, level: float) -> Conformal:
        """Conformalised quantile regression, from (N, H, C) targets and the quantiles (1 ± level) / 2 forecast there.

        How far the truth lies outside the interval, below 0 inside of it; for an interval without width that is the
        absolute residual, and this is split-conformal prediction.
        """
        if not target.shape == lower.shape == upper.shape or target.ndim != 3:
            raise ValueError(f"expected shapes (N, H, C), found {target.shape}, {lower.shape} and {upper.shape}")
        outside = np.maximum(lower - target, target - upper).astype(np.float64)
        return cls(level, conformal_quantile(outside, level).astype(np.float64))

    def interval(self, lower: Floats, upper: Floats | None = None) -> tuple[Floats, Floats]:
        """(…, H, C) point forecasts, or two quantiles → lower and upper border.

        Where a margin below 0 would turn the borders round they are swapped: an interval is never less than empty.
        """
        borders = np.stack([lower - self.margin, (lower if upper is None else upper) + self.margin], axis=-1)
        ordered = rearranged(borders)
        return ordered[..., 0], ordered[..., 1]
