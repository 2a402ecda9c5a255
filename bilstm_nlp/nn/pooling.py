"""From the states of all steps to one vector a sequence. Sequences have one length here: windows, without padding."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LastPooling(nn.Module):
    """The state at the last step: all of the past for the forward direction, one step for the backward one."""

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, D)"""
        return states[:, -1]


class BothEndsPooling(nn.Module):
    """The forward direction's state at the last step and the backward direction's at the first: each has read all."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, H or 2H) → (S, H or 2H)"""
        ends = states[:, :: max(1, states.shape[1] - 1)]  # one gradient as large as the states, not two
        return torch.cat([ends[:, -1, : self.hidden], ends[:, 0, self.hidden :]], dim=1)


class MeanPooling(nn.Module):
    """The mean over all steps."""

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, D)"""
        return states.mean(dim=1)


class AttentionPooling(nn.Module):
    """A weighted mean, whose weights are softmax(v · tanh(W s)) over the steps (after Bahdanau et al. 2015)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.projection = nn.Linear(inputs, inputs)
        self.query = nn.Linear(inputs, 1, bias=False)

    def weights(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, T), each row adding up to 1."""
        return torch.softmax(self.query(torch.tanh(self.projection(states))).squeeze(2), dim=1)

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, D)"""
        return torch.einsum("st,std->sd", self.weights(states), states)
