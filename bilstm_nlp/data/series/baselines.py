"""Forecasts that cost nothing, to compare with: what a model does not beat, it has not learnt. Pure numpy.

All take the look-back (…, L, C) and give the horizon (…, H, C), each column by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.errors import InputError

Floats = NDArray[np.floating[Any]]


def naive(past: Floats, horizon: int) -> Floats:
    """The last value, again and again."""
    return np.repeat(past[..., -1:, :], horizon, axis=-2)


def seasonal_naive(past: Floats, horizon: int, season: int) -> Floats:
    """The last season, again and again. Raises `InputError` if the look-back is shorter than a season."""
    need(past, season, "a season")
    taken: Floats = past[..., past.shape[-2] - season + np.arange(horizon) % season, :]
    return taken


def drift(past: Floats, horizon: int) -> Floats:
    """The straight line through the first and the last value of the look-back, which has two values at least."""
    need(past, 2, "a line")
    slope = (past[..., -1:, :] - past[..., :1, :]) / (past.shape[-2] - 1)
    line: Floats = past[..., -1:, :] + slope * np.arange(1, horizon + 1, dtype=past.dtype)[:, None]
    return line


def moving_average(past: Floats, horizon: int, width: int) -> Floats:
    """The mean of the last `width` values, again and again. Raises `InputError` if the look-back is shorter."""
    need(past, width, "the average")
    return np.repeat(past[..., -width:, :].mean(axis=-2, keepdims=True), horizon, axis=-2)


def need(past: Floats, rows: int, purpose: str) -> None:
    if past.shape[-2] < rows:
        raise InputError(f"expected a look-back of at least {rows} rows for {purpose}, found {past.shape[-2]}")


@dataclass(frozen=True, eq=False)
class LinearMap:
    """One linear map from look-back to horizon for all columns, fitted in closed form."""

    weights: NDArray[np.float64]
    """(L, H)"""
    bias: NDArray[np.float64]
    """(H,)"""

    @classmethod
    def fit(cls, windows: Iterable[tuple[Floats, Floats]], ridge: float = 0.0) -> LinearMap:
        """Least squares over blocks of past (B, L, C) and future (B, H, C), each seen once and let go.

        Only the sums of x·xᵀ and x·yᵀ are kept, (L + 1)² and (L + 1)·H numbers. `ridge` is added to the diagonal but
        for the bias. Where the values leave the map undecided it is the smallest one that fits.
        """
        gram = cross = None
        for past, future in windows:
            x = rows_of(past)
            x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
            y = rows_of(future)
            if gram is None or cross is None:
                gram, cross = x.T @ x, x.T @ y
            else:
                gram += x.T @ x
                cross += x.T @ y
        if gram is None or cross is None:
            raise InputError("expected windows to fit the linear map to, found none")
        gram[np.arange(len(gram) - 1), np.arange(len(gram) - 1)] += ridge
        solution = np.linalg.lstsq(gram, cross, rcond=None)[0].astype(np.float64, copy=False)
        return cls(solution[:-1], solution[-1])

    def __call__(self, past: Floats) -> Floats:
        """(…, L, C) → (…, H, C)"""
        forecast: Floats = np.swapaxes(np.swapaxes(past, -1, -2) @ self.weights + self.bias, -1, -2)
        return forecast


def rows_of(block: Floats) -> NDArray[np.float64]:
    """(B, T, C) → (B·C, T): every column of every window is a row."""
    return np.swapaxes(block, 1, 2).reshape(-1, block.shape[1]).astype(np.float64, copy=False)
