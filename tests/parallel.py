"""Tests in several processes: forks of the process that has imported and collected all tests.

`python -m pytest -p tests.parallel --workers 3` gives each worker a test file at a time, in the order of collection.
pytest-xdist starts new interpreters instead, and each of them imports and collects everything once more.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import logging
import os
import selectors
import signal
import sys
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing import Pipe, util
from multiprocessing.connection import Connection
from typing import Any

import pytest

WORKER = pytest.StashKey[int]()
"""The number of this worker. The process that collects has none."""

PATIENCE = 1.0
"""Seconds after which the controller looks for workers that have ended in silence."""

SLACK = 0.1
"""Share of the time limit of a test for which one watchdog guards all tests. To start one takes a thread."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", type=int, default=0, help="number of processes; 0 runs the tests in this one")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Collect no garbage before the forks: collected tests are no garbage, and to look through them takes seconds."""
    if session.config.getoption("--workers") > 0:
        gc.disable()


def pytest_sessionfinish() -> None:
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in workers, and report their results here."""
    number = session.config.getoption("--workers")
    if number < 1 or session.config.option.collectonly or session.testsfailed:
        return None
    # Collections of garbage need not look at all that was imported and collected.
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(200_000)  # as the command line does
    _let_loggers_propagate()
    Controller(session).run(number)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


def _let_loggers_propagate() -> None:
    """Have all loggers pass on their messages.

    pytest adds its handlers three times a test to each logger that does not, and torch has some forty.
    """
    for logger in logging.getLogger().manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.propagate = True


@dataclass
class Worker:
    """A fork that runs tests."""

    number: int
    pid: int
    channel: Connection
    left: deque[int] = field(default_factory=deque)
    """Indices of the tests of its file that have not ended."""
    finished: bool = False
    """True if it has sent its last message."""


class Controller:
    """The process that collects the tests. It gives out files and reports results."""

    def __init__(self, session: pytest.Session) -> None:
        self.session = session
        indices = range(len(session.items))
        self.files = deque(list(group) for _, group in groupby(indices, lambda index: session.items[index].path))
        self.workers: dict[int, Worker] = {}
        self.started = 0

    def run(self, number: int) -> None:
        self.session.config._tmp_path_factory.getbasetemp()
        try:
            with selectors.DefaultSelector() as selector:
                for _ in range(min(number, len(self.files))):
                    self._start(selector)
                while self.workers:
                    for key, _ in selector.select(PATIENCE):
                        worker = self.workers[key.data]
                        try:
                            message = worker.channel.recv()
                        except (EOFError, OSError):  # it has ended, perhaps in the middle of a message
                            self._end(selector, worker, wait=True)
                        else:
                            self._take(worker, message)
                    # A child of a worker that has ended may keep its channel open.
                    for worker in [*self.workers.values()]:
                        if not worker.channel.poll():
                            self._end(selector, worker, wait=False)
        finally:
            for worker in self.workers.values():
                os.kill(worker.pid, signal.SIGKILL)
                os.waitpid(worker.pid, 0)

    def _start(self, selector: selectors.BaseSelector) -> None:
        here, there = Pipe()
        self.started += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside the thread of an allocator
            pid = os.fork()
        if pid == 0:
            here.close()
            for worker in self.workers.values():
                worker.channel.close()
            _work(self.session, self.started, there)
        there.close()
        worker = Worker(self.started, pid, here)
        self.workers[worker.number] = worker
        selector.register(here, selectors.EVENT_READ, worker.number)

    def _take(self, worker: Worker, message: dict[str, Any]) -> None:
        """Take a message of a worker: a report, the end of a test, the wish for another file, or its last."""
        hook = self.session.config.hook
        match message:
            case {"report": data}:
                report = hook.pytest_report_from_serializable(config=self.session.config, data=data)
                hook.pytest_runtest_logreport(report=report)
            case {"began": index}:
                item = self.session.items[index]
                hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            case {"ended": index}:
                item = self.session.items[index]
                hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
                worker.left.popleft()
            case {"ready": True}:
                stops = self.session.shouldfail or self.session.shouldstop
                file = self.files.popleft() if self.files and not stops else []
                worker.left = deque(file)
                worker.channel.send(file)
            case {"finished": problem}:
                worker.finished = True
                if problem is not None:
                    self._report_crash(worker.left.popleft() if worker.left else None, problem)

    def _end(self, selector: selectors.BaseSelector, worker: Worker, *, wait: bool) -> None:
        """If a worker has ended and has left tests undone, the next has failed, and a new worker runs the others."""
        ended, status = os.waitpid(worker.pid, 0 if wait else os.WNOHANG)
        if not ended:
            return
        with contextlib.suppress(EOFError, OSError):
            while worker.channel.poll():  # what it sent in the meantime
                self._take(worker, worker.channel.recv())
        selector.unregister(worker.channel)
        worker.channel.close()
        del self.workers[worker.number]
        if not worker.finished:
            code = os.waitstatus_to_exitcode(status)
            ending = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            self._report_crash(worker.left.popleft() if worker.left else None, f"worker {worker.number} {ending}")
        if worker.left:
            self.files.appendleft(list(worker.left))
        if self.files and not (self.session.shouldfail or self.session.shouldstop):
            self._start(selector)

    def _report_crash(self, index: int | None, problem: str) -> None:
        item = self.session.items[index or 0]
        nodeid = "the end of a worker" if index is None else item.nodeid
        report = pytest.TestReport(
            nodeid=nodeid,
            location=item.location,
            keywords={},
            outcome="failed",
            longrepr=problem,
            when="call" if index is not None else "teardown",
            sections=[],
        )
        self.session.config.hook.pytest_runtest_logreport(report=report)


# --- in a worker -----------------------------------------------------------------------------------------------------


def _work(session: pytest.Session, number: int, channel: Connection) -> None:
    """Run the files that the controller gives, and end this process."""
    try:
        watch = _prepare(session, number, channel)
        for index in _indices(channel):
            watch.renew()
            channel.send({"began": index})
            item = session.items[index]
            # Tears down all but the fixtures of the session between two files.
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=_next(session, index))
            channel.send({"ended": index})
        session._setupstate.teardown_exact(None)
        channel.send({"finished": None})
    except BaseException:
        channel.send({"finished": traceback.format_exc()})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # This process skips what others do at their end. Its fork server would leave a temporary folder.
        util._run_finalizers()  # type: ignore[attr-defined]
        os._exit(0)


def _next(session: pytest.Session, index: int) -> pytest.Item | pytest.Session:
    """The next test if it is in the same file. Else the session, whose fixtures stay."""
    following = session.items[index + 1] if index + 1 < len(session.items) else None
    same_file = following is not None and following.path == session.items[index].path
    return following if following is not None and same_file else session


def _indices(channel: Connection) -> Iterator[int]:
    while True:
        channel.send({"ready": True})
        file = channel.recv()
        if not file:
            return
        yield from file


class Watch:
    """A watchdog: if a test hangs, it says where and ends the process. pytest's starts a thread for each test."""

    def __init__(self, config: pytest.Config) -> None:
        self.limit = float(config.getini("faulthandler_timeout") or 0)
        self.ends = bool(config.getini("faulthandler_exit_on_timeout"))
        self.file = os.dup(2)
        self.renewed = -self.limit

    def renew(self) -> None:
        """Give the next test at least the time limit."""
        now = time.monotonic()
        slack = SLACK * self.limit
        if self.limit and now - self.renewed >= slack:
            faulthandler.dump_traceback_later(self.limit + slack, file=self.file, exit=self.ends)
            self.renewed = now


def _prepare(session: pytest.Session, number: int, channel: Connection) -> Watch:
    """Make this process a worker: with files of its own for captured output and temporary folders."""
    config = session.config
    config.stash[WORKER] = number
    capture = config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    capture.stop_global_capturing()
    watch = Watch(config)  # which writes where nothing is captured
    capture.start_global_capturing()
    capture.suspend_global_capture()
    factory = config._tmp_path_factory
    factory._basetemp = factory.getbasetemp() / f"worker-{number}"
    factory._basetemp.mkdir()
    for name in ("terminalreporter", "cacheprovider", "lfplugin", "nfplugin", "stepwiseplugin", "faulthandler"):
        if (plugin := config.pluginmanager.get_plugin(name)) is not None:
            config.pluginmanager.unregister(plugin)
    config.pluginmanager.register(Sender(config, channel))
    return watch


class Sender:
    """A plugin that sends all reports of this process to the controller."""

    def __init__(self, config: pytest.Config, channel: Connection) -> None:
        self.config, self.channel = config, channel

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.channel.send({"report": data})
