"""Worker processes: how many, with how many threads, and how they end. No torch."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess


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


def use_threads(count: int) -> None:
    """Have torch and ONNX Runtime compute with `count` threads from now on, imported already or later."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)


def worker_context(modules: Sequence[str], threads: int) -> ForkServerContext | SpawnContext:
    """Return the way in which worker processes start: forked from a server, or spawned where there is no fork server.

    The server imports the modules once, with `threads` threads for its libraries. Spawned workers, as on Windows,
    import them themselves. Pass every worker to `start`.
    """
    import multiprocessing

    try:
        from multiprocessing.forkserver import ensure_running

        context = multiprocessing.get_context("forkserver")
    except (ImportError, ValueError):
        return multiprocessing.get_context("spawn")
    context.set_forkserver_preload([*modules])
    with threads_of_libraries(threads), _interrupts_blocked():
        ensure_running()
    return context


def start(process: BaseProcess, threads: int) -> None:
    """Start a worker process that Ctrl-C never reaches, with `threads` threads for its libraries."""
    with threads_of_libraries(threads), _interrupts_blocked():
        process.start()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C from this process, and from processes that are started meanwhile: not even their imports end by it.

    Where signals can't be blocked they are ignored, and processes inherit that too, except on Windows.
    """
    if hasattr(signal, "pthread_sigmask"):
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # otherwise started within, and then it unblocks the signal
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    elif threading.current_thread() is threading.main_thread():
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, handler)
    else:  # only the main thread may change handlers
        yield


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
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
