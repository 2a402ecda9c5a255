"""A contract for every model that a config can describe, whatever its task."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import groupby, product
from pathlib import Path

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.labelling.decoding import decode as decode_sequences
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.tagging.decoding import decode_each
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork
from tests.contract import check_gradients, check_learning, reads_last_state, saved_and_restored
from tests.tasks.labelling.machines import machine_config

CORPUS = """\
-DOCSTART- O

Maria B-PER
Keller I-PER
of O
Basel B-LOC
met O
12 O
FIFA B-ORG
lawyers O

BONN B-LOC

-DOCSTART- O

Nothing O
was O
said O
. O

Ford B-ORG
Motor I-ORG
Co. I-ORG
of O
Dearborn B-LOC
sued O
Ann B-PER
Ford I-PER
"""

VECTORS = """\
ford 0.1 0.2 0.3 0.4
of 0.0 -0.2 0.1 0.9
zebra 1.0 0.5 -0.5 0.2
"""

ENCODERS = [
    {"cell": cell, "layers": layers, "bidirectional": bidirectional}
    for cell, layers, bidirectional in product(["lstm", "gru"], [1, 2], [True, False])
]
HEADS = [{"kind": "crf"}, {"kind": "softmax"}]
ATTENTIONS = [{"kind": "none"}, {"kind": "additive", "size": 5}, {"kind": "multi-head", "heads": 2}]
PARTS = [["lstm", "gru"], [1, 2], [True, False], HEADS, ATTENTIONS]
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
ENDS = [
    {"characters": {"kind": "lstm", "embedding": 5, "hidden": 3}, "shapes": 4, "file": "vectors.txt"},
    {"characters": {"kind": "none"}, "shapes": 0, "dimension": 6},
    {"characters": {"kind": "none"}, "shapes": 0, "dimension": 6, "bigrams": 5},
    {"characters": {"kind": "none"}, "shapes": 0, "dimension": 6, "lexicon": True},
    {"characters": {"kind": "none"}, "shapes": 0, "dimension": 6, "usage": True},
]


def tagger_config(folder: Path, **tables: object) -> dict[str, object]:
    """Return a config of a small tagger on the corpus above; `tables` replace tables of the same name."""
    (folder / "corpus.conll").write_text(CORPUS, encoding="utf-8")
    (folder / "vectors.txt").write_text(VECTORS, encoding="utf-8")
    corpus = str(folder / "corpus.conll")
    values: dict[str, object] = {
        "data": {"train": corpus, "dev": corpus},
        "embeddings": {"dimension": 6, "characters": {"kind": "cnn", "embedding": 5, "filters": 7}, "shapes": 4},
        "encoder": {"hidden": 8},
        "training": {"epochs": 1, "batch_tokens": 20},
    }
    for name, table in tables.items():
        assert isinstance(table, dict)
        values[name] = table
    return values


def tagging_cases() -> list[dict[str, dict[str, object]]]:
    """Return every other combination of cell, layers, directions, head and attention, and cases for all else.

    Values of any four of them occur together. The profile "nightly" has all combinations.
    """
    every_other = [
        (cell, layers, bidirectional, head, attention)
        for cell, layers, bidirectional, head, attention in product(*map(enumerate, PARTS))
        if NIGHTLY or (cell[0] + layers[0] + bidirectional[0] + head[0] + attention[0]) % 2 == 0
    ]
    grid = [
        {
            "encoder": {"hidden": 8, "cell": cell, "layers": layers, "bidirectional": bidirectional},
            "head": head,
            "attention": attention,
        }
        for (_, cell), (_, layers), (_, bidirectional), (_, head), (_, attention) in every_other
    ]
    dropouts = [{"encoder": {"hidden": 8, "locked_dropout": False}}]
    unconstrained = [{"head": {**head, "constrained": False}} for head in HEADS]
    context = {"kind": "document", "tokens": 30}
    contexts = [{"context": context, "attention": attention} for attention in ATTENTIONS]
    return [*grid, *({"embeddings": ends} for ends in ENDS), *dropouts, *unconstrained, *contexts]


def tagging_components() -> list[dict[str, dict[str, object]]]:
    """Return a case for each component; each differs from the first case in one component."""
    return [
        *({"encoder": {"hidden": 8, **encoder}} for encoder in one_at_a_time(ENCODERS)),
        *({"head": head, "attention": attention} for head, attention in zip(HEADS, ATTENTIONS[:2], strict=True)),
        {"attention": ATTENTIONS[2]},
        *({"embeddings": ends} for ends in ENDS),
        {"context": {"kind": "document", "tokens": 30}},
    ]


def with_slow_ones(
    cases: list[dict[str, dict[str, object]]], quick: list[dict[str, dict[str, object]]]
) -> list[object]:
    """Mark the cases that are not among the quick ones as slow."""
    return [case if case in quick else pytest.param(case, marks=pytest.mark.slow) for case in cases]


def one_at_a_time(options: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the first option, and the options that differ from it in one value."""
    return [option for option in options if sum(option[name] != options[0][name] for name in option) <= 1]


@pytest.fixture(params=with_slow_ones(tagging_cases(), tagging_components()), ids=json.dumps)
def tagger(request, tmp_path, monkeypatch):
    """Make (prepared, data, codec, model) of a variant, initialised as for training, with emissions far apart."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = parse(tagger_config(tmp_path, **request.param), "a test")
    prepared = build(config).prepare()
    data, codec, model = prepared.data, prepared.codec, prepared.model
    with torch.no_grad():
        # As after training: scores far apart, so that no two paths tie, and entities to be found.
        model.head.projection.weight.mul_(5)
        model.head.projection.bias[0] -= 3
    return prepared, data, codec, model


def test_every_parameter_of_a_tagger_gets_a_gradient(tagger):
    check_gradients(tagger[0])


@pytest.mark.slow
@pytest.mark.parametrize("tagger", tagging_components(), indirect=True, ids=json.dumps)
def test_few_steps_lower_the_loss_of_a_tagger(tagger):
    _, data, codec, model = tagger
    sentences = data.train.sentences
    whole = on(codec.encode(sentences, with_tags=True).collate(np.arange(len(sentences))))
    check_learning(model, whole, 0.5)


def tags_in(model, codec, sentences):
    """Return the tags of each sentence, and the probability of each of its entities."""

    def read(batch):
        for tags, scores in zip(batch.tags, batch.posterior().of_entities(batch.entities), strict=True):
            yield tags, list(scores.values())

    return decode_each(TorchStepNetwork(model), codec, codec.encode(sentences), read)


def test_sentences_are_tagged_the_same_alone_batched_shuffled_and_padded(tagger):
    """If sentences are read in context, their whole document is tagged alone."""
    _, data, codec, model = tagger
    sentences = [
        *data.train.sentences,
        Sentence(tokens=("zebra", "Unseen", "ÅNGSTRÖM", "1996-08-22", "x" * 90), tags=None, line=1),
    ]
    together = [[sentence] for sentence in sentences]
    if codec.reads_documents:
        together = [list(run) for _, run in groupby(sentences, lambda sentence: sentence.document)]
        assert max(map(len, together)) > 1
    alone = [sentence_tags for run in together for sentence_tags in tags_in(model, codec, run)]
    runs = np.split(np.arange(len(sentences)), np.cumsum([len(run) for run in together])[:-1])
    order = np.concatenate([runs[index] for index in np.random.default_rng(0).permutation(len(runs))])
    shuffled = tags_in(model, codec, [sentences[index] for index in order])
    padded = tags_in(model, codec, [*sentences, Sentence(tokens=("word",) * 60, tags=None, line=1)])
    for index, (tags, scores) in enumerate(alone):
        for other in (tags_in(model, codec, sentences)[index], padded[index], shuffled[list(order).index(index)]):
            assert other[0] == tags
            assert other[1] == pytest.approx(scores, abs=1e-5)


def test_saved_tagger_predicts_the_same(tagger, tmp_path):
    prepared, data, codec, model = tagger
    model.head.temperature.fill_(1.3)
    again = saved_and_restored(prepared.config, codec, model, tmp_path)
    sentences = data.train.sentences
    trained = Tagger(TorchStepNetwork(model), codec, column_format(prepared.config))
    before = list(trained.stream(sentences, confidence=True, alternatives=3))
    assert list(again.stream(sentences, confidence=True, alternatives=3)) == before
    assert any(tagged.entities for tagged in before)


# --- forecasters ---

INPUTS = [
    {"normalisation": normalisation, "channels": channels, "reader": reader}
    for normalisation, channels, reader in product(
        ["none", "last", "standard"],
        ["joint", "independent"],
        [{"kind": "steps"}, {"kind": "patches", "length": 5, "stride": 4, "size": 6}],
    )
]
OBJECTIVES = [{"kind": "mse"}, {"kind": "mae"}, {"kind": "huber", "delta": 0.5}, {"kind": "quantile"}]


def forecasting_cases() -> list[dict[str, dict[str, object]]]:
    poolings = [
        {"head": {"pooling": pooling}, "attention": attention}
        for pooling, attention in product(("last", "both-ends", "mean", "attention"), ATTENTIONS)
    ]
    objectives = [
        {"head": {"objective": objective, "hidden": hidden}} for objective, hidden in product(OBJECTIVES, (None, 6))
    ]
    bypasses = [
        {"head": {"bypass": {"kind": "linear"}, "objective": objective}, "input": kind}
        for objective, kind in zip(OBJECTIVES, INPUTS, strict=False)
    ]
    encoders = [{"encoder": {"hidden": 8, **encoder}} for encoder in ENCODERS]
    calendars = [{"data": {"calendar": "cyclic", "observed": ["b"], "known": ["k"]}, "input": kind} for kind in INPUTS]
    calendars.append(calendars[-1] | {"head": {"hidden": 6}})
    return [*({"input": kind} for kind in INPUTS), *poolings, *objectives, *bypasses, *encoders, *calendars]


def forecasting_components() -> list[dict[str, dict[str, object]]]:
    """Return a case for each component."""
    return [
        *({"input": kind} for kind in one_at_a_time(INPUTS)),
        *({"head": {"pooling": pooling}} for pooling in ("last", "both-ends", "mean", "attention")),
        *({"attention": attention} for attention in ATTENTIONS[1:]),
        *({"head": {"objective": objective}} for objective in OBJECTIVES),
        {"head": {"objective": OBJECTIVES[0], "hidden": 6}},
        {"head": {"objective": OBJECTIVES[3], "bypass": {"kind": "linear"}}},
        *({"encoder": {"hidden": 8, **encoder}} for encoder in one_at_a_time(ENCODERS)),
        {"data": {"calendar": "cyclic", "observed": ["b"], "known": ["k"]}},
    ]


@pytest.fixture(params=with_slow_ones(forecasting_cases(), forecasting_components()), ids=json.dumps)
def forecaster(request, tmp_path):
    """Make (prepared, data, codec, model) of a variant on two hourly series of different lengths."""
    generator = np.random.default_rng(0)
    lines = ["unique_id,ds,a,b,k"]
    for name, length in (("x", 120), ("y", 90)):
        days = np.datetime64("2024-01-01T00") + np.arange(length)
        values = np.sin(np.arange(length) / 4)[:, None] + generator.normal(scale=0.3, size=(length, 3)) + [0, 5, -2]
        lines += [f"{name},{day},{a},{b},{k}" for day, (a, b, k) in zip(days, values, strict=True)]
    (tmp_path / "series.csv").write_text("\n".join(lines) + "\n")
    tables = {
        "data": {"file": str(tmp_path / "series.csv"), "look_back": 14, "horizon": 3},
        "input": {"reader": {"kind": "patches", "length": 5, "stride": 4, "size": 6}},
        "encoder": {"hidden": 8, "dropout": 0.1},
        "training": {"epochs": 1, "batch_size": 16},
    }
    for name, table in request.param.items():
        tables[name] = tables.get(name, {}) | table
    prepared = build(parse({"task": "forecasting", "interval": 0.5, **tables}, "a test")).prepare()
    return prepared, prepared.data, prepared.codec, prepared.model


@pytest.mark.parametrize(("reader", "dropped"), [({"kind": "steps"}, False), ({"kind": "patches", "size": 40}, True)])
def test_dropout_hits_features_of_patches_but_no_values_of_steps(tmp_path, reader, dropped):
    """A step has a single column. Dropping the column would leave nothing to read in a whole window."""
    days = np.datetime64("2024-01-01T00") + np.arange(150)
    (tmp_path / "a.csv").write_text("date,a\n" + "".join(f"{day},{np.sin(i / 4)}\n" for i, day in enumerate(days)))
    tables = {
        "data": {"file": str(tmp_path / "a.csv"), "look_back": 24, "horizon": 2},
        "input": {"reader": reader},
        "encoder": {"hidden": 4, "dropout": 0.5},
    }
    prepared = build(parse({"task": "forecasting", **tables}, "a test")).prepare()
    model = prepared.model
    read: list[torch.Tensor] = []
    model.encoder.layers[0].register_forward_pre_hook(lambda layer, inputs: read.append(inputs[0]))
    model.train()(on(next(iter(prepared.batches(1)))))
    assert bool((read[0] == 0).all(dim=1).any()) == dropped


def test_every_parameter_of_a_forecaster_gets_a_gradient(forecaster):
    prepared = forecaster[0]
    check_gradients(prepared, reads_last_state(prepared.config))


@pytest.mark.slow
@pytest.mark.parametrize("forecaster", forecasting_components(), indirect=True, ids=json.dumps)
def test_few_steps_lower_the_loss_of_a_forecaster(forecaster):
    prepared, _, codec, model = forecaster
    windows = prepared.windows.of("train")
    whole = on(codec.series.batch(windows, np.arange(len(windows))))
    check_learning(model, whole, 0.8)


@pytest.mark.slow
def test_windows_are_forecast_the_same_alone_batched_and_shuffled(forecaster):
    prepared, _, codec, model = forecaster
    windows = prepared.windows.of("test")
    model.eval()
    with torch.no_grad():
        together = model.decode(on(codec.series.batch(windows, np.arange(len(windows)))))
        order = np.random.default_rng(0).permutation(len(windows))
        shuffled = model.decode(on(codec.series.batch(windows, order)))
        alone = [model.decode(on(codec.series.batch(windows, np.array([index]))))[0] for index in range(len(windows))]
    torch.testing.assert_close(torch.stack(alone), together, atol=1e-5, rtol=0)
    torch.testing.assert_close(shuffled, together[torch.from_numpy(order)], atol=1e-5, rtol=0)


@pytest.mark.slow
def test_saved_forecaster_predicts_the_same(forecaster, tmp_path):
    prepared, _, codec, model = forecaster
    results = prepared.finish()
    again = saved_and_restored(prepared.config, codec, model, tmp_path)
    assert build(prepared.config).evaluate(again, None) == results["test"]
    assert results["test"]["leakage"] == 0


# --- labellers ---


def labelling_cases() -> list[dict[str, dict[str, object]]]:
    """Return every combination of cell, directions, head and attention, and cases for all else."""
    grid = [
        {"encoder": {"cell": cell, "bidirectional": bidirectional}, "head": head, "attention": attention}
        for cell, bidirectional, head, attention in product(["lstm", "gru"], [True, False], HEADS, ATTENTIONS)
    ]
    scalers = [{"data": {"scaler": scaler}} for scaler in ("sequence", "none")]
    weighted = {"head": {"kind": "softmax", "class_weights": "balanced"}}
    return [*grid, {"encoder": {"layers": 2}}, *scalers, weighted, {"training": {"piece_steps": 6}}]


def labelling_components() -> list[dict[str, dict[str, object]]]:
    """Return a case for each component."""
    return [case for case in labelling_cases() if len(case) == 1 or (case["attention"], case["head"]) in COMPONENTS]


COMPONENTS = [(ATTENTIONS[0], HEADS[0]), (ATTENTIONS[1], HEADS[1]), (ATTENTIONS[2], HEADS[0])]


@pytest.fixture(params=with_slow_ones(labelling_cases(), labelling_components()), ids=json.dumps)
def labeller(request, tmp_path):
    """Make a labeller, untrained, with emissions far apart."""
    prepared = build(machine_config(tmp_path, **request.param)).prepare()
    with torch.no_grad():
        prepared.model.head.projection.weight.mul_(5)
    return prepared


def test_every_parameter_of_a_labeller_gets_a_gradient(labeller):
    check_gradients(labeller)


@pytest.mark.slow
@pytest.mark.parametrize("labeller", labelling_components(), indirect=True, ids=json.dumps)
def test_few_steps_lower_the_loss_of_a_labeller(labeller):
    model, codec = labeller.model, labeller.codec
    sequences = labeller.data.train.sequences
    whole = on(codec.encode_with_labels(sequences).collate(np.arange(len(sequences))))
    check_learning(model, whole, 0.5)


@pytest.mark.slow
def test_sequences_are_labelled_the_same_alone_batched_shuffled_and_padded(labeller):
    model, codec = labeller.model, labeller.codec
    sequences = labeller.data.train.sequences
    longer = replace(sequences[0], values=np.concatenate([sequences[0].values] * 3))

    def answers(several):
        decoded = decode_sequences(TorchStepNetwork(model), codec.encode(several))
        return list(zip(decoded.paths(), decoded.marginals(), strict=True))

    order = np.random.default_rng(0).permutation(len(sequences)).tolist()
    together, padded = answers(sequences), answers([*sequences, longer])
    shuffled = answers([sequences[index] for index in order])
    for index, sequence in enumerate(sequences):
        ((path, marginals),) = answers([sequence])
        for other in (together[index], padded[index], shuffled[order.index(index)]):
            np.testing.assert_array_equal(other[0], path)
            np.testing.assert_allclose(other[1], marginals, atol=1e-5)


@pytest.mark.slow
def test_saved_labeller_predicts_the_same(labeller, tmp_path):
    labeller.model.head.temperature.fill_(1.3)
    again = saved_and_restored(labeller.config, labeller.codec, labeller.model, tmp_path)
    source = labeller.config.data.dev
    assert again.label(source).equals(labeller.predictor().label(source))
