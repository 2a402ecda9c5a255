"""The lock of a directory: one process at a time trains into it. Does not import torch."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from bilstm_nlp.errors import OutputError, RunError

NAME = ".lock"
"""The file that is locked. It is empty, since on Windows no other process can read a locked file."""
HOLDER = ".lock.json"
"""The file that names the process with the lock, for other processes."""
FILES = (NAME, HOLDER)
"""All files of the lock. Only the lock itself creates and removes them."""


class DirectoryLock:
    """A lock on a directory, until `release` or until this process ends, however it ends.

    The operating system keeps the lock (`flock`, on Windows `LockFileEx`). Files that a killed process leaves behind
    lock nothing.
    """

    def __init__(self, folder: Path) -> None:
        """Lock the directory, and make it if it does not exist.

        Raises `RunError` if another process has the lock, and `OutputError` if the directory is not writable.
        """
        from filelock import FileLock, Timeout  # which predictions do without

        self._path, self._holder = folder / NAME, folder / HOLDER
        # Any thread may release the lock: a generator can be closed by another thread.
        self._lock = FileLock(self._path, thread_local=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            self._holder.write_text(_this_process(), encoding="utf-8")
        except Timeout:
            raise RunError(
                f"{folder}: expected a run that nobody else trains, found {_holder_of(self._holder)}"
            ) from None
        except OSError as error:
            self.release()
            raise OutputError(folder, error) from None

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock and remove its files. A second call does nothing."""
        if not self._lock.is_locked:
            return
        self._holder.unlink(missing_ok=True)
        # Remove the file while it is locked: later it may be another process's. filelock before 3.30 removes it again.
        # On Windows filelock removes it.
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._lock.release()


def _this_process() -> str:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"process": os.getpid(), "machine": socket.gethostname(), "since": since})


def _holder_of(path: Path) -> str:
    """Name the process that has the lock, if its file can be read."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return f"one held by process {values['process']} on {values['machine']} since {values['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "one held by another process"
