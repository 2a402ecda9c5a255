"""A worker's part of a job: a run is trained as by `train`, resumed or left alone, and measured."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.runs import train
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.jobs import jobs_of, missing
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.studies.engines.worker import carry_out
from tests.studies.engines.running import contents, execute
from tests.studies.grids import read


@pytest.fixture
def threads():
    """Restore the number of torch's threads."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_job_makes_the_same_weights_as_train(finished, out, tmp_path):
    job = jobs_of(read(finished), out)[3]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in train.train_epochs(job.run.config, tmp_path / "run"):
            pass
    finally:
        torch.set_num_threads(threads)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (job.folder / "model.safetensors").read_bytes()


def test_a_trained_run_without_a_trial_is_only_measured(finished, out):
    job = jobs_of(read(finished), out)[0]
    (job.folder / "trial.json").unlink()
    before = contents(job.folder)
    (job.folder / "state.safetensors").write_bytes(b"of a process that was killed before it removed it")
    assert missing([job]) == [job]
    (last,) = execute([job])
    assert last.state == "finished"
    after = contents(job.folder)
    assert {name for name in after if after[name] != before.get(name)} == {
        "checksums.json",
        "trial.json",
        "trial.safetensors",
    }


def test_an_unfinished_run_is_resumed_after_its_last_epoch(finished, tmp_path, threads):
    job = jobs_of(read(finished), finished / "out")[0]
    resources = Resources(1, 1, 1)
    begun = carry_out(job.run.config, tmp_path / "run", job.key, resources)
    assert next(begun).epoch == 1
    begun.close()
    assert [report.epoch for report in carry_out(job.run.config, tmp_path / "run", job.key, resources)] == [2]
    assert trial_files.key_of(tmp_path / "run") == job.key
    assert trial_files.resources_of(tmp_path / "run") == resources
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (job.folder / "model.safetensors").read_bytes()
