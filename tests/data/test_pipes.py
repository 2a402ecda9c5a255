"""Lines of pipes: the same as of files, and known to be there or not."""

from __future__ import annotations

import io
import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.pipes import Pipe, slow, standard_input_as_pipe


@pytest.fixture
def pipe():
    """A pipe, and the descriptor to write to."""
    read, write = os.pipe()
    yield Pipe(read), write
    os.close(read)
    os.close(write)


@given(st.lists(st.sampled_from([b"a", b"\n", b"\n\n", b"\r\n", b" ", "字".encode()])))
def test_lines_are_those_of_a_file_however_they_come(pieces):
    read, write = os.pipe()
    for piece in pieces:
        os.write(write, piece)
    os.close(write)
    pipe, content = Pipe(read), b"".join(pieces)
    assert list(iter(pipe.readline, b"")) == list(io.BytesIO(content))
    assert pipe.readline() == b""
    os.close(read)


@pytest.mark.parametrize("sizes", [[-1], [None], [0, 3, 1, -1], [100, 100], [7, 7, 7]])
def test_bytes_are_those_of_a_file_after_any_line(sizes):
    content = b"first line\nab\n\ncde\nno end"
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    pipe, file = Pipe(read), io.BytesIO(content)
    assert pipe.readline() == file.readline()
    for size in sizes:
        assert pipe.read(size) == file.read(size)
    assert pipe.readline() == file.readline()
    assert pipe.read() == file.read()
    os.close(read)


def test_a_line_longer_than_the_limit_is_returned_unfinished(pipe):
    stream, write = pipe
    writer = threading.Thread(target=os.write, args=(write, b"x" * 200_000))
    writer.start()
    line = stream.readline(100_000)
    assert len(line) > 100_000
    left = 200_000 - len(line)
    while left:
        left -= len(os.read(stream._descriptor, 1 << 16))
    writer.join()


def test_a_line_without_an_end_is_not_ready(pipe):
    stream, write = pipe
    assert not stream.ready(0.0)
    os.write(write, b"one\ntw")
    assert stream.ready(0.0)
    assert stream.readline() == b"one\n"
    assert not stream.ready(0.0)
    os.write(write, b"o\n")
    assert stream.ready(0.0)
    assert stream.readline() == b"two\n"


def test_a_block_is_ready_when_a_blank_line_follows_it(pipe):
    stream, write = pipe
    os.write(write, b"\n\na O\nb O\n")
    assert not stream.ready(0.0, blocks=True)
    os.write(write, b" \n")
    assert stream.ready(0.0, blocks=True)


def test_waiting_ends_at_the_deadline_or_when_input_comes(pipe):
    stream, write = pipe
    began = time.monotonic()
    assert not stream.ready(began + 0.2)
    assert time.monotonic() - began >= 0.2
    timer = threading.Timer(0.1, os.write, (write, b"x\n"))
    timer.start()
    assert stream.ready(time.monotonic() + 60)
    timer.join()


def test_the_end_of_the_input_is_ready():
    read, write = os.pipe()
    os.close(write)
    assert Pipe(read).ready(0.0)
    os.close(read)


def test_only_pipes_and_terminals_are_slow(tmp_path, monkeypatch):
    read, write = os.pipe()
    (tmp_path / "x").write_bytes(b"")
    with os.fdopen(read, "rb") as stream, (tmp_path / "x").open("rb") as file:
        assert slow(stream)
        assert not slow(file)
        assert not slow(io.BytesIO())
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        import sys

        with standard_input_as_pipe():
            assert isinstance(sys.stdin.buffer, Pipe)
        assert sys.stdin.buffer is stream
    os.close(write)
