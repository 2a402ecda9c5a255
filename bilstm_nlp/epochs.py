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
class Part:
    """The part of an epoch that is done."""

    batches: int = 0
    loss: float = 0.0
    """Their sum."""
    weight: float = 0.0
    """What it is to be divided by, so far."""
    sequences: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class State:
    """All that going on from here needs."""

    tensors: dict[str, Tensor]
    reports: tuple[EpochReport, ...]
    part: Part | None = None
    """Of the epoch after the last report; None at its beginning."""


@dataclass(frozen=True)
class Epoch:
    """A finished epoch: its report, the weights that were scored, the state to go on from."""

    report: EpochReport
    weights: dict[str, Tensor]
    state: State


class Paused(Exception):
    """A training was asked to stop, and has; `state` is what it left."""

    def __init__(self, state: State) -> None:
        super().__init__("stopped")
        self.state = state
