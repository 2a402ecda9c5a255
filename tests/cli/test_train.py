"""`bilstm-nlp train`: train, stop, resume, and failures that end in one line."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from bilstm_nlp.config import load
from bilstm_nlp.runs import train
from tests.samples import SMALL, TAGGER
from tests.waiting import wait_for_lines


@pytest.fixture
def run(tagger_run) -> Path:
    """A small trained tagger."""
    return tagger_run


def test_a_run_directory_holds_all_promised_files(run):
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert names == {
        "run.json",
        "config.json",
        "codec.json",
        "codec.safetensors",
        "model.safetensors",
        "history.jsonl",
        "metrics.json",
        "losses.safetensors",
        "replay.json",
        "checksums.json",
        "report.md",
        "plots/curves.png",
        "plots/confusion.png",
        "plots/transitions.png",
    }
    assert len((run / "history.jsonl").read_text().splitlines()) == 4
    report = (run / "report.md").read_text()
    for picture in ("curves", "confusion", "transitions"):
        assert f"(plots/{picture}.png)" in report
        assert (run / "plots" / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_a_forecasters_report_has_baselines_skill_and_probe(forecaster_run):
    report = (forecaster_run / "report.md").read_text()
    for words in ("seasonal naive", "linear map", "Skill ", "Leakage probe: a forecast does not move", "coverage"):
        assert words in report
    for picture in ("curves", "steps"):
        assert f"(plots/{picture}.png)" in report
        assert (forecaster_run / "plots" / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(run, tmp_path, forked):
    path = tmp_path / "killed"
    with forked("train", TAGGER, *SMALL, "--out", path) as process:
        wait_for_lines(path / "history.jsonl")
        time.sleep(0.2)  # into the next epoch
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    finished = len((path / "history.jsonl").read_text().splitlines())
    assert 1 <= finished < 4
    done = forked("train", TAGGER, *SMALL, "--out", path, "--resume").succeed()
    assert f"epoch {finished + 1}/4" in done.err
    assert f"epoch {finished}/4" not in done.err
    assert (path / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert load_file(path / "model.safetensors").keys() == load_file(run / "model.safetensors").keys()
    results, uninterrupted = (json.loads((p / "metrics.json").read_text()) for p in (path, run))
    assert results["dev"] == uninterrupted["dev"]
    assert results["test"] == uninterrupted["test"]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_a_signal_saves_the_batch_and_names_the_resume_command(run, tmp_path, forked, number, status):
    path = tmp_path / "stopped"
    with forked("train", TAGGER, *SMALL, "--out", path) as process:
        wait_for_lines(path / "history.jsonl")
        time.sleep(0.3)  # into the next epoch
        process.send_signal(number)
        assert process.wait() == status
    last = process.err.strip().splitlines()[-1]
    assert last.startswith("stopped; finished batches are kept. To go on: bilstm-nlp train ")
    assert last.endswith(f"--out {path} --resume")
    forked(*shlex.split(last.partition("To go on: bilstm-nlp ")[2])).succeed()
    assert (path / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    results, uninterrupted = (json.loads((p / "metrics.json").read_text()) for p in (path, run))
    assert results["dev"] == uninterrupted["dev"]


@pytest.mark.slow
def test_a_signal_before_the_first_batch_ends_at_once(tmp_path, forked):
    slow = tmp_path / "slow.conll"
    os.mkfifo(slow)  # reading it waits for ever
    with (
        forked("train", TAGGER, *SMALL, "--set", f"data.train={slow}", "--out", tmp_path / "run") as process,
        slow.open("w"),
    ):  # opens when the other side does
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 143
    assert process.err.startswith("stopped; finished epochs are kept. To go on: bilstm-nlp train ")
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_replaced_only_with_force_and_good_data(run, call):
    before = (run / "model.safetensors").read_bytes()
    again = call("train", TAGGER, *SMALL, "--out", run)
    assert again.status == 2
    assert f"{run}: a finished run is there; --force replaces it" in again.err
    resumed = call("train", TAGGER, *SMALL, "--out", run, "--resume")
    assert resumed.status == 2
    assert "the run is finished, there is nothing to resume" in resumed.err
    forced = call("train", TAGGER, "--set", "data.train=nowhere.conll", "--out", run, "--force")
    assert forced.status == 2
    assert "nowhere.conll: expected a file, found nothing there" in forced.err
    assert (run / "model.safetensors").read_bytes() == before


@pytest.mark.slow
def test_resuming_with_another_config_is_refused(tmp_path, call):
    path = tmp_path / "run"
    epochs = train.train_epochs(load(Path(TAGGER), SMALL[1::2]), path)
    next(epochs)
    epochs.close()
    other = call("train", TAGGER, *SMALL, "--set", "encoder.layers=2", "--out", path, "--resume")
    assert other.status == 2
    assert "can't go on with another config. encoder.layers: started with 1, found 2" in other.err


def test_all_problems_of_a_config_are_reported_at_once(call):
    bad = call("train", TAGGER, "--set", "encoder.hiden=3", "--set", "encoder.cell=rnn")
    assert bad.status == 2
    assert "encoder.hiden: unknown key; did you mean encoder.hidden?" in bad.err
    assert "encoder.cell: expected 'lstm' or 'gru', found 'rnn'" in bad.err
    assert "Traceback" not in bad.err


def test_a_diverging_training_ends_in_one_line(tmp_path, call):
    wild = "training.optimizer={kind='sgd', learning_rate=1e38}"
    broken = call("train", TAGGER, *SMALL, "--set", wild, "--set", "training.clip=1e38", "--out", tmp_path / "run")
    assert broken.status == 1
    # The processor's kernels decide which of the two is infinite first.
    assert re.search(r"^bilstm-nlp: the training (loss|gradient's norm) became (nan|inf) in epoch 1, batch", broken.err)
    assert "Traceback" not in broken.err


@pytest.mark.slow
def test_a_full_disk_ends_a_training_that_can_be_resumed(tagger_run, tmp_path, forked):
    path = tmp_path / "run"
    whole = (tagger_run / "model.safetensors").stat().st_size
    assert (tagger_run / "codec.json").stat().st_size < whole
    # The weights fit, the state to go on from, which is three times as large, does not. A limit on the size of files
    # is to a writer what a full disk is.
    full = forked("train", TAGGER, *SMALL, "--out", path, largest_file=2 * whole)
    assert full.wait() == 1
    assert full.err.splitlines()[-1] == (f"bilstm-nlp: {path}/state.safetensors: could not be written: File too large")
    assert "Traceback" not in full.err
    assert not [name for name in path.iterdir() if name.name.startswith(".")]
    forked("train", TAGGER, *SMALL, "--out", path, "--resume").succeed()
    assert (path / "model.safetensors").read_bytes() == (tagger_run / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_a_run_directory_that_disappears_is_named(tmp_path, forked):
    path = tmp_path / "run"
    with forked("train", TAGGER, *SMALL, "--set", "training.epochs=500", "--out", path) as process:
        wait_for_lines(path / "history.jsonl")
        path.rename(tmp_path / "moved")
        assert process.wait() == 1
    last = process.err.splitlines()[-1]
    assert last.startswith(f"bilstm-nlp: {path}/")
    assert last.endswith(": could not be written: No such file or directory")
    assert (tmp_path / "moved" / "state.safetensors").exists()
    shutil.rmtree(tmp_path / "moved")


def test_a_run_directory_that_cannot_be_made_is_named(tmp_path, call):
    (tmp_path / "file").write_text("")
    result = call("train", TAGGER, *SMALL, "--out", tmp_path / "file" / "run")
    assert (result.status, result.out) == (1, "")
    assert result.err.endswith(f"bilstm-nlp: {tmp_path}/file/run: could not be written: Not a directory\n")
