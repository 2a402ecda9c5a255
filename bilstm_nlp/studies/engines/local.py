"""The engine of this machine: a fresh process for each run.

A run shares nothing with the runs before it, and its death stops no other. Where the system has a fork server, torch is
imported once, and the server is forked for every run; elsewhere every process imports torch itself.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections import deque
from collections.abc import Generator, Sequence
from multiprocessing.connection import wait

from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.studies.engines.base import POLL_SECONDS, Progress, reason
from bilstm_nlp.studies.engines.jobs import Job
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.system.processes import cores, ending, follow_parent, start, worker_context

WORKER = f"{__package__}.worker"
"""The module that a worker process needs. This process does not import it: it would import torch."""
LOG_LINES = 20
"""Last lines of a run's log that are kept when its process dies."""


class LocalProcesses:
    """An engine that carries out jobs in processes of this machine."""

    def __init__(self, jobs: int | None = None, threads: int | None = None) -> None:
        """`jobs` runs at a time with `threads` threads each; by default one run for each core, and an even share.

        Raises `InputError` if jobs × threads exceeds the number of cores.
        """
        available = cores()
        jobs = jobs or max(1, available // (threads or 1))
        threads = threads or max(1, available // jobs)
        if jobs * threads > available:
            raise InputError(
                f"expected jobs × threads of at most {available}, the cores of this machine, found {jobs} × {threads}"
            )
        self.resources = Resources(available, jobs, threads)

    def execute(self, jobs: Sequence[Job]) -> Generator[Progress, None, None]:
        """Carry out all jobs, `resources.jobs` at a time; see `Engine`."""
        waiting = deque(jobs)
        running: list[_Worker] = []
        try:
            while waiting or running:
                while waiting and len(running) < self.resources.jobs:
                    running.append(_Worker(waiting.popleft(), self.resources))
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


def preloaded(job: Job) -> list[str]:
    """Name the modules that workers share: their own, the job's task, compiled recursions, and what draws plots.

    A worker that imported them by itself would take seconds to begin. Without Numba, there are no compiled recursions.
    """
    task = f"bilstm_nlp.tasks.{job.run.config.task}"
    return [WORKER, f"{task}.task", f"{task}.preparing", "bilstm_nlp.nn.crf.kernels", "matplotlib.backends.backend_agg"]


class _Worker:
    """A process that carries out one job."""

    def __init__(self, job: Job, resources: Resources) -> None:
        job.failure.unlink(missing_ok=True)
        job.log.parent.mkdir(parents=True, exist_ok=True)
        self.job, self.progress = job, Progress(job, "running", *_history(job))
        context = worker_context(preloaded(job), resources.threads)
        # A daemon process does not outlive this one.
        self.process = context.Process(target=_work, args=(job, resources), daemon=True)
        start(self.process, resources.threads)

    def news(self) -> Progress | None:
        """Return the job's progress if it changed since the last call, otherwise `None`."""
        if self.process.exitcode is None:
            progress = Progress(self.job, "running", *_history(self.job))
        elif self.job.state == "finished":
            progress = Progress(self.job, "finished", *_history(self.job))
        else:
            if not self.job.failure.exists():
                self.job.fail(ending(self.process.exitcode), _end_of_log(self.job))
            progress = Progress(self.job, "failed", *_history(self.job), self.job.error())
        if progress == self.progress:
            return None
        self.progress = progress
        return progress

    def stop(self) -> None:
        """End the process. The epochs that it finished are kept."""
        self.process.terminate()
        self.process.join()


def _history(job: Job) -> tuple[int, float | None]:
    """Return the number of finished epochs and the best development score so far.

    Both are none if the history can't be read; the run that resumes from it reports the damage.
    """
    try:
        epochs = RunDirectory(job.folder).read_history()
    except RunError:
        return 0, None
    scores = [epoch.score.value for epoch in epochs if epoch.best]
    return len(epochs), scores[-1] if scores else None


def _end_of_log(job: Job) -> str:
    if not job.log.exists():
        return ""
    return "\n".join(job.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])


# --- in the process of a run -----------------------------------------------------------------------------------------


def _work(job: Job, resources: Resources) -> None:
    """Carry out one job; if it fails, write its error into its folder."""
    # A run whose result nobody awaits would block the next run in its folder.
    follow_parent()
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        # Imported here: the process that starts the workers needs no torch.
        from bilstm_nlp.studies.engines.worker import carry_out

        for _ in carry_out(job.run.config, job.folder, job.key, resources):
            pass
    except Exception as error:
        job.fail(reason(error), traceback.format_exc())
        sys.exit(1)
