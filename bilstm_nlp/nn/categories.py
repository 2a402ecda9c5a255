"""Layers for categories and facts of series: vectors of categories, and the columns known ahead with both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.channels import Channels

MIXED = 32
"""Features of a step in which columns known ahead meet facts of the series."""


class CategoryEmbedding(nn.Module):
    """(…, J) codes → (…, outputs) vectors: a table for each of J columns.

    Row 0 is that of unknown categories. A vector has 8 numbers for two categories, a further one for every two more
    categories, and 50 at most. With fewer than 8, two categories take many more steps to part.

    >>> CategoryEmbedding([3, 200])(torch.zeros(8, 24, 2, dtype=torch.long)).shape
    torch.Size([8, 24, 59])
    """

    def __init__(self, labels: Sequence[int]) -> None:
        """`labels`: the number of categories of each column."""
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(count + 1, _width(count)) for count in labels)
        self.outputs = sum(map(_width, labels))

    def forward(self, codes: Tensor) -> Tensor:
        """(…, J) → (…, outputs)"""
        return torch.cat([table(codes[..., index]) for index, table in enumerate(self.tables)], dim=-1)


def _width(labels: int) -> int:
    """Return the size of the vectors of so many categories."""
    return min(50, 7 + (labels + 1) // 2)


class FactEmbedding(nn.Module):
    """A batch → (S, outputs) facts of each sequence: numbers, and vectors of static categories."""

    def __init__(self, channels: Channels, facts: int, labels: Sequence[int]) -> None:
        """`facts`: the number of numeric facts of each target's window."""
        super().__init__()
        self.channels = channels
        self.table = CategoryEmbedding(labels) if labels else None
        self.outputs = channels.targets * (facts + (0 if self.table is None else self.table.outputs))

    def forward(self, batch: WindowBatch[Tensor]) -> Tensor:
        """Return the facts (S, outputs)."""
        blocks = [] if batch.facts is None else [batch.facts]
        if self.table is not None and batch.static_codes is not None:
            blocks.append(self.table(batch.static_codes))
        return self.channels.facts(torch.cat(blocks, dim=2))


class AheadReader(nn.Module):
    """A batch → (S, H, outputs): the columns known ahead with vectors of categories, mixed with facts at each step.

    A linear decoder adds effects. The mixed features let the effect of a column depend on the facts of the series.
    `effects` are those of a step's own columns, alike at all steps: they are learned from all of them.
    """

    def __init__(
        self, channels: Channels, known: int, labels: Sequence[int], effects: int, facts: FactEmbedding | None = None
    ) -> None:
        """`known`: the number of numeric columns. `labels`: the number of categories of each other column.

        `effects`: the numbers that are forecast for each step.
        """
        super().__init__()
        self.channels, self.facts = channels, facts
        self.table = CategoryEmbedding(labels) if labels else None
        columns = known + (0 if self.table is None else self.table.outputs)
        self.mixing = None if facts is None else nn.Linear(columns + facts.outputs, MIXED)
        self.outputs = columns + (0 if self.mixing is None else MIXED)
        self.effects = nn.Linear(self.outputs, effects)
        for weights in self.effects.parameters():
            nn.init.zeros_(weights)

    def forward(self, batch: WindowBatch[Tensor]) -> Tensor:
        """Return the columns (S, H, outputs)."""
        if self.table is not None and batch.known_codes is not None:
            batch = replace(batch, known=torch.cat([batch.known, self.table(batch.known_codes)], dim=2))
        known = self.channels.known(batch)
        if self.mixing is None or self.facts is None:
            return known
        facts = self.facts(batch)[:, None].expand(-1, known.shape[1], -1)
        return torch.cat([known, torch.relu(self.mixing(torch.cat([known, facts], dim=2)))], dim=2)
