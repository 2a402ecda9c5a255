"""Prediction intervals with the coverage that they promise, calibrated on a part that no model was fitted to.

Split-conformal prediction (Vovk et al. 2005; Lei et al. 2018) widens a point forecast. Conformalised quantile
regression (Romano et al. 2019) corrects a pair of quantiles. Each horizon step and column has its own margin. For
exchangeable windows, an interval holds the true value with at least the nominal probability. Windows of one series are
not quite exchangeable, so the coverage is measured and reported as well. Pure numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.batch import Floats, Values
from bilstm_nlp.errors import InputError


def rearranged(quantiles: Values) -> Values:
    """Sort quantile forecasts (…, Q), so that none crosses another (Chernozhukov et al. 2010).

    >>> rearranged(np.array([[2.0, 1.0, 3.0]]))
    array([[1., 2., 3.]])
    """
    return np.sort(quantiles, axis=-1)


def conformal_quantile(scores: Values, level: float) -> Values:
    """Return the ⌈(N + 1)·level⌉-th smallest of the scores (N, …), as (…). Scores that are NaN are left out.

    It is the smallest score that bounds a new one with this probability. Raises `InputError` if there are too few
    scores: fewer than level / (1 − level).

    >>> conformal_quantile(np.array([0.4, 0.1, 0.3, 0.2]), 0.6).item()
    0.3
    """
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, found {level}")
    counts = (~np.isnan(scores)).sum(axis=0)
    # Rounding must not raise a whole number to the next: 10 · 0.7 is 7.000…01.
    ranks = np.ceil((counts + 1) * level - 1e-9).astype(np.int64)
    if (ranks > counts).any():
        needed = math.ceil(level / (1 - level) - 1e-9)
        raise InputError(
            f"expected at least {needed} windows to calibrate intervals of {level:.4g}, found {counts.min()}"
        )
    ascending = np.sort(scores, axis=0)  # NaN last
    quantile: Values = np.take_along_axis(ascending, ranks[None] - 1, axis=0)[0]
    return quantile


@dataclass(frozen=True, eq=False)
class Conformal:
    """A calibration of intervals of one nominal level.

    >>> target, forecast = np.array([1.0, 2.0, 4.0]).reshape(3, 1, 1), np.zeros((3, 1, 1))
    >>> conformal = Conformal.fit(target, forecast, forecast, level=0.5)
    >>> lower, upper = conformal.interval(forecast[0], forecast[0])
    >>> lower.item(), upper.item()
    (-2.0, 2.0)
    """

    level: float
    """Nominal coverage, 1 − alpha."""
    margin: Floats
    """(H, C) added to an interval on either side; below 0 if the quantiles were too far apart."""

    @classmethod
    def fit(cls, target: Values, lower: Values, upper: Values, level: float) -> Conformal:
        """Fit the margins to targets (N, H, C) and the quantiles (1 ± level) / 2 forecast for them.

        A score is the distance of the target from the interval, below 0 inside. For a point forecast, which is both
        `lower` and `upper`, it is the absolute residual: split-conformal prediction. Raises `ValueError` for other
        shapes and `InputError` for too few windows.
        """
        if not target.shape == lower.shape == upper.shape or target.ndim != 3:
            raise ValueError(f"expected shapes (N, H, C), found {target.shape}, {lower.shape} and {upper.shape}")
        outside = np.maximum(lower - target, target - upper).astype(np.float64)
        return cls(level, conformal_quantile(outside, level).astype(np.float64))

    def interval(self, lower: Values, upper: Values) -> tuple[Values, Values]:
        """Widen quantiles (…, H, C), or a point forecast given twice, to an interval's borders.

        If a negative margin makes the borders cross, they are swapped.
        """
        borders = np.stack([lower - self.margin, upper + self.margin], axis=-1)
        ordered = rearranged(borders)
        return ordered[..., 0], ordered[..., 1]
