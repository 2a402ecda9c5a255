"""Graphs that are kept in a run: `predict --engine`."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from bilstm_nlp.errors import InputError
from bilstm_nlp.runs import graphs
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.graphs import graphs_of, is_kept
from bilstm_nlp.runs.load import open_run

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from bilstm_nlp.export.kept import keep

pytestmark = pytest.mark.torch

TEXT = b"Maria Keller of Basel met 12 FIFA lawyers .\nBONN\n"


@pytest.fixture
def run(tagger_run, tmp_path):
    return shutil.copytree(tagger_run, tmp_path / "run")


@pytest.mark.parametrize("engine", ["onnx", "auto"])
def test_graph_is_made_once_and_tags_like_the_weights(run, call, engine):
    before = call("predict", run, "--format", "conll", stdin=TEXT)
    assert not (run / "onnx").exists()
    after = call("predict", run, "--format", "conll", "--engine", engine, stdin=TEXT)
    assert (after.status, after.out) == (0, before.out)
    assert is_kept(RunDirectory(run))
    made = (run / "onnx" / "model.onnx").stat().st_mtime_ns
    assert call("predict", run, "--format", "conll", "--engine", engine, "--jobs", "2", stdin=TEXT).out == before.out
    assert (run / "onnx" / "model.onnx").stat().st_mtime_ns == made
    assert {path.name for path in run.iterdir()} == {path.name for path in run.iterdir() if ".onnx." not in path.name}


def test_kept_graph_computes_without_torch(run, monkeypatch):
    assert graphs_of(RunDirectory(run), "torch") is None
    keep(run)
    assert graphs_of(RunDirectory(run), "torch") is None
    monkeypatch.setattr(graphs, "find_spec", lambda name: None)
    kept = graphs_of(RunDirectory(run), "torch")
    assert kept is not None
    assert kept.path == run / "onnx"


def test_trained_words_may_be_in_half_precision(run):
    keep(run)
    kept = RunDirectory(run / "onnx")
    arrays = kept.read_arrays("network.safetensors")
    kept.write_arrays("network.safetensors", arrays | {"words": arrays["words"].astype(np.float16)})
    graph, weights = open_run(run, engine="onnx").predictor, open_run(run).predictor
    inputs = [[["EU", "rejects", "German", "call"]]]
    for half, whole in zip(graph.answers(inputs), weights.answers(inputs), strict=True):
        np.testing.assert_allclose(half.numbers, whole.numbers, atol=1e-2)


def test_graph_of_other_weights_is_made_anew(run, call):
    keep(run)
    values = json.loads((run / "onnx" / "made-of.json").read_text())
    kept = RunDirectory(run / "onnx")
    kept.write_json("made-of.json", values | {"weights": "of another run"})
    with pytest.raises(InputError, match="expected a graph of the run's weights, found none"):
        open_run(run, engine="onnx")
    assert call("predict", run, "--engine", "onnx", stdin=TEXT).status == 0
    assert is_kept(RunDirectory(run))


def test_run_with_a_graph_still_opens_with_torch_and_verifies(run, call):
    keep(run)
    assert call("verify", run).status == 0
    sentence = TEXT.decode().splitlines()[0]
    (torch, onnx) = (open_run(run, engine=engine).predictor.tag(sentence) for engine in ("torch", "onnx"))
    np.testing.assert_allclose([each.score for each in onnx], [each.score for each in torch], atol=1e-5)


def test_several_runs_are_combined_by_the_engine(run, tagger_run, call, tmp_path):
    other = shutil.copytree(tagger_run, tmp_path / "other")
    before = call("predict", run, other, "-", "--format", "conll", stdin=TEXT)
    after = call("predict", run, other, "-", "--format", "conll", "--engine", "onnx", stdin=TEXT)
    assert (after.status, after.out) == (0, before.out)


def test_unfinished_runs_are_refused_in_each_engine(tmp_path, call):
    RunDirectory.create(tmp_path / "run")
    for engine in ("onnx", "auto", "torch"):
        refused = call("predict", tmp_path / "run", "--engine", engine, stdin=TEXT)
        assert refused.status == 2
        assert "expected a finished run" in refused.err
