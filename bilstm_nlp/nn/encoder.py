"""The shared encoder: stacked recurrent layers in one or both directions, exact under padding."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional


class LockedDropout(nn.Module):
    """Dropout with one mask for all time steps of a sequence (Gal and Ghahramani 2016)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, states: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)"""
        if not self.training or self.probability == 0:
            return states
        ones = states.new_ones(states.shape[0], 1, states.shape[2])
        return states * functional.dropout(ones, self.probability)


class RecurrentLayer(nn.Module):
    """One LSTM or GRU layer that reads a padded batch in one or both directions.

    The backward direction is a recurrence of its own over the sequences reversed *within their lengths*: it begins at
    the last token and never sees padding, so a sequence has the same states alone, batched and under more padding.
    This keeps the batch dense, which the CPU kernels take about half as long for as for packed sequences.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        bidirectional: bool = True,
        initial_state: Literal["zeros", "random"] = "zeros",
    ) -> None:
        super().__init__()
        recurrence = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.directions = nn.ModuleList(
            recurrence(inputs, hidden, batch_first=True) for _ in range(2 if bidirectional else 1)
        )
        self.cell, self.hidden, self.initial_state = cell, hidden, initial_state
        for direction in self.directions:
            initialise(direction)

    def forward(self, inputs: Tensor, reversal: Tensor) -> Tensor:
        """(B, T, D) inputs, (B · T,) reversal → (B, T, H) states, or (B, T, 2H) with both directions."""
        states, _ = self.directions[0](inputs, self.start(inputs))
        if len(self.directions) == 1:
            return torch.as_tensor(states)
        backward, _ = self.directions[1](reverse(inputs, reversal), self.start(inputs))
        return torch.cat([states, reverse(backward, reversal)], dim=2)

    def start(self, inputs: Tensor) -> tuple[Tensor, Tensor] | Tensor | None:
        """Hidden (and cell) state before the first time step, (1, B, H); None stands for zeros."""
        if self.initial_state == "zeros":
            return None
        hidden = torch.randn(1, inputs.shape[0], self.hidden, device=inputs.device, dtype=inputs.dtype)
        return (hidden, torch.randn_like(hidden)) if self.cell == "lstm" else hidden


class Encoder(nn.Module):
    """Dropout → n × (recurrent layer → dropout). Output size is `outputs`: H, or 2H with both directions."""

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        locked_dropout: bool = True,
        initial_state: Literal["zeros", "random"] = "zeros",
    ) -> None:
        """`dropout` after every layer, `input_dropout` before the first: inputs are not always features to spare."""
        super().__init__()
        self.outputs = hidden * (2 if bidirectional else 1)
        self.layers = nn.ModuleList(
            RecurrentLayer(
                inputs if index == 0 else self.outputs,
                hidden,
                cell=cell,
                bidirectional=bidirectional,
                initial_state=initial_state,
            )
            for index in range(layers)
        )
        kind = LockedDropout if locked_dropout else nn.Dropout
        self.dropout, self.input_dropout = kind(dropout), kind(input_dropout)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) inputs, (B,) lengths → (B, T, outputs) states; what stands at padding means nothing."""
        reversal = reversal_within(lengths, inputs.shape[1])
        states = self.input_dropout(inputs)
        for layer in self.layers:
            states = self.dropout(layer(states, reversal))
        return torch.as_tensor(states)


def reversal_within(lengths: Tensor, steps: int) -> Tensor:
    """(B,) lengths → (B · T,) rows: the index into (B · T, D) that reverses each sequence within its length."""
    step = torch.arange(steps, device=lengths.device)
    mirrored = lengths[:, None] - 1 - step
    source = torch.where(mirrored >= 0, mirrored, step)
    return (source + steps * torch.arange(len(lengths), device=lengths.device)[:, None]).reshape(-1)


def reverse(states: Tensor, reversal: Tensor) -> Tensor:
    """(B, T, D) → (B, T, D), each sequence reversed within its length; its own inverse."""
    return states.reshape(-1, states.shape[2]).index_select(0, reversal).view_as(states)


def initialise(recurrence: nn.Module) -> None:
    """Xavier input weights, orthogonal recurrent weights (one block a gate), zero biases, forget gates opened by 1."""
    for name, parameter in recurrence.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)
        elif name.startswith("weight_hh"):
            for gate in parameter.data.split(parameter.shape[1]):
                nn.init.orthogonal_(gate)
        else:
            nn.init.zeros_(parameter)
            if isinstance(recurrence, nn.LSTM) and name.startswith("bias_ih"):
                # Gates lie in the order input, forget, cell, output (Jozefowicz et al. 2015 on the forget bias).
                parameter.data[recurrence.hidden_size : 2 * recurrence.hidden_size] = 1.0
