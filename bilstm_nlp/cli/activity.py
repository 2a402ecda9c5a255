"""A line of progress for commands without epochs. Imports no rich, which a prediction would wait for."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from bilstm_nlp.cli.options import is_quiet

DELAY = 2.0
"""Seconds before the line appears. A command that ends sooner shows nothing."""
INTERVAL = 0.5
"""Seconds between two updates."""


class Activity:
    """A line on standard error with what a command is doing, for how long, and how far it is.

    The line is shown on a terminal only, and not with --quiet. The cursor stays at its beginning, so that the next
    message overwrites the line.
    """

    def __init__(self, text: str, *, shown: bool = True) -> None:
        self.text = text
        self.detail = ""
        """Text after the time, such as a count."""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._shown = shown and sys.stderr.isatty() and not is_quiet()

    def __enter__(self) -> Self:
        if self._shown and self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._show, args=(time.monotonic(),), daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def show(self, detail: str) -> None:
        """Put another text after the time. It appears with the next update of the line."""
        self.detail = detail

    def stop(self) -> None:
        """Remove the line."""
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _show(self, began: float) -> None:
        """Update the line until the activity ends."""
        if self._ended.wait(DELAY):
            return
        while True:
            minutes, seconds = divmod(int(time.monotonic() - began), 60)
            line = f"{self.text} … {minutes}:{seconds:02}" + (f"  {self.detail}" if self.detail else "")
            columns = shutil.get_terminal_size().columns
            sys.stderr.write(f"{line[: columns - 1]}\x1b[K\r")
            sys.stderr.flush()
            if self._ended.wait(INTERVAL):
                break
        sys.stderr.write("\x1b[K")
        sys.stderr.flush()


def counted(pieces: Iterable[bytes], activity: Activity) -> Iterator[bytes]:
    """Yield pieces of output, and show in the activity how many lines they have."""
    lines = 0
    for piece in pieces:
        lines += piece.count(b"\n")
        activity.show(f"{lines:,} lines written")
        yield piece
