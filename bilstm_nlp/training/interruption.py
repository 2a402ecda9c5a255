"""Ctrl-C and SIGTERM during a training: the batch under way is finished, and its state saved. No torch."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether somebody wants a training to stop: within it, the signals wait until they are asked for.

    Before anybody asks for the first time there is nothing to save, and a signal is a KeyboardInterrupt at once; so is
    a second one, whenever it comes. A signal that this process was started to ignore, as shells do with jobs in the
    background, is ignored.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.waits = False

    def __enter__(self) -> Interruption:
        self.before = {one: signal.getsignal(one) for one in SIGNALS}
        for one, handler in self.before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(one, self.heed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for one, handler in self.before.items():
            signal.signal(one, handler)

    def __call__(self) -> bool:
        """Whether to stop."""
        self.waits = True
        return self.received is not None

    def heed(self, number: int, frame: FrameType | None) -> None:
        """What a signal does."""
        again, self.received = self.received is not None, signal.Signals(number)
        if again or not self.waits:
            raise KeyboardInterrupt

    @property
    def status(self) -> int:
        """What the process ends with, as shells have it: 130 or 143."""
        return 128 + (self.received or signal.SIGINT)
