"""From a model's best paths to tags, entities and exact probabilities: shared by scoring and prediction.

Sentences are decoded in batches of similar length. Results come in the corpus's order: `decode` and `decode_each`
restore it, and callers need not know about batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bilstm_nlp.batch import Ints, TokenBatch
from bilstm_nlp.data.batches import plan
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.document_windows import ReadTogether, alone, in_documents
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences
from bilstm_nlp.nn.crf.posterior import Posterior
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead, TagPaths
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tags import Span, continuing, spans

T = TypeVar("T")
TaggingModel = Model[TokenBatch[Tensor], TagPaths]

BATCH_TOKENS = 4096
"""Tokens in a batch, padding included, if no gradient is needed."""


class Decoded(NamedTuple):
    """The best tag sequence of one sentence."""

    tags: list[str]
    """In the training scheme."""
    entities: list[Span]


@dataclass(frozen=True)
class DecodedBatch:
    """B sentences that were decoded together."""

    head: CrfHead | SoftmaxHead
    codec: TaggingCodec
    sentences: Ints
    """(B,) the index of each sentence in the corpus."""
    paths: TagPaths
    tags: list[list[str]]
    """Of each sentence, in the training scheme."""
    entities: list[list[Span]]
    """Of each sentence."""
    attention: Tensor | None = None
    """(B, heads, T, T) the attention's weights, if they were asked for."""

    def posterior(self, temperature: float | None = None) -> EntityPosterior:
        """Return the posterior of the batch, by default at the head's own temperature. Ask one for everything."""
        return EntityPosterior(self, float(self.head.temperature) if temperature is None else temperature)


class EntityPosterior:
    """The posterior over a batch's tag sequences. All probabilities are exact sums over all sequences."""

    def __init__(self, batch: DecodedBatch, temperature: float) -> None:
        self._batch, self._codec, self._temperature = batch, batch.codec, temperature

    @cached_property
    def _posterior(self) -> Posterior:
        """Run forward–backward at the first question: a batch without entities has none."""
        paths = self._batch.paths
        return self._batch.head.crf.posterior(paths.emissions, paths.mask, temperature=self._temperature)

    def marginals(self) -> Tensor:
        """Return the (B, T, K) probability of each tag at each token, 0 at padding."""
        return self._posterior.marginals()

    def confidences(self) -> NDArray[np.float64]:
        """Return the (N,) probabilities of the batch's own entities, sentence by sentence."""
        return self._of_entities(self._batch.entities)

    def of_entities(self, entities: Sequence[Sequence[Span]]) -> list[dict[Span, float]]:
        """Return P(span, type | sentence) for any entities of each sentence.

        An entity's probability is that of all sequences with this entity, no longer and no shorter. It is 0 if the
        codec does not know the type.
        """
        return _by_span(entities, self._of_entities(entities))

    def of_no_entity(self, stretches: Sequence[Sequence[Span]]) -> list[dict[Span, float]]:
        """Return P(no entity at any token of the span | sentence) for any spans of each sentence."""
        rows = _rows(stretches)
        if not len(rows):
            return _by_span(stretches, np.empty(0))
        sentence, start, end = rows.T
        logarithms = self._posterior.run_log_probabilities(sentence, start, end, self._codec.tags.index("O"))
        return _by_span(stretches, _probabilities(logarithms))

    def _of_entities(self, entities: Sequence[Sequence[Span]]) -> NDArray[np.float64]:
        rows = _rows(entities)
        if not len(rows):
            return np.empty(0)
        types = np.array([span.type for span in chain.from_iterable(entities)])
        type_tags, continues = torch.from_numpy(types[:, None] == _types_of(self._codec)), _continues(self._codec)
        sentence, start, end = rows.T
        return _probabilities(self._posterior.span_log_probabilities(sentence, start, end, type_tags, continues))


def decode(model: TaggingModel, codec: TaggingCodec, encoded: EncodedSentences) -> list[Decoded]:
    """Return the best tag sequence and the entities of each sentence, in the corpus's order."""
    return decode_each(model, codec, encoded, lambda batch: map(Decoded, batch.tags, batch.entities))


def decode_each(
    model: TaggingModel,
    codec: TaggingCodec,
    encoded: EncodedSentences,
    read: Callable[[DecodedBatch], Iterable[T]],
    *,
    attention: bool = False,
    batch_tokens: int | None = None,
) -> list[T]:
    """Decode all sentences and return one result a sentence, in the corpus's order.

    `read` maps a batch to the results of its sentences. It is called once a batch; the batch is then forgotten.
    The other parameters are those of `decoded_batches`.
    """
    batches = decoded_batches(model, codec, encoded, attention=attention, batch_tokens=batch_tokens)
    return in_corpus_order((batch.sentences, read(batch)) for batch in batches)


@torch.no_grad()
def decoded_batches(
    model: TaggingModel,
    codec: TaggingCodec,
    encoded: EncodedSentences,
    *,
    attention: bool = False,
    batch_tokens: int | None = None,
) -> Iterator[DecodedBatch]:
    """Yield batches of sentences of similar length, the longest sentences first.

    `attention` asks for the attention's weights, which the model must have. Batches have at most `batch_tokens`
    tokens, by default `BATCH_TOKENS`.
    """
    model.eval()
    device = next(model.parameters()).device
    head, names = head_of(model), np.array(codec.tags, dtype=object)
    together = read_together(codec, encoded)
    for windows in plan(together.lengths, batch_tokens or BATCH_TOKENS):
        sentences, batch = together.sentences(windows), on(together.collate(windows), device)
        paths, weights = model.decode_with_weights(batch) if attention else (model.decode(batch), None)
        rows = names[paths.paths.cpu().numpy()]
        tags = [row[:length].tolist() for row, length in zip(rows, encoded.lengths[sentences], strict=True)]
        yield DecodedBatch(head, codec, sentences, paths, tags, [spans(row, codec.scheme) for row in tags], weights)


def in_corpus_order(batches: Iterable[tuple[Ints, Iterable[T]]]) -> list[T]:
    """Sort results by sentence. Each batch is ((B,) indices of its sentences, their B results).

    >>> in_corpus_order([(np.array([2, 0]), "ca"), (np.array([1]), "b")])
    ['a', 'b', 'c']
    """
    results: dict[int, T] = {}
    for sentences, of_batch in batches:
        results.update(zip(sentences.tolist(), of_batch, strict=True))
    return [results[index] for index in range(len(results))]


def read_together(
    codec: TaggingCodec, encoded: EncodedSentences, generator: np.random.Generator | None = None
) -> ReadTogether:
    """Group sentences into the windows that the codec's taggers read.

    With a generator, documents are cut into windows in another way each time.
    """
    return in_documents(encoded, codec.context, generator) if codec.context else alone(encoded)


def head_of(model: TaggingModel) -> CrfHead | SoftmaxHead:
    """Return the tagging head of a tagging model."""
    assert isinstance(model.head, (CrfHead, SoftmaxHead))
    return model.head


def _rows(entities: Sequence[Sequence[Span]]) -> Tensor:
    """Return (N, 3) rows (sentence, start, end) for the N spans of all sentences, sentence by sentence."""
    rows = [(row, span.start, span.end) for row, of_row in enumerate(entities) for span in of_row]
    return torch.tensor(rows, dtype=torch.int64).reshape(len(rows), 3)


def _by_span(entities: Sequence[Sequence[Span]], values: NDArray[np.float64]) -> list[dict[Span, float]]:
    """Split (N,) values, one a span, into a dictionary for each sentence."""
    flat = iter(values.tolist())
    return [{span: next(flat) for span in of_row} for of_row in entities]


def _probabilities(logarithms: Tensor) -> NDArray[np.float64]:
    """(N,) logarithms on any device → (N,) probabilities."""
    return logarithms.cpu().double().exp().numpy()


def _types_of(codec: TaggingCodec) -> NDArray[np.str_]:
    """Return the (K,) type of each tag; it is empty for O."""
    return np.array([tag.partition("-")[2] for tag in codec.tags])


def _continues(codec: TaggingCodec) -> Tensor:
    """Return (K, K) bool: True if the column's tag, right after the row's tag, continues the same entity."""
    continuations = [continuing(tag, codec.scheme) for tag in codec.tags]
    return torch.tensor([[tag in following for tag in codec.tags] for following in continuations])
