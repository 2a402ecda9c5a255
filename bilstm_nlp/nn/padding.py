"""Positions of padded sequences: which are real, and in which order a sequence is reversed.

B sequences of at most T time steps, padded at their ends.
"""

from __future__ import annotations

import torch
from torch import Tensor


def inside(lengths: Tensor, steps: int) -> Tensor:
    """(B,) lengths → (B, T) bool: True inside a sequence, False at padding.

    >>> inside(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def reversed_steps(lengths: Tensor, steps: int) -> Tensor:
    """(B,) lengths → (B, T) int64: the time step to read at each position to reverse a sequence within its length.

    Padding stays in its place. Reversing twice gives the sequence again.

    >>> reversed_steps(torch.tensor([2, 3]), 3)
    tensor([[1, 0, 2],
            [2, 1, 0]])
    """
    step = torch.arange(steps, device=lengths.device)
    mirrored = lengths[:, None] - 1 - step
    return torch.where(mirrored >= 0, mirrored, step)
