"""Messages of workers arrive as they were sent."""

from __future__ import annotations

import multiprocessing

import pytest

from bilstm_nlp.serving.messages import ChunkOutput, Refusal


@pytest.mark.parametrize(
    "message", [Refusal("no such run"), ChunkOutput(7, b"caf\xc3\xa9\n", None), ChunkOutput(1, b"", "bad line")]
)
def test_a_message_comes_through_a_pipe_unchanged(message):
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        theirs.send(message)
        assert ours.recv() == message
