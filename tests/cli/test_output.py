"""A full disk, a directory that is gone, a place where nothing can be written: one line, status 1, nothing lost."""

from __future__ import annotations

import resource
import shutil
import subprocess
import time

import pytest

from tests.samples import SMALL, TAGGER, command


def small_files(limit: int):
    """For a process in which no file may become larger: to a writer it is as a full disk is."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def test_a_full_disk_ends_a_training_and_keeps_what_is_there(tagger_run, tmp_path):
    path = tmp_path / "run"
    whole = (tagger_run / "model.safetensors").stat().st_size
    assert (tagger_run / "codec.json").stat().st_size < whole
    # The weights fit, the state to go on from, which is three times as large, does not.
    full = subprocess.run(
        command("train", TAGGER, *SMALL, "--out", path),
        capture_output=True,
        text=True,
        preexec_fn=small_files(2 * whole),
        check=False,
    )
    assert full.returncode == 1
    assert full.stderr.splitlines()[-1] == (
        f"bilstm-nlp: {path}/state.safetensors: could not be written: File too large"
    )
    assert "Traceback" not in full.stderr
    assert not [name for name in path.iterdir() if name.name.startswith(".")]
    subprocess.run(command("train", TAGGER, *SMALL, "--out", path, "--resume"), capture_output=True, check=True)
    assert (path / "model.safetensors").read_bytes() == (tagger_run / "model.safetensors").read_bytes()


def test_a_directory_that_goes_away_in_mid_run_is_named(tmp_path):
    path = tmp_path / "run"
    with subprocess.Popen(
        command("train", TAGGER, *SMALL, "--set", "training.epochs=500", "--out", path),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 120
        while not (path / "history.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        path.rename(tmp_path / "moved")
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    last = said.splitlines()[-1]
    assert last.startswith(f"bilstm-nlp: {path}/")
    assert last.endswith(": could not be written: No such file or directory")
    assert (tmp_path / "moved" / "state.safetensors").exists()
    shutil.rmtree(tmp_path / "moved")


def test_where_no_directory_can_be_made(tmp_path, call):
    (tmp_path / "file").write_text("")
    found = call("train", TAGGER, *SMALL, "--out", tmp_path / "file" / "run")
    assert (found.status, found.out) == (1, "")
    assert found.err.endswith(f"bilstm-nlp: {tmp_path}/file/run: could not be written: Not a directory\n")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_predictions_that_can_not_be_written(tagger_run, tmp_path, jobs):
    (tmp_path / "x.txt").write_text("Ann left Bonn .\n" * 20_000)
    predict = command("predict", tagger_run, tmp_path / "x.txt", "--jobs", jobs)
    with open("/dev/full", "wb") as full:
        found = subprocess.run(predict, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 1
    said = found.stderr.splitlines()
    assert said[-1] == "bilstm-nlp: standard output: could not be written: No space left on device"
    assert "Traceback" not in found.stderr
    output = tmp_path / "x.tagged"
    output.write_text("old")
    found = subprocess.run(
        [*predict, "--output", str(output)],
        capture_output=True,
        text=True,
        preexec_fn=small_files(10_000),
        check=False,
    )
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1] == f"bilstm-nlp: {output}.partial: could not be written: File too large"
    assert "Traceback" not in found.stderr
    assert output.read_text() == "old"
