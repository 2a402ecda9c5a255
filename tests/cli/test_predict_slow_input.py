"""`bilstm-nlp predict` on a terminal and on a slow pipe: each line is answered at once."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.samples import command

pytestmark = pytest.mark.slow

RUN = Path(__file__).parents[1] / "runs" / "0.1.0" / "tagger"
SECONDS = 120
"""Until a test gives up, on a machine that is busy."""


def read_until(descriptor: int, text: bytes) -> bytes:
    """Read until `text` was read, or fail."""
    output, deadline = b"", time.monotonic() + SECONDS
    while text not in output:
        assert time.monotonic() < deadline, output
        if select.select([descriptor], [], [], 1)[0]:
            data = os.read(descriptor, 4096)
            assert data, output
            output += data
    return output


@contextmanager
def running(*arguments: object, **streams: object) -> Iterator[subprocess.Popen]:
    """Run the command line, and end it if the test fails before it does."""
    with subprocess.Popen(command(*arguments), **streams) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def terminal():
    """Both ends of a terminal."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def test_a_terminal_gets_each_answer_before_the_next_line(terminal):
    ours, theirs = terminal
    with running("predict", RUN, "--format", "jsonl", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        read_until(ours, b"Ctrl-D ends it")
        for _ in range(2):
            os.write(ours, b"Ann left Bonn .\n")
            read_until(ours, b'"tokens"')  # which the echo of the line does not have
        os.write(ours, b"\x04")
        assert process.wait(SECONDS) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--format", "jsonl"], b"Ann left Bonn .\n"),
        (["--input", "conll"], b"Ann O\nleft O\n\n"),
        (["--jobs", "2"], b"Ann left Bonn .\n"),
    ],
    ids=["text", "columns", "jobs"],
)
def test_a_slow_pipe_gets_each_answer_before_the_next_line(options, sentence):
    with running("predict", RUN, "-", *options, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdin.write(sentence)
            process.stdin.flush()
            assert b"left" in read_until(process.stdout.fileno(), b"left")
        process.stdin.close()
        assert process.wait(SECONDS) == 0


def test_a_fast_pipe_is_read_in_full_chunks_and_loses_nothing(tmp_path, call):
    lines = [f"Ann {'met Bob ' * (number % 7)}left {number} ." for number in range(2500)]
    text = "\n".join(lines) + "\n"
    (tmp_path / "x.txt").write_text(text)
    of_file = call("predict", RUN, tmp_path / "x.txt").out.encode()
    of_pipe = subprocess.run(command("predict", RUN), input=text.encode(), capture_output=True, check=True).stdout
    assert of_pipe == of_file
    jsonl = subprocess.run(
        command("predict", RUN, "-", "--jobs", "2", "--format", "jsonl"),
        input=text.encode(),
        capture_output=True,
        check=True,
    ).stdout
    assert [json.loads(line)["text"] for line in jsonl.splitlines()] == lines


def test_progress_is_shown_on_a_terminal_and_never_elsewhere(terminal, tmp_path):
    """A pipe that nobody writes to keeps the command busy for longer than it takes for progress to appear."""
    ours, theirs = terminal
    for number, stderr in enumerate((theirs, subprocess.PIPE)):
        output = tmp_path / f"{number}.txt"
        with running("predict", RUN, "-", "--output", output, stdin=subprocess.PIPE, stderr=stderr) as process:
            process.stdin.write(b"Ann left Bonn .\n")
            process.stdin.flush()
            if stderr == theirs:
                shown = read_until(ours, b"1 lines written")
                assert b"predicting - \xe2\x80\xa6 0:0" in shown
            else:
                time.sleep(3)
            process.stdin.close()
            assert process.wait(SECONDS) == 0
            if stderr != theirs:
                assert b"predicting" not in process.stderr.read()
        assert output.read_text().count("\n") == 1
    os.close(theirs)
