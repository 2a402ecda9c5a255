"""Two processes on one run directory: the second is told who holds it, and what is dead holds nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time

import pytest

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.lock import NAME, Hold
from tests.samples import SMALL, TAGGER, command


def test_a_directory_is_held_once_at_a_time(tmp_path):
    first = Hold(tmp_path)
    with pytest.raises(RunError, match=rf"held by process {os.getpid()} on .* since 20..-"):
        Hold(tmp_path)
    first.release()
    first.release()
    assert list(tmp_path.iterdir()) == []
    Hold(tmp_path).release()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\0", '{"process": 7, "machine": "x"}'])
def test_a_left_lock_holds_nothing_whatever_is_in_it(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    Hold(tmp_path).release()
    assert list(tmp_path.iterdir()) == []


def count(folder, times: int) -> None:
    """Add to a number in a file, reading and writing it at different times, so that two at once would lose some."""
    done = 0
    while done < times:
        try:
            hold = Hold(folder)
        except RunError:
            continue
        value = int((folder / "count").read_text())
        time.sleep(0.001)
        (folder / "count").write_text(str(value + 1))
        hold.release()
        done += 1


def test_of_many_that_want_it_one_has_it(tmp_path):
    (tmp_path / "count").write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(tmp_path, 30)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert (tmp_path / "count").read_text() == "120"


def test_who_comes_second_is_told_who_trains(tmp_path, call):
    path = tmp_path / "run"
    train = ("train", TAGGER, *SMALL, "--set", "training.epochs=500", "--out", path)
    with subprocess.Popen(command(*train), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not (path / "history.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        for how in ("--resume", "--force"):
            second = call(*train, how)
            assert second.status == 2
            assert (
                f"{path}: expected a run that nobody else trains, found one held by process {process.pid} on "
                in second.err
            )
        epochs = len((path / "history.jsonl").read_text().splitlines())
        while len((path / "history.jsonl").read_text().splitlines()) == epochs and time.monotonic() < deadline:
            time.sleep(0.05)  # it has taken no harm
        process.send_signal(signal.SIGKILL)
    assert (path / NAME).exists()
    Hold(path).release()
