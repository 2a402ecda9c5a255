"""The output end for forecasting: states become one vector, from which a decoder makes all steps ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.horizon import DirectDecoder, LinearBypass
from bilstm_nlp.nn.model import Loss
from bilstm_nlp.nn.series_embedder import Channels


class Objective(Protocol):
    """What a forecast is trained for. Q numbers are forecast for each value: 1, or one for each quantile."""

    outputs: int
    """Q"""
    point: int
    """Which of the Q is the point forecast."""

    def arrange(self, outputs: Tensor, /) -> Tensor:
        """(…, Q) free numbers → (…, Q) forecasts"""
        ...

    def loss(self, forecasts: Tensor, values: Tensor, /) -> Tensor:
        """(…, Q) forecasts, (…) values → () their loss, summed over the values."""
        ...


class SquaredError:
    """Σ (ŷ − y)², least for the mean."""

    outputs, point = 1, 0

    def arrange(self, outputs: Tensor) -> Tensor:
        return outputs

    def loss(self, forecasts: Tensor, values: Tensor) -> Tensor:
        return functional.mse_loss(forecasts.squeeze(-1), values, reduction="sum")


class AbsoluteError:
    """Σ |ŷ − y|, least for the median."""

    outputs, point = 1, 0

    def arrange(self, outputs: Tensor) -> Tensor:
        return outputs

    def loss(self, forecasts: Tensor, values: Tensor) -> Tensor:
        return functional.l1_loss(forecasts.squeeze(-1), values, reduction="sum")


class HuberError:
    """Squared (halved) up to `delta`, absolute beyond (Huber 1964)."""

    outputs, point = 1, 0

    def __init__(self, delta: float) -> None:
        self.delta = delta

    def arrange(self, outputs: Tensor) -> Tensor:
        return outputs

    def loss(self, forecasts: Tensor, values: Tensor) -> Tensor:
        return functional.huber_loss(forecasts.squeeze(-1), values, reduction="sum", delta=self.delta)


class PinballError:
    """Mean over `levels` of the pinball loss, least for the quantiles (Koenker and Bassett 1978).

    Quantiles can't cross: the first is free, each other one is the one before plus a positive step.
    """

    def __init__(self, levels: Sequence[float]) -> None:
        if not levels or sorted(set(levels)) != list(levels) or not 0 < levels[0] <= levels[-1] < 1:
            raise ValueError(f"'levels' must be ascending between 0 and 1. Got {levels}.")
        self.levels, self.outputs = tuple(levels), len(levels)
        self.point = min(range(len(levels)), key=lambda index: abs(levels[index] - 0.5))

    def arrange(self, outputs: Tensor) -> Tensor:
        steps = torch.cat([outputs[..., :1], functional.softplus(outputs[..., 1:])], dim=-1)
        return steps.cumsum(dim=-1)

    def loss(self, forecasts: Tensor, values: Tensor) -> Tensor:
        below = values[..., None] - forecasts
        levels = forecasts.new_tensor(self.levels)
        return torch.maximum(levels * below, (levels - 1) * below).mean(dim=-1).sum()


class RegressionHead(nn.Module):
    """States → one vector → all steps ahead, in the window's own scale; what goes round the encoder is added."""

    margins: Tensor

    def __init__(
        self,
        pooling: nn.Module,
        decoder: DirectDecoder,
        bypass: LinearBypass | None,
        channels: Channels,
        objective: Objective,
        *,
        horizon: int,
    ) -> None:
        """`decoder` makes `channels.targets · objective.outputs` numbers for each of the `horizon` steps."""
        super().__init__()
        self.pooling, self.decoder, self.bypass = pooling, decoder, bypass
        self.channels, self.objective = channels, objective
        # Fitted on validation data after training: what an interval is widened by, for each step and column.
        self.register_buffer("margins", torch.zeros(horizon, channels.forecasts))

    def decode(self, states: Tensor, batch: WindowBatch[Tensor]) -> Tensor:
        """(B, H, C, Q) forecasts, in the scale of `batch.future`."""
        numbers = self.decoder(self.pooling(states), self.channels.known(batch))
        shape = (*numbers.shape[:2], self.channels.targets, self.objective.outputs)
        normalised = self.objective.arrange(self.channels.forecast(numbers.reshape(shape)))
        if self.bypass is not None:
            normalised = normalised + self.bypass(batch.past[..., : self.channels.forecasts])[..., None]
        return normalised * batch.scale[..., None] + batch.level[..., None]

    def loss(self, states: Tensor, batch: WindowBatch[Tensor]) -> Loss:
        """The objective's loss, weighed by forecast values: windows × steps × targets."""
        if batch.future is None:
            raise ValueError("The loss needs a batch with its future. Got one without.")
        total = self.objective.loss(self.decode(states, batch), batch.future)
        return Loss(total, torch.tensor(batch.future.numel(), device=total.device))
