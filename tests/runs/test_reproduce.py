"""A run trained once more: the same bits, or the first difference and its possible causes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from bilstm_nlp.config import load
from bilstm_nlp.data.sources import SAMPLES
from bilstm_nlp.runs import reproduce
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.tensors import read_tensors, write_tensors
from bilstm_nlp.runs.train import train_epochs
from tests.samples import FORECASTER, SMALL, TAGGER

pytestmark = pytest.mark.slow

TIMES = {"seconds", "wall_seconds", "sequences_per_second", "peak_memory_mb"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Train a small tagger on a corpus that tests may change. Tests copy the run before they change it."""
    folder = tmp_path_factory.mktemp("reproduced")
    shutil.copy(SAMPLES / "news.dev.conll", folder / "train.conll")
    epochs = train_epochs(load(Path(TAGGER), [*SMALL[1::2], f"data.train={folder / 'train.conll'}"]), folder / "run")
    assert len(list(epochs)) == 4
    return folder / "run"


def again(run: Path, out: Path) -> reproduce.Reproduction:
    first = reproduce.begin(run)
    assert len(list(reproduce.reproduce(first, out))) == first.config.training.epochs
    return reproduce.compare(first, out)


def test_same_seed_config_data_and_threads_give_the_same_files(finished, tmp_path):
    reproduction = again(finished, tmp_path / "run")
    assert reproduction.identical
    assert reproduction.changed == []
    first = json.loads((finished / "history.jsonl").read_text().splitlines()[0])
    steps = read_tensors(RunDirectory.open(finished), "losses.safetensors")[0]
    assert reproduction.steps == sum(map(len, steps.values()))
    assert len(steps) == 4
    assert first["loss"] == pytest.approx(float(steps["1"].mean()), rel=0.2)  # of sentences here, of steps there
    names = {path.relative_to(finished).as_posix() for path in finished.rglob("*") if path.is_file()}
    assert names == {path.relative_to(tmp_path / "run").as_posix() for path in (tmp_path / "run").rglob("*.*")}
    for name in names - {"run.json", "checksums.json", "history.jsonl", "metrics.json", "report.md"}:
        assert (finished / name).read_bytes() == (tmp_path / "run" / name).read_bytes(), name
    for before, after in zip(histories(finished), histories(tmp_path / "run"), strict=True):
        assert before == after
    assert results(finished) == results(tmp_path / "run")


def histories(run: Path) -> list[dict[str, object]]:
    lines = (run / "history.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in TIMES} for line in lines]


def results(run: Path) -> dict[str, object]:
    values = json.loads((run / "metrics.json").read_text())
    return values | {"training": {key: value for key, value in values["training"].items() if key not in TIMES}}


def test_forecaster_is_reproduced_bit_for_bit(forecaster_run, call):
    result = call("reproduce", forecaster_run, "--json")
    assert result.status == 0
    assert json.loads(result.out) == {
        "identical": True,
        "steps": sum(map(len, read_tensors(RunDirectory.open(forecaster_run), "losses.safetensors")[0].values())),
        "first_difference": None,
        "changed": [],
    }


def test_changed_data_are_named_with_their_first_changed_step(finished, tmp_path, call):
    train_file = finished.parent / "train.conll"
    whole = train_file.read_text()
    train_file.write_text(whole.replace("Friday", "Monday"))
    assert whole != train_file.read_text()
    try:
        reproduction = again(finished, tmp_path / "run")
    finally:
        train_file.write_text(whole)
    assert not reproduction.identical
    assert reproduction.first is not None
    assert reproduction.first.startswith("epoch 1, step ")
    assert [name for name, _, _ in reproduction.changed] == [f"data {train_file}"]


def test_first_differing_step_epoch_or_weight_is_named(finished, tmp_path):
    run, other = reproduce.begin(finished), shutil.copytree(finished, tmp_path / "other")
    changed = RunDirectory.open(other)
    weights, _ = read_tensors(changed, "model.safetensors")
    weights["head.projection.bias"][0] += 1e-6
    write_tensors(changed, "model.safetensors", weights)
    assert reproduce.compare(run, other).first == "all steps are the same, the weights head.projection.bias are not"
    history = [json.loads(line) for line in (other / "history.jsonl").read_text().splitlines()]
    history[2]["score"]["value"] += 1e-9
    changed.write_text("history.jsonl", "".join(json.dumps(line) + "\n" for line in history))
    assert reproduce.compare(run, other).first.startswith("the score of epoch 3 is the first to differ, ")
    losses, _ = read_tensors(changed, "losses.safetensors")
    losses["4"][2] = torch.nextafter(losses["4"][2], torch.tensor(9.0, dtype=torch.float64))
    write_tensors(changed, "losses.safetensors", losses)
    difference = reproduce.compare(run, other).first
    assert difference.startswith(f"epoch 4, step 3 of {len(losses['4'])} is the first to differ, loss ")
    losses["2"] = losses["2"][:-1]
    write_tensors(changed, "losses.safetensors", losses)
    steps = len(losses["2"])
    assert reproduce.compare(run, other).first == f"epoch 2 had {steps + 1} steps then, has {steps} now"


def test_differences_of_versions_and_machine_are_listed(finished):
    then = RunDirectory.open(finished).origin()
    now = json.loads(json.dumps(then))
    now["versions"]["torch"] = "9.9"
    now["machine"]["processor"] = "abacus"
    now["began"] = "another day"
    del now["versions"]["numpy"]
    assert list(reproduce.changes(then, now)) == [
        ("machine processor", then["machine"]["processor"], "abacus"),
        ("versions numpy", then["versions"]["numpy"], None),
        ("versions torch", then["versions"]["torch"], "9.9"),
    ]


def test_unfinished_run_is_refused_for_reproduction(tmp_path, call):
    epochs = train_epochs(load(FORECASTER, ["training.epochs=2", "encoder.hidden=4"]), tmp_path / "run")
    next(epochs)
    epochs.close()
    result = call("reproduce", tmp_path / "run")
    assert result.status == 2
    assert "expected a finished run, found an unfinished one; train --resume goes on with it" in result.err
