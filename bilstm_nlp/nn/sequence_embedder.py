"""The input end for sequences of numbers of unequal lengths: each step, or each patch of steps, is a time step.

B sequences of at most T steps of F numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bilstm_nlp.batch import SequenceBatch
from bilstm_nlp.nn.encoder import Sequences
from bilstm_nlp.nn.patches import patch_counts


class SequenceSteps(nn.Module):
    """(B, T, F) → (B, T, F): the encoder reads every step as it stands."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.outputs = features

    def forward(self, batch: SequenceBatch[Tensor]) -> Sequences:
        """Return the values and the lengths of a batch."""
        return Sequences(batch.values, batch.lengths)


class SequencePatches(nn.Module):
    """(B, T, F) → (B, patches, outputs): a linear projection of patches of steps (Nie et al. 2023).

    Patches have `length` steps and begin `stride` steps apart, the first with the first step. The last patch is the
    first that reaches the end of its sequence; beyond the end, the last step is repeated.

    >>> embedder = SequencePatches(1, length=4, stride=2, outputs=8)
    >>> mask = torch.arange(10) < torch.tensor([[10], [3]])
    >>> sequences = embedder(SequenceBatch(torch.zeros(2, 10, 1), torch.tensor([10, 3]), mask))
    >>> sequences.inputs.shape, sequences.lengths
    (torch.Size([2, 4, 8]), tensor([4, 1]))
    """

    def __init__(self, features: int, length: int, stride: int, outputs: int) -> None:
        super().__init__()
        self.length, self.stride, self.outputs = length, stride, outputs
        self.projection = nn.Linear(features * length, outputs)

    def counts(self, lengths: Tensor) -> Tensor:
        """(B,) steps of sequences → (B,) patches"""
        return patch_counts(lengths, self.length, self.stride)

    def forward(self, batch: SequenceBatch[Tensor]) -> Sequences:
        """Embed a batch; padding after a sequence's last patch is that of its last step."""
        counts = self.counts(batch.lengths)
        most = (max(0, batch.values.shape[1] - self.length) + self.stride - 1) // self.stride + 1
        begins = torch.arange(most, device=batch.lengths.device) * self.stride
        steps = begins[:, None] + torch.arange(self.length, device=begins.device)  # (patches, length)
        steps = torch.minimum(steps[None], batch.lengths[:, None, None] - 1)  # (B, patches, length)
        rows = torch.arange(len(batch.lengths), device=begins.device)[:, None, None]
        patches = batch.values[rows, steps]  # (B, patches, length, F)
        return Sequences(torch.as_tensor(self.projection(patches.flatten(2))), counts)
