"""Prediction intervals with the coverage that they promise, calibrated on a part that no model was fitted to.

Split-conformal prediction (Vovk et al. 2005; Lei et al. 2018) widens a point forecast. Conformalised quantile
regression (Romano et al. 2019) corrects a pair of quantiles. Each horizon step, column and series has its own margin,
as far as its windows allow. For exchangeable windows, an interval holds the true value with at least the nominal
probability. Windows of one series are not quite exchangeable, so the coverage is measured and reported as well. Pure
numpy.
"""

from __future__ import annotations

import math

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.errors import InputError

SMALLEST_FACTOR = 1e-3
"""The least correction of a margin: a few forecasts without any error do not promise that there will be none."""


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
        expected = f"expected at least {scores_needed(level)} windows to calibrate intervals of {level:.4g}"
        raise InputError(f"{expected}, found {counts.min()}")
    ascending = np.sort(scores, axis=0)  # NaN last
    quantile: Values = np.take_along_axis(ascending, ranks[None] - 1, axis=0)[0]
    return quantile


def scores_needed(level: float) -> int:
    """Return the least number of scores that intervals of this level can be calibrated with.

    >>> scores_needed(0.9), scores_needed(0.95)
    (9, 19)
    """
    return math.ceil(level / (1 - level) - 1e-9)


def outside(target: Values, lower: Values, upper: Values) -> Floats:
    """Return the distance (N, H, C) of targets from the quantiles forecast for them, below 0 inside.

    For a point forecast, which is both `lower` and `upper`, it is the absolute residual: split-conformal prediction.
    Raises `ValueError` for other shapes.
    """
    if not target.shape == lower.shape == upper.shape or target.ndim != 3:
        raise ValueError(f"expected shapes (N, H, C), found {target.shape}, {lower.shape} and {upper.shape}")
    return np.maximum(lower - target, target - upper).astype(np.float64)


def group_margins(scores: Floats, groups: Ints, count: int, level: float, *, relative: bool) -> Floats:
    """Return the margins (G, H) of each group from the scores (N, H) of windows and the group (N,) of each.

    A group with twice the windows that its level needs has margins of its own, by step. Any other group has the margins
    of all groups, corrected by its own scores: by a factor if they are `relative`, as absolute residuals are, else by a
    shift. The correction of n windows is shrunk to n / (n + 2) of its size. If all groups together have too few windows
    for a margin at each step, the steps have the same margin. Scores that are NaN are left out.
    Raises `InputError` if all groups and steps together have too few scores.

    >>> calm, rough = np.full((20, 1), 1.0), np.full((20, 1), 9.0)
    >>> group_margins(np.concatenate([calm, rough]), np.repeat([0, 1], 20), 2, 0.9, relative=True).ravel().tolist()
    [1.0, 9.0]
    """
    needed = scores_needed(level)
    pooled = _pooled(scores, level, needed)
    margins: Floats = np.tile(pooled, (count, 1)).astype(np.float64)
    present = np.flatnonzero(np.bincount(groups, minlength=count))
    if len(present) == 1:
        return margins
    order = np.argsort(groups, kind="stable")
    borders = np.searchsorted(groups[order], present[1:])
    for group, rows in zip(present, np.split(order, borders), strict=True):
        own = scores[rows]
        if np.isfinite(own).sum(axis=0).min() >= 2 * needed:
            margins[group] = conformal_quantile(own, level)
        elif np.isfinite(own).any():
            margins[group] = _corrected(pooled, own, level, relative)
    return margins


def _pooled(scores: Floats, level: float, needed: int) -> Values:
    """Return the margins (H,) of all windows: by step, or the same for all steps if there are too few windows."""
    if np.isfinite(scores).sum(axis=0).min() >= needed:
        return conformal_quantile(scores, level)
    every = scores[np.isfinite(scores)]
    if len(every) < needed:
        expected = f"expected at least {needed} values to calibrate intervals of {level:.4g}"
        raise InputError(f"{expected}, found {len(every)} in all windows and steps")
    return np.full(scores.shape[1], conformal_quantile(every, level))


def _corrected(pooled: Values, own: Values, level: float, relative: bool) -> Values:
    """Correct margins (H,) by a group's own scores (n, H), as far as their number allows."""
    observed = np.isfinite(own) & (pooled > 0) if relative else np.isfinite(own)
    if not observed.any():
        return pooled
    windows = int(observed.any(axis=1).sum())
    share = min(1.0, level * (windows + 1) / windows)
    margins = np.broadcast_to(pooled, own.shape)[observed]
    weight = windows / (windows + 2)
    if relative:
        factor = _upper_quantile(own[observed] / margins, share)
        corrected: Values = pooled * max(factor, SMALLEST_FACTOR) ** weight
    else:
        corrected = pooled + weight * _upper_quantile(own[observed] - margins, share)
    return corrected


def _upper_quantile(values: Floats, share: float) -> float:
    """Return the quantile of values (n,) as `np.quantile(method="higher")` has it, in a tenth of its time.

    >>> _upper_quantile(np.array([3.0, 1.0, 2.0, 4.0]), 0.5)
    3.0
    """
    return float(np.sort(values)[math.ceil((len(values) - 1) * share)])
