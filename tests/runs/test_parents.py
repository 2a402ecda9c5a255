"""Trainings that start from a finished run: new types are learnt, old ones kept, and the run stands for itself."""

from __future__ import annotations

import json
import random
import shutil

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError, InputError, RunError
from bilstm_nlp.runs.evaluate import evaluate
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.reproduce import begin, compare, reproduce
from bilstm_nlp.runs.tensors import read_tensors
from bilstm_nlp.runs.train import train, train_epochs
from bilstm_nlp.runs.verify import verify

pytestmark = pytest.mark.slow

FRAMES = {
    "PER": ["said", "met"],
    "LOC": ["in", "near"],
    "ORG": ["joined", "bought"],
}
NAMES = {kind: [f"{kind.lower()}{letter}{other}" for letter in "abcdef" for other in "uvwxyz"] for kind in FRAMES}


def corpus(sentences: int, seed: int, kinds: str) -> str:
    """Write sentences of entities behind a word that tells their type. A twelfth of the tags are wrong."""
    draw, lines = random.Random(seed), []
    for _ in range(sentences):
        for _ in range(draw.randint(1, 4)):
            kind = draw.choice(kinds.split())
            lines += [f"{draw.choice(FRAMES[kind])} O", f"{draw.choice(['the', 'a', 'old'])} O"]
            shown = kind if draw.random() > 1 / 12 else draw.choice(kinds.split())
            lines.append(f"{draw.choice(NAMES[kind])} B-{shown}")
        lines.append("")
    return "\n".join(lines) + "\n"


def data(folder, name: str, sentences: int, seed: int, kinds: str) -> dict[str, str]:
    for part, count, shift in (("train", sentences, 0), ("dev", 60, 100)):
        (folder / f"{name}.{part}.conll").write_text(corpus(count, seed + shift, kinds))
    return {part: str(folder / f"{name}.{part}.conll") for part in ("train", "dev")}


TRAINING = {"epochs": 5, "batch_tokens": 120, "optimizer": {"kind": "adam", "learning_rate": 0.01}}
SMALL = {
    "embeddings": {"dimension": 12, "shapes": 0, "characters": {"kind": "cnn", "embedding": 4, "filters": 6}},
    "encoder": {"hidden": 12, "dropout": 0.2},
}


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parent")
    settings = {"data": data(folder, "old", 300, 1, "PER LOC"), **SMALL, "training": TRAINING}
    return train(parse(settings, "a test"), folder / "run")


def child_config(folder, parent, **training):
    values = {"data": data(folder, "new", 200, 2, "PER LOC ORG"), "training": {**TRAINING, "epochs": 3, **training}}
    values["training"]["parent"] = str(parent.directory.path)
    return parse(values, "a test")


@pytest.fixture(scope="module")
def child(parent, tmp_path_factory):
    folder = tmp_path_factory.mktemp("child")
    return train(child_config(folder, parent), folder / "run")


def test_a_new_type_is_learnt_and_old_ones_are_kept(parent, child):
    before = parent.directory.read_json("metrics.json")["dev"]["f1"]
    after = evaluate(child, parent.config.data.dev)["f1"]
    assert before > 0.85
    assert after > before - 0.01
    new = child.directory.read_json("metrics.json")["dev"]["per_type"]["ORG"]
    assert new["f1"] > 0.8


def test_without_its_parent_it_learns_less(child, tmp_path):
    values = {"data": child.config.data.model_dump(), **SMALL, "training": {**TRAINING, "epochs": 3}}
    alone = train(parse(values, "a test"), tmp_path / "run").directory.read_json("metrics.json")["dev"]["f1"]
    assert child.directory.read_json("metrics.json")["dev"]["f1"] > alone


def test_a_run_names_its_parent_and_its_digests(parent, child):
    path = str(parent.directory.path)
    assert child.directory.read_json("config.json")["training"]["parent"] == path
    origin = child.directory.origin()["data"]
    known = parent.directory.checksums.known()
    for name in ("codec.json", "model.safetensors"):
        assert origin[f"{path}/{name}"] in known[name]


def test_the_architecture_is_the_parents(parent, child):
    assert child.config.encoder.hidden == 12
    assert child.config.embeddings == parent.config.embeddings


def test_a_child_verifies_and_is_reproduced(child, tmp_path):
    assert verify(child.directory.path).same
    original = begin(child.directory.path)
    list(reproduce(original, tmp_path / "again"))
    comparison = compare(original, tmp_path / "again")
    assert comparison.identical
    assert comparison.changed == []


def test_a_child_resumes_in_the_same_bits(parent, child, tmp_path):
    settings = child_config(tmp_path, parent)
    next(iter(train_epochs(settings, tmp_path / "run")))
    list(train_epochs(settings, tmp_path / "run", resume=True))
    weights = read_tensors(open_run(tmp_path / "run").directory, "model.safetensors")[0]
    for name, value in read_tensors(child.directory, "model.safetensors")[0].items():
        assert value.equal(weights[name]), name


def test_resuming_notices_another_parent(parent, tmp_path):
    shutil.copytree(parent.directory.path, tmp_path / "parent")
    copy = open_run(tmp_path / "parent")
    settings = child_config(tmp_path, copy)
    next(iter(train_epochs(settings, tmp_path / "run")))
    shutil.rmtree(tmp_path / "parent")
    changed = {"data": parent.config.data.model_dump(), **SMALL, "training": {**TRAINING, "epochs": 1}}
    train(parse(changed, "a test"), tmp_path / "parent")
    with pytest.raises(RunError, match=r"can't go on with other data: .*model\.safetensors changed since it began"):
        next(iter(train_epochs(settings, tmp_path / "run", resume=True)))


def test_a_child_needs_no_parent_to_predict(parent, child, tmp_path):
    shutil.copytree(parent.directory.path, tmp_path / "parent")
    run = train(child_config(tmp_path, open_run(tmp_path / "parent"), epochs=1), tmp_path / "run")
    shutil.rmtree(tmp_path / "parent")
    assert verify(tmp_path / "run").same
    assert evaluate(open_run(tmp_path / "run"))["f1"] == run.directory.read_json("metrics.json")["dev"]["f1"]


def test_a_frozen_layer_keeps_the_parents_weights(parent, tmp_path):
    settings = child_config(tmp_path, parent, epochs=2, freeze=["encoder", "embedder.characters"])
    run = train(settings, tmp_path / "run")
    before = read_tensors(parent.directory, "model.safetensors")[0]
    after = read_tensors(run.directory, "model.safetensors")[0]
    for name, value in before.items():
        if name.startswith(("encoder.", "embedder.characters.convolution")):
            assert value.equal(after[name]), name
    assert not before["embedder.words.table.weight"].equal(
        after["embedder.words.table.weight"][: len(before["embedder.words.table.weight"])]
    )


def test_train_takes_the_parent_on_the_command_line(parent, tmp_path, call):
    files = data(tmp_path, "new", 40, 2, "PER ORG")
    (tmp_path / "c.toml").write_text(f"[data]\n{''.join(f'{k} = {json.dumps(v)}' + chr(10) for k, v in files.items())}")
    sets = ["--set", "training.epochs=1", "--set", "training.learning_rates={embedder=1e-4}", "--out", tmp_path / "run"]
    result = call("train", tmp_path / "c.toml", "--from", parent.directory.path, *sets)
    assert result.status == 0, result.err
    run = open_run(tmp_path / "run")
    assert run.predictor.codec.types == ("LOC", "ORG", "PER")
    assert run.config.training.parent == str(parent.directory.path)
    result = call("train", tmp_path / "c.toml", "--from", parent.directory.path, "--set", "encoder.hidden=9")
    assert result.status == 2
    assert "encoder.hidden: expected 12, as " in result.err


def test_a_key_that_disagrees_ends_before_anything_is_written(parent, tmp_path):
    settings = child_config(tmp_path, parent)
    values = settings.model_dump(include={"data", "training"}) | {"encoder": {"cell": "gru"}}
    with pytest.raises(ConfigError, match=r"encoder\.cell: expected 'lstm', as .* has, found 'gru'"):
        train(parse(values, "a test"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_does_not_replace_its_parent(parent, tmp_path):
    settings = child_config(tmp_path, parent)
    with pytest.raises(InputError, match=r"training\.parent: expected another directory than that of the new run"):
        train(settings, parent.directory.path, force=True)
    assert verify(parent.directory.path).same


@pytest.mark.parametrize("freeze", [["encodr"], ["embedder", "encoder", "head"]])
def test_wrong_layers_end_before_anything_is_written(parent, tmp_path, freeze):
    with pytest.raises(InputError, match=r"training\.freeze"):
        train(child_config(tmp_path, parent, freeze=freeze), tmp_path / "run")
    assert not (tmp_path / "run").exists()
