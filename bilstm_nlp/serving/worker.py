"""What a worker does that shares a tagger's stream: load the run, then tag chunks as they come."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import load
from bilstm_nlp.serving.messages import Refusal, Written
from bilstm_nlp.system.memory import keep_few_kernels, return_freed_memory
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.stream import Chunk


def serve(connection: Connection, path: Path, request: Request, threads: int) -> None:
    """Say what is to be read, then answer every chunk, until nobody asks any more."""
    torch.set_num_threads(threads)
    keep_few_kernels()
    try:
        tagger = tagger_of(path)
        answer: object = tagger.reading(request)
    except InputError as error:
        connection.send(Refusal(str(error)))
        return
    with suppress(EOFError, ConnectionError):
        connection.send(answer)
        while True:
            connection.send(written(tagger, connection.recv(), request))
            return_freed_memory()


def tagger_of(path: Path) -> Tagger:
    """The tagger of a run. Raises `InputError` for a forecaster's."""
    predictor = load(path)
    if not isinstance(predictor, Tagger):
        raise InputError("--jobs: not for a forecaster")
    return predictor


def written(tagger: Tagger, chunk: Chunk, request: Request) -> Written:
    """A chunk's output, up to what is at fault, if anything is."""
    pieces: list[bytes] = []
    error = None
    try:
        pieces.extend(tagger.render(chunk, request))  # keeps what came before an error
    except InputError as found:
        error = str(found)
    return Written(chunk.first, b"".join(pieces), error)
