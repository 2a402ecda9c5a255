"""Processes as a user starts them: their time, and the memory of the process and its workers."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bilstm_nlp.errors import InputError

PYTHON = sys.executable
BILSTM_NLP = str(Path(sysconfig.get_path("scripts")) / "bilstm-nlp")
MEBIBYTE = 1 << 20
PERIOD = 0.02
"""Seconds between two measurements of the memory."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended with status 0."""

    seconds: float
    output: str
    memory: Sequence[tuple[float, float]]
    """(seconds since the start, resident MiB); empty if the system does not tell."""

    @property
    def peak(self) -> float:
        """Peak in MiB."""
        return max((held for _, held in self.memory), default=0.0)


def run(command: Sequence[str | Path], threads: int | None, cache: Path | None = None) -> Finished:
    """Run a command to its end. `cache` replaces the user's folder of caches.

    Raises `InputError` with the command's message if its exit status is not 0.
    """
    # Without the variable that forbids Python to keep what it has compiled: users don't compile at every start.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if threads is not None:
        variables["OMP_NUM_THREADS"] = str(threads)
    if cache is not None:
        variables["XDG_CACHE_HOME"] = str(cache)
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables)
    memory: list[tuple[float, float]] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(PERIOD):
            if held := resident(process.pid):
                memory.append((time.perf_counter() - began, held / MEBIBYTE))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        output, errors = process.communicate()
        seconds = time.perf_counter() - began
    finally:
        ended.set()
        watcher.join()
    if process.returncode != 0:
        raise InputError(f"{' '.join(map(str, command))}: exit status {process.returncode}: {errors.strip()}")
    return Finished(seconds, output, memory)


def resident(process: int) -> int:
    """Return the resident bytes of a process and its descendants; shared pages count for each. 0 if unknown."""
    folder = Path(f"/proc/{process}")
    try:
        pages = int((folder / "statm").read_text().split()[1])
        children = [child for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:  # it has ended, or this is not Linux
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(int(child)) for child in children)
