"""Verification of a run: damage of any file and different answers are revealed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from bilstm_nlp.config import load, parse
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs import train
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import load as loaded
from bilstm_nlp.runs.replay import TOLERANCE, replay
from bilstm_nlp.runs.tensors import read_tensors, write_tensors
from bilstm_nlp.runs.verify import verify
from tests.samples import CONFIGS, FORECASTER, SMALL, TAGGER

WAYS = ["as recorded", "alone", "in another order", "beside longer ones"]


@pytest.fixture
def runs(tagger_run, forecaster_run, tmp_path):
    """Copy a run of each task, for tests that damage it."""
    return [shutil.copytree(run, tmp_path / run.name) for run in (tagger_run, forecaster_run)]


def test_run_gives_its_recorded_answers(runs):
    for run, ways in zip(runs, (WAYS, WAYS[:3]), strict=True):
        verification = verify(run)
        assert verification.same
        assert [replayed.way for replayed in verification.replayed] == ways
        assert verification.inputs == (8 if run.name == "sample" else 4)
        assert all(replayed.difference < 1e-5 for replayed in verification.replayed)
        recorded = json.loads((run / "replay.json").read_text())
        assert all(answer["numbers"] for answer in recorded["answers"])
        assert verification.replayed[0].tags == sum(len(answer["tags"]) for answer in recorded["answers"])


@pytest.mark.parametrize(
    "tables",
    [
        {"context": {"kind": "document", "tokens": 40}},
        {"embeddings": {"usage": True, "lexicon": True}, "head": {"kind": "softmax"}},
        {"attention": {"kind": "multi-head", "heads": 2}, "embeddings": {"bigrams": 4}},
    ],
    ids=lambda tables: "-".join(tables),
)
@pytest.mark.slow
def test_every_kind_of_tagger_answers_alike_in_every_way(tables, tmp_path):
    values = {
        "data": {"train": "sample:news.train.conll", "dev": "sample:news.dev.conll"},
        "encoder": {"hidden": 8},
        "training": {"epochs": 1},
    }
    list(train.train_epochs(parse(values | tables, "test"), tmp_path / "run"))
    verification = verify(tmp_path / "run")
    assert [replayed.way for replayed in verification.replayed] == WAYS
    assert verification.same
    units = json.loads((tmp_path / "run" / "replay.json").read_text())["inputs"]
    reads_documents = "context" in tables or "usage" in tables.get("embeddings", {})
    assert (max(map(len, units)) > 1) == reads_documents


@pytest.mark.slow
def test_model_with_random_states_is_asked_only_as_recorded(tmp_path):
    small = ["training.epochs=1", "encoder.hidden=4", "data.file='sample:energy.csv'", "data.targets=['demand']"]
    config = load(CONFIGS / "forecasting" / "article.toml", [*small, "data.split={kind='fractions'}"])
    list(train.train_epochs(config, tmp_path / "run"))
    verification = verify(tmp_path / "run")
    assert [replayed.way for replayed in verification.replayed] == ["as recorded"]
    assert verification.same
    model, before = loaded(tmp_path / "run"), torch.get_rng_state()
    replay(model, RunDirectory.open(tmp_path / "run").read_json("replay.json"))
    assert torch.equal(before, torch.get_rng_state())


def test_damage_of_every_file_is_named(runs):
    for run in runs:
        names = [path.name for path in run.iterdir() if path.is_file() and path.name != "checksums.json"]
        assert len(names) == verify(run).files
        for name in names:
            whole = (run / name).read_bytes()
            flipped = bytearray(whole)
            flipped[len(whole) // 2] ^= 4
            for content in (bytes(flipped), whole[: len(whole) // 2], b""):
                (run / name).write_bytes(content)
                with pytest.raises(RunError, match=rf"{name}: expected"):
                    verify(run)
            (run / name).unlink()
            with pytest.raises(RunError, match=r"expected .*found"):
                verify(run)
            (run / name).write_bytes(whole)
        assert verify(run).same


@pytest.mark.slow
def test_files_of_another_run_are_refused(runs, tmp_path):
    list(train.train_epochs(load(Path(TAGGER), [*SMALL[1::2], "training.epochs=1", "seed=7"]), tmp_path / "other"))
    other = tmp_path / "other"
    for name in ("model.safetensors", "codec.json", "config.json", "replay.json"):
        whole = (runs[0] / name).read_bytes()
        if (other / name).read_bytes() == whole:
            continue
        shutil.copy(other / name, runs[0] / name)
        with pytest.raises(RunError, match=rf"{name}: expected what was written there"):
            verify(runs[0])
        (runs[0] / name).write_bytes(whole)


@pytest.mark.parametrize("kind", [0, 1], ids=["tagger", "forecaster"])
def test_model_with_other_answers_fails_verification(runs, kind, call):
    run = RunDirectory.open(runs[kind])
    assert call("verify", run.path).status == 0
    weights, _ = read_tensors(run, "model.safetensors")
    name = next(name for name in weights if name.endswith("projection.bias") or "decoder" in name)
    weights[name][0] += 0.1
    write_tensors(run, "model.safetensors", weights)
    result = call("verify", run.path, "--json")
    assert result.status == 1
    verification = json.loads(result.out)
    assert not verification["same"]
    assert all(replayed["difference"] > TOLERANCE for replayed in verification["replayed"])
    assert "the answers are NOT those that were saved" in " ".join(call("verify", run.path).out.split())


def test_invalid_replay_file_is_refused_by_name(runs, call):
    for run in runs:
        RunDirectory(run).write_json("replay.json", {"inputs": 3, "answers": []})
        result = call("verify", run)
        assert result.status == 2
        assert "replay.json: expected inputs of this model and its answers" in result.err


def test_unfinished_run_is_refused_for_verification(tmp_path, call):
    epochs = train.train_epochs(load(FORECASTER, ["training.epochs=2", "encoder.hidden=4"]), tmp_path / "run")
    next(epochs)
    epochs.close()
    result = call("verify", tmp_path / "run")
    assert result.status == 2
    assert "expected a finished run, found an unfinished one; train --resume goes on with it" in result.err
