"""A small linear model with its batches, score and settings, all on the CPU, for tests of the training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import AdamW

from bilstm_nlp.nn.model import Loss
from bilstm_nlp.training import schedules
from bilstm_nlp.training.layers import parameter_groups
from bilstm_nlp.training.loop import Settings
from bilstm_nlp.training.protocols import Score


@dataclass
class Points:
    """A batch: points (B, 3) and the sums (B,) to learn."""

    x: torch.Tensor
    y: torch.Tensor

    def __len__(self) -> int:
        return len(self.x)

    def mapped(self, convert: Callable[[torch.Tensor], torch.Tensor]) -> Points:
        return Points(convert(self.x), convert(self.y))


class Line(nn.Module):
    """A linear model with dropout and the same initial weights each time."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.map = nn.Sequential(nn.Dropout(0.3), nn.Linear(3, 1))

    def forward(self, batch: Points) -> Loss:
        return Loss((self.map(batch.x)[:, 0] - batch.y).square().sum(), torch.tensor(len(batch)))


def points(epoch: int) -> list[Points]:
    """Draw the batches of an epoch: three of 16 points and a last one of 2."""
    generator = torch.Generator().manual_seed(epoch)
    x = torch.randn(50, 3, generator=generator)
    return [Points(part, part.sum(1)) for part in x.split(16)]


def evaluate(model: nn.Module) -> Score:
    """Return the model's mean squared error on 16 points."""
    batch = points(0)[0]
    return Score("mse", float(model(batch).total / len(batch)), higher_is_better=False)


def settings(**options) -> Settings:
    """Return settings of a short training on the CPU, where `points` and `evaluate` have their tensors."""
    defaults = {"epochs": 6, "optimizer": adamw, "schedule": schedules.linear(0.5, 6), "seed": 3, "clip": 1.0}
    return Settings(**(defaults | {"device": "cpu"} | options))


def adamw(model: nn.Module) -> AdamW:
    return AdamW(parameter_groups(model, 0.1), lr=0.1)


class Asked:
    """A function that returns True from the n-th call on."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0
