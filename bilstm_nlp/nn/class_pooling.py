"""Pooling of ragged sequences: the states of all steps → one vector a sequence. Padding changes no vector.

B sequences of at most T steps, padded at their ends, with states of D numbers.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from bilstm_nlp.nn.padding import inside

SCORED = 64
"""Most numbers of a step that its attention is computed from. All of 2 × 128 took a fifth of a training step."""


class Pooling(Protocol):
    """A map from states to one vector a sequence."""

    outputs: int

    def __call__(self, states: Tensor, lengths: Tensor, /) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, outputs)"""
        ...


class LastState(nn.Module):
    """(B, T, D) → (B, D): the state at the last step.

    There, the forward direction has read the whole sequence, the backward direction one step.

    >>> LastState(1)(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([2])).tolist()
    [[2.0]]
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.outputs = inputs

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, D)"""
        return _at(states, lengths - 1)


class BothEnds(nn.Module):
    """(B, T, 2H) → (B, 2H): the forward state at the last step and the backward state at the first step.

    Each of them has read the whole sequence. With one direction, this is the last state.

    >>> BothEnds(2, hidden=1)(torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]]), torch.tensor([2])).tolist()
    [[3.0, 2.0]]
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        """`hidden`: the size of a state of one direction."""
        super().__init__()
        self.outputs, self.hidden = inputs, hidden

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, H or 2H) states, (B,) lengths → (B, H or 2H)"""
        return torch.cat([_at(states[:, :, : self.hidden], lengths - 1), states[:, 0, self.hidden :]], dim=1)


class MeanState(nn.Module):
    """(B, T, D) → (B, D): the mean over the steps of a sequence.

    >>> MeanState(1)(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([2])).tolist()
    [[1.5]]
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.outputs = inputs

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, D)"""
        real = inside(lengths, states.shape[1])
        return torch.where(real[..., None], states, 0).sum(dim=1) / lengths[:, None]


class MaxState(nn.Module):
    """(B, T, D) → (B, D): the maximum of each number over the steps of a sequence.

    >>> MaxState(1)(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([2])).tolist()
    [[2.0]]
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.outputs = inputs

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, D)"""
        padding = ~inside(lengths, states.shape[1])
        return states.masked_fill(padding[..., None], float("-inf")).amax(dim=1)


class AttentiveState(nn.Module):
    """(B, T, D) → (B, D): a mean of states s, weighted by softmax(v · tanh(W s + b)) over the steps of a sequence.

    The hierarchical attention of Yang et al. 2016, equations 5 to 7, after Bahdanau et al. 2015. W has 64 rows, or D if
    that is less.

    >>> AttentiveState(2).weights(torch.zeros(1, 3, 2), torch.tensor([2])).tolist()
    [[0.5, 0.5, 0.0]]
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.outputs = inputs
        scored = min(inputs, SCORED)
        self.projection = nn.Linear(inputs, scored)
        self.query = nn.Linear(scored, 1, bias=False)

    def weights(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, T) weights. Each row sums to 1, and is 0 at padding."""
        return self._weights(states, ~inside(lengths, states.shape[1]))

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, D)"""
        padding = ~inside(lengths, states.shape[1])
        weights = self._weights(states, padding)
        # Padding may hold any number: 0 times NaN would be NaN.
        return torch.bmm(weights[:, None], states.masked_fill(padding[..., None], 0)).squeeze(1)

    def _weights(self, states: Tensor, padding: Tensor) -> Tensor:
        """(B, T, D) states, (B, T) padding → (B, T) weights"""
        scores = self.query(torch.tanh(self.projection(states))).squeeze(2)
        return torch.softmax(scores.masked_fill(padding, float("-inf")), dim=1)


def _at(states: Tensor, steps: Tensor) -> Tensor:
    """(B, T, D) states, (B,) steps → (B, D)"""
    return states.gather(1, steps[:, None, None].expand(-1, 1, states.shape[2])).squeeze(1)
