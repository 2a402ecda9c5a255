"""Decoders: sentences in, batches of tagged sentences out, from one trained model or from several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.batches import in_corpus_order
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch, decode_alone, decoded_batches
from bilstm_nlp.tasks.tagging.network import TaggingNetwork
from bilstm_nlp.tasks.temperature import Confidences

T = TypeVar("T")


class Decoder(Protocol):
    """A tagger of sentences that have tokens."""

    @property
    def codec(self) -> TaggingCodec:
        """The tags, the schemes and the cut of text, with the entities of the training data."""
        ...

    @property
    def reads_documents(self) -> bool:
        """True if sentences of a document must be decoded together."""
        ...

    @property
    def temperature(self) -> float:
        """The calibrated temperature of probabilities."""
        ...

    def set_temperature(self, temperature: float) -> None:
        """Set the calibrated temperature."""
        ...

    @property
    def callers(self) -> int:
        """The number of threads that may decode at a time and share the cores."""
        ...

    def attention_heads(self) -> int:
        """Return the number of attention heads. Raises `InputError` if there are no weights to show."""
        ...

    def batches(
        self, sentences: Sequence[Sentence], *, attention: bool = False, batch_tokens: int | None = None
    ) -> Iterator[DecodedBatch]:
        """Yield batches of sentences of similar length, the longest sentences first."""
        ...

    def entities(self, sentence: Sentence) -> dict[Span, float]:
        """Return the entities of a single sentence with tokens, and their calibrated probabilities."""
        ...

    def confidences(self, batches: Sequence[DecodedBatch]) -> Confidences:
        """Return a function: temperature → (N,) probabilities of the batches' own entities, batch by batch."""
        ...


class ModelDecoder:
    """A trained model that decodes, by whatever engine its network runs."""

    def __init__(self, network: TaggingNetwork, codec: TaggingCodec) -> None:
        self.network, self.codec = network, codec

    @property
    def reads_documents(self) -> bool:
        """True if sentences of a document must be decoded together."""
        return self.codec.reads_documents

    @property
    def temperature(self) -> float:
        """The temperature of the network."""
        return self.network.temperature

    def set_temperature(self, temperature: float) -> None:
        """Set the temperature of the network."""
        self.network.set_temperature(temperature)

    @property
    def callers(self) -> int:
        """The callers of the network."""
        return self.network.callers

    def attention_heads(self) -> int:
        """Return the number of attention heads. Raises `InputError` for a model without attention."""
        if not self.network.heads:
            raise InputError(
                "attention: expected a model trained with attention.kind additive or multi-head, found none"
            )
        return self.network.heads

    def batches(
        self, sentences: Sequence[Sentence], *, attention: bool = False, batch_tokens: int | None = None
    ) -> Iterator[DecodedBatch]:
        """Yield batches of sentences, as `decoded_batches` does."""
        encoded = self.codec.encode(sentences)
        return decoded_batches(self.network, self.codec, encoded, attention=attention, batch_tokens=batch_tokens)

    def entities(self, sentence: Sentence) -> dict[Span, float]:
        """Return the entities of a single sentence, as `decode_alone` does."""
        return decode_alone(self.network, self.codec, sentence)

    def confidences(self, batches: Sequence[DecodedBatch]) -> Confidences:
        """Return a function: temperature → (N,) exact probabilities of the batches' own entities, batch by batch."""
        return partial(confidences_at, batches)


def confidences_at(batches: Sequence[DecodedBatch], temperature: float) -> NDArray[np.float64]:
    """Return the (N,) probabilities of the batches' own entities at a temperature, batch by batch."""
    return np.concatenate([batch.posterior(temperature).probabilities(batch.entities) for batch in batches])


def decode_all(batches: Iterable[DecodedBatch], read: Callable[[DecodedBatch], Iterable[T]]) -> list[T]:
    """Return one result a sentence, in the corpus's order. `read` maps a batch to the results of its sentences."""
    return in_corpus_order((batch.sentences, read(batch)) for batch in batches)
