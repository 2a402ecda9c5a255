"""A worker that shares a tagger's stream: it loads the runs, then tags chunks as they come."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection

import torch

from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.ensemble import load_ensemble
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.serving.messages import ChunkOutput, Refusal, Work
from bilstm_nlp.system.memory import keep_few_kernels, return_freed_memory
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.sentence_tagger import SentenceTagger
from bilstm_nlp.tasks.tagging.stream import Chunk


def serve(connection: Connection, work: Work, threads: int) -> None:
    """Answer with the `Reading` of a request, then with the output of every chunk, until the connection is closed.

    A request that can't be met is answered by a `Refusal`.
    """
    torch.set_num_threads(threads)
    keep_few_kernels()
    try:
        tagger = _tagger_of(work)
        reading = tagger.reading(work.request)
    except InputError as error:
        connection.send(Refusal(str(error)))
        return
    with suppress(EOFError, ConnectionError):
        connection.send(reading)
        while True:
            connection.send(_output_of(tagger, connection.recv(), work.request))
            return_freed_memory()


def _tagger_of(work: Work) -> SentenceTagger:
    """Load the taggers of runs. Raises `InputError` for runs of another task."""
    settings = work.request.settings
    if len(work.paths) == 1:
        predictor: object = open_run(work.paths[0], settings).predictor
    else:
        predictor = load_ensemble(work.paths, work.combine, settings)
    if not isinstance(predictor, SentenceTagger):
        raise InputError("--jobs: not for a forecaster")
    return predictor


def _output_of(tagger: SentenceTagger, chunk: Chunk, request: Request) -> ChunkOutput:
    """Tag a chunk. If a sentence can't be written, the output ends before it."""
    pieces: list[bytes] = []
    message = None
    try:
        pieces.extend(tagger.render(chunk, request))  # keeps the pieces before an error
    except InputError as error:
        message = str(error)
    return ChunkOutput(chunk.first, b"".join(pieces), message, tagger.take_tally())
