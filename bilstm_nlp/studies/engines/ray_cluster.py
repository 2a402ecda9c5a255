"""The engine of a Ray cluster: runs are tasks, on this machine or others. It needs the extra `ray`.

A task trains in a temporary folder and returns the files of the run directory, so workers and this process share no
disk. The data must be where the config says, with the same bytes. If a worker dies, Ray tries its task again.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import traceback
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.studies.engines.base import POLL_SECONDS, Progress, reason
from bilstm_nlp.studies.engines.jobs import Job, key_of
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.system.processes import cores

try:
    import ray
except ImportError:
    raise InputError("the engine ray needs the extra of this name: pip install 'bilstm-nlp[ray]'") from None


QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
RETRIES = 3
"""Times that a task whose worker died is tried again."""


@dataclass(frozen=True)
class Failure:
    """The error that ended a task. The task would fail again, so it is not tried again."""

    error: str
    details: str


class RayCluster:
    """An engine that carries out jobs on a Ray cluster."""

    def __init__(self, address: str = "local", jobs: int | None = None, threads: int = 1, gpus: float = 0) -> None:
        """`local` starts a cluster on this machine; `auto` and HOST:PORT join one.

        `jobs` runs are carried out at a time, by default as many as fit; each takes `threads` CPUs and `gpus` GPUs.
        """
        self.address, self.jobs, self.threads, self.gpus = address, jobs, threads, gpus

    def execute(self, jobs: Sequence[Job]) -> Generator[Progress, None, None]:
        """Carry out all jobs; see `Engine`. Raises `InputError` for a cluster that is not there or has no room."""
        if not jobs:
            return
        self._connect()
        try:
            yield from self._carry_out(jobs, self._resources())
        finally:
            ray.shutdown()

    def _connect(self) -> None:
        """Start a cluster, or join one. Raises `InputError` if there is none."""
        if self.address == "local":
            wanted = self.jobs * self.threads if self.jobs else cores()
            ray.init(address="local", num_cpus=min(wanted, cores()), include_dashboard=False, **QUIET)
            return
        try:
            ray.init(address=self.address, **QUIET)
        except ConnectionError as error:
            raise InputError(f"expected a Ray cluster at {self.address}, found none: {error}") from None

    def _resources(self) -> Resources:
        """Return the CPUs of the cluster, and the part of them that runs use. Raises `InputError` without room."""
        available = int(ray.cluster_resources().get("CPU", 0))
        jobs = self.jobs or max(1, available // self.threads)
        if jobs * self.threads > available:
            raise InputError(
                f"expected jobs × threads of at most {available}, the CPUs of the cluster, "
                f"found {jobs} × {self.threads}"
            )
        return Resources(available, jobs, self.threads)

    def _carry_out(self, jobs: Sequence[Job], resources: Resources) -> Generator[Progress, None, None]:
        """Send jobs while there is room, and put the run directories that come back in place."""
        board = ray.remote(num_cpus=0)(_Board).remote()
        # max_calls=1: a new process for each task, since a task must not depend on the tasks before it.
        task = ray.remote(num_cpus=self.threads, num_gpus=self.gpus, max_retries=RETRIES, max_calls=1)(work)
        waiting, running = deque(enumerate(jobs)), dict[Any, Progress]()
        numbers = {job.folder: number for number, job in enumerate(jobs)}
        while waiting or running:
            while waiting and len(running) < resources.jobs:
                number, job = waiting.popleft()
                job.failure.unlink(missing_ok=True)
                # The folder's path means nothing on another machine.
                sent = task.remote(replace(job, folder=Path(job.folder.name)), resources, board, number)
                running[sent] = Progress(job, "running")
                yield running[sent]
            ended, _ = ray.wait([*running], timeout=POLL_SECONDS)
            progress_by_job = ray.get(board.read.remote())
            for sent, before in [*running.items()]:
                epochs, score = progress_by_job.get(numbers[before.job.folder], (0, None))
                now = replace(before, epoch=epochs, score=score)
                if sent in ended:
                    now = _received(now, sent)
                    del running[sent]
                else:
                    running[sent] = now
                if now != before:
                    yield now


class _Board:
    """A Ray actor to which tasks report their progress."""

    def __init__(self) -> None:
        self.progress_by_job: dict[int, tuple[int, float | None]] = {}

    def report(self, number: int, epochs: int, score: float) -> None:
        """Note a job's finished epochs and best score so far."""
        self.progress_by_job[number] = (epochs, score)

    def read(self) -> dict[int, tuple[int, float | None]]:
        """Return the progress of all jobs by number."""
        return self.progress_by_job


def _received(progress: Progress, sent: Any) -> Progress:
    """Put the run directory that a task returned in place, or write the error that it returned."""
    job = progress.job
    try:
        returned = ray.get(sent)
    except ray.exceptions.RayError as error:
        returned = Failure(" ".join(str(error).split()), "")
    if isinstance(returned, Failure):
        job.fail(returned.error, returned.details)
        return replace(progress, state="failed", error=returned.error)
    partial = job.folder.with_name(f".{job.folder.name}.partial")
    for stale in (partial, job.folder):
        if stale.exists():
            shutil.rmtree(stale)
    for name, content in returned.items():
        path = partial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    partial.rename(job.folder)
    return replace(progress, state="finished")


# --- on a worker -----------------------------------------------------------------------------------------------------


def work(job: Job, resources: Resources, board: Any, number: int) -> dict[str, bytes] | Failure:
    """Carry out one job; return its run directory as names and contents, or its error."""
    # Imported here: the process that sends tasks needs no torch.
    from bilstm_nlp.studies.engines.worker import carry_out

    config = job.run.config
    with tempfile.TemporaryDirectory() as folder:
        try:
            digests = {source: digest(source) for source in config.sources}
            if None in digests.values() or key_of(config, digests) != job.key:
                raise RunError(
                    f"expected data with the same bytes as on the machine that sent the run, found {digests}"
                )
            best = None
            for epoch in carry_out(config, Path(folder) / "run", job.key, resources):
                best = epoch.score.value if epoch.best else best
                board.report.remote(number, epoch.epoch, best)
            paths = sorted(path for path in (Path(folder) / "run").rglob("*") if path.is_file())
            return {path.relative_to(Path(folder) / "run").as_posix(): path.read_bytes() for path in paths}
        except Exception as error:
            return Failure(reason(error), traceback.format_exc())
