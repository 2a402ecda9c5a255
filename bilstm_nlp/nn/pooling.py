"""Pooling: the states of all steps → one vector a sequence. All S sequences are windows of T steps, without padding."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LastPooling(nn.Module):
    """(S, T, D) → (S, D): the state at the last step.

    There, the forward direction has read the whole window, the backward direction one step.
    """

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, D)"""
        return states[:, -1]


class BothEndsPooling(nn.Module):
    """(S, T, 2H) → (S, 2H): the forward state at the last step and the backward state at the first step.

    Each of them has read the whole window. With one direction, this is the last state.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, H or 2H) → (S, H or 2H)"""
        ends = states[:, :: max(1, states.shape[1] - 1)]  # one gradient as large as the states, not two
        return torch.cat([ends[:, -1, : self.hidden], ends[:, 0, self.hidden :]], dim=1)


class MeanPooling(nn.Module):
    """(S, T, D) → (S, D): the mean over all steps."""

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, D)"""
        return states.mean(dim=1)


class AttentionPooling(nn.Module):
    """(S, T, D) → (S, D): a weighted mean of states s, with weights softmax(v · tanh(W s + b)) over the steps.

    After Bahdanau et al. 2015.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.projection = nn.Linear(inputs, inputs)
        self.query = nn.Linear(inputs, 1, bias=False)

    def weights(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, T) weights. Each row sums to 1."""
        return torch.softmax(self.query(torch.tanh(self.projection(states))).squeeze(2), dim=1)

    def forward(self, states: Tensor) -> Tensor:
        """(S, T, D) → (S, D)"""
        return torch.einsum("st,std->sd", self.weights(states), states)
