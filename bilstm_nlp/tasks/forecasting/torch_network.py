"""The network of a forecaster in torch: batches go to the device of the weights, quantiles come back as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

from bilstm_nlp.batch import Values, WindowBatch
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import RegressionHead
from bilstm_nlp.nn.tensors import on

ForecastingModel = Model[WindowBatch[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class TorchNetwork:
    """A `ForecastingNetwork` with the present weights of a model of torch."""

    model: ForecastingModel

    @property
    def point(self) -> int:
        """The index of the quantile that is the point forecast."""
        return head_of(self.model).objective.point

    @property
    def shares(self) -> Values | None:
        """(2,) float32: the shares of the start's and of the model's departure; None if forecasts are not shrunk."""
        shares = head_of(self.model).shares
        return None if shares is None else shares.cpu().numpy()

    @property
    def levels(self) -> tuple[float, ...]:
        """The L nominal coverages that intervals have margins for."""
        return head_of(self.model).levels

    @property
    def margins(self) -> Values:
        """(L, S, H, C) float32: the margins of each level and series in training; not finite without calibration.

        A run of version 0.1.0 has margins (H, C), of one level and the same for all series.
        """
        margins: Values = head_of(self.model).margins.cpu().numpy()
        return margins[None, None] if margins.ndim == 2 else margins

    @torch.no_grad()
    def quantiles(self, batch: WindowBatch[NDArray[Any]]) -> Values:
        """Forecast a batch: (B, H, C, Q) ascending, in scaled units, not shrunk."""
        self.model.eval()
        device = next(self.model.parameters()).device
        quantiles: Values = self.model.decode(on(batch, device)).cpu().numpy()
        return quantiles


def head_of(model: ForecastingModel) -> RegressionHead:
    """Return the model's regression head."""
    assert isinstance(model.head, RegressionHead)
    return model.head
