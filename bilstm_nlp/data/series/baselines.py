"""Forecasts at no cost, to compare a model with: naive, seasonal naive, drift, mean, and a linear map. Pure numpy.

Each takes the look-back (…, L, C) to the horizon (…, H, C), column by column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PositiveInt

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.data.series.calendar import season
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.series import Parts, Series, SeriesSet
from bilstm_nlp.data.series.windows import BLOCK, Windows
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.metrics.forecasts import seasonal_naive_error
from bilstm_nlp.system.json_values import checked

SEASONAL_NAIVE = "seasonal naive"
"""The baseline that a model's skill is measured against."""


def naive(past: Values, horizon: int) -> Values:
    """Repeat the last value.

    >>> naive(np.array([[1.0], [2.0]]), 3).ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    return np.repeat(past[..., -1:, :], horizon, axis=-2)


def seasonal_naive(past: Values, horizon: int, season: int) -> Values:
    """Repeat the last season. Raises `InputError` if the look-back is shorter than a season.

    >>> seasonal_naive(np.array([[1.0], [2.0], [3.0]]), 3, 2).ravel().tolist()
    [2.0, 3.0, 2.0]
    """
    _check_rows(past, season, "a season")
    repeated: Values = past[..., past.shape[-2] - season + np.arange(horizon) % season, :]
    return repeated


def drift(past: Values, horizon: int) -> Values:
    """Extend the line through the first and the last value. Raises `InputError` for a look-back of one value.

    >>> drift(np.array([[1.0], [5.0], [2.0]]), 2).ravel().tolist()
    [2.5, 3.0]
    """
    _check_rows(past, 2, "a line")
    slope = (past[..., -1:, :] - past[..., :1, :]) / (past.shape[-2] - 1)
    line: Values = past[..., -1:, :] + slope * np.arange(1, horizon + 1, dtype=past.dtype)[:, None]
    return line


def moving_average(past: Values, horizon: int, width: int) -> Values:
    """Repeat the mean of the last `width` values. Raises `InputError` if the look-back is shorter.

    >>> moving_average(np.array([[1.0], [2.0], [4.0]]), 2, 2).ravel().tolist()
    [3.0, 3.0]
    """
    _check_rows(past, width, "the average")
    return np.repeat(past[..., -width:, :].mean(axis=-2, keepdims=True), horizon, axis=-2)


def _check_rows(past: Values, rows: int, purpose: str) -> None:
    """Raise `InputError` if the look-back has fewer rows."""
    if past.shape[-2] < rows:
        raise InputError(f"expected a look-back of at least {rows} rows for {purpose}, found {past.shape[-2]}")


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A linear map from look-back to horizon, the same for all columns, fitted in closed form."""

    weights: Floats
    """(L, H)"""
    bias: Floats
    """(H,)"""

    @classmethod
    def fit(cls, windows: Iterable[tuple[Values, Values]]) -> LinearMap:
        """Fit by least squares to blocks of past (B, L, C) and future (B, H, C).

        A window's column with a value that is NaN is left out.

        Each block is seen once. Only the sums of x·xᵀ and x·yᵀ are kept: (L + 1)² and (L + 1)·H numbers. If several
        maps fit equally well, the smallest is taken. Raises `InputError` without windows.
        """
        gram = cross = None
        for past, future in windows:
            x = _columns_as_rows(past)
            x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
            y = _columns_as_rows(future)
            complete = ~np.isnan(y).any(axis=1)
            if not complete.all():
                x, y = x[complete], y[complete]
            if gram is None or cross is None:
                gram, cross = x.T @ x, x.T @ y
            else:
                gram += x.T @ x
                cross += x.T @ y
        if gram is None or cross is None:
            raise InputError("expected windows to fit the linear map to, found none")
        solution = np.linalg.lstsq(gram, cross, rcond=None)[0].astype(np.float64, copy=False)
        return cls(solution[:-1], solution[-1])

    def __call__(self, past: Values) -> Values:
        """(…, L, C) → (…, H, C)"""
        forecast: Values = np.swapaxes(np.swapaxes(past, -1, -2) @ self.weights + self.bias, -1, -2)
        return forecast


def _columns_as_rows(block: Values) -> NDArray[np.float64]:
    """(B, T, C) → (B·C, T): a row for every column of every window"""
    return np.swapaxes(block, 1, 2).reshape(-1, block.shape[1]).astype(np.float64, copy=False)


@dataclass(frozen=True, eq=False)
class Baselines:
    """A set of baselines and error scales, fitted to the training rows. Evaluation needs them, prediction does not."""

    season: int
    """Rows after which the seasonal naive forecast repeats."""
    naive_errors: dict[str, Floats]
    """Series → (C,) error of the seasonal naive forecast on its training rows, in own units: the scale of MASE."""
    linear: LinearMap
    """The linear map of the training windows, in scaled units."""

    @classmethod
    def fit(cls, codec: SeriesCodec, data: SeriesSet, parts: Sequence[Parts], season_length: int | None) -> Baselines:
        """Fit the baselines to the training rows of each series; by default the frequency tells the season's length.

        Raises `InputError` if the training rows have no room for a window.
        """
        length, targets = season_length or season(data.frequency), codec.columns.targets
        training = [series[part.train] for series, part in zip(data.series, parts, strict=True)]
        try:
            windows = codec.windows(training, [slice(0, len(series)) for series in training])
        except InputError as error:
            raise InputError(f"{data.source}, train part: {error}") from None
        blocks = np.split(np.arange(len(windows)), range(BLOCK, len(windows), BLOCK))
        linear = LinearMap.fit(
            (windows.past(numbers, codec.look_back)[..., : len(targets)], windows.gather(numbers).future)
            for numbers in blocks
        )
        errors = {series.id: seasonal_naive_error(_with_gaps(series, targets), length) for series in training}
        return cls(length, errors, linear)

    def naive_error(self, name: str | None) -> Floats:
        """Return the scale (C,) of MASE for a series of the training; zeros, for no scale, if `name` is `None`."""
        unknown = np.zeros(len(next(iter(self.naive_errors.values()))))
        return unknown if name is None else self.naive_errors[name]

    def forecasts(self, windows: Windows, numbers: Ints) -> Iterator[tuple[str, Values]]:
        """Yield each baseline's name and its scaled forecasts (B, H, C) for the windows with these numbers.

        The seasonal naive forecast is left out if, for any window of the part, the season begins before the series.
        """
        look_back, horizon, targets = windows.look_back, windows.horizon, windows.panel.targets
        past = windows.past(numbers, look_back)[..., :targets]
        yield "naive", naive(past, horizon)
        if windows.rows.min() >= self.season:
            yield (
                SEASONAL_NAIVE,
                seasonal_naive(windows.past(numbers, self.season)[..., :targets], horizon, self.season),
            )
        if look_back > 1:
            yield "drift", drift(past, horizon)
        width = min(self.season, look_back) if self.season > 1 else look_back
        yield f"mean of the last {width}", moving_average(past, horizon, width)
        yield "linear map", self.linear(past)

    # --- on disk ---

    def to_json(self) -> dict[str, Any]:
        """Return the baselines' part of codec.json."""
        errors = {name: errors.tolist() for name, errors in self.naive_errors.items()}
        return {"season": self.season, "naive_errors": errors}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the content of codec.safetensors."""
        return {"linear.weights": self.linear.weights, "linear.bias": self.linear.bias}

    @classmethod
    def from_json(cls, values: dict[str, Any], arrays: Mapping[str, NDArray[Any]], codec: SeriesCodec) -> Baselines:
        """Undo `to_json` and `tensors`. Raises `RunError` for values that are missing or do not fit the codec."""
        file = checked(_BaselinesFile, values, "codec.json")
        sizes = {name: len(errors) for name, errors in file.naive_errors.items()}
        targets = len(codec.columns.targets)
        if sizes != dict.fromkeys(codec.scales, targets):
            expected = f"naive_errors of {targets} targets for the series that have scalers"
            raise RunError(f"codec.json: expected {expected}, found others")
        for name, wanted in (("linear.weights", (codec.look_back, codec.horizon)), ("linear.bias", (codec.horizon,))):
            array = arrays.get(name)
            if array is None or array.shape != wanted or array.dtype != np.float64:
                shown = "none" if array is None else f"{array.dtype} of shape {array.shape}"
                raise RunError(f"codec.safetensors: expected {name} in float64 of shape {wanted}, found {shown}")
        return cls(
            file.season,
            {name: np.array(errors) for name, errors in file.naive_errors.items()},
            LinearMap(arrays["linear.weights"], arrays["linear.bias"]),
        )


def _with_gaps(series: Series, columns: Sequence[str]) -> Floats:
    """Return the values (T, C) of these columns, with NaN where the file lacks a value."""
    values = series.select(columns)
    values[~series.observed_of(columns)] = np.nan
    return values


class _BaselinesFile(BaseModel):
    """The baselines' part of codec.json."""

    model_config = ConfigDict(strict=True)

    season: PositiveInt
    naive_errors: dict[str, list[float]]
