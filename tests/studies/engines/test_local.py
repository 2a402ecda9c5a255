"""Processes of this machine: missing runs are made, finished runs stay, and a dead process stops no other."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from contextlib import closing
from importlib.util import find_spec

import pytest

from bilstm_nlp.errors import InputError
from bilstm_nlp.studies.engines import local, trial_files
from bilstm_nlp.studies.engines.jobs import jobs_of, missing
from bilstm_nlp.studies.engines.local import LocalProcesses
from tests.studies.engines.running import contents, execute
from tests.studies.grids import VARIANTS, WILD, corpus, read


def test_only_a_removed_run_is_made_again_with_equal_figures(finished, out):
    jobs = jobs_of(read(finished), out)
    shutil.rmtree(jobs[2].folder)
    before = contents(out / "runs")
    assert missing(jobs) == [jobs[2]]
    (last,) = execute(missing(jobs))
    assert (last.job, last.state) == (jobs[2], "finished")
    after = contents(out / "runs")
    assert {name: after[name] for name in before} == before
    original = finished / "out" / "runs" / jobs[2].folder.name
    assert (jobs[2].folder / "model.safetensors").read_bytes() == (original / "model.safetensors").read_bytes()
    again, first = (trial_files.read(folder, jobs[2].run, "f1") for folder in (jobs[2].folder, original))
    assert again.numerator.tolist() == first.numerator.tolist()
    assert (again.losses, again.epoch_scores, again.per_type) == (first.losses, first.epoch_scores, first.per_type)


@pytest.mark.slow
def test_a_run_that_diverges_fails_and_the_others_finish(finished, out):
    variants = VARIANTS | {"wild": WILD, "deep": {"encoder": {"layers": 2}}}
    jobs = jobs_of(read(finished, seeds=[1], variants=variants), out)
    wild, deep = missing(jobs)
    last = {progress.job: progress for progress in execute([wild, deep])}
    assert last[wild].state == "failed"
    assert "the training loss became" in last[wild].error
    assert last[wild].error == wild.error()
    assert "DivergenceError" in json.loads(wild.failure.read_text())["details"]
    assert last[deep].state == "finished"
    assert (wild.state, deep.state) == ("failed", "finished")
    # A failed run is tried again, and fails again.
    assert missing(jobs) == [wild]
    (again,) = execute([wild])
    assert (again.state, again.error) == ("failed", last[wild].error)


@pytest.mark.slow
def test_bad_data_fail_the_runs_that_read_them(finished, tmp_path):
    (tmp_path / "bad.conll").write_text("one column\n")
    variants = {"crf": {}, "bad": {"data": {"train": str(tmp_path / "bad.conll"), "tag_column": 7}}}
    jobs = jobs_of(read(finished, seeds=[1], variants=variants), tmp_path / "out")
    last = execute([jobs[1]])
    assert [progress.state for progress in last] == ["failed"]
    assert "bad.conll:1: expected" in jobs[1].error()
    (tmp_path / "bad.conll").write_text(corpus(30))
    assert execute([jobs[1]])[0].state == "failed"


@pytest.mark.slow
def test_a_killed_worker_fails_its_own_run_only(finished, tmp_path):
    jobs = jobs_of(read(finished, seeds=[1]), tmp_path / "out")
    last = {}
    for progress in LocalProcesses(jobs=1, threads=1).execute(jobs):
        if not last:
            (worker,) = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
        last[progress.job] = progress
    assert [last[job].state for job in jobs] == ["failed", "finished"]
    assert jobs[0].error() == "the process was killed by signal 9 (SIGKILL)"
    # The next call tries the run again and removes the failure.
    assert execute(missing(jobs))[0].state == "finished"
    assert not jobs[0].failure.exists()


@pytest.mark.slow
def test_a_killed_worker_fails_alone_where_processes_are_spawned(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "worker_context", lambda *_: multiprocessing.get_context("spawn"))
    jobs = jobs_of(read(finished, seeds=[1]), tmp_path / "out")
    states = {}
    for progress in LocalProcesses(jobs=1, threads=1).execute(jobs):
        if not states:
            (worker,) = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
        states[progress.job] = progress.state
    assert [states[job] for job in jobs] == ["failed", "finished"]
    original = finished / "out" / "runs" / jobs[1].folder.name
    assert (jobs[1].folder / "model.safetensors").read_bytes() == (original / "model.safetensors").read_bytes()


def test_modules_that_workers_share_are_there(finished):
    (job, *_) = jobs_of(read(finished), finished / "out")
    assert [name for name in local.preloaded(job) if find_spec(name) is None] == []
    assert "bilstm_nlp.tasks.tagging.task" in local.preloaded(job)


@pytest.mark.slow
def test_an_unfinished_run_that_is_damaged_fails_alone(finished, out):
    jobs = jobs_of(read(finished, seeds=[1]), out)
    for job in jobs:
        for name in ("metrics.json", "trial.json"):
            (job.folder / name).unlink()
    for name in ("history.jsonl", "state.safetensors"):
        (jobs[0].folder / name).write_text("{")
    last = execute(jobs)
    assert [progress.state for progress in last] == ["failed", "finished"]
    assert "state.safetensors: expected what was written there, found another content" in last[0].error


@pytest.mark.slow
def test_closing_early_stops_workers_and_keeps_finished_runs(finished, tmp_path):
    jobs = jobs_of(read(finished), tmp_path / "out")
    with closing(LocalProcesses(jobs=1, threads=1).execute(jobs)) as steps:
        for progress in steps:
            if progress.job == jobs[1]:
                break
        assert len(multiprocessing.active_children()) == 1
    assert multiprocessing.active_children() == []
    assert [job.state for job in jobs] == ["finished", "missing", "missing", "missing"]


def test_more_threads_than_cores_are_refused(monkeypatch):
    monkeypatch.setattr(local, "cores", lambda: 6)
    planned = [LocalProcesses(*asked).resources for asked in ((None, None), (2, None), (4, None), (None, 2), (2, 1))]
    assert [(resources.cores, resources.jobs, resources.threads) for resources in planned] == [
        (6, 6, 1),
        (6, 2, 3),
        (6, 4, 1),
        (6, 3, 2),
        (6, 2, 1),
    ]
    for asked in ((7, None), (3, 3), (None, 7)):
        with pytest.raises(InputError, match="jobs × threads of at most 6, the cores of this machine, found"):
            LocalProcesses(*asked)
