"""Networks of classifiers: the probabilities of numpy are those of torch, and the twin in torch is its model."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.classification.network import sigmoid, softmax
from bilstm_nlp.tasks.classification.torch_network import TorchNetwork
from bilstm_nlp.tasks.registry import build
from tests.tasks.classification.series import series_config_of
from tests.tasks.classification.texts import config_of

PATCHES = {"kind": "patches", "length": 4, "stride": 2, "size": 5}


@pytest.mark.parametrize("spread", [0.1, 3.0, 400.0, 1e300])
def test_probabilities_of_numpy_are_those_of_torch(spread):
    scores = np.random.default_rng(0).normal(scale=spread, size=(50, 4))
    np.testing.assert_allclose(softmax(scores), torch.softmax(torch.from_numpy(scores), 1).numpy(), rtol=1e-13)
    np.testing.assert_allclose(
        sigmoid(scores), torch.sigmoid(torch.from_numpy(scores)).numpy(), rtol=1e-13, atol=1e-300
    )


@pytest.mark.parametrize("pooling", ["mean", "attention"])
@pytest.mark.parametrize(
    ("values", "case"), [(config_of, {}), (series_config_of, {"reader": PATCHES})], ids=["texts", "patches"]
)
def test_network_of_torch_scores_as_its_model(values, case, pooling, tmp_path):
    head = {"kind": "softmax", "pooling": pooling}
    prepared = build(parse(values(tmp_path, head=head, **case), "a test")).prepare()
    network, encoded = TorchNetwork(prepared.model), prepared.codec.inputs.encode(prepared.data.dev.inputs)
    batch = encoded.collate(np.arange(len(encoded.lengths)))
    scores, weights = network.scores(batch)
    with torch.no_grad():
        expected = prepared.model.decode(on(batch))
    assert scores.tolist() == expected.scores.tolist()
    assert scores.shape[1] == network.classes == len(prepared.codec.classes)
    assert network.has_weights == (pooling == "attention") == (weights is not None)
    states = network.state_lengths(encoded.lengths)
    if weights is not None:
        # Each row weighs the states of its sequence alone, and they sum to 1.
        real = np.arange(weights.shape[1]) < states[:, None]
        assert ((weights > 0) == real).all(), json.dumps(states.tolist())
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
