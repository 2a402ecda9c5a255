"""Runs as tasks of a Ray cluster, on this machine or others. Needs the extra `ray`.

Each task trains in a temporary folder of its worker and returns the files, so that workers need no disk in common with
us; the data must be where the config says, with the same bytes. A task whose worker dies is tried again by Ray.
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


@dataclass(frozen=True)
class Died:
    """What a task returns that failed by an error of its own: it would fail again."""

    error: str
    details: str


class RayCluster:
    """A Ray cluster."""

    def __init__(
        self, address: str = "local", jobs: int | None = None, threads: int = 1, gpus: float = 0, retries: int = 3
    ) -> None:
        """`local` starts a cluster on this machine; `auto` and HOST:PORT join one. By default as many `jobs` at a time
        as the cluster has room for. Each takes `threads` CPUs and `gpus` GPUs, and is tried again `retries` times.
        """
        self.address, self.jobs, self.threads, self.gpus, self.retries = address, jobs, threads, gpus, retries

    def execute(self, jobs: Sequence[Job]) -> Generator[Progress, None, None]:
        """Carry out all jobs, as many at a time as there may be. Raises `InputError` for a cluster without room."""
        if not jobs:
            return
        self.connect()
        try:
            yield from self.carry_out(jobs, self.resources())
        finally:
            ray.shutdown()

    def connect(self) -> None:
        """Start a cluster, or join one. Raises `InputError` where there is none."""
        if self.address == "local":
            wanted = self.jobs * self.threads if self.jobs else cores()
            ray.init(address="local", num_cpus=min(wanted, cores()), include_dashboard=False, **QUIET)
            return
        try:
            ray.init(address=self.address, **QUIET)
        except ConnectionError as error:
            raise InputError(f"expected a Ray cluster at {self.address}, found none: {error}") from None

    def resources(self) -> Resources:
        """What the cluster has, and what of it runs may use."""
        found = int(ray.cluster_resources().get("CPU", 0))
        jobs = self.jobs or max(1, found // self.threads)
        if jobs * self.threads > found:
            raise InputError(
                f"expected jobs × threads of at most {found}, the CPUs of the cluster, found {jobs} × {self.threads}"
            )
        return Resources(found, jobs, self.threads)

    def carry_out(self, jobs: Sequence[Job], resources: Resources) -> Generator[Progress, None, None]:
        """Send jobs as there is room, and put in place what comes back."""
        board = ray.remote(num_cpus=0)(Board).remote()
        # A worker for each task alone: what ran before in a process must not matter.
        task = ray.remote(num_cpus=self.threads, num_gpus=self.gpus, max_retries=self.retries, max_calls=1)(work)
        waiting, running = deque(enumerate(jobs)), dict[Any, Progress]()
        numbers = {job.folder: number for number, job in enumerate(jobs)}
        while waiting or running:
            while waiting and len(running) < resources.jobs:
                number, job = waiting.popleft()
                job.failure.unlink(missing_ok=True)
                # Its folder means nothing on another machine.
                sent = task.remote(replace(job, folder=Path(job.folder.name)), resources, board, number)
                running[sent] = Progress(job, "running")
                yield running[sent]
            ended, _ = ray.wait([*running], timeout=POLL_SECONDS)
            told = ray.get(board.read.remote())
            for sent, before in [*running.items()]:
                epochs, score = told.get(numbers[before.job.folder], (0, None))
                now = replace(before, epoch=epochs, score=score)
                if sent in ended:
                    now = settled(now, sent)
                    del running[sent]
                else:
                    running[sent] = now
                if now != before:
                    yield now


class Board:
    """Where tasks write how far they are."""

    def __init__(self) -> None:
        self.told: dict[int, tuple[int, float | None]] = {}

    def tell(self, number: int, epochs: int, score: float) -> None:
        """A job's finished epochs and best score so far."""
        self.told[number] = (epochs, score)

    def read(self) -> dict[int, tuple[int, float | None]]:
        return self.told


def settled(progress: Progress, sent: Any) -> Progress:
    """Put in place what an ended task returned: its run directory, or why there is none."""
    job = progress.job
    try:
        returned = ray.get(sent)
    except ray.exceptions.RayError as error:
        returned = Died(" ".join(str(error).split()), "")
    if isinstance(returned, Died):
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


def work(job: Job, resources: Resources, board: Any, number: int) -> dict[str, bytes] | Died:
    """Carry out one job; its run directory as names and contents, or why it failed."""
    # Not above: whoever sends tasks needs no torch.
    from bilstm_nlp.studies.engines.worker import carry_out

    config = job.run.config
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = {source: digest(source) for source in config.sources}
            if None in found.values() or key_of(config, found) != job.key:
                raise RunError(f"expected data with the same bytes as on the machine that sent the run, found {found}")
            best = None
            for epoch in carry_out(config, Path(folder) / "run", job.key, resources):
                best = epoch.score.value if epoch.best else best
                board.tell.remote(number, epoch.epoch, best)
            paths = sorted(path for path in (Path(folder) / "run").rglob("*") if path.is_file())
            return {path.relative_to(Path(folder) / "run").as_posix(): path.read_bytes() for path in paths}
        except Exception as error:
            return Died(reason(error), traceback.format_exc())
