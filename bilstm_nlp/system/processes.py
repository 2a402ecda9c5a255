"""Processes beside this one: how many there may be, with how many threads, and how they end. No torch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rank() -> int:
    """Of this process among those that train one model together (torchrun), from 0; alone, 0."""
    return int(os.environ.get("RANK", 0)) if trained_by() > 1 else 0


def trained_by() -> int:
    """How many processes train one model together."""
    return int(os.environ.get("WORLD_SIZE", 1))


@contextmanager
def threads_of_libraries(count: int) -> Iterator[None]:
    """What numpy and torch ask the environment for when they are imported, in processes started from here."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


def ending(code: int | None) -> str:
    """How a process ended that could not say why."""
    if code is None or code >= 0:
        return f"the process ended with status {code}"
    return f"the process was killed by signal {-code} ({signal.Signals(-code).name})"


# --- in such a process -----------------------------------------------------------------------------------------------


def follow_parent() -> None:
    """Leave Ctrl-C, which reaches all processes, to the one that started us, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """Nobody waits for the result any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
