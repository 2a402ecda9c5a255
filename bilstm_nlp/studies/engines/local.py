"""Engines that carry out runs. Here: processes of this machine, a fresh one for each run.

A server process imports torch once and is forked for every run, so a run costs no start-up, shares nothing with those
before it, and can die without taking anything along.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import traceback
from collections import deque
from collections.abc import Generator, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess

from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.base import POLL_SECONDS, Progress, reason
from bilstm_nlp.studies.engines.jobs import Job
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.system.processes import cores, ending, follow_parent, threads_of_libraries


class LocalProcesses:
    """Processes of this machine."""

    def __init__(self, jobs: int | None = None, threads: int | None = None) -> None:
        """By default a run for every core, and as many threads as share the cores out evenly.

        Raises `InputError` where there are not as many cores as runs at a time · threads of each.
        """
        found = cores()
        jobs = jobs or max(1, found // (threads or 1))
        threads = threads or max(1, found // jobs)
        if jobs * threads > found:
            raise InputError(
                f"expected jobs × threads of at most {found}, the cores of this machine, found {jobs} × {threads}"
            )
        self.resources = Resources(found, jobs, threads)

    def execute(self, jobs: Sequence[Job]) -> Generator[Progress, None, None]:
        """Carry out all jobs, as many at a time as there may be."""
        waiting = deque(jobs)
        running: list[Worker] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.resources.jobs:
                    running.append(Worker(waiting.popleft(), self.resources))
                    yield running[-1].progress
                wait([worker.process.sentinel for worker in running], POLL_SECONDS)
                for worker in [*running]:
                    if (progress := worker.news()) is not None:
                        yield progress
                    if worker.progress.state != "running":
                        running.remove(worker)
        finally:
            for worker in running:
                worker.stop()


class Worker:
    """A process at work on one run."""

    def __init__(self, job: Job, resources: Resources) -> None:
        job.failure.unlink(missing_ok=True)
        job.log.parent.mkdir(parents=True, exist_ok=True)
        self.job, self.progress = job, Progress(job, "running", *history(job))
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["bilstm_nlp.studies.engines.worker"])
        # A daemon: it does not outlive this process.
        self.process: ForkServerProcess = context.Process(target=work, args=(job, resources), daemon=True)
        with threads_of_libraries(resources.threads):
            self.process.start()

    def news(self) -> Progress | None:
        """How far the run has come, if that is farther than when last asked."""
        if self.process.exitcode is None:
            found = Progress(self.job, "running", *history(self.job))
        elif self.job.state == "finished":
            found = Progress(self.job, "finished", *history(self.job))
        else:
            if not self.job.failure.exists():
                self.job.fail(ending(self.process.exitcode), tail(self.job))
            found = Progress(self.job, "failed", *history(self.job), self.job.error())
        if found == self.progress:
            return None
        self.progress = found
        return found

    def stop(self) -> None:
        """End the process; the epochs that it finished stay."""
        self.process.terminate()
        self.process.join()


def history(job: Job) -> tuple[int, float | None]:
    """Epochs that the run has finished, and the best development score so far; none where they can't be read.

    Why that is, the run tells that goes on with them.
    """
    try:
        epochs = trial_files.history(job.folder)
    except RunError:
        return 0, None
    scores = [epoch.score.value for epoch in epochs if epoch.best]
    return len(epochs), scores[-1] if scores else None


def tail(job: Job) -> str:
    """The last that was said."""
    return (
        "\n".join(job.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]) if job.log.exists() else ""
    )


# --- in the process of a run -----------------------------------------------------------------------------------------


def work(job: Job, resources: Resources) -> None:
    """Carry out one job; why it failed is written down."""
    # A run whose result nobody waits for would be in the way of the next one in its folder.
    follow_parent()
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        # Not above: here it has been imported already, and whoever starts us needs no torch.
        from bilstm_nlp.studies.engines.worker import carry_out

        for _ in carry_out(job.run.config, job.folder, job.key, resources):
            pass
    except Exception as error:
        job.fail(reason(error), traceback.format_exc())
        sys.exit(1)
