"""Forecasts of a model in scaled units, a batch or a block of windows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints, Values, WindowBatch
from bilstm_nlp.data.series.codec import BLOCK, SeriesCodec
from bilstm_nlp.data.series.windows import WindowArrays, Windows
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import RegressionHead
from bilstm_nlp.nn.tensors import on

ForecastingModel = Model[WindowBatch[torch.Tensor], torch.Tensor]


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


def head_of(model: ForecastingModel) -> RegressionHead:
    """Return the model's regression head."""
    assert isinstance(model.head, RegressionHead)
    return model.head


def forecast_windows(
    model: ForecastingModel, codec: SeriesCodec, past: Values, known: Values, facts: Values | None
) -> Forecasts:
    """Forecast windows, given their arrays as `SeriesCodec.collate` has them, and shrink the forecasts if asked for."""
    forecasts, share = forecast(model, codec.collate(past, known, facts)), head_of(model).share
    if share is None or share == 1:
        return forecasts
    last = past[:, -1:, : len(codec.columns.targets), None].astype(np.float32)
    shrunk = last + np.float32(share.item()) * (forecasts.quantiles - last)
    # A column without a value yet has no last one.
    return replace(forecasts, quantiles=np.where(np.isnan(last), forecasts.quantiles, shrunk))


@torch.no_grad()
def forecast(model: ForecastingModel, batch: WindowBatch[NDArray[Any]]) -> Forecasts:
    """Forecast a batch."""
    model.eval()
    device = next(model.parameters()).device
    return Forecasts(model.decode(on(batch, device)).cpu().numpy(), head_of(model).objective.point)


def forecast_blocks(
    model: ForecastingModel, codec: SeriesCodec, windows: Windows
) -> Iterator[tuple[Ints, WindowArrays, Forecasts]]:
    """Yield all windows in order, a block at a time: their numbers (B,), their values, their forecasts."""
    done = 0
    for block in windows.blocks(BLOCK):
        forecasts = forecast_windows(model, codec, block.past, block.known, block.facts)
        yield np.arange(done, done + len(block.past)), block, forecasts
        done += len(block.past)
