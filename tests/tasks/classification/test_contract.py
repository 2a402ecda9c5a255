"""A contract for every classifier that a config can describe: {text, series} × heads × poolings × cells."""

from __future__ import annotations

import json
import os
from itertools import product

import numpy as np
import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.classification.decoding import decode
from bilstm_nlp.tasks.registry import build
from tests.contract import check_gradients, check_learning, reads_last_state, saved_and_restored
from tests.tasks.classification.series import series_config_of
from tests.tasks.classification.texts import config_of

pytestmark = [pytest.mark.slow, pytest.mark.torch]

HEADS = ("softmax", "sigmoid")
POOLINGS = ("last", "both-ends", "mean", "max", "attention")
CELLS = ("lstm", "gru")
ATTENTIONS = ({"kind": "none"}, {"kind": "additive", "size": 5}, {"kind": "multi-head", "heads": 2})
PATCHES = {"kind": "patches", "length": 4, "stride": 2, "size": 5}
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
PRODUCT = [
    {"head": {"kind": head, "pooling": pooling}, "encoder": {"hidden": 4, "cell": cell}}
    for (h, head), (p, pooling), (c, cell) in product(*map(enumerate, (HEADS, POOLINGS, CELLS)))
    if NIGHTLY or (h + p + c) % 2 == 0
]
"""Every other combination of head, pooling and cell: any two occur together. The profile "nightly" has all."""
ENDS = [
    *PRODUCT,
    *({"attention": attention} for attention in ATTENTIONS[1:]),
    *({"head": {"kind": head, "class_weights": "balanced", "label_smoothing": 0.1}} for head in HEADS),
    {"encoder": {"hidden": 4, "layers": 2, "bidirectional": False}},
]
CASES = [
    *ENDS,
    {"embeddings": {"dimension": 6, "characters": {"kind": "none"}, "shapes": 0, "bigrams": 3}},
]
SIGMOID = [case for case in PRODUCT if case["head"] == {"kind": "sigmoid", "pooling": "last"}]
SERIES = [
    *({"input": "series", **case} for case in ENDS),
    *({"input": "series", "reader": PATCHES, "head": {"kind": "softmax", "pooling": pooling}} for pooling in POOLINGS),
    *({"input": "series", "reader": PATCHES, "attention": attention} for attention in ATTENTIONS[1:]),
]


@pytest.fixture(params=[*CASES, *SERIES], ids=json.dumps)
def prepared(request, tmp_path):
    values = series_config_of if request.param.get("input") == "series" else config_of
    return build(parse(values(tmp_path, **request.param), "a test")).prepare()


def test_every_parameter_gets_a_gradient(prepared):
    check_gradients(prepared, reads_last_state(prepared.config))


def test_sequences_are_scored_the_same_alone_batched_shuffled_and_padded(prepared):
    inputs, codec = prepared.data.dev.inputs, prepared.codec.inputs
    whole = codec.encode(inputs)
    alone = np.concatenate([decode(prepared.network, codec.encode([value])).scores for value in inputs])
    order = np.random.default_rng(0).permutation(len(inputs))
    shuffled = decode(prepared.network, codec.encode([inputs[index] for index in order])).scores
    longest = prepared.end.repeated(inputs)
    padded = decode(prepared.network, codec.encode([*inputs, longest]), batch_steps=10**6).scores[:-1]
    np.testing.assert_allclose(decode(prepared.network, whole).scores, alone, atol=1e-5)
    np.testing.assert_allclose(shuffled, alone[order], atol=1e-5)
    np.testing.assert_allclose(padded, alone, atol=1e-5)


def test_saved_classifier_answers_the_same(prepared, tmp_path):
    model, codec = prepared.model, prepared.codec
    model.head.temperature.fill_(1.7)
    again = saved_and_restored(prepared.config, codec, model, tmp_path)
    before = list(prepared.predictor().answer(prepared.data.dev.inputs))
    for answer, expected in zip(again.answer(prepared.data.dev.inputs), before, strict=True):
        assert answer.classes == expected.classes
        assert answer.probabilities == expected.probabilities


@pytest.mark.parametrize(
    "prepared", CASES[:1] + SIGMOID[:1] + SERIES[:1] + SERIES[-3:-2], indirect=True, ids=json.dumps
)
def test_few_steps_lower_the_loss(prepared):
    check_learning(prepared.model, on(prepared._collate(np.arange(len(prepared.data.train.examples)))), 0.6)


@pytest.mark.parametrize("prepared", CASES[:1], indirect=True, ids=json.dumps)
def test_batches_of_an_epoch_hold_each_sequence_once_with_its_classes(prepared):
    gold = prepared.codec.gold(prepared.data.train)
    encoded = prepared.codec.inputs.encode(prepared.data.train.inputs)
    seen = []
    for batch in prepared.batches(3):
        for words, length, classes in zip(batch.words, batch.lengths, batch.classes, strict=True):
            row = next(
                row
                for row in range(len(gold))
                if encoded.lengths[row] == length
                and encoded.collate(np.array([row])).words[0].tolist() == words[:length].tolist()
            )
            assert classes.tolist() == gold[row].tolist()
            seen.append(row)
    assert sorted(seen) == list(range(len(gold)))
    first, again = (np.concatenate([b.words.ravel() for b in prepared.batches(n)]) for n in (1, 1))
    assert first.tolist() == again.tolist()
