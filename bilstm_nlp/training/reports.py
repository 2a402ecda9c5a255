"""The figures of an epoch of training, as plain values. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from bilstm_nlp.training.protocols import Score


@dataclass(frozen=True)
class EpochReport:
    """The figures of a finished epoch."""

    epoch: int
    """From 1."""
    loss: float
    """Mean training loss."""
    score: Score
    """On the development data, with the weights that would be kept."""
    best: bool
    """True if no earlier epoch has a score as good."""
    learning_rate: float
    """At the last step."""
    seconds: float
    """Of training, without the scoring of the development data."""
    sequences: int
    """Seen in training."""


@dataclass(frozen=True)
class Part:
    """The finished batches of an epoch."""

    batches: int = 0
    loss: float = 0.0
    """Sum over the batches."""
    weight: float = 0.0
    """Divisor of `loss`: the sum of the batches' weights."""
    sequences: int = 0
    seconds: float = 0.0
