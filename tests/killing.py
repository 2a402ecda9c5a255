"""Calls of the command line that are killed: each a fork of one process that has imported everything.

A process of its own would take seconds to import what it needs, and most kills would hit nothing else.

`python -m tests.killing` is that process. It reads what is to be called, a JSON object a line, and writes a line when
the call has begun, and one when it has ended.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.samples import command

ROOT = Path(__file__).parent.parent
# What the commands import, and what torch imports when it first makes an optimizer.
PRELOADED = (
    "bilstm_nlp.runs.train",
    "bilstm_nlp.runs.evaluate",
    "bilstm_nlp.runs.backtest",
    "bilstm_nlp.reports.markdown",
    "bilstm_nlp.cli.console",
    "bilstm_nlp.cli.tables",
    "bilstm_nlp.cli.progress",
    "bilstm_nlp.studies.compare.compare",
    "bilstm_nlp.studies.engines.worker",
    "bilstm_nlp.serving.worker",
    "bilstm_nlp.nn.crf.kernels",
    "matplotlib.backends.backend_agg",
    "pyarrow.pandas_compat",
    "torch._dynamo",
)
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 5000 + b"IEND\xaeB`\x82"
"""What forks write instead of drawing, which would take longer than all the rest."""
LIMIT = 300
"""Seconds after which a call hangs."""


@dataclass(frozen=True)
class Moment:
    """When a call is killed: after so much time, or before it does something to its files for the n-th time."""

    seconds: float | None = None
    operation: int | None = None
    written: float = 1.0
    """How much of a file that is about to get its name has been written by then."""
    leader_alone: bool = False
    """Whether only the process that was called is killed, and its workers have to see to their end themselves."""


@dataclass(frozen=True)
class Ending:
    """How a call ended."""

    leader: int
    """The process that was called, which leads a session of its own."""
    status: int
    """Negative: of this signal."""
    operations: int = 0
    """How often it did something to its files."""
    seconds: float = 0.0

    @property
    def was_killed(self) -> bool:
        """Whether a kill met it alive."""
        return self.status == -signal.SIGKILL


def one_thread() -> dict[str, str]:
    """The environment of all calls: what a sum's last bits are depends on the number of threads."""
    return os.environ | {"OMP_NUM_THREADS": "1"}


class Forks:
    """The process that is forked."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.killing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=one_thread(),
        )

    def __enter__(self) -> Forks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # a call hangs
            self.process.kill()
            self.process.communicate()

    def call(self, arguments: list[str], folder: Path, moment: Moment | None = None) -> Ending:
        """Call the command line, whose output goes to files beside `folder`, in which it is to work."""
        moment = moment or Moment()
        asked = {"arguments": arguments, "folder": str(folder), "moment": asdict(moment)}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        leader = self.answer()
        began = time.perf_counter()
        if moment.seconds is not None and not self.answers_within(moment.seconds):
            kill(leader, moment)
        status, operations = self.answer()
        return Ending(leader, status, operations, time.perf_counter() - began)

    def answers_within(self, seconds: float) -> bool:
        """Whether the process says something in so much time. It writes whole lines, of which we wait for one."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def answer(self) -> Any:
        assert self.answers_within(LIMIT), "a call hangs"
        return json.loads(self.process.stdout.readline())


def call_of_its_own(arguments: list[str], folder: Path, moment: Moment) -> Ending:
    """The same in a process that has been forked from nothing, as a user starts it."""
    with said(folder, "out").open("wb") as out, said(folder, "err").open("wb") as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=ROOT,
            env=one_thread(),
            start_new_session=True,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment.seconds)
        if process.poll() is None:
            kill(process.pid, moment)
        return Ending(process.pid, process.wait(LIMIT), seconds=time.perf_counter() - began)


def kill(leader: int, moment: Moment) -> None:
    """Kill a call and, unless it is to be alone, all who work for it; one that has just ended is none."""
    with contextlib.suppress(ProcessLookupError):
        (os.kill if moment.leader_alone else os.killpg)(leader, signal.SIGKILL)


def said(folder: Path, where: str) -> Path:
    """What a call that works in `folder` has written to `out` or `err`."""
    return folder.with_name(f"{folder.name}.{where}")


# --- in the process that is forked -----------------------------------------------------------------------------------


def serve() -> None:
    """Fork for every line; a fork returns, to end as a process does that was called."""
    for name in PRELOADED:
        import_module(name)
    counter = mmap.mmap(-1, 8)
    for line in sys.stdin:
        asked = json.loads(line)
        counter[:] = bytes(8)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            os.close(writer)
            become(asked["arguments"], Path(asked["folder"]), Moment(**asked["moment"]), counter)
            return
        os.close(writer)
        os.read(reader, 1)  # until it is the leader of its session
        os.close(reader)
        tell(child)
        _, status = os.waitpid(child, 0)
        tell([os.waitstatus_to_exitcode(status), count_of(counter)])


def tell(answer: object) -> None:
    """A line for who waits for it."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def become(arguments: list[str], folder: Path, moment: Moment, counter: mmap.mmap) -> None:
    """The command line, called."""
    import multiprocessing

    from bilstm_nlp.cli import app
    from bilstm_nlp.reports import plots
    from bilstm_nlp.system.files import write_whole

    for number, file in enumerate((Path(os.devnull), said(folder, "out"), said(folder, "err"))):
        opened = os.open(file, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["bilstm-nlp", *arguments]
    plots.save = picture(write_whole)
    # A server for the workers would import everything once more.
    fork = multiprocessing.get_context("fork")
    multiprocessing.get_context = lambda method=None: fork
    sys.addaudithook(watching(str(folder), moment, counter))
    app.main()


def picture(write_whole: Callable[[Path, Callable[[Path], object]], None]) -> Callable[[object, Path], None]:
    """What stands for `plots.save`."""

    def save(figure: object, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda partial: partial.write_bytes(PICTURE))

    return save


def watching(folder: str, moment: Moment, counter: mmap.mmap) -> Callable[[str, tuple[Any, ...]], None]:
    """Counts, in this process and its workers, what is about to be done to files of `folder`; kills all of them before
    the one of the moment."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not changes(event, arguments, folder):
            return
        count = count_of(counter) + 1
        counter[:] = struct.pack("q", count)
        if count == moment.operation:
            # Who outlives the kill will give the file its name, and must have written all of it.
            dies = not moment.leader_alone or os.getpid() == os.getsid(0)
            if dies and event == "os.rename" and moment.written < 1:
                os.truncate(arguments[0], int(os.stat(arguments[0]).st_size * moment.written))
            kill(os.getsid(0), moment)

    return hook


def changes(event: str, arguments: tuple[Any, ...], folder: str) -> bool:
    """Whether something is about to be done to files of the folder, as is all that is done from an open folder on."""
    match event, arguments:
        case "open", (str() | os.PathLike() as path, _, flags):
            return os.fspath(path).startswith(folder) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        case (("os.rename" | "os.mkdir" | "os.remove" | "os.rmdir"), (str() | os.PathLike() as path, *_, where)):
            return os.fspath(path).startswith(folder) or where != -1
        case "fcntl.flock", _:
            return True
    return False


def count_of(counter: mmap.mmap) -> int:
    return int(struct.unpack("q", counter[:])[0])


if __name__ == "__main__":
    serve()
