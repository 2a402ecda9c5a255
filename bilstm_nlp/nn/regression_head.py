"""The output end for forecasting: states are pooled to one vector, from which a decoder forecasts all steps ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.categories import AheadReader
from bilstm_nlp.nn.channels import Channels
from bilstm_nlp.nn.horizon import DirectDecoder, LinearBypass
from bilstm_nlp.nn.model import Loss


class Objective(Protocol):
    """A training objective. It decides the Q numbers that are forecast for each value: 1, or one for each quantile."""

    outputs: int
    """Q"""
    point: int
    """The index of the point forecast among the Q numbers."""

    def arrange(self, outputs: Tensor, /) -> Tensor:
        """(…, Q) unconstrained numbers → (…, Q) forecasts"""
        ...

    def loss(self, forecasts: Tensor, values: Tensor, /) -> Tensor:
        """(…, Q) forecasts, (…) values → () loss, summed over the values."""
        ...


class SquaredError:
    """Squared error Σ (ŷ − y)², minimised by the mean."""

    outputs, point = 1, 0

    def arrange(self, outputs: Tensor) -> Tensor:
        return outputs

    def loss(self, forecasts: Tensor, values: Tensor) -> Tensor:
        return functional.mse_loss(forecasts.squeeze(-1), values, reduction="sum")


class AbsoluteError:
    """Absolute error Σ |ŷ − y|, minimised by the median."""

    outputs, point = 1, 0

    def arrange(self, outputs: Tensor) -> Tensor:
        return outputs

    def loss(self, forecasts: Tensor, values: Tensor) -> Tensor:
        return functional.l1_loss(forecasts.squeeze(-1), values, reduction="sum")


class HuberError:
    """Huber loss (Huber 1964): e² / 2 for an error |e| ≤ delta, delta · (|e| − delta / 2) for a larger error.

    >>> HuberError(1.0).loss(torch.tensor([[3.0]]), torch.tensor([0.0]))
    tensor(2.5000)
    """

    outputs, point = 1, 0

    def __init__(self, delta: float) -> None:
        self.delta = delta

    def arrange(self, outputs: Tensor) -> Tensor:
        return outputs

    def loss(self, forecasts: Tensor, values: Tensor) -> Tensor:
        return functional.huber_loss(forecasts.squeeze(-1), values, reduction="sum", delta=self.delta)


class PinballError:
    """Mean over `levels` of the pinball loss, minimised by the quantiles (Koenker and Bassett 1978).

    Quantiles can't cross: the first is unconstrained, and each further quantile adds a positive step to the one before.
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


def observed_loss(objective: Objective, forecasts: Tensor, values: Tensor) -> Loss:
    """(…, Q) forecasts, (…) values → the loss summed over the values that are not NaN, weighted by their number

    >>> observed_loss(AbsoluteError(), torch.tensor([[1.0], [2.0]]), torch.tensor([3.0, float("nan")]))
    Loss(total=tensor(2.), weight=tensor(1))
    """
    observed = ~values.isnan()
    if not observed.all():
        forecasts, values = forecasts[observed], values[observed]
    return Loss(objective.loss(forecasts, values), torch.tensor(values.numel(), device=values.device))


class RegressionHead(nn.Module):
    """(S, T, D) → (B, H, C, Q): pooling, then a decoder for all steps ahead, in the units of `batch.future`.

    The decoder's numbers are in the window's own scale. If there is a `bypass`, its forecasts are added to them.
    """

    margins: Tensor
    shares: Tensor | None
    """(2,) shares of the start's and of the model's departure that whoever forecasts keeps; `decode` keeps all."""

    def __init__(
        self,
        pooling: nn.Module,
        decoder: DirectDecoder,
        bypass: LinearBypass | None,
        channels: Channels,
        objective: Objective,
        *,
        levels: Sequence[float],
        margins: Sequence[int],
        ahead: AheadReader | None = None,
        shrinks: bool = False,
    ) -> None:
        """`decoder` must return `channels.targets · objective.outputs` numbers for each step.

        `ahead` reads the columns known ahead, if they have categories or meet facts.

        `levels`: Q nominal coverages of prediction intervals. `margins`: the shape of their margins, (Q, S, H, C) for S
        series. `shrinks`: forecasts keep shares of their departure from the last value.
        """
        super().__init__()
        self.pooling, self.decoder, self.bypass = pooling, decoder, bypass
        self.channels, self.objective = channels, objective
        self.ahead, self.levels = ahead, tuple(levels)
        # Fitted to validation data after training: the margins that widen intervals.
        self.register_buffer("margins", torch.zeros(*margins))
        self.register_buffer("shares", torch.ones(2) if shrinks else None)

    def decode(self, states: Tensor, batch: WindowBatch[Tensor]) -> Tensor:
        """(S, T, D) states → (B, H, C, Q) forecasts, in the units of `batch.future`."""
        known = self.channels.known(batch) if self.ahead is None else self.ahead(batch)
        numbers = self.decoder(self.pooling(states), known)
        if self.ahead is not None:
            numbers = numbers + self.ahead.effects(known)
        shape = (*numbers.shape[:2], self.channels.targets, self.objective.outputs)
        normalised = self.objective.arrange(self.channels.forecast(numbers.reshape(shape)))
        if self.bypass is not None:
            normalised = normalised + self.bypass(batch.past[..., : self.channels.forecasts])[..., None]
        return normalised * batch.scale[..., None] + batch.level[..., None]

    def loss(self, states: Tensor, batch: WindowBatch[Tensor]) -> Loss:
        """(S, T, D) states → the objective's loss, weighted by the number of observed values among the B · H · C.

        Raises `ValueError` for a batch without its future.
        """
        if batch.future is None:
            raise ValueError("The loss needs a batch with its future. Got one without.")
        return observed_loss(self.objective, self.decode(states, batch), batch.future)
