"""The network of a torch model gives what the model computes, as arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bilstm_nlp.batch import SequenceBatch
from bilstm_nlp.nn.attention import MultiHeadAttention
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.encoder import Encoder
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.sequence_embedder import SequenceSteps
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork

LENGTHS = np.array([4, 2])
BATCH = SequenceBatch(
    np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32), LENGTHS, np.arange(4) < LENGTHS[:, None]
)


def network(kind: type[CrfHead] | type[SoftmaxHead], *, attention: bool) -> TorchStepNetwork:
    torch.manual_seed(0)
    crf = LinearChainCrf(2, legal_transitions=torch.tensor([[True, False], [True, True]]))
    block = MultiHeadAttention(8, heads=2) if attention else None
    return TorchStepNetwork(
        Model(SequenceSteps(3), Encoder(3, 4, dropout=0.5, output_dropout=0.5), block, kind(8, crf))
    )


@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_emissions_and_weights_are_those_of_the_layers(kind):
    torch_network = network(kind, attention=True)
    model = torch_network.model.train()
    scores, weights = torch_network.emissions(BATCH, attention=True)
    assert not model.training
    with torch.no_grad():  # some processors have another kernel for training
        sequences = model.embedder(on(BATCH))
        states = model.encoder(sequences)
        expected = model.head.projection(model.attention(states, sequences.lengths))
        expected_weights = model.attention.weights(states, sequences.lengths)
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(weights, expected_weights)
    assert (scores.dtype, weights.shape) == (np.float32, (2, 2, 4, 4))
    again = torch_network.emissions(BATCH)
    assert again.attention is None
    np.testing.assert_array_equal(again.scores, scores)


def test_chain_and_temperature_follow_the_weights():
    torch_network = network(CrfHead, attention=False)
    before = torch_network.chain
    assert (torch_network.heads, torch_network.temperature) == (0, 1.0)
    assert before.transitions[0, 1] == -np.inf
    torch_network.set_temperature(2.5)
    with torch.no_grad():
        torch_network.head.crf.chain.start_transitions.add_(1)
    assert torch_network.head.temperature.item() == torch_network.temperature == 2.5
    np.testing.assert_allclose(torch_network.chain.start, before.start + 1)


def test_attention_of_a_model_without_is_refused():
    assert network(CrfHead, attention=True).heads == 2
    with pytest.raises(ValueError, match="attention"):
        network(CrfHead, attention=False).emissions(BATCH, attention=True)
