"""Worker processes: how many, with how many threads, and how they end. No torch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rank() -> int:
    """Return the rank of this process among the processes that train one model (torchrun), 0 if it is alone."""
    return int(os.environ.get("RANK", 0)) if world_size() > 1 else 0


def world_size() -> int:
    """Return the number of processes that train one model together (torchrun)."""
    return int(os.environ.get("WORLD_SIZE", 1))


@contextmanager
def threads_of_libraries(count: int) -> Iterator[None]:
    """Have processes that are started in this block import numpy and torch with `count` threads each."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


def ending(code: int | None) -> str:
    """Describe the exit code of a process that left no message of its own.

    >>> ending(1)
    'the process ended with status 1'
    >>> ending(-15)
    'the process was killed by signal 15 (SIGTERM)'
    """
    if code is None or code >= 0:
        return f"the process ended with status {code}"
    return f"the process was killed by signal {-code} ({signal.Signals(-code).name})"


# --- in a worker process ---------------------------------------------------------------------------------------------


def follow_parent() -> None:
    """Ignore Ctrl-C in this worker, and exit when its parent exits, however the parent ends.

    Ctrl-C reaches all processes of a terminal; the parent decides which workers stop.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """Wait for the parent to end, then exit at once, because nobody waits for the result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
