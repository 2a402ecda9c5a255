"""The contract of an engine: it carries out jobs and reports their progress.

To add an engine, write a module with a class whose `execute` is that of `Engine`, and offer it in cli/studies.py.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from bilstm_nlp.studies.engines.jobs import Job, missing

POLL_SECONDS = 0.5
"""Seconds between two looks at the runs."""


@dataclass(frozen=True)
class Progress:
    """The state of a job."""

    job: Job
    state: Literal["running", "finished", "failed"]
    epoch: int = 0
    """Finished epochs."""
    score: float | None = None
    """The best development score so far, by the measure that the run watches."""
    error: str | None = None


class Engine(Protocol):
    """A way to carry out jobs: processes of this machine, or a cluster."""

    def execute(self, jobs: Sequence[Job]) -> Generator[Progress, None, None]:
        """Carry out all jobs; yield whenever one begins, advances or ends.

        If a job fails, its error is written into its folder, and the others continue. If the generator is closed early,
        all running jobs are stopped.
        """
        ...


Watch: TypeAlias = Callable[[Sequence[Job], Sequence[Job], Iterator[Progress]], Iterator[Progress]]
"""A function from all jobs, the missing jobs and their progress to the same progress; it shows the progress."""


def no_progress(jobs: Sequence[Job], missing: Sequence[Job], progress: Iterator[Progress]) -> Iterator[Progress]:
    """Return the progress without showing it."""
    return progress


def complete(jobs: Sequence[Job], engine: Engine, watch: Watch = no_progress) -> None:
    """Carry out the jobs that are missing; finished jobs are left alone."""
    todo = missing(jobs)
    with closing(engine.execute(todo)) as progress:
        for _ in watch(jobs, todo, progress):
            pass


def reason(error: Exception) -> str:
    """Describe an error for a person: our own errors are sentences, others need their type."""
    own = type(error).__module__.startswith("bilstm_nlp.")
    return str(error) if own else f"{type(error).__name__}: {error}"
