"""What a comparison asks: variants, seeds, a measure, and what became of the runs that were planned for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bilstm_nlp.config.measures import Measure, Subject


@dataclass(frozen=True)
class Environment:
    """What the runs were made on, so that speeds mean something."""

    cores: int
    jobs: int
    """Runs at a time."""
    threads: int
    """Of each run."""
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """What is compared, and how."""

    name: str
    task: str
    subject: Subject
    command: str
    """What repeats it."""
    measure: Measure
    baseline: str
    """The variant that all others are compared with."""
    level: float
    """Of intervals; 1 − level is how often a difference may be seen where there is none."""
    seeds: Sequence[int]
    fractions: Sequence[float]
    environment: Environment
    changes: Mapping[str, Mapping[str, Any]]
    """For each variant, in order: what it changes in the base, by dotted key."""

    @property
    def largest(self) -> float:
        """The part of the training data at which variants are compared."""
        return max(self.fractions)


@dataclass(frozen=True)
class Run:
    """A planned run, and what became of it."""

    variant: str
    seed: int
    fraction: float
    folder: str
    status: Literal["finished", "failed", "missing"]
    score: float | None = None
    """The measure; `answer` takes it from the run's trial."""
    seconds: float | None = None
    error: str | None = None
