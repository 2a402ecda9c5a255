"""A worker that shares a tagger's stream: it loads the run, then tags chunks as they come."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import load
from bilstm_nlp.serving.messages import ChunkOutput, Refusal
from bilstm_nlp.system.memory import keep_few_kernels, return_freed_memory
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.stream import Chunk


def serve(connection: Connection, path: Path, request: Request, threads: int) -> None:
    """Answer with the `Reading` of a request, then with the output of every chunk, until the connection is closed.

    A request that can't be met is answered by a `Refusal`.
    """
    torch.set_num_threads(threads)
    keep_few_kernels()
    try:
        tagger = _tagger_of(path)
        reading = tagger.reading(request)
    except InputError as error:
        connection.send(Refusal(str(error)))
        return
    with suppress(EOFError, ConnectionError):
        connection.send(reading)
        while True:
            connection.send(_output_of(tagger, connection.recv(), request))
            return_freed_memory()


def _tagger_of(path: Path) -> Tagger:
    """Load the tagger of a run. Raises `InputError` for a run of another task."""
    predictor = load(path)
    if not isinstance(predictor, Tagger):
        raise InputError("--jobs: not for a forecaster")
    return predictor


def _output_of(tagger: Tagger, chunk: Chunk, request: Request) -> ChunkOutput:
    """Tag a chunk. If a sentence can't be written, the output ends before it."""
    pieces: list[bytes] = []
    message = None
    try:
        pieces.extend(tagger.render(chunk, request))  # keeps the pieces before an error
    except InputError as error:
        message = str(error)
    return ChunkOutput(chunk.first, b"".join(pieces), message)
