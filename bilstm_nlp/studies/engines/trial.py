"""What one finished run brings to a comparison: plain data, no torch, no files. `trials` makes, saves and reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.config import Config
from bilstm_nlp.tasks.comparison import Examples


@dataclass(frozen=True)
class PlannedRun:
    """A training that a study asks for: a variant with a seed, on a fraction of the training data."""

    variant: str
    seed: int
    fraction: float
    config: Config


@dataclass(frozen=True)
class Cost:
    """What a run took, and how fast its model is."""

    parameters: int
    """Trained parameters."""
    training_seconds: float
    training_speed: float
    """Sequences (sentences or windows) a second, in training."""
    prediction_speed: float
    """Sequences a second, in prediction."""
    peak_memory_mb: float


@dataclass(frozen=True, eq=False)
class Trial:
    """One variant, trained once with one seed on one part of the training data.

    Units are what the development part is made of, and the same for all trials of a comparison, in the same order: its
    sentences, or the dates that are forecast from, in time order. A measure is Σ numerator / Σ denominator over them.
    For micro F1 that is 2·correct / (predicted + gold entities), for a mean error the sum of the errors of the windows
    from that date / their number.
    """

    variant: str
    seed: int
    fraction: float
    """How much of the training data it saw, up to 1."""
    numerator: NDArray[np.float64]
    """(U,)"""
    denominator: NDArray[np.float64]
    """(U,)"""
    lag: int
    """Up to how far apart two units share something: 0 for sentences, horizon − 1 for windows at every row."""
    per_type: Mapping[str, float | None]
    """F1 by type of entity, or the measured error by column."""
    losses: Sequence[float]
    """Mean training loss of each epoch."""
    epoch_scores: Sequence[float]
    """The development score of each epoch, as the run watched it."""
    cost: Cost
    examples: Examples
    """Some of the units, the same for all trials of a comparison."""

    @property
    def measured_on(self) -> tuple[object, ...]:
        """Return what all trials of a comparison have in common."""
        return len(self.numerator), self.lag, self.examples.units
