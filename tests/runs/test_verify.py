"""Verification of a run: it finds damage of every file, and answers that differ."""

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
from bilstm_nlp.runs.replay import TOLERANCE, recording, replay
from bilstm_nlp.runs.tensors import read_tensors, write_tensors
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.base import Answer
from tests.samples import CONFIGS, FORECASTER, SMALL, TAGGER

WAYS = ["as recorded", "alone", "in another order", "beside longer ones"]


@pytest.fixture
def runs(tagger_run, forecaster_run, tmp_path):
    """Copy a run of each task, for tests that damage it."""
    return [shutil.copytree(run, tmp_path / run.name) for run in (tagger_run, forecaster_run)]


def test_run_gives_its_recorded_answers(runs):
    for run, ways in zip(runs, (WAYS, WAYS[:3]), strict=True):
        found = verify(run)
        assert found.same
        assert [one.way for one in found.replayed] == ways
        assert found.inputs == (8 if run.name == "sample" else 4)
        assert all(one.difference < 1e-5 for one in found.replayed)
        recorded = json.loads((run / "replay.json").read_text())
        assert all(answer["numbers"] for answer in recorded["answers"])
        assert found.replayed[0].tags == sum(len(answer["tags"]) for answer in recorded["answers"])


@pytest.mark.parametrize(
    "tables",
    [
        {"context": {"kind": "document", "tokens": 40}},
        {"embeddings": {"usage": True, "lexicon": True}, "head": {"kind": "softmax"}},
        {"attention": {"kind": "multi-head", "heads": 2}, "embeddings": {"bigrams": 4}},
    ],
    ids=lambda tables: "-".join(tables),
)
def test_every_kind_of_tagger_answers_alike_in_every_way(tables, tmp_path):
    values = {
        "data": {"train": "sample:news.train.conll", "dev": "sample:news.dev.conll"},
        "encoder": {"hidden": 8},
        "training": {"epochs": 1},
    }
    list(train.train_epochs(parse(values | tables, "test"), tmp_path / "run"))
    found = verify(tmp_path / "run")
    assert [one.way for one in found.replayed] == WAYS
    assert found.same
    units = json.loads((tmp_path / "run" / "replay.json").read_text())["inputs"]
    reads_documents = "context" in tables or "usage" in tables.get("embeddings", {})
    assert (max(map(len, units)) > 1) == reads_documents


def test_model_with_random_states_is_asked_only_as_recorded(tmp_path):
    small = ["training.epochs=1", "encoder.hidden=4", "data.file='sample:energy.csv'", "data.targets=['demand']"]
    config = load(CONFIGS / "forecasting" / "article.toml", [*small, "data.split={kind='fractions'}"])
    list(train.train_epochs(config, tmp_path / "run"))
    found = verify(tmp_path / "run")
    assert [one.way for one in found.replayed] == ["as recorded"]
    assert found.same
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
    found = call("verify", run.path, "--json")
    assert found.status == 1
    said = json.loads(found.out)
    assert not said["same"]
    assert all(one["difference"] > TOLERANCE for one in said["replayed"])
    assert "the answers are NOT those that were saved" in " ".join(call("verify", run.path).out.split())


class Fixed:
    """A model that gives fixed answers."""

    def __init__(self, *answers: Answer) -> None:
        self.given = dict(enumerate(answers))

    def answers(self, inputs):
        return [self.given[index] for index in inputs]

    def longer(self, inputs):
        return []


@pytest.mark.parametrize(
    ("answer", "difference", "others"),
    [
        (Answer([0.5, 0.25], ["O"]), 0.25, 0),
        (Answer([0.5, 0.5], ["B-X"]), 0.0, 1),
        (Answer([0.5, float("nan")], ["O"]), float("inf"), 0),
        (Answer([0.5], ["O"]), float("inf"), 1),
        (Answer([0.5, 0.5], []), float("inf"), 1),
    ],
)
def test_every_difference_of_answers_counts(answer, difference, others):
    recorded = recording(Fixed(Answer([0.5, 0.5], ["O"]), Answer([], [])), [0, 1])
    found = replay(Fixed(answer, Answer([], [])), recorded)
    assert [(one.difference, one.other_tags, one.tags) for one in found] == [(difference, others, 1)] * 3
    assert not any(one.same for one in found)


@pytest.mark.parametrize(
    "recorded",
    [
        {},
        {"inputs": [], "answers": [{"numbers": [], "tags": []}]},
        {"inputs": [[["a"]]], "answers": []},
        {"inputs": [[[7]]], "answers": [{"numbers": [1.0], "tags": ["O"]}]},
        {"inputs": 7, "answers": [3]},
    ],
)
def test_invalid_recording_is_refused_by_name(tagger_run, recorded):
    with pytest.raises(RunError, match=r"replay\.json: expected inputs of this model and its answers"):
        replay(loaded(tagger_run), recorded)


def test_invalid_replay_file_is_refused_by_name(runs, call):
    for run in runs:
        RunDirectory(run).write_json("replay.json", {"inputs": 3, "answers": []})
        found = call("verify", run)
        assert found.status == 2
        assert "replay.json: expected inputs of this model and its answers" in found.err


def test_config_that_does_not_fit_the_codec_is_refused(runs):
    """The checksum is valid, but the config asks for more memory than there is."""
    tagger, _ = runs
    values = RunDirectory(tagger).read_json("config.json")
    RunDirectory(tagger).write_json("config.json", values | {"encoder": values["encoder"] | {"hidden": 2**31 - 1}})
    with pytest.raises(RunError, match=r"^config\.json: expected a model that can be made of codec\.json, found"):
        loaded(tagger)


def test_unfinished_run_is_refused_for_verification(tmp_path, call):
    epochs = train.train_epochs(load(FORECASTER, ["training.epochs=2", "encoder.hidden=4"]), tmp_path / "run")
    next(epochs)
    epochs.close()
    found = call("verify", tmp_path / "run")
    assert found.status == 2
    assert "expected a finished run, found an unfinished one; train --resume goes on with it" in found.err
