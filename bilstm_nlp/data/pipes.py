"""Lines of a pipe or a terminal, with an answer to whether the next line is already there."""

from __future__ import annotations

import io
import os
import stat
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

BLOCK = 1 << 16
"""Bytes of one read, which is what a pipe holds."""


class Pipe(io.BufferedIOBase):
    """Lines of a file descriptor that may be slow: a pipe or a terminal.

    A buffered stream of Python can't say whether its next line is there without waiting for it.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._begun: list[bytes] = []
        """Parts of the line that has no end yet."""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readline(self, limit: int | None = -1, /) -> bytes:
        """Wait for a line and return it; empty at the end of the input.

        If the line has no end within `limit` bytes, it is returned up to where it was read.
        """
        while not self._lines:
            if self._ended or (limit is not None and 0 <= limit < sum(map(len, self._begun))):
                line = b"".join(self._begun)
                self._begun.clear()
                return line
            self._fill()
        return self._lines.popleft()

    def read(self, size: int | None = -1, /) -> bytes:
        """Wait for the end of the input, and return what is left of it, or at most `size` bytes."""
        if size is not None and size >= 0:
            while not self._ended and sum(map(len, (*self._lines, *self._begun))) < size:
                self._fill()
        else:
            while not self._ended:
                self._fill()
            size = None
        left = b"".join([*self._lines, *self._begun])
        self._lines.clear()
        self._begun.clear()
        self._take(left[len(left) if size is None else size :])
        return left[:size]

    def ready(self, deadline: float, *, blocks: bool = False) -> bool:
        """Wait until the next record or the end of the input is there, and return False if `deadline` comes first.

        `deadline` is a time of `time.monotonic`. A record is a line, or with `blocks` lines with a blank line after
        them.
        """
        from select import select  # Windows has no select for pipes

        while not (self._ended or (self._has_block() if blocks else self._lines)):
            if not select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return False
            self._fill()
        return True

    def _has_block(self) -> bool:
        """Return whether a blank line after other lines is there."""
        begun = False
        for line in self._lines:
            blank = line.isspace()
            if begun and blank:
                return True
            begun = begun or not blank
        return False

    def _fill(self) -> None:
        """Wait for input and read what is there."""
        data = os.read(self._descriptor, BLOCK)
        self._ended = not data
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Part data into lines, the last of which may have no end yet."""
        first, *others = data.split(b"\n")
        if others:
            self._lines.append(b"".join([*self._begun, first, b"\n"]))
            self._lines.extend(line + b"\n" for line in others[:-1])
            self._begun = [others[-1]] if others[-1] else []
        elif first:
            self._begun.append(first)


def slow(stream: BinaryIO) -> bool:
    """Return whether a stream is a pipe or a terminal that `Pipe` can read; no stream is on Windows."""
    if sys.platform == "win32":
        return False
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or in memory
        return False


@contextmanager
def standard_input_as_pipe() -> Iterator[None]:
    """Read standard input through a `Pipe`, if it may be slow. `sys.stdin` is replaced for the whole process."""
    before = sys.stdin
    if before is None or not slow(before.buffer):
        yield
        return
    sys.stdin = io.TextIOWrapper(Pipe(before.buffer.fileno()), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before
