"""The input end for series: channels make sequences of a window's columns, readers make the encoder's time steps.

B windows of L past steps by F columns, of which the first C are forecast over H steps; S sequences.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.encoder import Sequences


class Channels(Protocol):
    """A way to split a window's columns into sequences, and to join the sequences' outputs to a forecast."""

    features: int
    """Columns of a sequence."""
    targets: int
    """Columns that one sequence forecasts."""
    forecasts: int
    """C: columns that all sequences of a window forecast together."""

    def sequences(self, batch: WindowBatch[Tensor], /) -> Tensor:
        """(B, L, F) past columns → (S, L, features)"""
        ...

    def known(self, batch: WindowBatch[Tensor], /) -> Tensor:
        """(B, H, K) columns known ahead → (S, H, K)"""
        ...

    def facts(self, facts: Tensor, /) -> Tensor:
        """(B, C, P) facts of each target's window → (S, targets · P)"""
        ...

    def forecast(self, outputs: Tensor, /) -> Tensor:
        """(S, H, targets, Q) → (B, H, C, Q)"""
        ...


class JointChannels:
    """One sequence of all columns, which forecasts all targets: S = B."""

    def __init__(self, columns: int, targets: int) -> None:
        self.features, self.targets, self.forecasts = columns, targets, targets

    def sequences(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B, L, F)"""
        return batch.past

    def known(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B, H, K)"""
        return batch.known

    def facts(self, facts: Tensor) -> Tensor:
        """(B, C, P) → (B, C · P)"""
        return facts.flatten(1)

    def forecast(self, outputs: Tensor) -> Tensor:
        """(B, H, C, Q) → the same"""
        return outputs


class IndependentChannels:
    """A sequence for each target, beside the columns that are not forecast: S = B · C.

    All sequences share the weights (Nie et al. 2023).
    """

    def __init__(self, columns: int, targets: int) -> None:
        self.features, self.targets, self.forecasts = 1 + columns - targets, 1, targets

    def sequences(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B, L, F) past columns → (B · C, L, 1 + F − C)"""
        windows, steps, _ = batch.past.shape
        targets = batch.past[..., : self.forecasts].transpose(1, 2).reshape(windows * self.forecasts, steps, 1)
        if self.features == 1:
            return targets
        return torch.cat([targets, batch.past[..., self.forecasts :].repeat_interleave(self.forecasts, dim=0)], dim=2)

    def known(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B, H, K) columns known ahead → (B · C, H, K)"""
        return batch.known.repeat_interleave(self.forecasts, dim=0)

    def facts(self, facts: Tensor) -> Tensor:
        """(B, C, P) → (B · C, P)"""
        return facts.flatten(0, 1)

    def forecast(self, outputs: Tensor) -> Tensor:
        """(B · C, H, 1, Q) → (B, H, C, Q)"""
        _, horizon, _, quantiles = outputs.shape
        return outputs.view(-1, self.forecasts, horizon, quantiles).transpose(1, 2)


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

    def __init__(self, channels: Channels, reader: StepReader | PatchReader, facts: int = 0) -> None:
        """`facts`: P, the number of facts of each target's window."""
        super().__init__()
        self.channels, self.reader, self.outputs = channels, reader, reader.outputs + channels.targets * facts

    def forward(self, batch: WindowBatch[Tensor]) -> Sequences:
        """Embed a batch as (S, T, outputs) sequences without padding."""
        inputs = self.reader(self.channels.sequences(batch))
        if batch.facts is not None:
            facts = self.channels.facts(batch.facts)
            inputs = torch.cat([inputs, facts[:, None].expand(-1, inputs.shape[1], -1)], dim=2)
        return Sequences(inputs, torch.full(inputs.shape[:1], inputs.shape[1], device=inputs.device))
