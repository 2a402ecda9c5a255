"""Processes that share a tagger's stream: this one reads it and gives out chunks, they tag and write them.

A chunk comes back as bytes, which are passed on in the stream's order, so the output is what one process writes. Knows
no torch: a server process imports it once and is forked for every worker.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bilstm_nlp.errors import InputError, WorkerError
from bilstm_nlp.serving.messages import Refusal, Written
from bilstm_nlp.system.processes import cores, ending, follow_parent, threads_of_libraries
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.stream import Chunk, Reading

AHEAD = 4
"""Chunks a worker that may be under way or wait for their turn: a long one holds up those behind it."""


def predictions(path: Path, request: Request) -> Iterator[bytes]:
    """Tag in `request.jobs` processes, which share the cores; the pieces add up to what one process would give.

    Raises `InputError` after all that comes before what is at fault, `WorkerError` where a process dies.
    """
    pool = Pool()
    try:
        pool.start(path, request)
        reading = pool.reading()
        yield reading.header.encode()
        yield from in_order(pool, reading.chunks(), AHEAD * request.jobs)
    finally:
        pool.close()


def in_order(pool: Pool, chunks: Iterator[Chunk], most: int) -> Iterator[bytes]:
    """The output of chunks in their order, of which no more than `most` are under way or wait for their turn.

    While a worker is idle, the next chunk is read before output is passed on: where the input comes slowly, a chunk's
    output may wait for the whole of the one after it.
    """
    order: deque[int] = deque()
    found: dict[int, Written] = {}
    ahead, error = following(chunks)
    while ahead is not None or order:
        if ahead is not None and pool.idle and len(order) < most:
            pool.send(ahead)
            order.append(ahead.first)
            ahead, error = following(chunks)  # read while the workers work
            continue
        found |= {written.first: written for written in pool.answers() if isinstance(written, Written)}
        while order and order[0] in found:
            written = found.pop(order.popleft())
            yield written.output
            if written.error is not None:
                raise InputError(written.error)
    if error is not None:
        raise error


def following(chunks: Iterator[Chunk]) -> tuple[Chunk | None, InputError | None]:
    """The next chunk, or None after the last one, with what is at fault after it."""
    try:
        return next(chunks, None), None
    except InputError as error:
        return None, error


class Pool:
    """Workers that are all asked the same request; each answers once to being started, and once to each chunk."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self.owing: dict[Connection, Worker] = {}
        self.idle: list[Worker] = []

    def start(self, path: Path, request: Request) -> None:
        """Have processes load the run, as many as the request wants, which share the cores."""
        threads = max(1, cores() // request.jobs)
        start_server(threads)
        for _ in range(request.jobs):
            worker = Worker(path, request, threads)
            self.workers.append(worker)
            self.owing[worker.connection] = worker

    def reading(self) -> Reading:
        """What is to be read, as the first worker says who is ready. Raises `InputError` for what can't be met."""
        first = self.answers()[0]
        assert isinstance(first, Reading)
        return first

    def answers(self) -> list[Reading | Written]:
        """Waits for answers; the workers that they come from are idle."""
        found = []
        for connection in wait(list(self.owing)):
            assert isinstance(connection, Connection)
            worker = self.owing[connection]
            found.append(worker.answer())
            del self.owing[connection]
            self.idle.append(worker)
        return found

    def send(self, chunk: Chunk) -> None:
        """Have an idle worker tag a chunk."""
        worker = self.idle.pop()
        worker.send(chunk)
        self.owing[worker.connection] = worker

    def close(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join()
            worker.connection.close()


class Worker:
    """A process that tags chunks."""

    def __init__(self, path: Path, request: Request, threads: int) -> None:
        context = multiprocessing.get_context("forkserver")
        self.connection, theirs = context.Pipe()
        # A daemon: it does not outlive this process.
        self.process: ForkServerProcess = context.Process(
            target=work, args=(theirs, path, request, threads), daemon=True
        )
        self.process.start()
        theirs.close()

    def send(self, chunk: Chunk) -> None:
        try:
            self.connection.send(chunk)
        except ConnectionError:
            raise self.death() from None

    def answer(self) -> Reading | Written:
        """What it says next. Raises `InputError` for a request that it refuses, `WorkerError` when it has died."""
        try:
            found = self.connection.recv()
        except (EOFError, ConnectionError):
            raise self.death() from None
        if isinstance(found, Refusal):
            raise InputError(found.message)
        assert isinstance(found, (Reading, Written))
        return found

    def death(self) -> WorkerError:
        """What to say of a process that has ended too early."""
        self.process.join()
        code = self.process.exitcode
        assert code is not None
        return WorkerError(f"--jobs: expected every process to tag until the end of the stream, but {ending(code)}")


def start_server(threads: int) -> None:
    """Start the process that workers are forked from, unless there is one, with so many threads for its libraries."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["bilstm_nlp.serving.worker"])
    resource_tracker.ensure_running()  # else the server starts it, which lets Ctrl-C through
    # What is started here never hears of Ctrl-C, not even while it imports.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with threads_of_libraries(threads):
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(connection: Connection, path: Path, request: Request, threads: int) -> None:
    """What a worker does."""
    follow_parent()
    # Not above: here it has been imported already, and whoever starts us needs no torch.
    from bilstm_nlp.serving.worker import serve

    serve(connection, path, request, threads)
