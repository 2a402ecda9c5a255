"""Prediction intervals of windows: margins of each series, step and column, in units of a window's spread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.windows import WindowArrays, Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.conformal import group_margins, outside, rearranged, scores_needed
from bilstm_nlp.tasks.forecasting.data import SeriesParts
from bilstm_nlp.tasks.forecasting.forecasts import Forecasts
from bilstm_nlp.tasks.forecasting.network import ForecastingNetwork
from bilstm_nlp.tasks.measurement import evenly_spaced

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
"""Levels that every run has margins for, if its validation part is large enough."""


def levels_with(*levels: float) -> tuple[float, ...]:
    """Return the levels of a run with that of its config, or of several runs with those of theirs.

    >>> levels_with(0.75)
    (0.5, 0.75, 0.8, 0.9, 0.95, 0.99)
    """
    return tuple(sorted({*LEVELS, *levels}))


MOST_TRAINING = 4096
"""Training windows that calibrate intervals, at most."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Calibrated intervals in scaled units, whose width follows the deviation of the look-back (Lei et al. 2018, 5.2).

    A month that varies twice as much is twice as hard to forecast. Margins of the same width in all windows would
    cover too little in volatile times and too much in calm times.
    """

    margins: Floats
    """(S, H, C) of each series, as multiples of a window's spread."""
    deviations: Floats
    """(S, C) standard deviation of each series' scaled training rows."""

    @classmethod
    def of(cls, network: ForecastingNetwork, codec: SeriesCodec, series: Sequence[Series], level: float) -> Intervals:
        """Make the intervals of these series with the network's margins.

        Raises `InputError` for a level without margins.
        """
        return cls.with_margins(Margins.of(network).at(level), codec, series)

    @classmethod
    def with_margins(cls, at_level: Floats, codec: SeriesCodec, series: Sequence[Series]) -> Intervals:
        """Make the intervals of these series with the margins (S, H, C) of all series in training, or (1, H, C).

        A series that was not in training has the median margin of those that were.
        """
        rows = {name: row for row, name in enumerate(codec.scales)}
        names = [codec.trained_as(each) for each in series]
        unknown, mean = np.median(at_level, axis=0), np.mean(list(codec.deviations.values()), axis=0)
        return cls(
            np.stack([unknown if name is None or len(at_level) == 1 else at_level[rows[name]] for name in names]),
            np.stack([mean if name is None else codec.deviations[name] for name in names]),
        )

    def spread(self, past: Values, series: Ints) -> Floats:
        """(B, L, F) look-backs, (B,) series of each → (B, 1, C) spread

        The spread combines the look-back's deviation with a tenth of that in training, so that a column which is
        constant for a while still has an interval. Values far from the look-back's median count as less far, so that a
        single one does not make the interval useless.
        """
        deviations = self.deviations[series, None]
        floor = np.where(deviations > 0, deviations, 1.0)
        values = past[..., : deviations.shape[2]].astype(np.float64)
        unknown = np.isnan(values)
        if unknown.any():
            # Rows before a series or its first value count as its mean: they vary by nothing.
            mean = np.where(unknown, 0, values).sum(axis=1) / np.maximum((~unknown).sum(axis=1), 1)
            values = np.where(unknown, mean[:, None], values)
        median = np.median(values, axis=1, keepdims=True)
        distances = np.abs(values - median)
        # 1.4826 times the median distance is the standard deviation of normal values.
        farthest = 3 * 1.4826 * np.median(distances, axis=1, keepdims=True) + floor
        values = np.clip(values, median - farthest, median + farthest)
        variance = values.var(axis=1, keepdims=True) * (len(values[0]) / np.maximum((~unknown).sum(axis=1), 1)[:, None])
        spread: Floats = np.sqrt(variance + (0.1 * floor) ** 2)
        return spread

    def borders(self, past: Values, series: Ints, forecasts: Forecasts) -> tuple[Values, Values]:
        """Return the lower and the upper border (B, H, C) of each forecast's interval.

        The point forecast lies in it, even if a negative margin would make the borders cross.
        """
        widths = self.margins[series] * self.spread(past, series)
        lower, upper = forecasts.outermost
        borders = rearranged(np.stack([lower - widths, upper + widths], axis=-1))
        point = forecasts.point
        return np.minimum(borders[..., 0], point), np.maximum(borders[..., 1], point)


@dataclass(frozen=True, eq=False)
class Margins:
    """The margins of all levels."""

    levels: tuple[float, ...]
    values: Floats
    """(L, S, H, C) of each level and series in training, not finite without calibration; S = 1 if all are alike."""

    @classmethod
    def of(cls, network: ForecastingNetwork) -> Margins:
        """Return the margins of a calibrated network."""
        return cls(network.levels, network.margins.astype(np.float64))

    @classmethod
    def calibrated(
        cls,
        codec: SeriesCodec,
        series: Sequence[Series],
        parts: Sequence[tuple[Windows, Iterable[tuple[Ints, WindowArrays, Forecasts]]]],
        levels: tuple[float, ...],
        level: float,
    ) -> Margins:
        """Return the margins that the errors of forecasts calibrate: those of a validation part, and of training.

        Margins with windows of training are widened, as these windows have been seen.
        Raises `InputError` if there are too few values for `level`. Other levels with too few have no margins.
        """
        of_parts = [_scores(codec, series, windows, blocks) for windows, blocks in parts]
        scores, relative = np.concatenate([each for each, _ in of_parts]), all(equal for _, equal in of_parts)
        of_windows = np.concatenate([windows.series for windows, _ in parts])
        columns, count = len(codec.columns.targets), len(codec.scales)
        names = list(codec.scales)
        of = np.array([names.index(name) for name in map(codec.trained_as, series) if name is not None])
        # Each column of each series is a group.
        groups = (of[of_windows][:, None] * columns + np.arange(columns)).ravel()
        flat = np.swapaxes(scores, 1, 2).reshape(-1, codec.horizon)
        margins = np.full((len(levels), count, codec.horizon, columns), np.inf)
        for index, each in enumerate(levels):
            if each != level and np.isfinite(flat).sum() < scores_needed(each):
                continue
            by_group = group_margins(flat, groups, count * columns, each, relative=relative)
            margins[index] = by_group.reshape(count, columns, codec.horizon).swapaxes(1, 2)
        if len(parts) > 1:
            independent = len(of_windows) / len(np.unique(of_windows)) / codec.horizon
            margins = np.where(margins > 0, margins * widening(independent), margins)
        # Rounded up: in single precision, half of the windows that lie on a border exactly would fall outside.
        rounded = np.nextafter(margins.astype(np.float32), np.float32(np.inf))
        return cls(levels, rounded.astype(np.float64))

    def at(self, level: float) -> Floats:
        """Return the margins (S, H, C) of a level. Raises `InputError` for a level without margins."""
        pairs = zip(self.levels, self.values, strict=True)
        by_level = {each: block for each, block in pairs if np.isfinite(block).all()}
        if level not in by_level:
            shown = ", ".join(f"{each:g}" for each in by_level)
            raise InputError(f"level: expected one that the run is calibrated for ({shown}), found {level:g}")
        at_level: Floats = by_level[level]
        return at_level


def training_part(config: ForecastingConfig, codec: SeriesCodec, data: SeriesParts) -> list[Windows]:
    """Return the training windows that calibrate intervals beside the validation part, in a list; empty for none."""
    match config.calibration:
        case "validation":
            return []
        case "training":
            settings = config.data
            rows = data.training_rows(settings.least_past)
            windows = codec.windows(data.series_set.series, rows, settings.stride, settings.min_future)
            return [replace(windows, origins=windows.origins[evenly_spaced(len(windows), MOST_TRAINING)])]
        case unknown:
            assert_never(unknown)


def widening(windows: float) -> float:
    """Return the factor of margins from so many independent windows: n / (n − 1), at most 2.

    >>> widening(1.0), widening(5.0)
    (2.0, 1.25)
    """
    count = max(2.0, windows)
    return count / (count - 1)


def _scores(
    codec: SeriesCodec,
    series: Sequence[Series],
    windows: Windows,
    forecast_windows: Iterable[tuple[Ints, WindowArrays, Forecasts]],
) -> tuple[Floats, bool]:
    """Return by how many spreads each value (N, H, C) lies outside its outermost quantiles, and if these are equal."""
    empty = np.zeros((len(series), codec.horizon, len(codec.columns.targets)))
    intervals = Intervals(empty, np.stack([codec.deviation(each) for each in series]))
    blocks, relative = [], True
    for numbers, block, forecasts in forecast_windows:
        spread = intervals.spread(block.past, windows.series[numbers])
        lower, upper = forecasts.outermost
        relative = relative and forecasts.quantiles.shape[-1] == 1
        blocks.append(outside(block.future / spread, lower / spread, upper / spread))
    return np.concatenate(blocks), relative
