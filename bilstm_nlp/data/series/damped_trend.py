"""Exponential smoothing with a damped trend (Gardner and McKenzie 1985), of all windows at once. Pure numpy.

Nothing is searched: windows are smoothed with every weight of a grid, and the forecasts are averaged by the likelihood
of their weights. So a window of five rows has a forecast as steady as one of fifty.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from bilstm_nlp.batch import Bools, Floats

LEVEL_WEIGHTS = (0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Weights of an error in the level."""
TREND_WEIGHTS = (0.0, 0.1, 0.2, 0.4)
"""Weights of an error in the trend, as parts of that in the level."""
DAMPINGS = (0.8, 0.9, 0.95)
"""Parts of the trend that remain after a step."""
GRID = tuple(np.array(column)[:, None] for column in zip(*product(LEVEL_WEIGHTS, TREND_WEIGHTS, DAMPINGS), strict=True))
"""(K, 1) level weights, trend weights and dampings of all combinations."""
FIRST_TREND = 0.5
"""Part of the regression line's slope that the trend begins with."""
LEAST_ERROR = 1e-10
"""Least sum of squared errors, for windows that are forecast exactly."""


def damped_trend(values: Floats, observed: Bools, slope: Floats, horizon: int) -> Floats:
    """(N, L) values, with a mask of those that are observed, and the slope (N,) of their line → (N, H) forecasts

    Rows before the first observed value do not count.
    """
    weights, trend_weights, dampings = GRID
    first = observed.argmax(axis=1)
    level = np.repeat(np.take_along_axis(values, first[:, None], axis=1).T, len(weights), axis=0)
    trend = np.repeat(FIRST_TREND * slope[None], len(weights), axis=0)
    squared = np.zeros_like(level)
    # 1. smooth (K, N)
    for step in range(int(first.min(initial=values.shape[1])) + 1, values.shape[1]):
        counts = observed[:, step] & (step > first)
        damped = dampings * trend
        error = np.where(counts, values[:, step] - level - damped, 0.0)
        squared += error**2
        level = np.where(counts, level + damped + weights * error, level)
        trend = np.where(counts, damped + weights * trend_weights * error, trend)
    # 2. weigh by the likelihood of errors one step ahead
    squared = np.maximum(squared, LEAST_ERROR)
    logits = -0.5 * observed.sum(axis=1) * np.log(squared / squared.min(axis=0))
    likelihood = np.exp(logits - logits.max(axis=0))
    likelihood /= likelihood.sum(axis=0)
    # 3. forecast
    remaining = np.cumsum(dampings ** np.arange(1, horizon + 1), axis=1)  # (K, H)
    forecast: Floats = (likelihood * level).sum(axis=0)[:, None] + (likelihood * trend).T @ remaining
    return forecast
