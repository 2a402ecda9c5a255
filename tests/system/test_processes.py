"""Workers: forked from a server or spawned, deaf to Ctrl-C, and with their share of the threads."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading

import pytest

from bilstm_nlp.system import processes


def ignored_and_blocked(connection) -> None:
    """Send the threads of libraries, and whether Ctrl-C would reach this process."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())
    connection.send((os.environ.get("OMP_NUM_THREADS"), ignored or blocked))


def started(context) -> tuple[str | None, bool]:
    """Start a process, and return what it sends."""
    ours, theirs = context.Pipe()
    process = context.Process(target=ignored_and_blocked, args=(theirs,))
    processes.start(process, 3)
    theirs.close()
    answer = ours.recv()
    process.join()
    return answer


def test_workers_are_forked_from_a_server_where_there_is_one():
    context = processes.worker_context(["json"], 3)
    assert context.get_start_method() == "forkserver"
    assert started(context)[1]


@pytest.mark.parametrize("mask", [True, False], ids=["signals-are-blocked", "signals-are-ignored"])
def test_workers_are_spawned_where_there_is_no_fork_server(monkeypatch, mask):
    monkeypatch.setitem(sys.modules, "multiprocessing.forkserver", None)
    if not mask:
        monkeypatch.delattr(signal, "pthread_sigmask")
    context = processes.worker_context(["json"], 3)
    assert context.get_start_method() == "spawn"
    before = signal.getsignal(signal.SIGINT)
    assert started(context) == ("3", True)
    assert signal.getsignal(signal.SIGINT) is before


def test_workers_start_from_another_thread_without_a_signal_mask(monkeypatch):
    monkeypatch.delattr(signal, "pthread_sigmask")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(started(multiprocessing.get_context("spawn"))))
    thread.start()
    thread.join()
    assert answers[0][0] == "3"


def test_the_number_of_threads_is_in_the_environment(monkeypatch):
    for before in (None, "5"):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        if before:
            monkeypatch.setenv("OMP_NUM_THREADS", before)
        with processes.threads_of_libraries(3):
            assert os.environ["OMP_NUM_THREADS"] == "3"
        assert os.environ.get("OMP_NUM_THREADS") == before
