"""What forecasts would have been worth: from rolling origins, each from its own past only, in one tidy table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.errors import InputError

Floats = NDArray[np.floating[Any]]
COLUMNS = ("unique_id", "origin", "ds", "step", "column", "y", "forecast", "lower", "upper")


def tidy(
    name: str,
    dates: pd.DatetimeIndex,
    values: Floats,
    origins: NDArray[np.int64],
    columns: Sequence[str],
    forecast: Floats,
    lower: Floats,
    upper: Floats,
) -> pd.DataFrame:
    """One row for each value of the forecasts (N, H, C), with `COLUMNS`.

    `origins` (N,): the row of `values` (T, C), at `dates` (T,), that each forecast begins at; the origin in the table
    is the date of the row before it, the last that was known.
    """
    windows, horizon, width = forecast.shape
    ahead = origins[:, None] + np.arange(horizon)
    return pd.DataFrame(
        {
            "unique_id": np.full(forecast.size, name, dtype=object),
            "origin": dates[origins - 1].repeat(horizon * width),
            "ds": dates[ahead.ravel()].repeat(width),
            "step": np.tile(np.repeat(np.arange(1, horizon + 1), width), windows),
            "column": np.tile(np.array(columns, dtype=object), windows * horizon),
            "y": values[ahead].ravel(),
            "forecast": forecast.ravel(),
            "lower": lower.ravel(),
            "upper": upper.ravel(),
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


def leakage(forecast: Callable[[Floats], Floats], values: Floats, origin: int, generator: np.random.Generator) -> float:
    """By how much a forecast moves when all that comes after its origin is changed: 0 unless the future leaks in.

    `forecast` does everything from the start with all (T, C) values, and returns what it forecasts from row `origin`
    on. `inf` if the forecast is not a number any more.
    """
    before = forecast(values)
    changed = values.copy()
    changed[origin:] += generator.normal(scale=10 * (1 + np.abs(values).max()), size=values[origin:].shape)
    moved = np.abs(forecast(changed) - before)
    return float(np.where(np.isnan(moved), np.inf, moved).max())
