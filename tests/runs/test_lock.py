"""The lock of a run directory: one process at a time, and none after a crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.lock import HOLDER, NAME, DirectoryLock
from tests.samples import SMALL, TAGGER
from tests.waiting import line_count, wait_for_lines


def test_second_lock_on_a_directory_is_refused(tmp_path):
    first = DirectoryLock(tmp_path)
    with pytest.raises(RunError, match=rf"held by process {os.getpid()} on .* since 20..-"):
        DirectoryLock(tmp_path)
    first.release()
    first.release()
    assert list(tmp_path.iterdir()) == []
    DirectoryLock(tmp_path).release()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\0", '{"process": 7, "machine": "x"}'])
def test_files_of_a_crashed_process_lock_nothing(tmp_path, text):
    for name in (NAME, HOLDER):
        (tmp_path / name).write_text(text)
    DirectoryLock(tmp_path).release()
    assert list(tmp_path.iterdir()) == []


def count(folder, times: int) -> None:
    """Increment the number in a file `times` times. Two processes at once would lose increments."""
    done = 0
    while done < times:
        try:
            lock = DirectoryLock(folder)
        except RunError:
            continue
        value = int((folder / "count").read_text())
        time.sleep(0.001)
        (folder / "count").write_text(str(value + 1))
        lock.release()
        done += 1


@pytest.mark.slow
def test_processes_that_compete_for_a_lock_exclude_each_other(tmp_path):
    (tmp_path / "count").write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(tmp_path, 30)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert (tmp_path / "count").read_text() == "120"


@pytest.mark.slow
def test_second_training_names_the_process_of_the_first(tmp_path, call, forked):
    path = tmp_path / "run"
    train = ("train", TAGGER, *SMALL, "--set", "training.epochs=500", "--out", path)
    with forked(*train) as process:
        wait_for_lines(path / "history.jsonl")
        for how in ("--resume", "--force"):
            second = call(*train, how)
            assert second.status == 2
            assert (
                f"{path}: expected a run that nobody else trains, found one held by process {process.pid} on "
                in second.err
            )
        wait_for_lines(path / "history.jsonl", line_count(path / "history.jsonl") + 1)  # the first trains on
        process.send_signal(signal.SIGKILL)
    assert (path / NAME).exists()
    DirectoryLock(path).release()
