"""A forecast of each window from its look-back alone: season, level and slope, on which a model builds.

After the Theta method of Assimakopoulos and Nikolopoulos (2000), which Hyndman and Billah (2003) show to be simple
exponential smoothing with half the slope of the regression line. Season and level are those of classical decomposition
and of smoothing with several weights. Nothing is fitted to other windows. Pure numpy, all windows at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bilstm_nlp.batch import Bools, Floats
from bilstm_nlp.data.series.damped_trend import damped_trend

FACTS = 3
"""Number of facts that `WindowTheta.facts` tells of a look-back."""
WEIGHTS = (0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Smoothing weights of the levels, which are averaged."""
LONGEST_MATRIX = 256
"""Longest look-back that is smoothed by matrices. They are faster, but grow with its square."""
SINGLE_SEASON = 0.3
"""Part of the seasonal deviations that is kept if the window shows each of them once."""
LEAST_SCALE = 0.01
"""Added to the mean change from step to step, so that the scale of a constant window is not 0."""


@dataclass(frozen=True, eq=False)
class WindowTheta:
    """Season, level and slope of N look-backs, each a single column."""

    season_past: Floats
    """(N, L)"""
    season_ahead: Floats
    """(N, H)"""
    level: Floats
    """(N,)"""
    slope: Floats
    """(N,), per step, of the regression line."""
    scale: Floats
    """(N,), the mean change from step to step."""
    rows: Floats
    """(N,), number of observed rows."""
    smoothed: Floats | None = None
    """(N, H) forecasts without season, by smoothing with a damped trend."""

    @classmethod
    def of(
        cls, past: Floats, season: int, horizon: int, *, strength: float = 1.5, smooth_trend: bool = False
    ) -> WindowTheta:
        """(N, L) look-backs, NaN before their first value → their season, level and slope

        Seasonal deviations are shrunk by `strength` times the share of their variance that noise explains.
        `smooth_trend`: smooth level and trend together, too.
        """
        observed = ~np.isnan(past)
        values = np.where(observed, past, 0.0)
        season_past, season_ahead = _season(values, observed, season, horizon, strength)
        values = np.where(observed, values - season_past, 0.0)
        level, slope, scale = _level(values, observed), _slope(values, observed), _scale(values, observed)
        smoothed = damped_trend(values, observed, slope, horizon) if smooth_trend else None
        rows = observed.sum(axis=1).astype(np.float64)
        return cls(season_past, season_ahead, level, slope, scale, rows, smoothed)

    def facts(self) -> Floats:
        """(N, 3): logarithms of scale and number of rows, and the slope in scales; each about as large as 1"""
        return np.stack([np.log(self.scale), np.log(self.rows + 1) - 3, self.slope / self.scale], axis=1)

    def forecast(self, damping: float, trend_smoothing: float = 0.0) -> Floats:
        """(N, H): season, and level with `damping` times the slope for each step

        The part `trend_smoothing` of the forecast without season is that of smoothing with a damped trend.
        """
        steps = np.arange(1, self.season_ahead.shape[1] + 1)
        forecast = self.level[:, None] + damping * self.slope[:, None] * steps
        if self.smoothed is not None:
            forecast = (1 - trend_smoothing) * forecast + trend_smoothing * self.smoothed
        return forecast + self.season_ahead


def _season(values: Floats, observed: Bools, season: int, horizon: int, strength: float) -> tuple[Floats, Floats]:
    """Return the seasonal deviations of look-back (N, L) and horizon (N, H), by the phases of a moving average."""
    count, length = values.shape
    half = season // 2
    if season < 2 or length < season + 1:
        return np.zeros((count, length)), np.zeros((count, horizon))
    # 1. deviations from the centred moving average over a season
    kernel = np.ones(2 * half + 1)
    if season % 2 == 0:
        kernel[[0, -1]] = 0.5
    inner = slice(half, length - half)
    windows = np.lib.stride_tricks.sliding_window_view
    average = windows(values, 2 * half + 1, axis=1) @ kernel / season
    complete = windows(observed, 2 * half + 1, axis=1).all(axis=2)
    deviations = np.where(complete, values[:, inner] - average, 0.0)
    # 2. their means by phase
    phases = np.arange(length)[inner] % season
    of_phase = np.eye(season)[phases]
    counts = complete @ of_phase
    means = deviations @ of_phase / np.maximum(counts, 1)
    # 3. shrunk by the noise in them
    within = (np.where(complete, deviations - means[:, phases], 0.0) ** 2).sum(axis=1)
    within /= np.maximum(counts.sum(axis=1) - season, 1)
    means -= means.mean(axis=1, keepdims=True)
    between = (means**2).sum(axis=1) / (season - 1)
    noise = within / np.maximum(counts.mean(axis=1), 1)
    least = counts.min(axis=1)
    shrunk = np.clip(1 - strength * noise / np.maximum(between, 1e-12), 0.0, 1.0)
    kept = np.where(least >= 2, shrunk, np.where(least >= 1, SINGLE_SEASON, 0.0))
    means *= kept[:, None]
    return means[:, np.arange(length) % season], means[:, (length + np.arange(horizon)) % season]


def _level(values: Floats, observed: Bools) -> Floats:
    """Return the level (N,): exponential smoothing with several weights, averaged by the likelihood of each."""
    first = np.take_along_axis(values, observed.argmax(axis=1)[:, None], axis=1)
    filled = np.where(observed, values, first)
    levels, errors = [], []
    for smoothed in _smoothed(filled):
        levels.append(smoothed[:, -1])
        step_errors = np.where(observed[:, 1:], filled[:, 1:] - smoothed[:, :-1], 0.0)
        errors.append((step_errors**2).sum(axis=1))
    squared = np.maximum(np.stack(errors), 1e-10)
    logits = -0.5 * observed.sum(axis=1) * np.log(squared / squared.min(axis=0))
    likelihood = np.exp(logits - logits.max(axis=0))
    level: Floats = (likelihood * np.stack(levels)).sum(axis=0) / likelihood.sum(axis=0)
    return level


def _smoothed(values: Floats) -> Iterator[Floats]:
    """(N, L) → the level (N, L) at each step, for each smoothing weight"""
    length = values.shape[1]
    if length <= LONGEST_MATRIX:
        for smoothing in _smoothing(length):
            yield values @ smoothing
        return
    weights = np.array(WEIGHTS)[:, None]
    levels = np.empty((length, len(WEIGHTS), len(values)))
    levels[0] = values[:, 0]
    for step in range(1, length):
        np.subtract(values[:, step], levels[step - 1], out=levels[step])
        levels[step] *= weights
        levels[step] += levels[step - 1]
    for smoothed in np.moveaxis(levels, 1, 0):
        yield smoothed.T


@lru_cache(maxsize=4)
def _smoothing(length: int) -> Floats:
    """Return a matrix (K, L, L) for each smoothing weight, which maps values (N, L) to the level at each step.

    The level at step t is Σ w·(1 − w)^(t − s)·y_s over the steps s after the first, and (1 − w)^t·y_0.
    """
    steps = np.arange(length)
    ages = np.maximum(steps - steps[:, None], 0)  # (s, t)
    matrices = []
    for weight in WEIGHTS:
        matrix = np.triu(weight * (1 - weight) ** ages)
        matrix[0] = (1 - weight) ** steps
        matrices.append(matrix)
    return np.stack(matrices)


def _slope(values: Floats, observed: Bools) -> Floats:
    """Return the slope (N,) of the regression line over the observed steps; 0 for a single step."""
    steps = np.broadcast_to(np.arange(values.shape[1], dtype=np.float64), values.shape)
    count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    from_mean = np.where(observed, steps - (steps * observed).sum(axis=1, keepdims=True) / count, 0.0)
    slope: Floats = (from_mean * values).sum(axis=1) / np.maximum((from_mean**2).sum(axis=1), 1e-12)
    return slope


def _scale(values: Floats, observed: Bools) -> Floats:
    """Return the mean absolute change (N,) from step to step, and a little more."""
    both = observed[:, 1:] & observed[:, :-1]
    changes = np.where(both, np.abs(np.diff(values, axis=1)), 0.0)
    scale: Floats = changes.sum(axis=1) / np.maximum(both.sum(axis=1), 1) + LEAST_SCALE
    return scale
