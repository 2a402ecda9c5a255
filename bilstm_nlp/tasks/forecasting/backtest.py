"""Rolling origins, and a probe for leakage of the future into forecasts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.errors import InputError


def rolling_origins(length: int, horizon: int, windows: int, step: int) -> Ints:
    """Return the last `windows` origins, `step` rows apart.

    `horizon` rows follow the last origin, and at least a row precedes the first.

    Raises `InputError` if the series is too short for so many origins, or if a size is below 1.

    >>> rolling_origins(length=20, horizon=3, windows=3, step=5)
    array([ 7, 12, 17])
    """
    if min(horizon, windows, step) < 1:
        raise InputError(f"expected sizes of at least 1, found horizon {horizon}, windows {windows}, step {step}")
    origins = length - horizon - step * np.arange(windows, dtype=np.int64)[::-1]
    if origins[0] < 1:
        needed = horizon + step * (windows - 1) + 1
        raise InputError(f"expected at least {needed} rows for {windows} origins, found {length}")
    return origins


def leakage(forecast: Callable[[Floats], Values], values: Floats, origin: int, generator: np.random.Generator) -> float:
    """Change all values after an origin and return by how much the forecast changes: 0 without leakage.

    `forecast` runs the whole pipeline on all values (T, C) and returns its forecast from row `origin` on. Returns
    `inf` if the forecast is not a number.

    >>> values = np.arange(10.0)[:, None]
    >>> leakage(lambda values: values[:5].mean(axis=0), values, 5, np.random.default_rng(0))
    0.0
    """
    before = forecast(values)
    changed = values.copy()
    # Upwards: a transform may have no value for what lies below.
    changed[origin:] += np.abs(generator.normal(scale=10 * (1 + np.abs(values).max()), size=values[origin:].shape))
    difference = np.abs(forecast(changed) - before)
    return float(np.where(np.isnan(difference), np.inf, difference).max())
