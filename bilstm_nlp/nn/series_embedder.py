"""The input end for series: which columns make a sequence, and what the encoder reads at each of its steps."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.encoder import Sequences


class Channels(Protocol):
    """How a window of several columns becomes sequences, and their outputs a forecast again. S sequences."""

    features: int
    """Columns of a sequence."""
    targets: int
    """Columns that a sequence forecasts."""
    forecasts: int
    """C: columns that all sequences of a window forecast."""

    def sequences(self, batch: WindowBatch[Tensor], /) -> Tensor:
        """(S, L, features)"""
        ...

    def known(self, batch: WindowBatch[Tensor], /) -> Tensor:
        """(S, H, K) what each sequence knows of the horizon."""
        ...

    def forecast(self, outputs: Tensor, /) -> Tensor:
        """(S, H, targets, Q) → (B, H, C, Q)"""
        ...


class JointChannels:
    """All columns are one sequence, which forecasts all targets at once."""

    def __init__(self, columns: int, targets: int) -> None:
        self.features, self.targets, self.forecasts = columns, targets, targets

    def sequences(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B, L, F)"""
        return batch.past

    def known(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B, H, K)"""
        return batch.known

    def forecast(self, outputs: Tensor) -> Tensor:
        """(B, H, C, Q), as it is."""
        return outputs


class IndependentChannels:
    """Every target is a sequence of its own, beside the other columns, and all share the weights (Nie et al. 2023)."""

    def __init__(self, columns: int, targets: int) -> None:
        self.features, self.targets, self.forecasts = 1 + columns - targets, 1, targets

    def sequences(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B · C, L, 1 + others)"""
        windows, steps, _ = batch.past.shape
        targets = batch.past[..., : self.forecasts].transpose(1, 2).reshape(windows * self.forecasts, steps, 1)
        if self.features == 1:
            return targets
        return torch.cat([targets, batch.past[..., self.forecasts :].repeat_interleave(self.forecasts, dim=0)], dim=2)

    def known(self, batch: WindowBatch[Tensor]) -> Tensor:
        """(B · C, H, K)"""
        return batch.known.repeat_interleave(self.forecasts, dim=0)

    def forecast(self, outputs: Tensor) -> Tensor:
        """(B · C, H, 1, Q) → (B, H, C, Q)"""
        _, horizon, _, quantiles = outputs.shape
        return outputs.view(-1, self.forecasts, horizon, quantiles).transpose(1, 2)


class StepReader(nn.Module):
    """Every step of the look-back is a step for the encoder."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.outputs = features

    def forward(self, sequences: Tensor) -> Tensor:
        """(S, L, F), as it is."""
        return sequences


class PatchReader(nn.Module):
    """The look-back is cut into patches of `length` steps, one each `stride`, and each is projected (Nie et al. 2023).

    Patches are laid from the end, so that the newest step is in the last; where they don't come out even, the oldest
    value is repeated before the beginning.
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
    """Columns → sequences → what is read at each step."""

    def __init__(self, channels: Channels, reader: StepReader | PatchReader) -> None:
        super().__init__()
        self.channels, self.reader, self.outputs = channels, reader, reader.outputs

    def forward(self, batch: WindowBatch[Tensor]) -> Sequences:
        """(S, T, outputs); windows have no padding."""
        inputs = self.reader(self.channels.sequences(batch))
        return Sequences(inputs, torch.full(inputs.shape[:1], inputs.shape[1], device=inputs.device))
