"""Trials on training rows: forecasts from season, level and slope alone, by which settings are chosen.

They tell which season, look-back, damping and transform suit the data, before any network is trained. Knows no torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.series.theta import WindowTheta

COLUMNS = 100
"""Series, or columns of series, that are tried at most."""
ORIGINS = 24
"""Origins in each of them."""
DAMPINGS = (0.5, 0.0, 1.0)
"""Dampings that are tried, the usual one first."""
DOUBT = 0.1
"""Cost of an unusual setting, as part of the error, if there is a single origin."""
FACTOR = 2.0
"""The largest value divided by the smallest, from which on a series is seen as growing by percentages."""
LEAST_ERROR = 0.01
"""Least part of the error of the last value, so that no perfectly regular series decides alone."""


@dataclass(frozen=True)
class Trial:
    """Settings of a forecast from season, level and slope."""

    season: int
    look_back: int
    damping: float
    logarithms: bool


class Trials:
    """Training values of several columns, and the errors of forecasts on them."""

    def __init__(self, columns: Sequence[Floats], horizon: int) -> None:
        """`columns`: values (T,) of each, NaN where a value is missing. `horizon`: rows to forecast."""
        rows = np.unique(np.linspace(0, max(0, len(columns) - 1), COLUMNS).astype(np.int64))
        kept = (columns[int(row)] for row in rows) if columns else iter(())
        self.columns, self.horizon = [_filled(values) for values in kept if not np.isnan(values).all()], horizon

    def best(self, season: int, look_back: int, least_past: int) -> tuple[Trial, str]:
        """Return the trial with the smallest error, the usual one if in doubt, and the reason.

        Few independent origins tell little: a distance from the usual trial costs DOUBT / √origins.
        """
        usual = Trial(season, look_back, 0.5, logarithms=self.grows)
        drawn = max(1.0, sum(len(values) for values in self.columns) / self.horizon)
        scores = {}
        for logarithms in dict.fromkeys((usual.logarithms, False)):
            for damping in DAMPINGS:
                trial = Trial(season, look_back, damping, logarithms)
                error = self.error(trial, least_past)
                if error is not None:
                    distance = (logarithms != usual.logarithms) + 2 * abs(damping - usual.damping)
                    scores[trial] = math.log(error) + DOUBT * distance / math.sqrt(drawn)
        best = min(scores, key=scores.__getitem__, default=usual)
        if best == usual:
            return usual, "the usual"
        return best, f"its forecasts are {1 - math.exp(scores[best] - scores[usual]):.0%} nearer on the training rows"

    @property
    def grows(self) -> bool:
        """True if no value is negative, and the values of a usual column differ by a factor."""
        if not self.columns or min(float(values.min()) for values in self.columns) < 0:
            return False
        return float(np.median([values.max() / max(values.min(), 1e-9) for values in self.columns])) >= FACTOR

    def error(self, trial: Trial, least_past: int) -> float | None:
        """Return the mean absolute error on all origins with `least_past` rows before them, relative to the last value.

        The geometric mean over the columns. `None` if there is no such origin, or if no last value is ever wrong.
        """
        errors = []
        for values in self.columns:
            # The older half is never forecast, as its windows are short.
            first = max(least_past, len(values) // 2)
            last = len(values) - self.horizon
            if last < first:
                continue
            origins = np.unique(np.linspace(first, last, ORIGINS).astype(np.int64))
            past, future = _windows(values, origins, trial.look_back, self.horizon)
            naive = np.abs(future - past[:, -1:]).mean()
            if naive > 0:
                error = np.abs(future - _forecast(past, trial, self.horizon)).mean()
                errors.append(max(LEAST_ERROR, float(error / naive)))
        return float(np.exp(np.mean(np.log(errors)))) if errors else None


def _filled(values: Floats) -> Floats:
    """Return the values (T,) from the first on; a missing one is the one before it."""
    observed = ~np.isnan(values)
    newest = np.maximum.accumulate(np.where(observed, np.arange(len(values)), -1))
    kept: Floats = values[newest[newest >= 0]]
    return kept


def _windows(values: Floats, origins: Ints, look_back: int, horizon: int) -> tuple[Floats, Floats]:
    """Return the past (N, L), NaN before the first value, and the future (N, H) of each origin."""
    padded = np.concatenate([np.full(look_back, np.nan), values])
    past = padded[origins[:, None] + np.arange(look_back)]
    return past, values[origins[:, None] + np.arange(horizon)]


def _forecast(past: Floats, trial: Trial, horizon: int) -> Floats:
    """Forecast (N, H) from look-backs (N, L) in own units."""
    if trial.logarithms:
        return np.expm1(WindowTheta.of(np.log1p(past), trial.season, horizon).forecast(trial.damping))
    size = np.nanstd(past) or 1.0
    forecast: Floats = WindowTheta.of(past / size, trial.season, horizon).forecast(trial.damping) * size
    return forecast
