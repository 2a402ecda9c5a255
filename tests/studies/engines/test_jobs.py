"""Jobs: a run is found by its key, and the folder of a study is checked before anything runs."""

from __future__ import annotations

import shutil

import pytest

from bilstm_nlp.config import load
from bilstm_nlp.errors import ConfigError, RunError
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.jobs import Job, jobs_of, key_of, missing, slug
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.system.processes import cores
from tests.studies.grids import VARIANTS, corpus, read, write_base


def test_finished_runs_are_known_by_their_keys(finished, out):
    jobs = jobs_of(read(finished), out)
    assert missing(jobs) == []
    assert len({job.key for job in jobs}) == len({job.folder for job in jobs}) == 4
    assert [job.folder.name for job in jobs] == [
        f"{variant}-1-{seed}-{job.key[:8]}"
        for job, (variant, seed) in zip(jobs, [("crf", 1), ("gru", 1), ("crf", 2), ("gru", 2)], strict=True)
    ]
    for job in jobs:
        assert trial_files.resources_of(job.folder) == Resources(cores(), 1, 1)


def test_renamed_variants_keep_their_runs(finished, out):
    renamed = {"the old one": VARIANTS["crf"], "crf": VARIANTS["gru"]}
    before, jobs = jobs_of(read(finished), out), jobs_of(read(finished, variants=renamed), out)
    assert missing(jobs) == []
    assert [job.folder for job in jobs] == [job.folder for job in before]


def test_only_runs_of_a_new_config_or_seed_are_missing(finished, out):
    jobs = jobs_of(read(finished, seeds=[1, 2, 3], variants=VARIANTS | {"deep": {"encoder": {"layers": 2}}}), out)
    wanted = [("deep", 1), ("deep", 2), ("crf", 3), ("gru", 3), ("deep", 3)]
    assert [(job.run.variant, job.run.seed) for job in missing(jobs)] == wanted
    assert len(missing(jobs_of(read(finished, set={"encoder": {"hidden": 5}}), out))) == 4
    assert len(missing(jobs_of(read(finished, fractions=[0.5, 1.0]), out))) == 4


@pytest.mark.parametrize("part", ["train", "dev"])
def test_runs_of_changed_data_are_others_and_those_of_the_old_data_are_found_again(tmp_path, part):
    write_base(tmp_path)
    before = jobs_of(read(tmp_path), tmp_path / "out")
    for job in before:
        job.folder.mkdir(parents=True)
    path = tmp_path / f"{part}.conll"
    content = path.read_text()
    path.write_text(content + "\n" + corpus(1))
    changed = jobs_of(read(tmp_path), tmp_path / "out")
    assert len({job.folder for job in [*before, *changed]}) == 8
    path.write_text(content)
    assert jobs_of(read(tmp_path), tmp_path / "out") == before


def test_all_missing_data_files_are_named_in_one_error(finished, out):
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


def test_a_folder_with_other_files_is_refused(finished, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="expected a new or empty directory, or a comparison; found something else"):
        jobs_of(read(finished), tmp_path)


def test_a_key_changes_with_the_bytes_of_any_source(tmp_path):
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


# --- one job ---


@pytest.fixture
def job(finished, tmp_path) -> Job:
    """A job whose run is missing."""
    return jobs_of(read(finished, seeds=[1]), tmp_path / "study")[0]


def test_an_error_is_read_as_it_was_written(job):
    assert job.state == "missing"
    job.fail("no memory", "Traceback …")
    assert (job.state, job.error()) == ("failed", "no memory")


def test_a_damaged_error_is_refused(job):
    job.fail("no memory")
    job.failure.write_text("{")
    with pytest.raises(RunError, match=r"failure\.json: expected JSON"):
        job.error()


def test_the_log_is_outside_the_run_directory(job, tmp_path):
    assert job.log == tmp_path / "study" / "logs" / f"{job.folder.name}.txt"
