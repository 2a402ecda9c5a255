"""Forecasts of a model in scaled units, a batch or a block of windows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
        batch = codec.collate(block.past, block.known, block.facts)
        yield np.arange(done, done + len(block.past)), block, forecast(model, batch)
        done += len(block.past)
