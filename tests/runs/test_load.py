"""Opening a run: every kind of path, both tasks, and what is refused."""

from __future__ import annotations

import json
import os
import shutil

import pytest
import torch
from safetensors.torch import load_file

import bilstm_nlp
from bilstm_nlp.config import to_json
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import config_of, load, open_directory, open_run, path_of, predictions
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.predictor import Tagger
from tests.contract import model_of


def test_opened_run_has_config_weights_and_scores_of_its_files(tagger_run, forecaster_run):
    for path, measure in ((tagger_run, "f1"), (forecaster_run, "mse")):
        run = open_run(path)
        assert run.directory.path == path
        assert to_json(run.config) == json.loads((path / "config.json").read_text())
        weights = load_file(path / "model.safetensors")
        state = model_of(run.predictor).state_dict()
        assert state.keys() == weights.keys()
        assert all(torch.equal(state[name], value) for name, value in weights.items())
        assert not model_of(run.predictor).training
        results = json.loads((path / "metrics.json").read_text())
        assert run.predictor.scores == {name: part[measure] for name, part in results.items() if name != "training"}


def test_run_without_valid_results_still_predicts(tagger_run, tmp_path):
    path = shutil.copytree(tagger_run, tmp_path / "run")
    text = "Ann left Bonn ."
    expected = load(tagger_run).tag(text)
    for content in (b"{", None):
        (path / "metrics.json").unlink() if content is None else (path / "metrics.json").write_bytes(content)
        predictor = open_directory(RunDirectory.open(path)).predictor
        assert predictor.scores == {}
        assert predictor.tag(text) == expected


@pytest.mark.parametrize("name", ["config.json", "codec.json", "codec.safetensors", "model.safetensors"])
def test_run_without_a_needed_file_is_refused_by_name(tagger_run, tmp_path, name):
    path = shutil.copytree(tagger_run, tmp_path / "run")
    (path / name).unlink()
    with pytest.raises(RunError, match=rf"{name}: expected a file of a run, found nothing there"):
        load(path)


def test_predictions_come_from_the_run_in_input_order(tagger_run, tmp_path):
    (tmp_path / "x.txt").write_text("Ann left Bonn .\nNothing happened .\n")
    output = b"".join(predictions(tagger_run, Request(str(tmp_path / "x.txt"), format="jsonl")))
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["text"] for line in lines] == ["Ann left Bonn .", "Nothing happened ."]
    entities = load(tagger_run).tag("Ann left Bonn .")
    assert [entity["text"] for entity in lines[0]["entities"]] == [entity.text for entity in entities]


def test_config_of_a_run_is_read_without_its_model(tagger_run, tmp_path):
    shutil.copytree(tagger_run, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    assert config_of(RunDirectory.open(tmp_path / "run")) == open_run(tagger_run).config


class PathOfAnotherLibrary(os.PathLike):
    """A path of another library."""

    def __init__(self, path: object) -> None:
        self.path = path

    def __fspath__(self):
        return self.path


def test_every_kind_of_path_opens_a_run(tagger_run):
    for path in (tagger_run, str(tagger_run), PathOfAnotherLibrary(str(tagger_run))):
        assert path_of(path) == tagger_run
        assert isinstance(open_run(path).predictor, Tagger)
        assert isinstance(bilstm_nlp.load(path), Tagger)
        assert isinstance(bilstm_nlp.load_tagger(path), Tagger)


@pytest.mark.parametrize("path", [3, None, b"run", PathOfAnotherLibrary(b"run"), ["run"]])
def test_other_values_than_paths_are_refused(path):
    for load_run in (bilstm_nlp.load, bilstm_nlp.load_tagger, bilstm_nlp.load_forecaster):
        with pytest.raises(InputError, match=r"^path: expected text or a path of text, such as 'runs/energy', found "):
            load_run(path)


def test_loading_another_task_names_both(tagger_run, forecaster_run):
    with pytest.raises(InputError, match="expected a run of the task tagging, found one of the task forecasting"):
        bilstm_nlp.load_tagger(forecaster_run)
    with pytest.raises(InputError, match="expected a run of the task forecasting, found one of the task tagging"):
        bilstm_nlp.load_forecaster(str(tagger_run))


def test_config_that_does_not_fit_the_codec_is_refused(tagger_run, tmp_path):
    """The digest is valid, but the config asks for more memory than the machine has."""
    tagger = shutil.copytree(tagger_run, tmp_path / "run")
    values = RunDirectory(tagger).read_json("config.json")
    RunDirectory(tagger).write_json("config.json", values | {"encoder": values["encoder"] | {"hidden": 2**31 - 1}})
    with pytest.raises(RunError, match=r"^config\.json: expected a model that can be made of codec\.json, found"):
        load(tagger)
