"""A prediction that is fed lines for a given time. Every line of output is compared with its line of input."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .memory import Growth, Watch, growth

AT_ONCE = 50
"""Lines that are written at once."""


@dataclass(frozen=True)
class Streamed:
    """The result of a stream."""

    sent: int
    got: int
    minutes: float
    fault: str | None
    """A line that was lost, doubled or changed, or an unexpected end of the process; `None` if all is well."""
    memory: Growth | None
    highest: float
    """Peak in MiB."""


class Feed:
    """A writer of lines into a process, up to a time. It keeps the lines that have not come out yet."""

    def __init__(self, process: subprocess.Popen[bytes], lines: Iterator[str], until: float) -> None:
        self.process, self.lines, self.until = process, lines, until
        self.waiting: deque[str] = deque()
        self.sent = 0
        self.thread = threading.Thread(target=self.write, daemon=True)

    def write(self) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # how it ended is seen elsewhere
            while time.monotonic() < self.until:
                some = list(islice(self.lines, AT_ONCE))
                self.waiting.extend(some)
                self.sent += len(some)
                self.process.stdin.write("".join(line + "\n" for line in some).encode())
        with suppress(BrokenPipeError):
            self.process.stdin.close()


def stream(command: Sequence[str | Path], lines: Iterator[str], minutes: float, log: Path) -> Streamed:
    """Start a command, feed it `lines`, and check the JSON Lines that it prints. Its messages go to `log`."""
    began = time.monotonic()
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said) as process,
        Watch(process.pid) as watch,
    ):
        feed = Feed(process, lines, began + 60 * minutes)
        feed.thread.start()
        got, fault = 0, None
        assert process.stdout is not None
        for line in process.stdout:
            fault = difference(line, feed.waiting)
            if fault is not None:
                process.kill()
                break
            got += 1
        feed.thread.join()
        status = process.wait()
    if fault is None and status != 0:
        fault = f"exit status {status}: {log.read_text(encoding='utf-8', errors='replace')[-500:]}"
    if fault is None and feed.waiting:
        fault = f"{len(feed.waiting)} lines lost at the end, {feed.waiting[0]!r:.80} the first"
    highest = max((held for _, held in watch.seen), default=0.0)
    return Streamed(feed.sent, got, (time.monotonic() - began) / 60, fault, growth(watch.seen), highest)


def difference(line: bytes, waiting: deque[str]) -> str | None:
    """Compare a line of output with the next line that waits for its answer. Return the fault, or `None`."""
    if not waiting:
        return f"a line that nobody sent: {line[:80]!r}"
    expected, text = waiting.popleft().removesuffix("\r"), json.loads(line)["text"]
    return None if text == expected else f"expected {expected!r:.80}, found {text!r:.80}"
