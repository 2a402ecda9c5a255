"""Processes that share a stream have the output of one process, and all end when one of them dies."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.util import find_spec
from multiprocessing.connection import Connection, wait
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bilstm_nlp
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import DataError, InputError, WorkerError
from bilstm_nlp.serving import pool as workers
from bilstm_nlp.serving.chunk_reader import ChunkReader
from bilstm_nlp.serving.messages import ChunkOutput, Work
from bilstm_nlp.serving.pool import in_order
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.stream import CHUNK, Chunk
from tests.cli.test_startup import imported
from tests.samples import SERIES
from tests.waiting import wait_until

often = settings(max_examples=100, deadline=None)


# --- the order ---


class Scripted:
    """A pool without processes, whose workers finish in an order drawn by chance."""

    def __init__(self, jobs: int, wrong: int | None, seed: int) -> None:
        self.idle = list(range(jobs))
        self.wrong, self.generator = wrong, random.Random(seed)
        self.working: list[int] = []
        self.most = 0

    def send(self, chunk: Chunk) -> None:
        self.idle.pop()
        self.working.append(chunk.first)

    def outputs(self, coming: Sequence[Connection]) -> list[ChunkOutput]:
        assert self.working or coming, "waits for nobody"
        received = wait(coming, None if not self.working else 0) if coming else []
        if not self.working or (received and self.generator.random() < 0.5):
            return []
        self.generator.shuffle(self.working)
        count = self.generator.randint(1, len(self.working))
        done, self.working = self.working[:count], self.working[count:]
        self.idle += [0] * count
        return [ChunkOutput(first, b"%d " % first, "wrong" if first == self.wrong else None) for first in done]


def numbered(count: int, broken: bool) -> Iterator[Chunk]:
    for first in range(1, count + 1):
        yield Chunk(first, [Sentence(("a",), None, first)])
    if broken:
        raise DataError("x", "y", "z", count + 1)


@often
@given(
    st.integers(1, 4),
    st.integers(0, 12),
    st.booleans(),
    st.none() | st.integers(1, 12),
    st.integers(1, 6),
    st.integers(),
    st.booleans(),
)
def test_output_keeps_the_input_order(jobs, count, broken, wrong, most, seed, slow):
    pool = Scripted(jobs, wrong, seed)
    given_out = []

    def watched():
        for chunk in numbered(count, broken):
            yield chunk
            given_out.append(chunk.first)

    got: list[bytes] = []
    expected = list(range(1, count + 1))
    error = "x:.*: expected y" if broken else None
    if wrong is not None and wrong <= count:
        expected, error = expected[:wrong], "^wrong$"
    stream = in_order(pool, ChunkReader(watched(), in_thread=slow), most)
    if error:
        with pytest.raises(InputError, match=error):
            got.extend(stream)
    else:
        got.extend(stream)
    assert b"".join(got) == b"".join(b"%d " % first for first in expected)
    assert len(got) == len(expected)


@often
@given(st.integers(1, 4), st.integers(1, 6), st.integers(), st.booleans())
def test_chunks_in_flight_stay_within_the_limit(jobs, most, seed, slow):
    read = []

    def watched():
        for chunk in numbered(40, broken=False):
            read.append(chunk.first)
            yield chunk

    stream = ChunkReader(watched(), in_thread=slow)
    for given_out, _ in enumerate(in_order(Scripted(jobs, None, seed), stream, most)):
        assert len(read) - given_out <= most + 1


@pytest.mark.parametrize("jobs", [1, 3])
def test_finished_output_does_not_wait_for_the_next_line(jobs):
    answered: list[bytes] = []

    def answering():
        for chunk in numbered(4, broken=True):
            yield chunk
            wait_until(lambda first=chunk.first: len(answered) == first)

    with pytest.raises(DataError, match="expected y"):
        answered.extend(in_order(Scripted(jobs, None, 0), ChunkReader(answering(), in_thread=True), 8))
    assert b"".join(answered) == b"1 2 3 4 "


# --- real processes ---


def lines(count: int) -> str:
    """Write lines of text, blank lines among them."""
    words = [
        "Angela Merkel flew to Paris .",
        "",
        "Shares in Ford rose 3.5 % .",
        "  ",
        "EU",
        "Maria Keller visited Basel.",
    ]
    return "".join(f"{words[index * 7 % 6]} {words[index % 5]}\n" for index in range(count))


def columns(count: int) -> str:
    return "-DOCSTART- -X-\n\n" + "".join(
        "".join(f"{token}\tX\n" for token in line.split()) + "\n" for line in lines(count).splitlines()
    )


def records(count: int) -> str:
    return "".join(json.dumps({"tokens": line.split()}) + "\n" for line in lines(count).splitlines())


LONG = 2 * CHUNK.sentences + 100


def both(call, run: Path, *arguments: object, stdin: bytes = b"") -> tuple:
    """Return the result of one process, after a check that three processes have the same result."""
    single, three = (call("predict", run, *arguments, *jobs, stdin=stdin) for jobs in ((), ("--jobs", "3")))
    assert (single.status, single.out, single.err) == (three.status, three.out, three.err)
    assert multiprocessing.active_children() == []
    return single


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text", "conll", "jsonl", "csv"])
@pytest.mark.parametrize("confidence", [[], ["--confidence"]])
def test_text_in_every_format_is_that_of_one_process(tagger_run, call, kind, confidence):
    ended = both(call, tagger_run, "-", "--format", kind, *confidence, stdin=lines(LONG).encode())
    assert ended.status == 0
    if kind == "csv":
        numbers = [int(row.split(",")[0]) for row in ended.out.splitlines()[1:]]
        assert numbers == sorted(numbers)
        assert numbers[-1] > 2 * CHUNK.sentences
    else:
        assert ended.out.count("\n") >= LONG


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make"), [("x.conll", columns), ("x.jsonl", records), ("x.txt.gz", lines)])
def test_files_of_all_kinds_are_tagged_alike(tagger_run, call, tmp_path, name, make):
    content = make(LONG).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    ended = both(call, tagger_run, tmp_path / name, "--format", "conll")
    assert ended.status == 0
    assert "Merkel" in ended.out


@pytest.mark.slow
def test_the_best_sequences_are_those_of_one_process(tagger_run, call):
    for kind in ("text", "jsonl", "csv"):
        assert both(call, tagger_run, "-", "--format", kind, "--nbest", "3", stdin=lines(60).encode()).status == 0


def test_empty_input_gives_empty_output(tagger_run, call):
    assert both(call, tagger_run, "-").out == ""
    assert both(call, tagger_run, "-", "--format", "csv").out.count("\n") == 1


@pytest.mark.slow
def test_output_before_a_bad_line_is_complete(tagger_run, call, tmp_path):
    content = lines(LONG).encode() + b"caf\xe9\nnever reached\n"
    ended = both(call, tagger_run, "-", stdin=content)
    assert ended.status == 2
    assert len(ended.out.splitlines()) == LONG
    assert f"standard input:{LONG + 1}: expected utf-8 text, found byte 0xe9 in caf\\xe9" in ended.err
    (tmp_path / "x.conll").write_text(columns(LONG) + "Ann X O\n\nnever X\n")
    ended = both(call, tagger_run, tmp_path / "x.conll", "--format", "csv")
    assert ended.status == 2
    line = columns(LONG).count("\n") + 1
    assert f"x.conll:{line}: expected 2 columns parted by tabs, as line 3 has, found 1: 'Ann X O'" in ended.err


@pytest.mark.slow
def test_output_before_an_unwritable_sentence_is_complete(tagger_run, call, tmp_path):
    """In the middle of the second chunk of three."""
    before = CHUNK.sentences + 50
    (tmp_path / "x.jsonl").write_text(records(before) + '{"tokens": ["New York"]}\n' + records(LONG))
    ended = both(call, tagger_run, tmp_path / "x.jsonl", "--format", "conll")
    assert ended.status == 2
    assert f"sentence {before + 1}: expected tokens and types without blanks" in ended.err
    assert ended.out.count("\n\n") >= before // 2


def test_refused_options_and_directories_give_the_same_message(tagger_run, call, tmp_path):
    assert "what a tagger draws" in both(call, tagger_run, "-", "--plot", tmp_path / "x.png").err
    assert "--known: not for a tagger" in both(call, tagger_run, "-", "--known", "x.csv").err
    assert "trained with attention.kind" in both(call, tagger_run, "-", "--attention").err
    assert "a directory without run.json" in both(call, tmp_path, "-").err
    assert "found nothing there" in both(call, tagger_run, tmp_path / "none.txt").err


def test_a_forecaster_refuses_jobs(forecaster_run, call):
    refused = call("predict", forecaster_run, SERIES, "--jobs", "2")
    assert (refused.status, refused.out, refused.err) == (
        2,
        "",
        "bilstm-nlp: --jobs: expected a tagger, a classifier or a labeller, found a forecaster\n",
    )


@pytest.mark.slow
def test_the_process_that_reads_needs_no_torch(tagger_run, tmp_path):
    (tmp_path / "one.txt").write_text("Maria Keller visited Basel.\n")
    libraries, printed = imported("predict", tagger_run, tmp_path / "one.txt", "--jobs", "2")
    assert "Basel" in printed
    assert not libraries & {"torch", "safetensors", "pandas", "datasets"}


# --- ends ---


def test_a_worker_that_dies_is_one_error(tagger_run, tmp_path):
    (tmp_path / "x.txt").write_text(lines(8 * CHUNK.sentences))
    with closing(workers.predictions([tagger_run], "mean", Request(str(tmp_path / "x.txt"), jobs=2))) as pieces:
        next(pieces)
        for worker in multiprocessing.active_children():
            os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerError, match=r"until the end of the stream, but the process was killed by signal 9"):
            list(pieces)
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_spawned_workers_have_the_same_output_and_error(tagger_run, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "worker_context", lambda *_: multiprocessing.get_context("spawn"))
    (tmp_path / "x.txt").write_text(lines(8 * CHUNK.sentences))
    request = Request(str(tmp_path / "x.txt"), jobs=2)
    with closing(workers.predictions([tagger_run], "mean", request)) as pieces:
        head = [next(pieces) for _ in range(2)]
        for worker in multiprocessing.active_children():
            os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerError, match=r"until the end of the stream, but the process was killed by signal 9"):
            list(pieces)
    assert b"".join(head)
    assert b"".join(bilstm_nlp.load(tagger_run).predictions(request)).startswith(b"".join(head))
    assert multiprocessing.active_children() == []


def test_the_module_that_workers_need_is_there():
    assert find_spec(workers.WORKER) is not None


def test_workers_start_with_the_library_that_computes(tmp_path):
    (tmp_path / "model.onnx").touch()
    for paths, engine, library in (
        ([tmp_path], "torch", "onnxruntime"),
        ([tmp_path / "run"], "onnx", "onnxruntime"),
        ([tmp_path, tmp_path / "run"], "torch", "torch"),
    ):
        assert workers.library(Work(paths, "mean", Request("x.txt", engine=engine))) == library


def test_a_dead_worker_ends_the_command_with_status_1(call, tagger_run, monkeypatch):
    def died(*_: object) -> Iterator[bytes]:
        raise WorkerError("the process was killed")
        yield b""

    monkeypatch.setattr(workers, "predictions", died)
    ended = call("predict", tagger_run, "-", "--jobs", "2")
    assert (ended.status, ended.out, ended.err) == (1, "", "bilstm-nlp: the process was killed\n")


@pytest.mark.slow
def test_closing_the_output_ends_all_processes(tagger_run, tmp_path):
    (tmp_path / "x.txt").write_text(lines(8 * CHUNK.sentences))
    with closing(workers.predictions([tagger_run], "mean", Request(str(tmp_path / "x.txt"), jobs=2))) as pieces:
        next(pieces)
        next(pieces)
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []


SPAWNING = """
import signal, sys
sys.modules["multiprocessing.forkserver"] = None
del signal.pthread_sigmask
from bilstm_nlp.cli.app import main
main()
"""
"""The command line on a system without a fork server and without a signal mask."""


@pytest.mark.slow
@pytest.mark.parametrize("program", [["-m", "bilstm_nlp"], ["-c", SPAWNING]], ids=["forked", "spawned"])
@pytest.mark.parametrize("ready", [False, True], ids=["while-it-starts", "while-it-tags"])
def test_ctrl_c_ends_all_processes_at_once_and_quietly(tagger_run, tmp_path, ready, program, interruptible):
    with endless(tagger_run, tmp_path, program) as process:
        if ready:
            assert process.stdout.read(1)
        else:  # itself, what tracks its resources or forks, and two workers
            wait_until(lambda: len(session(process.pid)) >= 4 and not ignores_interrupts(process.pid))
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    wait_until(lambda: session(process.pid) == [])


@pytest.mark.slow
def test_workers_end_with_a_process_that_was_killed(tagger_run, tmp_path):
    with endless(tagger_run, tmp_path) as process:
        assert process.stdout.read(1)
        assert len(session(process.pid)) >= 3
        process.kill()
        process.communicate(timeout=60)
    wait_until(lambda: session(process.pid) == [])


def endless(run: Path, folder: Path, program: Sequence[str] = ("-m", "bilstm_nlp")) -> subprocess.Popen[bytes]:
    """Start a prediction that can't end before its output is read: a pipe holds only a small part of it."""
    (folder / "x.txt").write_text(lines(12 * CHUNK.sentences))
    return subprocess.Popen(
        [sys.executable, *program, "predict", run, folder / "x.txt", "--input", "text", "--jobs", "2"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ignores_interrupts(pid: int) -> bool:
    """Tell whether a process ignores Ctrl-C, as it does while it starts another and can't block signals."""
    status = dict(row.split(":\t", 1) for row in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["SigIgn"], 16) >> (signal.SIGINT - 1) & 1)


def session(leader: int) -> list[int]:
    """List the running processes of a session."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(leader)], capture_output=True, text=True, check=False)
    return [int(row.split()[0]) for row in listed.stdout.splitlines() if not row.split()[1].startswith("Z")]
