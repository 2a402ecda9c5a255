"""A model is an input end, the shared encoder, perhaps attention, and an output end."""

from __future__ import annotations

from typing import Generic, NamedTuple, Protocol, TypeVar

from torch import Tensor, nn

from bilstm_nlp.nn.encoder import DocumentEncoder, Encoder, Sequences


class Loss(NamedTuple):
    """A loss as its sum and its weight, so that means are right over ragged batches and several processes."""

    total: Tensor
    """() sum over what is counted."""
    weight: Tensor
    """() how much is counted: tokens, say, or windows times horizon."""


B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)
P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)


class Embedder(Protocol[B_contra]):
    """Batch → sequences of `outputs` features a step."""

    outputs: int

    def __call__(self, batch: B_contra, /) -> Sequences: ...


class Attention(Protocol):
    """States → states, each position having read the whole sequence."""

    heads: int

    def __call__(self, states: Tensor, lengths: Tensor, /) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, T, D)"""
        ...

    def weights(self, states: Tensor, lengths: Tensor, /) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, heads, T, T): how much a position (row) reads of each (column)."""
        ...


class Head(Protocol[B_contra, P_co]):
    """(B, T, outputs) states → a loss, or predictions."""

    def loss(self, states: Tensor, batch: B_contra, /) -> Loss: ...

    def decode(self, states: Tensor, batch: B_contra, /) -> P_co: ...


class Model(nn.Module, Generic[B, P]):
    """embedder → encoder → attention, where there is some → head."""

    def __init__(
        self, embedder: Embedder[B], encoder: Encoder | DocumentEncoder, attention: Attention | None, head: Head[B, P]
    ) -> None:
        super().__init__()
        self.embedder, self.encoder, self.attention, self.head = embedder, encoder, attention, head

    def states(self, sequences: Sequences) -> Tensor:
        """(B, T, outputs): what the head reads."""
        states = self.encoder(sequences)
        return states if self.attention is None else self.attention(states, sequences.lengths)

    def forward(self, batch: B) -> Loss:
        """The batch's loss."""
        return self.loss(self.embedder(batch), batch)

    def loss(self, sequences: Sequences, batch: B) -> Loss:
        """The loss of a batch that has been embedded."""
        return self.head.loss(self.states(sequences), batch)

    def decode(self, batch: B) -> P:
        """The batch's predictions, as the head makes them."""
        return self.head.decode(self.states(self.embedder(batch)), batch)

    def decode_with_weights(self, batch: B) -> tuple[P, Tensor]:
        """The batch's predictions, and the attention's weights (B, heads, T, T) that led to them."""
        if self.attention is None:
            raise ValueError("The weights need a model with attention. Got one without.")
        sequences = self.embedder(batch)
        states, lengths = self.encoder(sequences), sequences.lengths
        predictions = self.head.decode(self.attention(states, lengths), batch)
        return predictions, self.attention.weights(states, lengths)
