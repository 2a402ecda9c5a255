"""The contract of an engine: only missing jobs are carried out, and errors are written for people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bilstm_nlp.errors import DivergenceError, WorkerError
from bilstm_nlp.studies.engines.base import Progress, complete, no_progress, reason
from bilstm_nlp.studies.engines.jobs import jobs_of
from tests.studies.grids import read


class Recording:
    """An engine that runs nothing, and notes its jobs and whether it was closed."""

    def __init__(self) -> None:
        self.jobs, self.closed = [], False

    def execute(self, jobs):
        self.jobs += jobs
        try:
            for job in jobs:
                yield Progress(job, "finished")
        finally:
            self.closed = True


def test_complete_carries_out_missing_jobs_only(finished, tmp_path):
    jobs = [*jobs_of(read(finished), finished / "out")[:1], *jobs_of(read(finished), tmp_path / "new")[1:]]
    engine = Recording()
    complete(jobs, engine)
    assert engine.jobs == jobs[1:]


def test_complete_passes_all_progress_through_the_watch(finished, tmp_path):
    jobs = jobs_of(read(finished), tmp_path / "new")
    seen = []

    def watch(all_jobs, missing_jobs, progress) -> Iterator[Progress]:
        assert (all_jobs, missing_jobs) == (jobs, jobs)
        for step in progress:
            seen.append(step.job)
            yield step

    complete(jobs, Recording(), watch)
    assert seen == jobs


def test_an_error_in_the_watch_closes_the_engine(finished, tmp_path):
    def watch(jobs, missing_jobs, progress) -> Iterator[Progress]:
        yield next(progress)
        raise KeyboardInterrupt

    engine = Recording()
    with pytest.raises(KeyboardInterrupt):
        complete(jobs_of(read(finished), tmp_path / "new"), engine, watch)
    assert engine.closed


def test_no_progress_changes_nothing():
    steps = iter(())
    assert no_progress([], [], steps) is steps


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (WorkerError("a worker died"), "a worker died"),
        (DivergenceError("the loss is NaN"), "the loss is NaN"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_only_foreign_errors_are_named_by_type(error, text):
    assert reason(error) == text
