"""The run directory: files are written whole or not at all, and each error names its file."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from bilstm_nlp.errors import OutputError, RunError
from bilstm_nlp.runs.directory import FORMAT, RunDirectory
from bilstm_nlp.runs.tensors import read_tensors, write_tensors
from bilstm_nlp.system.files import write_whole
from bilstm_nlp.system.json_values import json_text
from bilstm_nlp.training.protocols import Score
from bilstm_nlp.training.reports import EpochReport


def test_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def broken(partial):
        partial.write_text("half")
        raise OSError("no space left")

    with pytest.raises(OutputError, match=r"file: could not be written: no space left"):
        write_whole(path, broken)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_run_is_never_replaced_without_force(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with pytest.raises(RunError, match="an unfinished run"):
        RunDirectory.create(run.path)
    run.finish({"dev": {}})
    with pytest.raises(RunError, match="a finished run is there; --force replaces it"):
        RunDirectory.create(run.path)
    RunDirectory.create(run.path, force=True)
    assert not run.finished


def test_half_removed_run_is_neither_finished_nor_resumable(tmp_path, monkeypatch):
    def files(path):
        return {entry.name for entry in path.iterdir()}

    remove = Path.unlink
    for removals in range(6):
        run = RunDirectory.create(tmp_path / str(removals))
        for name in ("codec.json", "config.json", "history.jsonl", "metrics.json"):
            run.write_json(name, {})
        whole, left = files(run.path), removals

        def killed(path, missing_ok=False):
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            remove(path, missing_ok)

        monkeypatch.setattr(Path, "unlink", killed)
        if removals < len(whole):
            with pytest.raises(KeyboardInterrupt):
                RunDirectory.create(run.path, force=True)
            assert "run.json" in files(run.path)
            assert run.finished == (removals == 0)
            assert ("config.json" in files(run.path)) == (removals < 2)
        monkeypatch.undo()
        RunDirectory.create(run.path, force=True)
        assert files(run.path) == {"run.json", "checksums.json"}


@pytest.mark.parametrize("left", [[".lock"], [".run.json.partial"], [".lock", ".lock.json", ".run.json.partial"]])
def test_files_of_an_early_kill_do_not_block_a_run(tmp_path, left):
    for name in left:
        (tmp_path / name).write_text('{"form')
    RunDirectory.create(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} <= {".lock", ".lock.json", "run.json", "checksums.json"}


def test_directory_that_is_no_run_is_never_removed(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="found something else there"):
        RunDirectory.create(tmp_path, force=True)
    assert (tmp_path / "thesis.tex").exists()


def test_every_wrong_directory_is_refused_by_name(tmp_path):
    with pytest.raises(RunError, match="found nothing there"):
        RunDirectory.open(tmp_path / "none")
    with pytest.raises(RunError, match=r"without run\.json"):
        RunDirectory.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="found a file"):
        RunDirectory.open(tmp_path / "file")
    run = RunDirectory.create(tmp_path / "run")
    run.write_json("run.json", {"format": 99})
    with pytest.raises(RunError, match=r"format 2, found format 99$"):
        RunDirectory.open(run.path)
    run.write_json("run.json", {"format": 1, "versions": {"bilstm-nlp": "0.0.7"}})
    with pytest.raises(RunError, match=r"found format 1, written by bilstm-nlp 0\.0\.7, which can read it"):
        RunDirectory.open(run.path)


def test_damaged_file_is_refused_by_name(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    run.write_text("config.json", "{")
    with pytest.raises(RunError, match=r"config\.json: expected JSON"):
        run.read_json("config.json")
    run.write_text("config.json", json.dumps([1]))
    with pytest.raises(RunError, match="expected a JSON object, found list"):
        run.read_json("config.json")
    with pytest.raises(RunError, match=r"codec\.json: expected a file of a run"):
        run.read_json("codec.json")
    run.write("codec.safetensors", lambda path: path.write_bytes(b"damage"))
    with pytest.raises(RunError, match=r"codec\.safetensors: expected a safetensors file, found damage"):
        run.read_arrays("codec.safetensors")


def test_arrays_survive_their_file(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    written = {
        "words": np.arange(6, dtype=np.int64).reshape(2, 3),
        "transposed": np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32).T,
        "vectors": np.zeros((0, 3), np.float16),
    }
    run.write_arrays("codec.safetensors", written)
    arrays = run.read_arrays("codec.safetensors")
    assert arrays.keys() == written.keys()
    for name, value in written.items():
        assert arrays[name].dtype == value.dtype
        assert np.array_equal(arrays[name], value), name


def test_history_survives_its_file(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    score = Score("f1", 0.25, True, {"precision": None, "recall": 0.1 + 0.2})
    reports = [EpochReport(epoch, 1 / 3, score, epoch == 1, 1e-3, 2.0, 10) for epoch in (1, 2)]
    run.write_history(reports)
    assert run.read_history() == reports
    assert len((run.path / "history.jsonl").read_text().splitlines()) == 2


def test_summary_of_wrong_json_is_refused(tmp_path):
    run = RunDirectory.create(tmp_path / "run", {"machine": []})
    with pytest.raises(RunError, match=r"run\.json: expected a JSON object for machine, found list"):
        run.summary()
    run.write_json("run.json", {"format": FORMAT})
    run.write_text("history.jsonl", '{"epoch": 1}\n')
    with pytest.raises(RunError, match=r"history\.jsonl: expected epoch reports, found: Field required in loss"):
        run.summary()
    run.write_history([])
    assert run.summary()["epochs"] == 0
    run.finish({"dev": 0.5})
    with pytest.raises(RunError, match=r"metrics\.json: expected a JSON object for dev, found float"):
        run.summary()


def test_file_with_other_content_than_written_is_not_read(tmp_path):
    run, other = (RunDirectory.create(tmp_path / name) for name in ("run", "other"))
    for index, directory in enumerate((run, other)):
        directory.write_json("config.json", {"seed": index})
        write_tensors(directory, "model.safetensors", {"a": torch.full((4,), float(index))})
    for name, read in (("config.json", run.read_json), ("model.safetensors", partial(read_tensors, run))):
        path = run.path / name
        whole = path.read_bytes()
        flipped = bytearray(whole)
        flipped[-3] ^= 1
        for content in ((other.path / name).read_bytes(), whole[:-1], whole + b" ", bytes(flipped), b""):
            path.write_bytes(content)
            with pytest.raises(RunError, match=rf"{name}: expected what was written there, found another content"):
                read(name)
        path.write_bytes(whole)
        read(name)
    (run.path / "metrics.json").write_text("{}")
    with pytest.raises(RunError, match=r"checksums\.json: expected a checksum of metrics\.json, found none"):
        run.read_json("metrics.json")


def test_both_contents_are_valid_while_a_file_is_replaced(tmp_path, monkeypatch):
    run = RunDirectory.create(tmp_path / "run")
    run.write_json("config.json", {"seed": 1})

    def killed(source, target):
        if str(target).endswith("config.json"):
            raise KeyboardInterrupt
        rename(source, target)

    rename = os.replace
    monkeypatch.setattr(os, "replace", killed)
    for seed in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            run.write_json("config.json", {"seed": seed})
        assert RunDirectory.open(run.path).read_json("config.json") == {"seed": 1}
    monkeypatch.undo()
    run.write_json("config.json", {"seed": 4})
    assert RunDirectory.open(run.path).read_json("config.json") == {"seed": 4}
    (run.path / "config.json").write_text(json_text({"seed": 3}))
    with pytest.raises(RunError, match="another content"):
        run.read_json("config.json")


NAMES = ["../run.json", "/etc/passwd", "..", "", "a/b", "a\\\\b", "9" * 300, "a\\u0000b"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"run.json": 7}', "[" * 100_000, "\udcff", *(f'{{"{name}": []}}' for name in NAMES)],
)
def test_damaged_checksums_are_refused_by_name(tmp_path, text):
    run = RunDirectory.create(tmp_path / "run")
    (run.path / "checksums.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RunError, match=r"checksums\.json: expected"):
        RunDirectory.open(run.path)


def test_too_large_json_is_refused_unread(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with (run.path / "codec.json").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(RunError, match=r"codec\.json: expected at most 256 MiB of JSON, found more"):
        run.read_json("codec.json")


def test_process_killed_before_run_json_leaves_room_for_a_run(tmp_path):
    for name in ("checksums.json", ".checksums.json.partial", ".run.json.partial", ".lock"):
        (tmp_path / name).write_text("{")
        RunDirectory.check_vacant(tmp_path)
    RunDirectory.create(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "checksums.json", "run.json"]
