"""The origin of a run: it is recorded and shown, and other data are refused on resuming."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs import train as experiment
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.provenance import digest, git, origin
from tests.samples import SMALL, TAGGER

SAMPLES = Path(bilstm_nlp.__file__).parent / "data" / "samples"


def test_run_records_versions_machine_command_and_data(tagger_run):
    made = RunDirectory.open(tagger_run).origin()
    train = (SAMPLES / "news.train.conll").read_bytes()
    assert made["data"]["sample:news.train.conll"] == hashlib.sha256(train).hexdigest()
    assert set(made["data"]) == set(load(Path(TAGGER)).sources)
    assert made["command"].startswith(f"bilstm-nlp train {TAGGER} --set training.epochs=4 ")
    assert made["versions"]["torch"] == torch.__version__
    assert made["machine"]["cores"] == len(os.sched_getaffinity(0))
    assert made["machine"]["threads"] >= 1
    assert all(made["machine"].values())


def test_commit_is_that_of_the_checkout():
    folder = Path(bilstm_nlp.__file__).parent
    asked = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        pytest.skip("needs a git checkout")
    assert origin([], 1)["commit"].removesuffix("+") == asked.stdout.strip()


def test_questions_to_git_leave_its_index_alone(tmp_path):
    """Who writes the index takes a lock, and leaves the lock behind if it is killed."""
    (tmp_path / "a.txt").write_text("a")
    for arguments in (["init"], ["add", "a.txt"]):
        subprocess.run(["git", "-C", tmp_path, *arguments], capture_output=True, check=True)
    os.utime(tmp_path / "a.txt", (1, 1))  # the index no longer knows this time
    before = (tmp_path / ".git" / "index").read_bytes()
    assert git("status", "--porcelain", folder=tmp_path) == "A  a.txt"
    assert (tmp_path / ".git" / "index").read_bytes() == before


def test_info_shows_the_origin(call, tagger_run):
    made = RunDirectory.open(tagger_run).origin()
    printed = "".join(call("info", tagger_run).out.split())  # cells may be broken into lines
    for value in (made["began"], made["commit"] or "", made["machine"]["python"], *made["data"]):
        assert "".join(value.split()) in printed
    assert json.loads(call("info", tagger_run, "--json").out)["origin"] == made


def test_pipe_and_folder_have_no_digest(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert digest(str(tmp_path / "pipe")) is None
    assert digest(str(tmp_path)) is None


def test_folders_of_corpora_have_the_digest_of_all_files(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.txt", "a.ann", "sub/b.txt", "sub/b.ann"):
        (tmp_path / name).write_text("")
    digests = [digest(str(tmp_path))]
    (tmp_path / "notes.md").write_text("of no text")
    assert digest(str(tmp_path)) == digests[0] is not None
    (tmp_path / "sub" / "b.ann").write_text("T1\tX 0 1\ta")
    digests.append(digest(str(tmp_path)))
    (tmp_path / "sub" / "b.ann").rename(tmp_path / "sub" / "c.ann")
    digests.append(digest(str(tmp_path)))
    assert len({*digests}) == 3


@pytest.mark.slow
def test_run_resumes_with_its_own_data_only(tmp_path, caplog):
    train = tmp_path / "train.conll"
    shutil.copy(SAMPLES / "news.train.conll", train)
    config = load(Path(TAGGER), [*SMALL[1::2], f"data.train={train}"])
    epochs = experiment.train_epochs(config, tmp_path / "run")
    next(epochs)
    epochs.close()
    before = train.read_bytes()
    train.write_bytes(before + b"new O\n")
    with pytest.raises(RunError, match=rf"can't go on with other data: {train} changed since it began"):
        list(experiment.train_epochs(config, tmp_path / "run", resume=True))
    train.write_bytes(before)
    run = RunDirectory.open(tmp_path / "run")
    values = run.read_json("run.json")
    values["machine"]["threads"] += 1
    run.write_json("run.json", values)
    with caplog.at_level("WARNING"):
        assert [epoch.epoch for epoch in experiment.train_epochs(config, tmp_path / "run", resume=True)] == [2, 3, 4]
    now = torch.get_num_threads()
    assert f"began with threads: {now + 1}, goes on with {now}: weights may differ in their last bits" in caplog.text
