"""Trials on training rows: forecasts from season, level and slope alone, by which settings are chosen.

They tell which season, transform and trend suit the data, before any network is trained. Knows no torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.series.theta import WindowTheta

COLUMNS = 100
"""Series, or columns of series, that are tried at most."""
ORIGINS = 24
"""Origins in each of them, at most. Few columns share MOST_ORIGINS."""
MOST_ORIGINS = 400
LEAST_ERROR = 0.01
"""Least error of a column, relative to that of the last value. So no perfectly regular column decides alone."""
DOUBT = 0.05
"""Cost of a setting that is far from the usual one, as part of the error, if there is a single independent window."""
FACTOR = 2.0
"""Largest value divided by the smallest, from which on values are seen as growing by percentages."""
SMOOTHED = 128
"""Longest look-back for which smoothing with a damped trend is tried, as it takes time for each row."""


@dataclass(frozen=True)
class Trial:
    """Settings of a forecast from season, level and slope."""

    season: int
    look_back: int
    logarithms: bool = False
    damping: float = 0.0
    trend_smoothing: float = 0.0


@dataclass(frozen=True)
class Chosen:
    """The trial that suits the data best, and why it is chosen."""

    trial: Trial
    reason: str


class Trials:
    """Trials on the training values of columns."""

    def __init__(self, columns: Sequence[Floats], horizon: int) -> None:
        """`columns`: values (T,) of each, NaN where a value is missing. `horizon`: rows to forecast."""
        rows = dict.fromkeys(np.linspace(0, len(columns) - 1, COLUMNS).astype(np.int64).tolist() if columns else [])
        kept = (_from_first(columns[row]) for row in rows)
        self.columns, self.horizon = [values for values in kept if len(values)], horizon

    @property
    def grows(self) -> bool:
        """True if the values of half of the columns differ by a factor, and none is negative."""
        factors = [values.max() / values.min() if values.min() > 0 else math.inf for values in self.columns]
        positive = all(values.min() >= 0 for values in self.columns)
        return bool(factors) and positive and float(np.median(factors)) >= FACTOR

    def best(self, season: int, look_back: int, least_past: int, *, negative: bool, trend: bool) -> Chosen:
        """Choose transform and trend: the usual ones, unless the errors of others are clearly smaller.

        `negative`: any value of the file is, so that logarithms can't be taken. `trend`: a trend is usual.

        Few windows tell little: the distance from the usual settings costs DOUBT / √windows of the error.
        """
        smoothings = (0.0, 0.5) if look_back <= SMOOTHED else (0.0,)
        logarithms = self.grows and not negative
        usual = Trial(season, look_back, logarithms, *((0.5, smoothings[-1]) if trend else (0.0, 0.0)))
        windows = max(1.0, sum(len(values) for values in self.columns) / self.horizon)
        scores = {}
        for logarithms in dict.fromkeys((usual.logarithms, False)):
            settings = list(product((0.0, 0.5, 1.0), smoothings))
            trials = [Trial(season, look_back, logarithms, *setting) for setting in settings]
            for trial, error in self.errors(trials, least_past).items():
                distance = (logarithms != usual.logarithms) + 2 * abs(trial.damping - usual.damping)
                distance += 2 * abs(trial.trend_smoothing - usual.trend_smoothing)
                scores[trial] = math.log(error) + DOUBT * distance / math.sqrt(windows)
        best = min(scores, key=scores.__getitem__, default=usual)
        gain = 1 - math.exp(scores[best] - scores[usual]) if scores else 0.0
        return Chosen(best, f"{gain:.0%} nearer than usual on the training rows" if gain else "the usual choice")

    def errors(self, trials: Sequence[Trial], least_past: int) -> Mapping[Trial, float]:
        """Return the mean absolute error of each trial, relative to that of the last value.

        The trials differ in damping and smoothing of the trend alone. Origins have `least_past` rows before them.
        Geometric mean over the columns; empty if there is no origin, or if no last value is ever wrong.
        """
        sums: dict[Trial, list[float]] = {trial: [] for trial in trials}
        for past, future in self._windows(trials[0].look_back, least_past):
            naive = float(np.abs(future - past[:, -1:]).mean())
            if naive > 0:
                for trial, forecast in _forecasts(past, trials, self.horizon):
                    error = float(np.abs(future - forecast).mean())
                    sums[trial].append(math.log(max(LEAST_ERROR, error / naive)))
        return {trial: math.exp(sum(logs) / len(logs)) for trial, logs in sums.items() if logs}

    def _windows(self, look_back: int, least_past: int) -> Iterator[tuple[Floats, Floats]]:
        """Yield the past (N, L), NaN before the first value, and the future (N, H) of each column's origins."""
        count = max(ORIGINS, MOST_ORIGINS // len(self.columns)) if self.columns else 0
        for values in self.columns:
            # Origins lie in the newer half, where windows are as long as those to come.
            first, last = max(least_past, len(values) // 2), len(values) - self.horizon
            if first <= last:
                origins: Ints = np.unique(np.linspace(first, last, count).astype(np.int64))
                padded = np.concatenate([np.full(look_back, np.nan), values])
                past = padded[origins[:, None] + np.arange(look_back)]
                yield past, values[origins[:, None] + np.arange(self.horizon)]


def _from_first(values: Floats) -> Floats:
    """Return the values (T,) from the first on; a missing value is the one before it.

    >>> _from_first(np.array([np.nan, 1.0, np.nan, 2.0])).tolist()
    [1.0, 1.0, 2.0]
    """
    newest = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    kept: Floats = values[newest[newest >= 0]]
    return kept


def _forecasts(past: Floats, trials: Sequence[Trial], horizon: int) -> Iterator[tuple[Trial, Floats]]:
    """Yield the forecasts (N, H) of trials that share season and transform, in own units."""
    logarithms = trials[0].logarithms
    size = 1.0 if logarithms else float(np.nanstd(past)) or 1.0
    values = np.log1p(past) if logarithms else past / size
    smooth = any(trial.trend_smoothing > 0 for trial in trials)
    theta = WindowTheta.of(values, trials[0].season, horizon, smooth_trend=smooth)
    for trial in trials:
        forecast = theta.forecast(trial.damping, trial.trend_smoothing)
        yield trial, np.expm1(forecast) if logarithms else forecast * size
