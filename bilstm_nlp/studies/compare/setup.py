"""The setup of a comparison: variants, seeds, a measure, and the outcome of every planned run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bilstm_nlp.config.measures import Measure, Subject


@dataclass(frozen=True)
class Environment:
    """The machine and the versions of the runs, without which their speeds mean nothing."""

    cores: int
    jobs: int
    """Runs at a time."""
    threads: int
    """Threads of each run."""
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """The setup of a comparison, for its reports."""

    name: str
    task: str
    subject: Subject
    command: str
    """The command that repeats the comparison."""
    measure: Measure
    baseline: str
    """The variant that all others are compared with."""
    level: float
    """The level of intervals. If variants are equal, a difference is reported with a chance of 1 − level."""
    seeds: Sequence[int]
    fractions: Sequence[float]
    environment: Environment
    changes: Mapping[str, Mapping[str, Any]]
    """For each variant, in order, its changes to the base by dotted key."""
    methods: Sequence[str] = ()
    """Variants that are methods of statistics: the same for every seed, and not trained."""

    @property
    def largest(self) -> float:
        """Return the fraction of the training data at which variants are compared."""
        return max(self.fractions)


@dataclass(frozen=True)
class Run:
    """A planned run and its outcome."""

    variant: str
    seed: int
    fraction: float
    folder: str
    status: Literal["finished", "failed", "missing"]
    score: float | None = None
    """The value of the measure; `answer` takes it from the run's trial."""
    seconds: float | None = None
    error: str | None = None
