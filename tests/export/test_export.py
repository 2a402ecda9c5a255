"""Exported folders: they answer like the run, in every command, and refuse what can't be exported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.config.measures import Measure
from bilstm_nlp.errors import InputError
from bilstm_nlp.export.settings import ExportSettings
from bilstm_nlp.runs import train
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.tagging.stream import CHUNK
from tests.conftest import made_once
from tests.samples import TAGGER
from tests.tasks.labelling.machines import machine_config

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from bilstm_nlp.export.export import export
from bilstm_nlp.export.scores import DevelopmentScore

pytestmark = pytest.mark.torch

TEXTS = ["Maria Keller of Basel met 12 FIFA lawyers .", "", "BONN", "zebra ÅNGSTRÖM 1996-08-22 " + "x" * 90]


@pytest.fixture(scope="session")
def labeller_run(tmp_path_factory):
    def make(path: Path) -> None:
        (path.parent / "machines").mkdir()
        list(train.train_epochs(machine_config(path.parent / "machines"), path))

    return made_once(tmp_path_factory, "machines-run", make)


def test_exported_tagger_finds_what_the_run_finds(tagger_run, exported_tagger):
    before, after = bilstm_nlp.load_tagger(tagger_run), bilstm_nlp.load_tagger(exported_tagger)
    assert repr(after) == repr(before)
    for first, second in zip(before.tag(TEXTS), after.tag(TEXTS), strict=True):
        assert [(each.text, each.type, each.start) for each in second] == [
            (each.text, each.type, each.start) for each in first
        ]
        np.testing.assert_allclose([each.score for each in second], [each.score for each in first], atol=1e-5)


def test_all_commands_take_an_exported_tagger(tagger_run, exported_tagger, call, tmp_path):
    (tmp_path / "news.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    texts = str(tmp_path / "news.txt")
    for options in (["--format", "conll"], ["--split"], ["--nbest", "2", "--format", "jsonl"], ["--jobs", "2"]):
        before, after = (call("predict", run, texts, *options) for run in (tagger_run, exported_tagger))
        assert after.status == 0, after.err
        if "--nbest" not in options:
            assert after.out == before.out
        else:
            assert [line.count("entities") for line in after.out.splitlines()] == [
                line.count("entities") for line in before.out.splitlines()
            ]
    assert json.loads(call("verify", exported_tagger, "--json").out)["same"]
    scores = [json.loads(call("evaluate", run, "--json").out)["f1"] for run in (tagger_run, exported_tagger)]
    assert scores[0] == scores[1]
    assert "int8" not in call("info", exported_tagger, "--json").out


def test_threads_that_share_a_file_have_the_output_of_a_single_thread(exported_tagger, call, tmp_path, monkeypatch):
    rows = "".join(f"{word} {index}\n" for index, word in enumerate(" ".join(TEXTS).split()))
    (tmp_path / "news.conll").write_text((rows + "\n") * (2 * CHUNK.sentences + 5) + "Basel\n", encoding="utf-8")
    for options in (["--confidence"], ["--min-confidence", "0.9"], ["--format", "jsonl"]):
        ended = []
        for threads in ("1", "2"):
            monkeypatch.setenv("OMP_NUM_THREADS", threads)
            result = call("predict", exported_tagger, tmp_path / "news.conll", "--input", "conll", *options)
            ended.append((result.status, result.out, result.err))
        assert ended[0] == ended[1]
        assert (ended[0][0], ended[0][1].count("Keller") >= 2 * CHUNK.sentences + 5) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["forecaster_run", "classifier_run", "labeller_run"])
def test_exported_models_of_other_tasks_answer_like_the_run(fixture, request, tmp_path):
    run = request.getfixturevalue(fixture)
    exported = export(run, tmp_path / "exported", ExportSettings())
    assert exported.difference < 1e-5
    recorded = json.loads((run / "replay.json").read_text())
    before, after = (open_run(path).predictor.answers(recorded["inputs"]) for path in (run, exported.path))
    for first, second in zip(before, after, strict=True):
        np.testing.assert_allclose(second.numbers, first.numbers, atol=1e-5)
        assert second.tags == first.tags
    assert verify(exported.path).same
    assert repr(open_run(exported.path).predictor) == repr(open_run(run).predictor)


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["tagger_run", "forecaster_run", "classifier_run", "labeller_run"])
def test_export_with_8_bits_keeps_both_scores_in_its_card(fixture, request, tmp_path):
    exported = export(request.getfixturevalue(fixture), tmp_path / "exported", ExportSettings(int8=True, tolerance=100))
    assert exported.score is not None
    card = (tmp_path / "exported" / "README.md").read_text(encoding="utf-8")
    assert f"{exported.score.float32:.4f}" in card
    assert f"{exported.score.int8:.4f}" in card
    (asked,) = verify(exported.path).replayed
    assert asked.same
    assert json.loads((tmp_path / "exported" / "run.json").read_text())["export"]["weights"] == "int8"


def test_8_bits_that_cost_too_much_are_refused():
    f1 = DevelopmentScore(Measure("f1", "dev", higher_is_better=True, scale=100), 0.95, 0.948)
    mae = DevelopmentScore(Measure("mae", "validation", higher_is_better=False, scale=1), 0.5, 0.52)
    assert (f1.loss, mae.loss) == (pytest.approx(0.2), pytest.approx(4))
    f1.check(0.3)
    mae.check(5)
    with pytest.raises(InputError, match=r"at most 0\.1 points of F1 on the development data, found a loss of 0\.2"):
        f1.check(None)
    with pytest.raises(InputError, match="at most 1 % of MAE on the development data, found a loss of 4"):
        mae.check(None)
    with pytest.raises(InputError, match="at most 0 points"):
        f1.check(0)


def test_refused_8_bits_leave_nothing_behind(tagger_run, tmp_path, monkeypatch):
    monkeypatch.setattr(DevelopmentScore, "loss", 1.0)
    with pytest.raises(InputError, match="--int8: expected to lose at most"):
        export(tagger_run, tmp_path / "exported", ExportSettings(int8=True))
    assert list(tmp_path.iterdir()) == []


def test_export_replaces_an_export_and_nothing_else(exported_tagger, tagger_run, tmp_path, call):
    shutil.copytree(exported_tagger, tmp_path / "exported")
    (tmp_path / "exported" / "strange.txt").write_text("")
    assert call("export", tagger_run, tmp_path / "exported", "--opset", "18").status == 0
    assert not (tmp_path / "exported" / "strange.txt").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"exported"}
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    for place in (tmp_path / "notes", tmp_path / "notes" / "a.txt", tagger_run):
        refused = call("export", tagger_run, place)
        assert refused.status == 2
        assert f"{place}: expected a new folder, or an export to replace, found something else there" in refused.err
    assert (tmp_path / "notes" / "a.txt").read_text() == "mine"


def test_exports_are_not_exported_again(exported_tagger, tmp_path, call):
    refused = call("export", exported_tagger, tmp_path / "again")
    assert refused.status == 2
    assert "expected a run with weights of torch, found an export" in refused.err


def test_export_is_not_trained_once_more(exported_tagger, call):
    """Nothing could be compared with the second training."""
    result = call("reproduce", str(exported_tagger))
    expected = f"bilstm-nlp: {exported_tagger}: expected a run as training leaves it, with losses.safetensors, found"
    assert (result.status, result.err.startswith(expected), "epoch" in result.err) == (2, True, False)


@pytest.mark.slow
def test_random_initial_states_are_refused(tmp_path, call):
    overrides = ["training.epochs=1", "encoder.hidden=4", "encoder.initial_state='random'", "data.fraction=0.1"]
    config = load(Path(TAGGER), overrides)
    train.train(config, tmp_path / "run")
    refused = call("export", tmp_path / "run", tmp_path / "exported")
    assert refused.status == 2
    assert "encoder.initial_state: expected zeros for an export, found random" in refused.err
    assert not (tmp_path / "exported").exists()


@pytest.mark.slow
def test_8_bits_of_a_model_without_lstm_layers_are_refused(tmp_path, call):
    overrides = ["training.epochs=1", "encoder.hidden=4", "encoder.cell='gru'", "data.fraction=0.1"]
    train.train(load(Path(TAGGER), overrides), tmp_path / "run")
    refused = call("export", tmp_path / "run", tmp_path / "exported", "--int8")
    assert (refused.status, "--int8: expected a model with LSTM layers" in refused.err) == (2, True)
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize("name", ["model.onnx", "network.safetensors", "codec.json", "codec.safetensors"])
def test_damage_of_an_export_is_found(exported_tagger, tmp_path, name, call):
    shutil.copytree(exported_tagger, tmp_path / "exported")
    content = bytearray((tmp_path / "exported" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "exported" / name).write_bytes(content)
    refused = call("predict", tmp_path / "exported", stdin=b"EU rejects German call\n")
    assert refused.status == 2
    assert name in refused.err
    (tmp_path / "exported" / name).unlink()
    assert call("predict", tmp_path / "exported", stdin=b"EU\n").status == 2


@pytest.mark.parametrize("options", [["--opset", "9"], ["--tolerance", "1"]])
def test_options_that_make_no_sense_are_refused(options, tagger_run, tmp_path, call):
    refused = call("export", tagger_run, tmp_path / "exported", *options)
    assert refused.status == 2
    assert f"{options[0]}: expected" in refused.err
