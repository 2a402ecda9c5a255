"""A model: an embedder, the shared encoder, optional attention, and a head."""

from __future__ import annotations

from typing import Generic, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from bilstm_nlp.nn.encoder import DocumentEncoder, Encoder, Sequences


class Loss(NamedTuple):
    """A loss as sum and weight, so that means over ragged batches and several processes are exact."""

    total: Tensor
    """() sum over tokens, or over forecast values."""
    weight: Tensor
    """() number of tokens, or of forecast values."""


B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)
P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)


class Embedder(Protocol[B_contra]):
    """An input end: batch → (B, T, outputs) sequences."""

    outputs: int

    def __call__(self, batch: B_contra, /) -> Sequences: ...


class Attention(Protocol):
    """A block in which each position attends to the whole sequence."""

    heads: int

    def __call__(self, states: Tensor, lengths: Tensor, /) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, T, D)"""
        ...

    def weights(self, states: Tensor, lengths: Tensor, /) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, heads, T, T): how much a position (row) attends to each (column)."""
        ...


class Head(Protocol[B_contra, P_co]):
    """An output end: (B, T, outputs) states → a loss, or predictions."""

    def loss(self, states: Tensor, batch: B_contra, /) -> Loss: ...

    def decode(self, states: Tensor, batch: B_contra, /) -> P_co: ...


class Model(nn.Module, Generic[B, P]):
    """embedder → encoder → attention (optional) → head."""

    def __init__(
        self, embedder: Embedder[B], encoder: Encoder | DocumentEncoder, attention: Attention | None, head: Head[B, P]
    ) -> None:
        super().__init__()
        self.embedder, self.encoder, self.attention, self.head = embedder, encoder, attention, head

    def embed(self, batch: B) -> Sequences:
        """Return the encoder's input.

        It is fp32 under autocast too: an embedder mostly looks rows up, where bfloat16 costs copies and saves nothing.
        """
        device = next(self.parameters()).device.type
        with torch.autocast(device, enabled=False):
            return self.embedder(batch)

    def states(self, sequences: Sequences) -> Tensor:
        """Return the (B, T, outputs) states that the head reads."""
        states = self.encoder(sequences)
        return states if self.attention is None else self.attention(states, sequences.lengths)

    def forward(self, batch: B) -> Loss:
        """Compute the loss of a batch."""
        return self.loss(self.embed(batch), batch)

    def loss(self, sequences: Sequences, batch: B) -> Loss:
        """Compute the loss of a batch that is already embedded."""
        states = self.states(sequences)
        # Under autocast the states are bfloat16. A head computes in fp32 or better.
        with torch.autocast(states.device.type, enabled=False):
            return self.head.loss(states.float() if states.dtype.itemsize < 4 else states, batch)

    def decode(self, batch: B) -> P:
        """Return the head's predictions for a batch."""
        return self.head.decode(self.states(self.embedder(batch)), batch)

    def decode_with_weights(self, batch: B) -> tuple[P, Tensor]:
        """Return the head's predictions for a batch, and the (B, heads, T, T) weights of the attention.

        Raises `ValueError` for a model without attention.
        """
        if self.attention is None:
            raise ValueError("The weights need a model with attention. Got one without.")
        sequences = self.embedder(batch)
        states, lengths = self.encoder(sequences), sequences.lengths
        predictions = self.head.decode(self.attention(states, lengths), batch)
        return predictions, self.attention.weights(states, lengths)
