"""What forecasts would have been worth: from rolling origins, each from its own past only, in one tidy table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.data.series import Series
from bilstm_nlp.errors import InputError

Floats = NDArray[np.floating[Any]]
Forecaster = Callable[[Series], Floats]
"""History up to the origin → (H, C) forecast of the rows that follow it."""
Intervals = Callable[[Floats], tuple[Floats, Floats]]
"""Forecast (H, C) → lower and upper border, such as `Conformal.interval`."""

COLUMNS = ("unique_id", "origin", "ds", "step", "column", "y", "forecast", "lower", "upper")


def tidy(
    series: Series,
    origins: NDArray[np.int64],
    forecast: Floats,
    columns: Sequence[str],
    lower: Floats | None = None,
    upper: Floats | None = None,
) -> pd.DataFrame:
    """One row for each value of the forecasts (N, H, C), with `COLUMNS`.

    `origins` (N,): first row of `series` that each forecast is of; the origin in the table is the date of the last row
    before it, the last that was known. Without intervals, lower and upper are NaN.
    """
    windows, horizon, width = forecast.shape
    ahead = origins[:, None] + np.arange(horizon)
    nothing = np.full(forecast.shape, np.nan)
    return pd.DataFrame(
        {
            "unique_id": np.full(forecast.size, series.id, dtype=object),
            "origin": series.dates[origins - 1].repeat(horizon * width),
            "ds": series.dates[ahead.ravel()].repeat(width),
            "step": np.tile(np.repeat(np.arange(1, horizon + 1), width), windows),
            "column": np.tile(np.array(columns, dtype=object), windows * horizon),
            "y": series.select(columns)[ahead].ravel(),
            "forecast": forecast.ravel(),
            "lower": (nothing if lower is None else lower).ravel(),
            "upper": (nothing if upper is None else upper).ravel(),
        }
    )


def rolling_origins(length: int, horizon: int, windows: int, step: int) -> NDArray[np.int64]:
    """The last `windows` origins, `step` rows apart, that have `horizon` rows to forecast and one row of past.

    Raises `InputError` if the series is too short for so many.
    """
    origins = length - horizon - step * np.arange(windows, dtype=np.int64)[::-1]
    if min(horizon, windows, step) < 1:
        raise ValueError(f"expected sizes of at least 1, found {horizon}, {windows}, {step}")
    if origins[0] < 1:
        needed = horizon + step * (windows - 1) + 1
        raise InputError(f"expected at least {needed} rows for {windows} origins, found {length}")
    return origins


def backtest(
    series: Sequence[Series],
    forecast: Forecaster,
    columns: Sequence[str],
    *,
    horizon: int,
    windows: int,
    step: int,
    intervals: Intervals | None = None,
) -> pd.DataFrame:
    """Forecast the columns of every series from its last `windows` rolling origins, `step` rows apart.

    The forecaster is handed rows before the origin only. To fit it anew at every origin, or at some, see `refitting`.
    """
    tables = []
    for one in series:
        origins = rolling_origins(len(one), horizon, windows, step)
        forecasts = np.stack([forecast(one[: int(origin)]) for origin in origins])
        if forecasts.shape[1:] != (horizon, len(columns)):
            raise ValueError(f"expected forecasts ({horizon}, {len(columns)}), found {forecasts.shape[1:]}")
        lower, upper = (None, None) if intervals is None else intervals(forecasts)
        tables.append(tidy(one, origins, forecasts, columns, lower, upper))
    return pd.concat(tables, ignore_index=True)


def refitting(fit: Callable[[Series], Forecaster], every: int = 1) -> Forecaster:
    """A forecaster that is fitted to the history it is given: at the first origin of a series and every so many."""
    fitted: dict[str, tuple[int, Forecaster]] = {}

    def forecast(history: Series) -> Floats:
        age, forecaster = fitted.get(history.id, (every, None))
        if forecaster is None or age >= every:
            age, forecaster = 0, fit(history)
        fitted[history.id] = (age + 1, forecaster)
        return forecaster(history)

    return forecast


def leakage(forecast: Callable[[Series], Floats], series: Series, origin: int, generator: np.random.Generator) -> float:
    """By how much a forecast moves when all that comes after its origin is changed: 0 unless the future leaks in.

    `forecast` does everything from the start, split, scaler and fit included, with a whole series, and returns what it
    forecasts from row `origin` on. `inf` if the forecast is not a number any more.
    """
    before = forecast(series)
    spread = 10 * (1 + np.abs(series.values).max())
    values = series.values.copy()
    values[origin:] += generator.normal(scale=spread, size=values[origin:].shape)
    after = forecast(Series(series.id, series.dates, values, series.columns, series.rows))
    moved = np.abs(after - before)
    return float(np.where(np.isnan(moved), np.inf, moved).max())
