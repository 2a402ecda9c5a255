"""What a training says of its epochs, and leaves to go on from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from bilstm_nlp.tasks.base import Score


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to."""

    epoch: int
    """From 1."""
    loss: float
    """Mean training loss."""
    score: Score
    """On the development data, with the weights that would be kept."""
    best: bool
    """No epoch before had a score as good."""
    learning_rate: float
    """At the last step."""
    seconds: float
    """Of training, without the development data."""
    sequences: int
    """Seen in training."""


@dataclass(frozen=True)
class State:
    """All that going on from here needs."""

    tensors: dict[str, Tensor]
    reports: tuple[EpochReport, ...]


@dataclass(frozen=True)
class Epoch:
    """A finished epoch: its report, the weights that were scored, the state to go on from."""

    report: EpochReport
    weights: dict[str, Tensor]
    state: State
