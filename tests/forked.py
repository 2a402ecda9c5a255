"""Calls of the command line in processes of their own, forked from a process that has imported all they need.

A new interpreter takes five seconds for the imports of a training, longer than most trainings of these tests.
`python -m tests.forked` is the process that forks. It reads one call from each line. It writes a line with the
child's number when the child has begun, and a line with its status when it has ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType

from tests.killing import PRELOADED, ROOT, end_after
from tests.pictures import picture

LIMIT = 240
"""Seconds after which a call hangs."""


class Forked:
    """A call of the command line."""

    def __init__(self, server: ForkServer, pid: int, output: Path) -> None:
        self.server, self.pid, self.output = server, pid, output

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.pid not in self.server.statuses:
            self.send_signal(signal.SIGKILL)
        self.wait()

    @property
    def out(self) -> str:
        """The standard output of the call so far."""
        return self.output.with_suffix(".out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """The standard error of the call so far."""
        return self.output.with_suffix(".err").read_text(encoding="utf-8")

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):  # it has ended by now
            os.kill(self.pid, number)

    def wait(self) -> int:
        """Return the exit status, or minus the number of the signal that ended the call."""
        return self.server.status_of(self.pid)

    def succeed(self) -> Forked:
        """Wait for the end of the call, and assert status 0."""
        assert self.wait() == 0, self.err
        return self


class ForkServer:
    """The process that forks."""

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.folder = tempfile.TemporaryDirectory()
        self.calls = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )

    def close(self) -> None:
        """End the process. No call may be under way."""
        self.process.communicate(timeout=LIMIT)
        self.folder.cleanup()

    def start(
        self, *arguments: object, environment: dict[str, str] | None = None, largest_file: int | None = None
    ) -> Forked:
        """Call the command line, which may write no files of more than `largest_file` bytes."""
        self.calls += 1
        output = Path(self.folder.name) / str(self.calls)
        call = {
            "arguments": list(map(str, arguments)),
            "environment": environment or {},
            "output": str(output),
            "largest_file": largest_file,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        while "began" not in (answer := self._answer()):
            self.statuses[answer["pid"]] = answer["status"]
        return Forked(self, answer["began"], output)

    def status_of(self, pid: int) -> int:
        """Wait for the end of a child. Return its status."""
        while pid not in self.statuses:
            answer = self._answer()
            self.statuses[answer["pid"]] = answer["status"]
        return self.statuses[pid]

    def _answer(self) -> dict[str, int]:
        # Answers are whole lines, and are read unbuffered: what waits can be selected.
        assert self.process.stdout is not None
        line = b""
        descriptor = self.process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                assert selector.select(LIMIT), "a call hangs"
                byte = os.read(descriptor, 1)
                assert byte, "the process that forks has ended"
                line += byte
        answer: dict[str, int] = json.loads(line)
        return answer


# --- in the process that forks ---------------------------------------------------------------------------------------


def serve() -> None:
    """Fork for every line of standard input. A child ends like any process of the command line."""
    for name in PRELOADED:
        import_module(name)
    ended, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ, "a call")
        selector.register(ended, selectors.EVENT_READ, "an end")
        waiting = b""
        while True:
            ready = {key.data for key, _ in selector.select()}
            if "an end" in ready:
                ended.recv(4096)
                _tell_ends()
            if "a call" in ready:
                read = os.read(0, 65536)
                if not read:
                    return
                *lines, waiting = (waiting + read).split(b"\n")
                for line in lines:
                    child = os.fork()
                    if child == 0:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        signal.signal(signal.SIGINT, signal.default_int_handler)
                        end_after(partial(_become, json.loads(line)))
                    _tell({"began": child})


def _tell_ends() -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _tell({"pid": ended[0], "status": os.waitstatus_to_exitcode(ended[1])})


def _tell(answer: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _become(call: dict[str, object]) -> None:
    """Run the command line in this process."""
    import resource

    from bilstm_nlp.cli import app
    from bilstm_nlp.reports import plots
    from bilstm_nlp.system.files import write_whole

    plots.save = picture(write_whole)  # drawing takes longer than the trainings
    for number, path in enumerate((os.devnull, f"{call['output']}.out", f"{call['output']}.err")):
        opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    environment, arguments, largest = call["environment"], call["arguments"], call["largest_file"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.update(environment)
    if isinstance(largest, int):
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    sys.argv = ["bilstm-nlp", *arguments]
    app.main()


if __name__ == "__main__":
    serve()
