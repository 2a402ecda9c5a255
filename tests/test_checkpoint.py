"""The run directory: written whole or not at all, read with a clear word about what is wrong."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from bilstm_nlp.checkpoint import RunDirectory
from bilstm_nlp.epochs import EpochReport, State
from bilstm_nlp.errors import OutputError, RunError
from bilstm_nlp.files import write_whole
from bilstm_nlp.tasks.base import Score


def state() -> State:
    score = Score("f1", 0.25, True, {"precision": None, "recall": 0.1 + 0.2})
    report = EpochReport(1, 1 / 3, score, True, 1e-3, 2.0, 10)
    return State({"model.a": torch.randn(2, 3), "optimizer.0.step": torch.tensor(4.0)}, (report,))


def test_state_round_trip(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    assert run.read_state() is None
    saved = state()
    run.write_state(saved)
    found = run.read_state()
    assert found is not None
    assert found.reports == saved.reports
    assert found.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(found.tensors[name], saved.tensors[name]) for name in saved.tensors)
    assert len((run.path / "history.jsonl").read_text().splitlines()) == 1


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def broken(partial):
        partial.write_text("half")
        raise OSError("no space left")

    with pytest.raises(OutputError, match=r"file: could not be written: no space left"):
        write_whole(path, broken)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_is_never_replaced_without_force(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    with pytest.raises(RunError, match="an unfinished run"):
        RunDirectory.create(run.path)
    run.finish({"dev": {}})
    with pytest.raises(RunError, match="a finished run is there; --force replaces it"):
        RunDirectory.create(run.path)
    RunDirectory.create(run.path, force=True)
    assert not run.finished


def test_what_is_not_a_run_is_never_removed(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="found something else there"):
        RunDirectory.create(tmp_path, force=True)
    assert (tmp_path / "thesis.tex").exists()


def test_every_wrong_directory_is_named(tmp_path):
    with pytest.raises(RunError, match="found nothing there"):
        RunDirectory.open(tmp_path / "none")
    with pytest.raises(RunError, match=r"without run\.json"):
        RunDirectory.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="found a file"):
        RunDirectory.open(tmp_path / "file")
    run = RunDirectory.create(tmp_path / "run")
    run.write_json("run.json", {"format": 99})
    with pytest.raises(RunError, match="format 1, found format 99"):
        RunDirectory.open(run.path)


def test_damage_is_named(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    run.write_text("config.json", "{")
    with pytest.raises(RunError, match=r"config\.json: expected JSON"):
        run.read_json("config.json")
    run.write_text("config.json", json.dumps([1]))
    with pytest.raises(RunError, match="expected a JSON object, found list"):
        run.read_json("config.json")
    with pytest.raises(RunError, match=r"codec\.json: expected a file of a run"):
        run.read_json("codec.json")
    run.write_state(state())
    whole = (run.path / "state.safetensors").read_bytes()
    (run.path / "state.safetensors").write_bytes(whole[:-5])
    with pytest.raises(RunError, match="found damage"):
        run.read_state()


def test_weights_of_another_model_are_named(tmp_path):
    run = RunDirectory.create(tmp_path / "run")
    run.write_tensors("model.safetensors", nn.Linear(2, 3).state_dict())
    with pytest.raises(RunError, match="weights of another model"):
        run.load_weights(nn.Linear(3, 3))
