"""Normalisations of windows by their look-back alone: what is taken from the targets and added to the forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np

from bilstm_nlp.batch import Values
from bilstm_nlp.data.series.theta import FACTS, WindowTheta

Normalisation = Literal["none", "last", "standard", "theta"]


@dataclass(frozen=True)
class Theta:
    """The settings of the normalisation `theta`."""

    season: int
    """Rows in a season; 1 for none."""
    damping: float
    """Part of a window's slope that is forecast."""
    trend_smoothing: float = 0.0
    """Part of the forecast that is made by smoothing with a damped trend."""


@dataclass(frozen=True, eq=False)
class Normalised:
    """The targets of B windows in the scale of each window."""

    past: Values
    """(B, L, C) float32"""
    level: Values
    """(B, 1, C) float32, or (B, H, C) if it differs by step: added to the forecasts after the scale."""
    scale: Values
    """(B, 1, C) float32, above 0."""
    facts: Values | None = None
    """(B, C, P) float32 facts of each window that its normalised values do not tell."""


@dataclass(frozen=True)
class WindowNormaliser:
    """A normaliser of windows, without anything to fit."""

    kind: Normalisation
    horizon: int
    theta: Theta | None = None
    """Given for `theta`."""

    def __call__(self, targets: Values) -> Normalised:
        """(B, L, C) float32 look-backs, NaN before their first value → their normalised values; NaN becomes 0

        >>> normaliser = WindowNormaliser("last", horizon=2)
        >>> normaliser(np.array([[[1.0], [3.0]]], np.float32)).past.ravel().tolist()
        [-2.0, 0.0]
        """
        level, scale = np.zeros_like(targets[:, :1]), np.ones_like(targets[:, :1])
        match self.kind:
            case "none":
                pass
            case "last":
                level = targets[:, -1:].copy()
            case "standard":
                level = np.asarray(targets.mean(axis=1, keepdims=True))
                # As in Kim et al. 2022: the scale of a constant window is not 0.
                scale = np.sqrt(targets.var(axis=1, keepdims=True) + 1e-5)
                padded = np.isnan(level)
                if padded.any():
                    level, scale = _of_observed(targets)
            case "theta":
                return self._theta(targets)
            case unknown:
                assert_never(unknown)
        past = (targets - level) / scale
        if np.isnan(past).any():
            past, level = np.nan_to_num(past), np.nan_to_num(level)
        return Normalised(past, level, scale)

    def _theta(self, targets: Values) -> Normalised:
        """Subtract season and level of each look-back; add those of the horizon, with a part of the slope."""
        windows, rows, columns = targets.shape
        flat = np.swapaxes(targets, 1, 2).reshape(-1, rows).astype(np.float64)
        assert self.theta is not None
        smoothing = self.theta.trend_smoothing
        theta = WindowTheta.of(flat, self.theta.season, self.horizon, smooth_trend=smoothing > 0)
        past = (flat - theta.season_past - theta.level[:, None]) / theta.scale[:, None]

        def by_column(values: Values) -> Values:
            joined: Values = np.swapaxes(values.reshape(windows, columns, -1), 1, 2).astype(np.float32)
            return joined

        level = by_column(theta.forecast(self.theta.damping, smoothing))
        facts = theta.facts().reshape(windows, columns, FACTS).astype(np.float32)
        return Normalised(by_column(np.nan_to_num(past)), level, by_column(theta.scale[:, None]), facts)


def _of_observed(targets: Values) -> tuple[Values, Values]:
    """Return mean and standard deviation (B, 1, C) of the values (B, L, C) that are not NaN; 0 and 1 of none."""
    observed = ~np.isnan(targets)
    count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    mean = np.where(observed, targets, 0).sum(axis=1, keepdims=True) / count
    variance = (np.where(observed, targets - mean, 0) ** 2).sum(axis=1, keepdims=True) / count
    return mean.astype(np.float32), np.sqrt(variance + 1e-5).astype(np.float32)
