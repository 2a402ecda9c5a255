"""Memory of a process and its descendants over time, and its growth."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from scripts.bench.processes import MEBIBYTE, resident

WARM = 1 / 2
"""Fraction of the time for the warm-up, in which caches fill."""


@dataclass(frozen=True)
class Growth:
    """The growth of memory after the warm-up, by a straight line through the measurements."""

    start: float
    """MiB."""
    end: float
    minutes: float

    @property
    def by(self) -> float:
        """MiB."""
        return self.end - self.start

    @property
    def slope(self) -> float:
        """MiB an hour."""
        return 60 * self.by / self.minutes if self.minutes else 0.0


def growth(seen: Sequence[tuple[float, float]]) -> Growth | None:
    """Fit (seconds, MiB) after the warm-up by least squares. Return `None` for fewer than three measurements."""
    later = [sample for sample in seen if sample[0] >= WARM * seen[-1][0]]
    if len(later) < 3:
        return None
    times, held = np.array(later).T
    slope, level = np.polyfit(times, held, 1)
    return Growth(float(level + slope * times[0]), float(level + slope * times[-1]), float(times[-1] - times[0]) / 60)


class Watch:
    """A context that measures the memory of a process."""

    def __init__(self, process: int, period: float = 0.25) -> None:
        self.process, self.period = process, period
        self.seen: list[tuple[float, float]] = []
        """(seconds since the beginning, MiB); nothing where the system doesn't tell."""
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.ended.set()
        self.thread.join()

    def look(self) -> None:
        began = time.monotonic()
        while not self.ended.wait(self.period):
            if held := resident(self.process):
                self.seen.append((time.monotonic() - began, held / MEBIBYTE))
