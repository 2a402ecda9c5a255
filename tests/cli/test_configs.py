"""`bilstm-nlp init` and `bilstm-nlp schema`."""

from __future__ import annotations

import json

import pytest

from bilstm_nlp.config import load
from bilstm_nlp.config.reading import json_schema
from bilstm_nlp.config.reference import markdown


@pytest.mark.parametrize("kind", ["ner", "classification", "labelling", "forecasting"])
def test_init_writes_a_config_and_never_replaces_a_file(call, tmp_path, kind):
    path = tmp_path / "own.toml"
    assert call("init", kind, path).status == 0
    assert load(path).task == {"ner": "tagging"}.get(kind, kind)
    path.write_text("precious")
    refused = call("init", kind, path)
    assert (refused.status, path.read_text()) == (2, "precious")
    assert f"{path}: expected the name of a new file, found one that exists" in refused.err


def test_init_prints_to_standard_output(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = call("init", "forecasting", "-").out
    call("init", "forecasting")
    assert (tmp_path / "forecasting.toml").read_text() == printed


def test_init_names_a_folder_that_is_not_there(call, tmp_path):
    failed = call("init", "ner", tmp_path / "none" / "x.toml")
    assert failed.status == 1
    assert failed.err == f"bilstm-nlp: {tmp_path}/none/x.toml: could not be written: No such file or directory\n"


def test_a_starter_config_is_accepted_once_its_files_exist(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("init", "ner")
    assert "train.conll: expected a file, found nothing there" in call("check", "ner.toml").out
    for name in ("train.conll", "dev.conll"):
        (tmp_path / name).write_text("Ann B-PER\nleft O\n")
    assert call("check", "ner.toml").status == 0


def test_the_starter_of_a_classifier_is_accepted_once_its_file_exists(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("init", "classification")
    assert "train.csv: expected a file, found nothing there" in call("check", "classification.toml").out
    rows = [f"{name} number {number},{name}" for number in range(20) for name in ("good", "bad")]
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    assert call("check", "classification.toml").status == 0


def test_the_starter_of_a_labeller_is_accepted_once_its_file_exists(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("init", "labelling")
    assert "train.csv: expected a file, found nothing there" in call("check", "labelling.toml").out
    rows = [
        f"r{number},{step},{step % 3},{'high' if step > 2 else 'low'}" for number in range(9) for step in range(1, 6)
    ]
    (tmp_path / "train.csv").write_text("\n".join(["recording,step,speed,label", *rows]) + "\n")
    assert call("check", "labelling.toml").status == 0


def test_schema_prints_the_json_schema_or_the_reference(call):
    assert json.loads(call("schema").out) == json_schema()
    assert call("schema", "--markdown").out == markdown()
