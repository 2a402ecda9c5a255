"""Ctrl-C and SIGTERM during a training: the step is finished and the state saved. No torch."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """A handler of signals, within a `with` block, that is asked whether a training should stop.

    Before the first question nothing has been trained, and a signal raises KeyboardInterrupt at once. So does a second
    signal at any time. A signal that this process was started to ignore stays ignored: shells ask this of background
    jobs.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.was_asked = False

    def __enter__(self) -> Interruption:
        self.before = {number: signal.getsignal(number) for number in SIGNALS}
        for number, handler in self.before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Return True if the training should stop."""
        self.was_asked = True
        return self.received is not None

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Note the first signal; raise KeyboardInterrupt at the second, or if nobody has asked yet."""
        is_second = self.received is not None
        self.received = signal.Signals(number)
        if is_second or not self.was_asked:
            raise KeyboardInterrupt

    @property
    def status(self) -> int:
        """The exit status of the process, by the convention of shells: 130 or 143."""
        return 128 + (self.received or signal.SIGINT)
