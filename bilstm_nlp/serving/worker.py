"""A worker that shares a stream: it loads the runs, then answers chunks as they come."""

from __future__ import annotations

import gc
from contextlib import suppress
from multiprocessing.connection import Connection

from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.ensemble import load_ensemble
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.serving.messages import ChunkOutput, Refusal, Work
from bilstm_nlp.system.memory import keep_few_kernels, return_freed_memory
from bilstm_nlp.system.processes import use_threads
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.streaming import Chunk, Streaming


def serve(connection: Connection, work: Work, threads: int) -> None:
    """Answer with the `Reading` of a request, then with the output of every chunk, until the connection is closed.

    A request that can't be met is answered by a `Refusal`.
    """
    use_threads(threads)
    keep_few_kernels()
    try:
        predictor = _predictor_of(work)
        reading = predictor.reading(work.request)
    except InputError as error:
        connection.send(Refusal(str(error)))
        return
    gc.freeze()  # a tagger has many objects, whose garbage is looked for in vain: an eighth of a stream's time
    with suppress(EOFError, ConnectionError):
        connection.send(reading)
        while True:
            connection.send(_output_of(predictor, connection.recv(), work.request))
            return_freed_memory()


def _predictor_of(work: Work) -> Streaming:
    """Load the predictor of one run or of several. Raises `InputError` for a predictor that reads no stream."""
    settings, engine = work.request.settings, work.request.engine
    if len(work.paths) == 1:
        predictor: object = open_run(work.paths[0], settings, engine).predictor
    else:
        predictor = load_ensemble(work.paths, work.combine, settings, engine)
    if not isinstance(predictor, Streaming):
        raise InputError("--jobs: expected a tagger, a classifier or a labeller, found a forecaster")
    return predictor


def _output_of(predictor: Streaming, chunk: Chunk, request: Request) -> ChunkOutput:
    """Answer a chunk. If an answer can't be written, the output ends before it."""
    pieces: list[bytes] = []
    message = None
    try:
        pieces.extend(predictor.render(chunk, request))  # keeps the pieces before an error
    except InputError as error:
        message = str(error)
    return ChunkOutput(chunk.first, b"".join(pieces), message, predictor.take_tally())
