"""Channels: sequences of a window's columns, and the join of the sequences' outputs to a forecast.

B windows of L past steps by F columns, of which the first C columns are forecast over H steps; S sequences.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from bilstm_nlp.batch import WindowBatch


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
