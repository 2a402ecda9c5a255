"""Forecasts of a network in scaled units, a batch or a block of windows at a time. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints, Values, WindowBatch
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.windows import BLOCK, WindowArrays, Windows
from bilstm_nlp.tasks.forecasting.network import ForecastingNetwork


@dataclass(frozen=True, eq=False)
class Forecasts:
    """The forecasts for B windows, in scaled units."""

    quantiles: Values
    """(B, H, C, Q) ascending; Q = 1 for a point forecast."""
    middle: int
    """Index of the quantile that is the point forecast."""

    @property
    def point(self) -> Values:
        """(B, H, C)"""
        return self.quantiles[..., self.middle]

    @property
    def outermost(self) -> tuple[Values, Values]:
        """(B, H, C) twice: the lowest and the highest quantile, not calibrated."""
        return self.quantiles[..., 0], self.quantiles[..., -1]


def forecast_windows(
    network: ForecastingNetwork, codec: SeriesCodec, past: Values, known: Values, facts: Values | None
) -> Forecasts:
    """Forecast windows, given their arrays as `SeriesCodec.collate` has them, and shrink the forecasts if asked for."""
    batch = codec.collate(past, known, facts)
    forecasts, shares = forecast(network, batch), network.shares
    if shares is None or shares[1] == 1:
        return forecasts
    of_start, of_model = shares
    last, start = last_and_start(codec, past, batch)
    shrunk = part_way(part_way(last, start, of_start)[..., None], forecasts.quantiles, of_model)
    # A column without a value yet has no last one.
    return replace(forecasts, quantiles=np.where(np.isnan(shrunk), forecasts.quantiles, shrunk))


def last_and_start(codec: SeriesCodec, past: Values, batch: WindowBatch[NDArray[Any]]) -> tuple[Values, Values]:
    """Return the last values of windows and the forecasts that a model begins at, scaled, (B, H or 1, C) each.

    A target that columns lead has the latter in both: the validation part has confirmed them already.
    """
    last = past[:, -1:, : len(codec.columns.targets)].astype(np.float32)
    if codec.leads is not None:
        last = np.where(codec.leads.led, batch.level, last)
    return last, batch.level


def part_way(begin: Values, end: Values, share: np.floating[Any] | float) -> Values:
    """Return the values that lie a share of the way from `begin` to `end`.

    >>> part_way(np.array([1.0]), np.array([5.0]), 0.25)
    array([2.])
    """
    values: Values = begin + share * (end - begin)
    return values


def forecast(network: ForecastingNetwork, batch: WindowBatch[NDArray[Any]]) -> Forecasts:
    """Forecast a batch."""
    return Forecasts(network.quantiles(batch), network.point)


def forecast_blocks(
    network: ForecastingNetwork, codec: SeriesCodec, windows: Windows
) -> Iterator[tuple[Ints, WindowArrays, Forecasts]]:
    """Yield all windows in order, a block at a time: their numbers (B,), their values, their forecasts."""
    done = 0
    for block in windows.blocks(BLOCK):
        forecasts = forecast_windows(network, codec, block.past, block.known, block.facts)
        yield np.arange(done, done + len(block.past)), block, forecasts
        done += len(block.past)
