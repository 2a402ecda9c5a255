"""A worker answers with its reading, then with the output of every chunk, or refuses the request."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import pytest
import torch

import bilstm_nlp
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.serving.messages import ChunkOutput, Refusal, Work
from bilstm_nlp.serving.worker import serve
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.stream import Chunk, Reading


@contextmanager
def serving(run: Path, request: Request) -> Iterator[Connection]:
    """Yield the connection to a worker in a thread, which must end once the connection is closed."""
    ours, theirs = multiprocessing.Pipe()
    worker = Thread(target=serve, args=(theirs, Work([run], "mean", request), torch.get_num_threads()))
    worker.start()
    with ours:
        yield ours
    worker.join(60)
    assert not worker.is_alive()


def test_chunks_have_the_output_of_a_single_process(tagger_run, tmp_path):
    (tmp_path / "x.conll").write_text("Maria X\nKeller X\n\nEU X\n", encoding="utf-8")
    request = Request(str(tmp_path / "x.conll"), format="conll")
    with serving(tagger_run, request) as worker:
        reading = worker.recv()
        assert isinstance(reading, Reading)
        outputs = []
        for chunk in reading.chunks():
            worker.send(chunk)
            outputs.append(worker.recv())
    whole = reading.header.encode() + b"".join(output.output for output in outputs)
    assert whole == b"".join(bilstm_nlp.load(tagger_run).predictions(request))
    assert [(output.first, output.error) for output in outputs] == [(1, None)]


def test_the_output_ends_before_a_sentence_that_cannot_be_written(tagger_run):
    sentences = [Sentence(("EU",), None, 1), Sentence(("New York",), None, 2), Sentence(("EU",), None, 3)]
    with serving(tagger_run, Request("-", format="conll", reads="jsonl")) as worker:
        assert isinstance(worker.recv(), Reading)
        worker.send(Chunk(1, sentences))
        output = worker.recv()
    assert isinstance(output, ChunkOutput)
    assert output.error is not None
    assert "sentence 2: expected tokens and types without blanks" in output.error
    assert output.output.startswith(b"EU")
    assert output.output.count(b"EU") == 1


@pytest.mark.parametrize(
    ("fixture", "message"),
    [
        ("forecaster_run", "--jobs: expected a tagger"),
        ("tmp_path", "without run.json"),
    ],
)
def test_a_directory_without_a_tagger_is_refused(request, fixture, message):
    with serving(request.getfixturevalue(fixture), Request("-")) as worker:
        refusal = worker.recv()
    assert isinstance(refusal, Refusal)
    assert message in refusal.message
