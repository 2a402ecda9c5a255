"""From one vector of a look-back to all steps ahead: at once, or segment by segment. S sequences, H steps ahead."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.nn.encoder import Dropout


class Decoder(Protocol):
    """What a forecaster's numbers come from."""

    def __call__(self, pooled: Tensor, known: Tensor, /) -> Tensor:
        """(S, D) look-backs, (S, H, K) what is known ahead, K as few as 0 → (S, H, outputs)"""
        ...


class DirectDecoder(nn.Module):
    """Dropout, then one map to all steps at once, linear or with a hidden layer."""

    def __init__(
        self,
        inputs: int,
        horizon: int,
        outputs: int,
        *,
        known: int = 0,
        hidden: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        """`outputs` numbers for each step, of `known` columns known ahead."""
        super().__init__()
        self.horizon, self.outputs = horizon, outputs
        self.dropout = Dropout(dropout, locked=False)
        features, numbers = inputs + horizon * known, horizon * outputs
        self.projection: nn.Module
        if hidden is None:
            self.projection = nn.Linear(features, numbers)
        else:
            self.projection = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, numbers))

    def forward(self, pooled: Tensor, known: Tensor) -> Tensor:
        """(S, D), (S, H, K) → (S, H, outputs)"""
        features = self.dropout(pooled)
        if known.shape[2]:
            features = torch.cat([features, known.flatten(1)], dim=1)
        return torch.as_tensor(self.projection(features)).view(len(pooled), self.horizon, self.outputs)


class SegmentDecoder(nn.Module):
    """The horizon in segments, each made by one step of a GRU from the look-back (SegRNN, Lin et al. 2023).

    The step's input says which segment of which series it is, and what is known of it: a vector for the place, one for
    the series, the known columns. Its state is the look-back, for every segment the same, so all of them are made at
    once, and the state's part of the gates only once. One map, after dropout, then makes the numbers of any segment:
    where `DirectDecoder` learns H maps, this learns one, and what is different in segments.
    """

    def __init__(
        self,
        inputs: int,
        horizon: int,
        outputs: int,
        *,
        length: int,
        series: int,
        size: int = 64,
        known: int = 0,
        dropout: float = 0.0,
    ) -> None:
        """Segments of `length` steps, the last one cut off at the horizon. Of S sequences, each `series` in a row are
        the different series of one window; their vectors, and those of the places, are of this `size`."""
        super().__init__()
        self.horizon, self.outputs, self.length = horizon, outputs, length
        self.places = nn.Parameter(torch.randn(-(-horizon // length), size))
        self.series = nn.Parameter(torch.randn(series, size))
        self.step = nn.GRUCell(2 * size + length * known, inputs)
        self.dropout = Dropout(dropout, locked=False)
        self.projection = nn.Linear(inputs, length * outputs)

    def forward(self, pooled: Tensor, known: Tensor) -> Tensor:
        """(S, D), (S, H, K) → (S, H, outputs)"""
        states = self.states(pooled, self.inputs(known, len(pooled)))  # (S / series, series, segments, D)
        numbers = torch.as_tensor(self.projection(self.dropout(states)))
        return numbers.view(len(pooled), -1, self.outputs)[:, : self.horizon]

    def inputs(self, known: Tensor, sequences: int) -> Tensor:
        """(S, H, K) → (S / series or 1, series, segments, input): one for all windows where nothing is known ahead."""
        segments, series = len(self.places), len(self.series)
        names = torch.cat(
            [self.places.expand(series, -1, -1), self.series[:, None].expand(-1, segments, -1)], dim=2
        )  # (series, segments, 2 · size)
        if not known.shape[2]:
            return names[None]
        padded = functional.pad(known, (0, 0, 0, segments * self.length - self.horizon))
        windows = sequences // series
        of_segments = padded.reshape(windows, series, segments, self.length * known.shape[2])
        return torch.cat([names.expand(windows, -1, -1, -1), of_segments], dim=3)

    def states(self, pooled: Tensor, inputs: Tensor) -> Tensor:
        """(S, D) look-backs, inputs as above → (S / series, series, segments, D): what `nn.GRUCell` makes of each."""
        size = pooled.shape[1]
        state = pooled.view(-1, len(self.series), 1, size)
        of_input = functional.linear(inputs, self.step.weight_ih, self.step.bias_ih)
        of_state = functional.linear(state, self.step.weight_hh, self.step.bias_hh)
        reset, update = torch.sigmoid(of_input[..., : 2 * size] + of_state[..., : 2 * size]).chunk(2, dim=3)
        proposed = torch.tanh(of_input[..., 2 * size :] + reset * of_state[..., 2 * size :])
        return proposed + update * (state - proposed)
