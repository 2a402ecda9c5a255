"""What every model has: the encoder, and the attention after it."""

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
    """The shared encoder over so many inputs."""
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
    """What comes after the encoder, whose states are of size `inputs`."""
    match config:
        case NoAttention():
            return None
        case AdditiveAttentionConfig(size=size):
            return AdditiveAttention(inputs, size)
        case MultiHeadAttentionConfig(heads=heads, dropout=dropout):
            return MultiHeadAttention(inputs, heads, dropout)
        case _:
            assert_never(config)
