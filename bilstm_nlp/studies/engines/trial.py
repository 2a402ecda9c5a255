"""A planned run and its trial, the result that a comparison needs. Plain data, no torch and no files."""

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
    """The size and the speed of a run."""

    parameters: int
    """Trained parameters."""
    training_seconds: float
    training_speed: float
    """Sequences (sentences or windows) a second in training."""
    prediction_speed: float
    """Sequences a second in prediction."""
    peak_memory_mb: float


@dataclass(frozen=True, eq=False)
class Trial:
    """The result of one run: a variant with one seed, trained on one fraction of the training data.

    The development part consists of U units: sentences, or forecast origins in time order. All trials of a comparison
    have the same units in the same order. A measure is Σ numerator / Σ denominator over the units. For micro F1 the
    numerator is 2·correct and the denominator predicted + gold entities. For a mean error they are the sum of the
    errors of an origin's windows, and their number.
    """

    variant: str
    seed: int
    fraction: float
    """Fraction of the training data that was used, at most 1."""
    numerator: NDArray[np.float64]
    """(U,)"""
    denominator: NDArray[np.float64]
    """(U,)"""
    lag: int
    """Largest distance at which two units share data: 0 for sentences, horizon − 1 for windows at every row."""
    per_type: Mapping[str, float | None]
    """The measure by type of entity or by column."""
    losses: Sequence[float]
    """Mean training loss of each epoch."""
    epoch_scores: Sequence[float]
    """Development score of each epoch, by the measure that the run watches."""
    cost: Cost | None
    """`None` for a method of statistics, which is not trained."""
    examples: Examples
    """Some of the units, the same for all trials of a comparison."""

    @property
    def measured_on(self) -> tuple[object, ...]:
        """Return what all trials of a comparison have in common."""
        return len(self.numerator), self.lag, self.examples.units
