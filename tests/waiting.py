"""Waiting for other processes with a time limit, for tests that start, stop and kill them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

LIMIT = 240
"""Seconds. Generous, because the machine may be busy; only a test that fails waits so long."""


def wait_until(condition: Callable[[], object]) -> None:
    """Return as soon as `condition()` is true; fail after `LIMIT` seconds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def wait_for_lines(path: Path, count: int = 1) -> None:
    """Return as soon as the file has `count` lines."""
    wait_until(lambda: line_count(path) >= count)


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
