"""The shared layers are those of the config."""

from __future__ import annotations

import pytest
from torch import nn

from bilstm_nlp.config.sections import (
    AdditiveAttentionConfig,
    EncoderConfig,
    MultiHeadAttentionConfig,
    NoAttention,
)
from bilstm_nlp.nn.attention import AdditiveAttention, MultiHeadAttention
from bilstm_nlp.tasks.layers import attention, encoder


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("cell", "kind"), [("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_the_config_chooses_cell_directions_and_layers(cell, kind, bidirectional):
    config = EncoderConfig(hidden=3, layers=2, cell=cell, bidirectional=bidirectional)
    made = encoder(config, 5, input_dropout=0.0, output_dropout=0.0)
    assert made.outputs == (6 if bidirectional else 3)
    assert len(made.layers) == 2
    recurrences = [module for module in made.modules() if isinstance(module, (nn.LSTM, nn.GRU))]
    assert {type(module) for module in recurrences} == {kind}
    assert [module.input_size for module in recurrences[:: len(recurrences) // 2]] == [5, made.outputs]


def test_dropout_before_between_and_after_layers_is_kept_apart():
    config = EncoderConfig(hidden=3, layers=2, dropout=0.25, locked_dropout=True)
    made = encoder(config, 5, input_dropout=0.5, output_dropout=0.75)
    dropouts = [*made.dropouts, made.output_dropout]
    assert [dropout.dropped / 2**16 for dropout in dropouts] == [0.5, 0.25, 0.75]
    assert all(dropout.locked for dropout in dropouts)


def test_the_config_chooses_the_attention():
    assert attention(NoAttention(), 6) is None
    additive = attention(AdditiveAttentionConfig(size=4), 6)
    assert isinstance(additive, AdditiveAttention)
    assert (additive.query.in_features, additive.query.out_features) == (6, 4)
    several = attention(MultiHeadAttentionConfig(heads=3, dropout=0.125), 6)
    assert isinstance(several, MultiHeadAttention)
    assert (several.heads, several.norm.normalized_shape) == (3, (6,))
