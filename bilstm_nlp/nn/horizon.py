"""Forecasts of all H steps ahead, from one vector a sequence, and directly from the look-back.

S sequences, look-back of L steps, horizon of H steps.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bilstm_nlp.nn.encoder import Dropout


class DirectDecoder(nn.Module):
    """(S, D) → (S, H, outputs): dropout, then one map to all steps at once, linear or with a hidden layer.

    >>> DirectDecoder(8, horizon=24, outputs=1)(torch.zeros(2, 8), torch.zeros(2, 24, 0)).shape
    torch.Size([2, 24, 1])
    """

    def __init__(
        self,
        inputs: int,
        horizon: int,
        outputs: int,
        *,
        known: int = 0,
        hidden: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        """`outputs`: numbers for each step. `known`: columns that are known ahead."""
        super().__init__()
        self.horizon, self.outputs = horizon, outputs
        self.dropout = Dropout(dropout, locked=False)
        features, numbers = inputs + horizon * known, horizon * outputs
        self.projection: nn.Module
        if hidden is None:
            self.projection = nn.Linear(features, numbers)
        else:
            self.projection = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, numbers))

    def start_at_zero(self) -> None:
        """Set the last layer's weights to 0, so that an untrained decoder adds nothing."""
        last = self.projection[-1] if isinstance(self.projection, nn.Sequential) else self.projection
        for weights in last.parameters():
            nn.init.zeros_(weights)

    def forward(self, pooled: Tensor, known: Tensor) -> Tensor:
        """(S, D) pooled states, (S, H, K) columns known ahead → (S, H, outputs)"""
        features = self.dropout(pooled)
        if known.shape[2]:
            features = torch.cat([features, known.flatten(1)], dim=1)
        return torch.as_tensor(self.projection(features)).view(len(pooled), self.horizon, self.outputs)


class LinearBypass(nn.Module):
    """(B, L, C) → (B, H, C): one linear map from a target's look-back to all steps ahead, shared by all targets.

    The map forecasts what is linear in the look-back, often most of the future; the encoder adds the rest (LSTNet, Lai
    et al. 2018). Weights start at 0.
    """

    def __init__(self, look_back: int, horizon: int) -> None:
        super().__init__()
        self.projection = nn.Linear(look_back, horizon)
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, past: Tensor) -> Tensor:
        """(B, L, C) → (B, H, C)"""
        return torch.as_tensor(self.projection(past.transpose(1, 2))).transpose(1, 2)
