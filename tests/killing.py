"""Calls of the command line that are killed: each is a fork of one process that has imported everything.

A new interpreter would take seconds for its imports, and most kills would hit the imports.

`python -m tests.killing` is the process that forks. It reads a call from each line, as a JSON object. It writes a line
when the call has begun, and a line when it has ended.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import mmap
import os
import selectors
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.pictures import picture
from tests.samples import command

ROOT = Path(__file__).parent.parent
# Imports of the commands. tests/runs/test_kills.py looks for what is missing: each fork would import it again.
PRELOADED = (
    "bilstm_nlp.runs.train",
    "bilstm_nlp.runs.evaluate",
    "bilstm_nlp.runs.backtest",
    "bilstm_nlp.tasks.tagging.preparing",
    "bilstm_nlp.tasks.tagging.task",
    "bilstm_nlp.tasks.forecasting.preparing",
    "bilstm_nlp.tasks.forecasting.task",
    "bilstm_nlp.reports.markdown",
    "bilstm_nlp.cli.console",
    "bilstm_nlp.cli.tables",
    "bilstm_nlp.cli.progress",
    "bilstm_nlp.studies.compare.compare",
    "bilstm_nlp.studies.engines.worker",
    "bilstm_nlp.serving.worker",
    "bilstm_nlp.nn.crf.kernels",
    "filelock",
    "jinja2",
    "seqeval.metrics",
    "matplotlib.backends.backend_agg",
    "pyarrow.pandas_compat",
    "regex",
)
LIMIT = 300
"""Seconds after which a call hangs."""


@dataclass(frozen=True)
class Moment:
    """The moment of a kill: after `seconds`, or before the n-th `operation` on files of the call's folder."""

    seconds: float | None = None
    operation: int | None = None
    written: float = 1.0
    """Fraction of a file that is written by then, if the operation gives the file its name."""
    leader_alone: bool = False
    """True if only the process that was called is killed, so that its workers have to end by themselves."""


@dataclass(frozen=True)
class Ending:
    """The end of a call."""

    leader: int
    """Id of the process that was called. It leads a session of its own."""
    status: int
    """The exit status, or minus the number of the signal that ended the process."""
    operations: int = 0
    """Number of operations on files of the call's folder."""
    seconds: float = 0.0

    @property
    def was_killed(self) -> bool:
        """True if the call was still running when it was killed."""
        return self.status == -signal.SIGKILL


def one_thread() -> dict[str, str]:
    """Return the environment of all calls. The last bits of a sum depend on the number of threads."""
    return os.environ | {"OMP_NUM_THREADS": "1"}


class Forks:
    """The process that forks."""

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
        """Call the command line, which works in `folder`. Its output goes to files beside the folder."""
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
        """Wait at most so many seconds for a line of the process, and return whether the line is there."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def answer(self) -> Any:
        assert self.answers_within(LIMIT), "a call hangs"
        return json.loads(self.process.stdout.readline())


def call_of_its_own(arguments: list[str], folder: Path, moment: Moment) -> Ending:
    """Call the command line in a new interpreter, as a user starts it."""
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
    """Kill the process of a call and, unless `leader_alone`, its workers. A call that has just ended is left alone."""
    with contextlib.suppress(ProcessLookupError):
        (os.kill if moment.leader_alone else os.killpg)(leader, signal.SIGKILL)


def said(folder: Path, where: str) -> Path:
    """Return the path of the output of a call that works in `folder`: its `out` or its `err`."""
    return folder.with_name(f"{folder.name}.{where}")


# --- in the process that is forked -----------------------------------------------------------------------------------


def serve() -> None:
    """Fork for every line of standard input. A fork ends like any process of the command line."""
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
            arguments, folder, moment = asked["arguments"], Path(asked["folder"]), Moment(**asked["moment"])
            end_after(partial(become, arguments, folder, moment, counter))
        os.close(writer)
        os.read(reader, 1)  # until it is the leader of its session
        os.close(reader)
        tell(child)
        _, status = os.waitpid(child, 0)
        tell([os.waitstatus_to_exitcode(status), count_of(counter)])


def tell(answer: object) -> None:
    """Write an answer as a line of JSON."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def become(arguments: list[str], folder: Path, moment: Moment, counter: mmap.mmap) -> None:
    """Run the command line in this process, which is to be killed at a moment."""
    import multiprocessing

    from bilstm_nlp.cli import app
    from bilstm_nlp.reports import plots
    from bilstm_nlp.system.files import write_whole

    for number, file in enumerate((Path(os.devnull), said(folder, "out"), said(folder, "err"))):
        opened = os.open(file, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["bilstm-nlp", *arguments]
    before, imports = packages(), said(folder, "imports").open("w")
    atexit.register(lambda: print(json.dumps(sorted(packages() - before)), file=imports, flush=True))
    plots.save = picture(write_whole)
    # A server for the workers would import everything once more.
    fork = multiprocessing.get_context("fork")
    multiprocessing.get_context = lambda method=None: fork
    sys.addaudithook(watching(str(folder), moment, counter))
    app.main()


def end_after(call: Callable[[], None]) -> None:
    """Make a call, and end this process with the status of the call.

    Threads, exit functions and files end as they do in any process. The modules stay: to take them down would copy all
    pages that this process shares with its parent, for half a second.
    """
    status: object = 0
    try:
        call()
    except SystemExit as ended:
        status = ended.code
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


def packages() -> set[str]:
    """Name the libraries, other than Python's own, of which anything is imported."""
    return {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names


def watching(folder: str, moment: Moment, counter: mmap.mmap) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that kills a call before the moment's operation on files of `folder`.

    The operations are counted over the process and its workers.
    """

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
    """Tell whether an audit event is an operation on files of the folder. Operations relative to an open folder are."""
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
