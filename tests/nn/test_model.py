"""A model hands states from embedder to encoder, attention and head."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bilstm_nlp.nn.attention import AdditiveAttention
from bilstm_nlp.nn.encoder import Encoder, Sequences
from bilstm_nlp.nn.model import Loss, Model


class Embedder(nn.Module):
    outputs = 3

    def forward(self, batch):
        return Sequences(batch, torch.tensor([4, 2]))


class Head(nn.Module):
    def loss(self, states, batch):
        return Loss(states.sum(), torch.tensor(6))

    def decode(self, states, batch):
        return states


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model(Embedder(), Encoder(3, 2), AdditiveAttention(4, 5), Head()).eval()


def test_states_pass_through_encoder_and_attention(model):
    batch = torch.randn(2, 4, 3)
    sequences = model.embedder(batch)
    expected = model.attention(model.encoder(sequences), sequences.lengths)
    assert torch.equal(model.decode(batch), expected)
    assert torch.equal(model(batch).total, expected.sum())
    model.attention = None
    assert torch.equal(model.decode(batch), model.encoder(sequences))


def test_weights_are_those_that_led_to_the_predictions(model):
    batch = torch.randn(2, 4, 3)
    predictions, weights = model.decode_with_weights(batch)
    assert torch.equal(predictions, model.decode(batch))
    assert weights.shape == (2, 1, 4, 4)
    torch.testing.assert_close(weights[1, 0, :2].sum(1), torch.ones(2))
    assert not weights[1, 0, :2, 2:].any()


def test_weights_of_a_model_without_attention_are_refused(model):
    model.attention = None
    with pytest.raises(ValueError, match="need a model with attention"):
        model.decode_with_weights(torch.randn(2, 4, 3))
