"""Imports of a prediction with an export: no torch, and nothing that only training, tables or locks need."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_startup import TABLES, TRAINING_AND_SCORING, imported

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.mark.slow
def test_an_exported_taggers_prediction_imports_no_more_than_it_needs(exported_tagger, tmp_path):
    (tmp_path / "text.txt").write_text("Maria Keller visited Basel.\n")
    libraries, printed = imported("predict", exported_tagger, tmp_path / "text.txt", "--format", "jsonl")
    assert json.loads(printed)["text"] == "Maria Keller visited Basel."
    assert {"numpy", "onnxruntime", "pydantic"} <= libraries
    assert not libraries & {"filelock", "jinja2", "onnx", "torch", *TRAINING_AND_SCORING, *TABLES}
