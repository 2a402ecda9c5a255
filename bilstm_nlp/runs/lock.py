"""One process at a time trains into a directory: whoever comes second is told who holds it. No torch."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO

from bilstm_nlp.errors import OutputError, RunError

NAME = ".lock"


class Hold:
    """A directory held by this process until it lets go or ends, however it ends.

    The system keeps the hold, on a file within the directory that says who has it; what a process leaves behind that
    was killed holds nothing.
    """

    def __init__(self, folder: Path) -> None:
        """The directory is made where it is not there. Raises `RunError` where another process holds it, and
        `OutputError` where it can't be written into."""
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.stream = opened(self.path)
        except OSError as error:
            raise OutputError(folder, error) from None
        self.stream.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"process": os.getpid(), "machine": socket.gethostname(), "since": since}, self.stream)
        self.stream.flush()

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let go; more than once does nothing more."""
        if not self.stream.closed:
            self.path.unlink(missing_ok=True)
            self.stream.close()


def opened(path: Path) -> IO[str]:
    """The lock file, held. Raises `RunError` where another process holds it."""
    while True:
        stream = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            found = holder(stream.read())
            stream.close()
            raise RunError(f"{path.parent}: expected a run that nobody else trains, found {found}") from None
        # Whoever held it may have removed the file that we had opened.
        try:
            if os.stat(path).st_ino == os.fstat(stream.fileno()).st_ino:
                return stream
        except FileNotFoundError:
            pass
        stream.close()


def holder(text: str) -> str:
    """Who says so."""
    try:
        values = json.loads(text)
        return f"one held by process {values['process']} on {values['machine']} since {values['since']}"
    except (ValueError, KeyError, TypeError):
        return "one held by another process"
