"""What one finished run brings to a comparison: plain data, no torch, no files. `trials` makes, saves and reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.tags import Span

Task = Literal["tagging", "forecasting"]


@dataclass(frozen=True)
class SentenceExample:
    """A sentence of the development part, and the entities that the run found in it."""

    tokens: Sequence[str]
    gold: Sequence[Span]
    found: Sequence[Span]

    @property
    def place(self) -> Sequence[str]:
        """What tells it from others."""
        return self.tokens


@dataclass(frozen=True, eq=False)
class WindowExample:
    """One column of a window of the development part, and what the run forecast for it; all in scaled units."""

    series: str
    origin: str
    """When the first of the H steps ahead is."""
    column: str
    past: NDArray[np.floating]
    """(L,) look-back."""
    actual: NDArray[np.floating]
    """(H,)"""
    forecast: NDArray[np.floating]
    """(H,)"""
    error: float
    """Mean over the H steps, squared or absolute as the measure is."""

    @property
    def place(self) -> Sequence[str]:
        """What tells it from others."""
        return self.series, self.origin, self.column


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
    examples: Sequence[SentenceExample] | Sequence[WindowExample]
    """Sentences, or windows column by column; in the same order for all trials of a comparison."""

    @property
    def measured_on(self) -> tuple[object, ...]:
        """What is the same for all trials of a comparison."""
        return len(self.numerator), self.lag, [one.place for one in self.examples]
