"""The layers that every model has: the encoder, and the attention after it."""

from __future__ import annotations

from typing import assert_never

from bilstm_nlp.config.sections import (
    AdditiveAttentionConfig,
    AttentionConfig,
    EncoderConfig,
    MultiHeadAttentionConfig,
    NoAttention,
)
from bilstm_nlp.nn.attention import AdditiveAttention, MultiHeadAttention
from bilstm_nlp.nn.encoder import Encoder
from bilstm_nlp.nn.model import Attention


def encoder(config: EncoderConfig, inputs: int, *, input_dropout: float, output_dropout: float) -> Encoder:
    """Make the shared encoder over `inputs` features."""
    return Encoder(
        inputs,
        config.hidden,
        cell=config.cell,
        layers=config.layers,
        bidirectional=config.bidirectional,
        dropout=config.dropout,
        input_dropout=input_dropout,
        output_dropout=output_dropout,
        locked_dropout=config.locked_dropout,
        initial_state=config.initial_state,
    )


def attention(config: AttentionConfig, inputs: int) -> Attention | None:
    """Make the attention over states of `inputs` features; None if the config has no attention."""
    match config:
        case NoAttention():
            return None
        case AdditiveAttentionConfig(size=size):
            return AdditiveAttention(inputs, size)
        case MultiHeadAttentionConfig(heads=heads, dropout=dropout):
            return MultiHeadAttention(inputs, heads, dropout)
        case _:
            assert_never(config)
