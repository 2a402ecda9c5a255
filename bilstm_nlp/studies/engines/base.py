"""Engines that carry out runs, and what they report."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bilstm_nlp.studies.engines.jobs import Job

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    job: Job
    state: Literal["running", "finished", "failed"]
    epoch: int = 0
    """Finished ones."""
    score: float | None = None
    """On the development part, the best so far, as the run watches it."""
    error: str | None = None


class Engine(Protocol):
    """What carries out runs."""

    def execute(self, jobs: Sequence[Job]) -> Generator[Progress, None, None]:
        """Carry out all jobs; yields when one begins, comes on or ends. A job that dies is written down as failed.

        When it is closed before the end, all that is still running is stopped.
        """
        ...


def reason(error: Exception) -> str:
    """What went wrong: our own errors are sentences, others need their type."""
    own = type(error).__module__.startswith("bilstm_nlp.")
    return str(error) if own else f"{type(error).__name__}: {error}"
