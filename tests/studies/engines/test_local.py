"""Runs and their folders: what is missing is made, what is there is left alone, what dies takes nothing along."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from bilstm_nlp.config import load
from bilstm_nlp.errors import ConfigError, InputError, RunError
from bilstm_nlp.runs import train
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.studies.engines import local, trial_files
from bilstm_nlp.studies.engines.base import Progress
from bilstm_nlp.studies.engines.jobs import Job, jobs_of, key_of, missing, slug
from bilstm_nlp.studies.engines.local import LocalProcesses
from bilstm_nlp.studies.engines.trial_files import Resources
from tests.studies.grids import VARIANTS, WILD, corpus, read, write_base


def execute(jobs: list[Job]) -> list[Progress]:
    """Carry out jobs one after the other; the last that was said of each."""
    told = {progress.job.folder: progress for progress in LocalProcesses(jobs=1, threads=1).execute(jobs)}
    return list(told.values())


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a folder, and when it was written."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with a base and, in `out`, the finished runs of the usual grid."""
    folder = tmp_path_factory.mktemp("finished")
    write_base(folder)
    told = execute(jobs_of(read(folder), folder / "out"))
    assert [(progress.state, progress.epoch, progress.error) for progress in told] == [("finished", 2, None)] * 4
    return folder


@pytest.fixture
def out(finished, tmp_path) -> Path:
    """A copy of the finished runs."""
    return shutil.copytree(finished / "out", tmp_path / "out", copy_function=shutil.copy2)


# --- what is missing ---


def test_finished_runs_are_known_by_their_keys(finished, out):
    jobs = jobs_of(read(finished), out)
    assert missing(jobs) == []
    assert len({job.key for job in jobs}) == len({job.folder for job in jobs}) == 4
    assert [job.folder.name for job in jobs] == [
        f"{variant}-1-{seed}-{job.key[:8]}"
        for job, (variant, seed) in zip(jobs, [("crf", 1), ("gru", 1), ("crf", 2), ("gru", 2)], strict=True)
    ]
    for job in jobs:
        assert trial_files.resources_of(job.folder) == Resources(local.cores(), 1, 1)


def test_names_decide_nothing(finished, out):
    renamed = {"the old one": VARIANTS["crf"], "crf": VARIANTS["gru"]}
    before, jobs = jobs_of(read(finished), out), jobs_of(read(finished, variants=renamed), out)
    assert missing(jobs) == []
    assert [job.folder for job in jobs] == [job.folder for job in before]


def test_another_config_or_seed_is_missing_alone(finished, out):
    jobs = jobs_of(read(finished, seeds=[1, 2, 3], variants=VARIANTS | {"deep": {"encoder": {"layers": 2}}}), out)
    wanted = [("deep", 1), ("deep", 2), ("crf", 3), ("gru", 3), ("deep", 3)]
    assert [(job.run.variant, job.run.seed) for job in missing(jobs)] == wanted
    assert len(missing(jobs_of(read(finished, set={"encoder": {"hidden": 5}}), out))) == 4
    assert len(missing(jobs_of(read(finished, fractions=[0.5, 1.0]), out))) == 4


@pytest.mark.parametrize("part", ["train", "dev"])
def test_changed_data_make_all_runs_missing(finished, out, part):
    path = finished / f"{part}.conll"
    before = path.read_text()
    try:
        path.write_text(before + "\n" + corpus(1))
        assert len(missing(jobs_of(read(finished), out))) == 4
    finally:
        path.write_text(before)
    os.utime(path)
    assert missing(jobs_of(read(finished), out)) == []


def test_data_that_is_not_there_is_all_named_before_anything_runs(finished, out):
    variants = VARIANTS | {
        "far": {"data": {"train": "/nowhere/a.conll"}},
        "glove": {"embeddings": {"file": "/nowhere/v"}},
    }
    with pytest.raises(ConfigError) as caught:
        jobs_of(read(finished, variants=variants), out)
    assert caught.value.problems == [
        "/nowhere/a.conll: expected a file, for far, found nothing that can be read there",
        "/nowhere/v: expected a file, for glove, found nothing that can be read there",
    ]


def test_a_folder_of_something_else_is_left_alone(finished, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="expected a new or empty directory, or a comparison; found something else"):
        jobs_of(read(finished), tmp_path)


def test_keys_are_of_the_bytes_of_all_sources(tmp_path):
    write_base(tmp_path)
    config = load(tmp_path / "base.toml", ["data.test=sample:news.dev.conll", "embeddings.file=hf:some/name"])
    digests = {source: digest(source) for source in config.sources}
    assert len(set(digests.values())) == len(digests) == 4
    keys = {key_of(config, digests | changed) for changed in ({}, *({source: "other"} for source in digests))}
    assert len(keys) == 5
    assert digest("sample:nothing.conll") is None
    (tmp_path / "here.parquet").write_bytes(b"rows")
    shutil.copy(tmp_path / "here.parquet", tmp_path / "same")
    assert digest(f"hf:{tmp_path}/here.parquet") == digest(str(tmp_path / "same"))


def test_slugs_are_names_of_folders():
    assert slug("gru, encoder.layers=2") == "gru-encoder.layers=2"
    assert slug("../../etc") == "etc"
    assert slug("标注") == "标注"
    assert slug("/") == "variant"


# --- what is made ---


def test_only_a_removed_run_is_made_again_to_the_same_figures(finished, out):
    jobs = jobs_of(read(finished), out)
    shutil.rmtree(jobs[2].folder)
    before = contents(out / "runs")
    assert missing(jobs) == [jobs[2]]
    (told,) = execute(missing(jobs))
    assert (told.job, told.state) == (jobs[2], "finished")
    after = contents(out / "runs")
    assert {name: after[name] for name in before} == before
    original = finished / "out" / "runs" / jobs[2].folder.name
    assert (jobs[2].folder / "model.safetensors").read_bytes() == (original / "model.safetensors").read_bytes()
    one, two = (trial_files.read(folder, jobs[2].run, "f1") for folder in (jobs[2].folder, original))
    assert one.numerator.tolist() == two.numerator.tolist()
    assert (one.losses, one.epoch_scores, one.per_type) == (two.losses, two.epoch_scores, two.per_type)


def test_a_run_is_what_train_makes_whatever_ran_before(finished, out, tmp_path):
    job = jobs_of(read(finished), out)[3]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in train.train_epochs(job.run.config, tmp_path / "run"):
            pass
    finally:
        torch.set_num_threads(threads)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (job.folder / "model.safetensors").read_bytes()


def test_a_run_that_was_trained_and_not_measured_is_only_measured(finished, out):
    job = jobs_of(read(finished), out)[0]
    (job.folder / "trial.json").unlink()
    before = contents(job.folder)
    (job.folder / "state.safetensors").write_bytes(b"of a process that was killed before it removed it")
    assert missing([job]) == [job]
    (told,) = execute([job])
    assert told.state == "finished"
    after = contents(job.folder)
    assert {name for name in after if after[name] != before.get(name)} == {
        "checksums.json",
        "trial.json",
        "trial.safetensors",
    }


def test_a_run_that_dies_is_written_down_and_the_others_go_on(finished, out):
    variants = VARIANTS | {"wild": WILD, "deep": {"encoder": {"layers": 2}}}
    jobs = jobs_of(read(finished, seeds=[1], variants=variants), out)
    wild, deep = missing(jobs)
    told = {progress.job: progress for progress in execute([wild, deep])}
    assert told[wild].state == "failed"
    assert "the training loss became" in told[wild].error
    assert told[wild].error == wild.error()
    assert "DivergenceError" in json.loads(wild.failure.read_text())["details"]
    assert told[deep].state == "finished"
    assert (wild.state, deep.state) == ("failed", "finished")
    # Tried anew, and then as it was.
    assert missing(jobs) == [wild]
    (again,) = execute([wild])
    assert (again.state, again.error) == ("failed", told[wild].error)


def test_data_that_turn_out_bad_are_a_failure_of_their_run(finished, tmp_path):
    (tmp_path / "bad.conll").write_text("one column\n")
    variants = {"crf": {}, "bad": {"data": {"train": str(tmp_path / "bad.conll"), "tag_column": 7}}}
    jobs = jobs_of(read(finished, seeds=[1], variants=variants), tmp_path / "out")
    told = execute([jobs[1]])
    assert [progress.state for progress in told] == ["failed"]
    assert "bad.conll:1: expected" in jobs[1].error()
    (tmp_path / "bad.conll").write_text(corpus(30))
    assert execute([jobs[1]])[0].state == "failed"


def test_a_worker_that_is_killed_is_a_failure_of_its_run_alone(finished, tmp_path):
    jobs = jobs_of(read(finished, seeds=[1]), tmp_path / "out")
    told = {}
    for progress in LocalProcesses(jobs=1, threads=1).execute(jobs):
        if not told:
            (worker,) = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)
        told[progress.job] = progress
    assert [told[job].state for job in jobs] == ["failed", "finished"]
    assert jobs[0].error() == "the process was killed by signal 9 (SIGKILL)"
    # The next call goes on, and the failure is forgotten.
    assert execute(missing(jobs))[0].state == "finished"
    assert not jobs[0].failure.exists()


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


def test_the_module_that_workers_need_is_there():
    assert find_spec(local.WORKER) is not None


def test_an_unfinished_run_that_is_damaged_fails_alone(finished, out):
    jobs = jobs_of(read(finished, seeds=[1]), out)
    for job in jobs:
        for name in ("metrics.json", "trial.json"):
            (job.folder / name).unlink()
    for name in ("history.jsonl", "state.safetensors"):
        (jobs[0].folder / name).write_text("{")
    told = execute(jobs)
    assert [one.state for one in told] == ["failed", "finished"]
    assert "state.safetensors: expected what was written there, found another content" in told[0].error


def test_closing_early_stops_the_workers_and_keeps_what_is_finished(finished, tmp_path):
    jobs = jobs_of(read(finished), tmp_path / "out")
    with closing(LocalProcesses(jobs=1, threads=1).execute(jobs)) as progress:
        for one in progress:
            if one.job == jobs[1]:
                break
        assert len(multiprocessing.active_children()) == 1
    assert multiprocessing.active_children() == []
    assert [job.state for job in jobs] == ["finished", "missing", "missing", "missing"]


def test_more_threads_than_cores_are_refused(monkeypatch):
    monkeypatch.setattr(local, "cores", lambda: 6)
    found = [LocalProcesses(*asked).resources for asked in ((None, None), (2, None), (4, None), (None, 2), (2, 1))]
    assert [(one.cores, one.jobs, one.threads) for one in found] == [
        (6, 6, 1),
        (6, 2, 3),
        (6, 4, 1),
        (6, 3, 2),
        (6, 2, 1),
    ]
    for asked in ((7, None), (3, 3), (None, 7)):
        with pytest.raises(InputError, match="jobs × threads of at most 6, the cores of this machine, found"):
            LocalProcesses(*asked)
