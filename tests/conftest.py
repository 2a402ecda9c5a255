"""What several test files share: the command line, called in this process."""

from __future__ import annotations

import io
import signal
import sys

import pytest

from bilstm_nlp import cli


class Result:
    """What a call of the command line printed and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def call(capfd, monkeypatch):
    """Call the command line in this process."""

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["bilstm-nlp", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return Result(0 if code is None else int(code), *capfd.readouterr())

    return run


@pytest.fixture
def interruptible():
    """Processes started from here heed Ctrl-C, even if this one ignores it, as shells make background jobs do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
