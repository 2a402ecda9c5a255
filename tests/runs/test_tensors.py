"""The files of tensors: weights, metadata and states survive them, and damage is refused by name."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from torch import nn

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.tensors import load_weights, read_state, read_tensors, write_state, write_tensors
from bilstm_nlp.training.protocols import Score
from bilstm_nlp.training.reports import EpochReport, Part
from bilstm_nlp.training.state import State


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    return RunDirectory.create(tmp_path / "run")


def state() -> State:
    score = Score("f1", 0.25, True, {"precision": None, "recall": 0.1 + 0.2})
    report = EpochReport(1, 1 / 3, score, True, 1e-3, 2.0, 10)
    return State({"model.a": torch.randn(2, 3), "optimizer.0.step": torch.tensor(4.0)}, (report,))


def test_tensors_and_metadata_survive_their_file(run):
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
    written = {str(kind): torch.arange(6).reshape(2, 3).to(kind) for kind in kinds}
    written |= {"transposed": torch.randn(4, 3).T, "scalar": torch.tensor(1 / 3), "empty": torch.empty(0, 2)}
    write_tensors(run, "x.safetensors", written, {"key": '{"ä": 1}'})
    tensors, metadata = read_tensors(run, "x.safetensors")
    assert metadata == {"key": '{"ä": 1}'}
    assert tensors.keys() == written.keys()
    for name, value in written.items():
        assert tensors[name].dtype == value.dtype
        assert torch.equal(tensors[name], value), name


def test_file_without_metadata_has_none(run):
    write_tensors(run, "x.safetensors", {})
    assert read_tensors(run, "x.safetensors") == ({}, {})


def test_missing_file_of_tensors_is_refused_by_name(run):
    with pytest.raises(RunError, match=r"model\.safetensors: expected a file of a run, found nothing there"):
        read_tensors(run, "model.safetensors")


def test_damaged_state_is_refused_by_name(run):
    write_state(run, state())
    whole = (run.path / "state.safetensors").read_bytes()
    run.write("state.safetensors", lambda path: path.write_bytes(whole[:-5]))
    with pytest.raises(RunError, match=r"state\.safetensors: expected a safetensors file, found damage"):
        read_state(run)


@pytest.mark.parametrize("part", [None, Part(batches=3, loss=1 / 3, weight=7.0, sequences=5, seconds=0.1)])
def test_state_survives_its_file(run, part):
    assert read_state(run) is None
    saved = State(state().tensors | {"generator.cpu": torch.get_rng_state()}, state().reports, part)
    write_state(run, saved)
    restored = read_state(run)
    assert restored is not None
    assert restored.reports == saved.reports
    assert restored.part == part
    assert restored.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(restored.tensors[name], saved.tensors[name]) for name in saved.tensors)
    assert run.read_history() == list(saved.reports)


def test_state_without_reports_is_refused(run):
    write_tensors(run, "state.safetensors", {})
    with pytest.raises(RunError, match=r"state\.safetensors: expected epoch reports, found no 'reports'"):
        read_state(run)


def test_weights_are_loaded_into_a_model(run):
    first, second = nn.Linear(2, 3), nn.Linear(2, 3)
    write_tensors(run, "model.safetensors", first.state_dict())
    load_weights(run, second)
    assert torch.equal(second.weight, first.weight)
    assert torch.equal(second.bias, first.bias)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 2}, "expected reports of the epochs from the first on"),
        ({"best": False}, "expected a first epoch that is the best so far"),
        ({"seconds": 0.0}, "expected epochs that took some time"),
        ({"seconds": float("nan")}, "expected epochs that took some time"),
        ({"loss": "low"}, "expected epoch reports, found: .* in 0.loss: 'low'"),
        ({"score": []}, r"expected epoch reports, found: .* in 0.score: \[\]"),
    ],
)
def test_impossible_reports_are_refused_by_name(run, change, message):
    (report,) = state().reports
    write_tensors(run, "state.safetensors", {}, {"reports": json.dumps([asdict(report) | change])})
    with pytest.raises(RunError, match=rf"state\.safetensors: {message}"):
        read_state(run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batches": 0}, "part of an epoch that took some time"),
        ({"weight": 0.0}, "part of an epoch that took some time"),
        ({}, "the state of the random generators"),
    ],
)
def test_impossible_part_of_an_epoch_is_refused_by_name(run, change, message):
    part = asdict(Part(batches=1, weight=1.0, seconds=1.0)) | change
    write_tensors(run, "state.safetensors", {}, {"reports": "[]", "part": json.dumps(part)})
    with pytest.raises(RunError, match=rf"state\.safetensors: expected {message}, found others"):
        read_state(run)


def test_weights_of_another_model_are_refused_by_name(run):
    write_tensors(run, "model.safetensors", nn.Linear(2, 3).state_dict())
    with pytest.raises(RunError, match="weights of another model"):
        load_weights(run, nn.Linear(3, 3))
