"""The input end for series: readers make the encoder's time steps of the sequences of a window.

B windows of L past steps by F columns, of which the first C are forecast over H steps; S sequences.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.categories import CategoryEmbedding, FactEmbedding
from bilstm_nlp.nn.channels import Channels
from bilstm_nlp.nn.encoder import Sequences


class StepReader(nn.Module):
    """(S, L, F) → (S, L, F): the encoder reads every step of the look-back."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.outputs = features

    def forward(self, sequences: Tensor) -> Tensor:
        """(S, L, F) → the same"""
        return sequences


class PatchReader(nn.Module):
    """(S, L, F) → (S, patches, outputs): a linear projection of patches of the look-back (Nie et al. 2023).

    Patches have `length` steps and begin `stride` steps apart.

    The last patch ends with the newest step. If the patches don't fill the look-back evenly, the oldest value is
    repeated before its beginning.

    >>> PatchReader(1, length=4, stride=2, outputs=8)(torch.zeros(3, 10, 1)).shape
    torch.Size([3, 4, 8])
    """

    def __init__(self, features: int, length: int, stride: int, outputs: int) -> None:
        super().__init__()
        self.length, self.stride, self.outputs = length, stride, outputs
        self.projection = nn.Linear(features * length, outputs)

    def forward(self, sequences: Tensor) -> Tensor:
        """(S, L, F) → (S, patches, outputs)"""
        missing = max(self.length - sequences.shape[1], (self.length - sequences.shape[1]) % self.stride)
        if missing:
            sequences = torch.cat([sequences[:, :1].expand(-1, missing, -1), sequences], dim=1)
        patches = sequences.unfold(1, self.length, self.stride)  # (S, patches, F, length)
        return torch.as_tensor(self.projection(patches.flatten(2)))


class SeriesEmbedder(nn.Module):
    """(B, L, F) windows → (S, T, outputs) sequences: channels, then a reader; facts join every step it makes."""

    def __init__(
        self,
        channels: Channels,
        reader: StepReader | PatchReader,
        facts: FactEmbedding | None = None,
        categories: CategoryEmbedding | None = None,
    ) -> None:
        """`categories`: the table of the categories of the past, whose vectors are further columns."""
        super().__init__()
        self.channels, self.reader, self.facts, self.categories = channels, reader, facts, categories
        self.outputs = reader.outputs + (0 if facts is None else facts.outputs)

    def forward(self, batch: WindowBatch[Tensor]) -> Sequences:
        """Embed a batch as (S, T, outputs) sequences without padding."""
        columns = batch
        if self.categories is not None and batch.past_codes is not None:
            columns = replace(batch, past=torch.cat([batch.past, self.categories(batch.past_codes)], dim=2))
        inputs = self.reader(self.channels.sequences(columns))
        if self.facts is not None:
            inputs = torch.cat([inputs, self.facts(batch)[:, None].expand(-1, inputs.shape[1], -1)], dim=2)
        return Sequences(inputs, torch.full(inputs.shape[:1], inputs.shape[1], device=inputs.device))
