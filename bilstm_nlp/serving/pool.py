"""A pool of processes that share a stream: this one reads it and passes out chunks, the workers answer them.

Workers answer with bytes, which are passed on in the stream's order, so the output is that of a single process. Knows
no torch: only the workers import it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from bilstm_nlp.errors import InputError, WorkerError
from bilstm_nlp.runs.models import has_graph
from bilstm_nlp.serving.chunk_reader import ChunkReader
from bilstm_nlp.serving.messages import ChunkOutput, Refusal, Work
from bilstm_nlp.system.processes import cores, ending, follow_parent, start, worker_context
from bilstm_nlp.tasks.request import Combine, Request
from bilstm_nlp.tasks.streaming import Chunk, Counts, Reading

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

logger = logging.getLogger(__name__)

Answer: TypeAlias = Reading | ChunkOutput

CHUNKS_PER_WORKER = 4
"""Chunks in flight for each worker, at most: a long chunk delays the output of those after it."""
WORKER = f"{__package__}.worker"
"""The module that a worker process needs. This process does not import it: it would import what opens runs."""


def predictions(paths: Sequence[Path], combine: Combine, request: Request) -> Iterator[bytes]:
    """Predict in `request.jobs` processes that share the cores; the pieces add up to the output of one process.

    Several runs predict as one. `combine` says how.

    Raises `InputError` after the output that precedes the error, and `WorkerError` if a process dies.
    """
    pool = Pool()
    try:
        pool.start(Work(paths, combine, request))
        reading = pool.reading()
        yield reading.header.encode()
        stream = ChunkReader(reading.chunks(), in_thread=reading.may_be_slow)
        try:
            yield from in_order(pool, stream, CHUNKS_PER_WORKER * request.jobs)
        except InputError:
            yield reading.footer.encode()
            raise
        yield reading.footer.encode()
    finally:
        pool.close()


class Workers(Protocol):
    """The part of a pool that `in_order` needs."""

    @property
    def idle(self) -> Sequence[object]: ...

    def send(self, chunk: Chunk) -> None: ...

    def outputs(self, coming: Sequence[Connection]) -> Sequence[ChunkOutput]: ...


def in_order(pool: Workers, stream: ChunkReader, limit: int) -> Iterator[bytes]:
    """Yield the chunks' output in input order, with at most `limit` chunks in flight.

    Raises `InputError` for a chunk that can't be read or written, after the output of all chunks before it.
    """
    order: deque[int] = deque()
    finished: dict[int, ChunkOutput] = {}
    tally: Counts | None = None
    stream.read()
    while order or not stream.ended:
        if stream.chunk is not None and pool.idle and len(order) < limit:
            order.append(stream.chunk.first)
            pool.send(stream.chunk)
            stream.read()  # while the workers work
            continue
        for output in pool.outputs(stream.coming):
            finished[output.first] = output
        stream.receive()
        while order and order[0] in finished:
            output = finished.pop(order.popleft())
            if tally is None:
                tally = output.tally
            elif output.tally is not None:
                tally.add(output.tally)
            yield output.output
            if output.error is not None:
                raise InputError(output.error)
    for message in () if tally is None else tally.messages():
        logger.warning("%s", message)
    if stream.error is not None:
        raise stream.error


class Pool:
    """Worker processes with the same request. A worker answers once when it is ready, and once for each chunk."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self.busy: dict[Connection, Worker] = {}
        """Workers that owe an answer."""
        self.idle: list[Worker] = []

    def start(self, work: Work) -> None:
        """Start `work.request.jobs` processes, which share the cores and load the runs.

        Only the first shows warnings: all load the same.
        """
        threads = max(1, cores() // work.request.jobs)
        context = worker_context([WORKER, library(work)], threads)
        for number in range(work.request.jobs):
            level = logging.getLogger("bilstm_nlp").getEffectiveLevel() if number == 0 else logging.ERROR
            worker = Worker(context, replace(work, level=level), threads)
            self.workers.append(worker)
            self.busy[worker.connection] = worker

    def reading(self) -> Reading:
        """Return the first ready worker's plan of the input. Raises `InputError` for a request that can't be met."""
        first = self._answers()[0]
        assert not isinstance(first, ChunkOutput)
        return first

    def outputs(self, coming: Sequence[Connection] = ()) -> list[ChunkOutput]:
        """Wait for workers, and return the output of those that have answered a chunk; all that answered are idle.

        Returns without output if something can be received from the connections `coming` first.
        """
        return [answer for answer in self._answers(coming) if isinstance(answer, ChunkOutput)]

    def _answers(self, coming: Sequence[Connection] = ()) -> list[Answer]:
        answers = []
        for connection in wait([*self.busy, *coming]):
            worker = self.busy.pop(cast(Connection, connection), None)
            if worker is not None:
                answers.append(worker.answer())
                self.idle.append(worker)
        return answers

    def send(self, chunk: Chunk) -> None:
        """Let an idle worker answer a chunk."""
        worker = self.idle.pop()
        worker.send(chunk)
        self.busy[worker.connection] = worker

    def close(self) -> None:
        """End all workers, busy or not."""
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join()
            worker.connection.close()


def library(work: Work) -> str:
    """Name the library that computes, which workers import where it is installed.

    Workers of graphs start without torch, whose import takes 1.6 s.
    """
    graphs = work.request.engine == "onnx" or all(map(has_graph, work.paths))
    return "onnxruntime" if graphs else "torch"


class Worker:
    """A process that answers chunks."""

    def __init__(self, context: ForkServerContext | SpawnContext, work: Work, threads: int) -> None:
        self.connection, theirs = context.Pipe()
        # A daemon process does not outlive this one.
        self.process = context.Process(target=_work, args=(theirs, work, threads), daemon=True)
        start(self.process, threads)
        theirs.close()

    def send(self, chunk: Chunk) -> None:
        """Send a chunk. Raises `WorkerError` if the process has died."""
        try:
            self.connection.send(chunk)
        except ConnectionError:
            raise self._death() from None

    def answer(self) -> Answer:
        """Wait for the next answer. Raises `InputError` for a refusal, and `WorkerError` if the process has died."""
        try:
            answer: Answer | Refusal = self.connection.recv()
        except (EOFError, ConnectionError):
            raise self._death() from None
        if isinstance(answer, Refusal):
            raise InputError(answer.message)
        return answer

    def _death(self) -> WorkerError:
        """Describe the end of a process that should have gone on."""
        self.process.join()
        how = ending(self.process.exitcode)
        return WorkerError(f"--jobs: expected every process to work until the end of the stream, but {how}")


def _work(connection: Connection, work: Work, threads: int) -> None:
    """Serve a worker's connection."""
    follow_parent()
    logging.getLogger("bilstm_nlp").setLevel(work.level)
    # Imported here: the process that reads loads no run.
    from bilstm_nlp.serving.worker import serve

    serve(connection, work, threads)
