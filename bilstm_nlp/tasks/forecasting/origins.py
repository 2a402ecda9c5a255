"""Forecasts from origins of series, in own units: for several levels, and for other horizons than that of training."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.series import Series, column_indices
from bilstm_nlp.data.series.transform import Curve
from bilstm_nlp.data.series.windows import WindowArrays, Windows
from bilstm_nlp.tasks.forecasting.forecasts import Forecasts, forecast_blocks
from bilstm_nlp.tasks.forecasting.intervals import Intervals
from bilstm_nlp.tasks.forecasting.network import ForecastingNetwork

logger = logging.getLogger(__name__)


class WindowForecaster(Protocol):
    """A model, or several together, that forecast windows of a codec in its scaled units."""

    @property
    def codec(self) -> SeriesCodec:
        """The codec of the windows, their scales and their dates."""
        ...

    @property
    def codecs(self) -> Sequence[SeriesCodec]:
        """The codecs of all models."""
        ...

    @property
    def shares(self) -> Values | None:
        """(2,) the shares by which forecasts are shrunk; None if they are not, or if several models forecast."""
        ...

    def blocks(self, series: Sequence[Series], windows: Windows) -> Iterator[tuple[Ints, WindowArrays, Forecasts]]:
        """Yield all windows of these series in order, as `forecast_blocks` does."""
        ...

    def intervals(self, series: Sequence[Series], level: float) -> Intervals:
        """Return the calibrated intervals of these series. Raises `InputError` for a level without margins."""
        ...


@dataclass(frozen=True, eq=False)
class ModelForecasts:
    """The forecasts of one model."""

    network: ForecastingNetwork
    codec: SeriesCodec

    @property
    def codecs(self) -> Sequence[SeriesCodec]:
        """The model's codec."""
        return [self.codec]

    @property
    def shares(self) -> Values | None:
        """(2,) the shares by which forecasts are shrunk; None if they are not."""
        return self.network.shares

    def blocks(self, series: Sequence[Series], windows: Windows) -> Iterator[tuple[Ints, WindowArrays, Forecasts]]:
        """Yield all windows in order, a block at a time."""
        return forecast_blocks(self.network, self.codec, windows)

    def intervals(self, series: Sequence[Series], level: float) -> Intervals:
        """Make the intervals with the model's margins."""
        return Intervals.of(self.network, self.codec, series, level)


@dataclass(frozen=True, eq=False)
class OriginForecasts:
    """The forecasts (H, C) from N origins, in own units, with the borders of L levels."""

    series: Ints
    """(N,) index of the series."""
    rows: Ints
    """(N,) first row to forecast."""
    point: Floats
    """(N, H, C)"""
    lower: Floats
    """(L, N, H, C)"""
    upper: Floats
    """(L, N, H, C)"""


def forecasts_at(
    forecaster: WindowForecaster,
    series: Sequence[Series],
    origins: Sequence[Ints],
    levels: Sequence[float],
    steps: int,
) -> OriginForecasts:
    """Forecast `steps` rows from these origins of each series, with intervals of ascending levels.

    Each origin has look-back before it, and after it the rows of the training's horizon, or of `steps` if they are
    more. More steps than the training's are forecast by rolling on: the point forecasts are the past of the next block.
    """
    horizon = forecaster.codec.horizon
    if steps > horizon:
        return _rolled(forecaster, series, origins, levels, steps)
    whole = _at(forecaster, series, origins, levels)
    return replace(
        whole, point=whole.point[:, :steps], lower=whole.lower[:, :, :steps], upper=whole.upper[:, :, :steps]
    )


def _at(
    forecaster: WindowForecaster, series: Sequence[Series], origins: Sequence[Ints], levels: Sequence[float]
) -> OriginForecasts:
    """Forecast the training's horizon. An interval contains those of lower levels, even if their margins cross."""
    windows = forecaster.codec.windows_at(series, origins)
    by_level = [forecaster.intervals(series, level) for level in levels]
    points, lowers, uppers = [], [], []
    for numbers, block, forecasts in forecaster.blocks(series, windows):
        of = windows.series[numbers]
        borders = [intervals.borders(block.past, of, forecasts) for intervals in by_level]
        points.append(block.units.undo(forecasts.point))
        lowers.append(np.stack([block.units.undo(lower) for lower, _ in borders]))
        uppers.append(np.stack([block.units.undo(upper) for _, upper in borders]))
    return OriginForecasts(
        windows.series,
        windows.rows,
        np.concatenate(points),
        np.minimum.accumulate(np.concatenate(lowers, axis=1), axis=0),
        np.maximum.accumulate(np.concatenate(uppers, axis=1), axis=0),
    )


# --- beyond the horizon of training ---


def _rolled(
    forecaster: WindowForecaster,
    series: Sequence[Series],
    origins: Sequence[Ints],
    levels: Sequence[float],
    steps: int,
) -> OriginForecasts:
    """Forecast block by block. The last block ends at `steps`, so that nothing after it needs to be known.

    The borders are those of the first block, calibrated, then those of `_wider`.
    """
    codec, horizon = forecaster.codec, forecaster.codec.horizon
    logger.warning(
        "steps %d to %d: forecast from forecasts, as the model was trained for %d steps; "
        "their intervals are extrapolated, not calibrated",
        *(horizon + 1, steps, horizon),
    )
    targets = column_indices(codec.columns.targets, series[0].columns)
    of = np.repeat(np.arange(len(series)), [len(rows) for rows in origins])
    first = np.concatenate(origins)
    copies = [_cut(series[int(index)], int(row), steps, targets) for index, row in zip(of, first, strict=True)]
    start = _at(forecaster, copies, [np.array([row]) for row in first], levels)
    points = np.empty((len(copies), steps, len(targets)))
    points[:, :horizon] = start.point
    done = horizon
    while done < steps:
        offset = min(done, steps - horizon)
        for copy, row, own in zip(copies, first, points, strict=True):
            _observe(forecaster.codecs, copy, row, own[:done], targets)
        block = _at(forecaster, copies, [np.array([row + offset]) for row in first], levels[:1]).point
        points[:, done : offset + horizon] = block[:, done - offset :]
        done = offset + horizon
    lower, upper = (np.empty((len(levels), *points.shape)) for _ in range(2))
    for number, copy in enumerate(copies):
        curve = Curve.of(codec.curves, codec.trained_as(copy))
        for level in range(len(levels)):
            borders = start.lower[level, number], start.upper[level, number]
            lower[level, number], upper[level, number] = _wider(codec, curve, points[number], borders)
    return OriginForecasts(of, first, points, lower, upper)


def _cut(series: Series, row: int, steps: int, targets: Sequence[int]) -> Series:
    """Copy the rows up to `steps` after an origin, without the targets from the origin on."""
    part = series[: row + steps]
    values, observed = part.values.copy(), part.observed_of(part.columns).copy()
    values[row:, targets], observed[row:, targets] = np.nan, False
    return replace(part, values=values, observed=observed)


def _observe(codecs: Sequence[SeriesCodec], series: Series, row: int, points: Floats, targets: Sequence[int]) -> None:
    """Put point forecasts (n, C) into a copied series, as if they had been observed from a row on."""
    least = np.full(len(targets), -np.inf)
    for codec in codecs:
        curve = Curve.of(codec.curves, codec.trained_as(series))
        least = np.maximum(least, _least(codec, curve, len(targets)))
    rows = slice(row, row + len(points))
    assert series.observed is not None
    series.values[rows, targets], series.observed[rows, targets] = np.maximum(points, least), True


def _wider(
    codec: SeriesCodec, curve: Curve | None, points: Floats, borders: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """(steps, C) point forecasts, (H, C) calibrated borders of the first H → (steps, C) borders of all

    Half an interval at step h after k whole horizons has the width √(k·W² + w²). W is the width at the last trained
    step and w that at step h, both of the first block, in the units of the transform. Errors of one block would add up
    in this way if they were independent of those of the next. No width is smaller than that of the step before.
    """
    horizon, steps = codec.horizon, len(points)
    least = _least(codec, curve, points.shape[1])

    def transformed(values: Floats) -> Floats:
        return values if curve is None else curve.apply(np.maximum(values, least))

    middle = transformed(points)
    blocks, within = np.divmod(np.arange(horizon, steps), horizon)
    result = []
    for sign, border in zip((-1, 1), borders, strict=True):
        widths = np.abs(transformed(border) - middle[:horizon])
        further = np.hypot(np.sqrt(blocks)[:, None] * widths[-1], widths[within])
        grown = np.maximum.accumulate(np.concatenate([widths[-1:], further]))[1:]
        own = middle[horizon:] + sign * grown
        own = own if curve is None else curve.undo(own)
        own = own if codec.lower is None else np.maximum(own, codec.lower)
        # Undoing the curve rounds, and the point lies inside.
        inside = np.minimum(own, points[horizon:]) if sign < 0 else np.maximum(own, points[horizon:])
        result.append(np.concatenate([border, inside]))
    return result[0], result[1]


def _least(codec: SeriesCodec, curve: Curve | None, targets: int) -> Floats:
    """Return the least value (C,) that each target can have in the past."""
    least = np.full(targets, -np.inf if codec.lower is None else codec.lower)
    return least if curve is None else np.maximum(least, np.nextafter(-curve.shift, np.inf))
