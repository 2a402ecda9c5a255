"""From a model's best paths to tags, entities and exact probabilities: shared by scoring and prediction.

Sentences are decoded in batches of similar length. Results come in the corpus's order: `decode` and `decode_each`
restore it, and callers need not know about batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from bilstm_nlp.batch import Ints, TokenBatch
from bilstm_nlp.data.batches import in_corpus_order, plan, ragged
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.document_windows import ReadTogether, alone, in_documents
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead, TagPaths
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.tagging.posterior import Chain, EntityPosterior

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
    """B sentences that were decoded together, by one model or by several."""

    codec: TaggingCodec
    """The codec of the tags, in its order."""
    sentences: Ints
    """(B,) the index of each sentence in the corpus."""
    posterior_at: Callable[[float], EntityPosterior]
    """Makes the posterior at a temperature."""
    ranking: Chain
    """The scores by which `tags` are the best sequences."""
    temperature: Callable[[], float]
    """Returns the calibrated temperature."""
    tags: list[list[str]]
    """Of each sentence, in the training scheme."""
    entities: list[list[Span]]
    """Of each sentence."""
    attention: Tensor | None = None
    """(B, heads, T, T) the attention's weights, if they were asked for."""

    def posterior(self, temperature: float | None = None) -> EntityPosterior:
        """Return the posterior of the batch, by default at the calibrated temperature. Ask one for everything."""
        return self.posterior_at(self.temperature() if temperature is None else temperature)


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
    head = head_of(model)
    for sentences, paths, weights in _paths(model, codec, encoded, attention=attention, batch_tokens=batch_tokens):
        tags = tags_of(paths.paths, encoded.lengths[sentences], codec)
        chain = Chain(head.crf, codec, paths.emissions, paths.mask, float(head.temperature))
        yield DecodedBatch(
            codec=codec,
            sentences=sentences,
            posterior_at=partial(_posterior_at, chain),
            ranking=chain,
            temperature=lambda: float(head.temperature),
            tags=tags,
            entities=[spans(row, codec.scheme) for row in tags],
            attention=weights,
        )


def _posterior_at(chain: Chain, temperature: float) -> EntityPosterior:
    """Return the posterior of one model at a temperature."""
    return EntityPosterior([replace(chain, temperature=temperature)], chain.codec.tags)


def emissions(model: TaggingModel, codec: TaggingCodec, encoded: EncodedSentences, batch_tokens: int | None) -> Tensor:
    """Return the (N, K) emissions of all N tokens, in the corpus's order, on the CPU."""
    flat = torch.empty(int(encoded.offsets[-1]), len(codec.tags))
    for sentences, paths, _ in _paths(model, codec, encoded, attention=False, batch_tokens=batch_tokens):
        positions, mask = ragged(encoded.offsets, sentences)
        values = paths.emissions[paths.mask].cpu()
        flat = flat.to(values.dtype)
        flat[torch.from_numpy(positions[mask])] = values
    return flat


@torch.no_grad()
def _paths(
    model: TaggingModel, codec: TaggingCodec, encoded: EncodedSentences, *, attention: bool, batch_tokens: int | None
) -> Iterator[tuple[Ints, TagPaths, Tensor | None]]:
    """Yield (B,) indices of sentences, their best paths, and the attention's weights if asked for."""
    model.eval()
    device = next(model.parameters()).device
    together = read_together(codec, encoded)
    for windows in plan(together.lengths, batch_tokens or BATCH_TOKENS):
        sentences, batch = together.sentences(windows), on(together.collate(windows), device)
        paths, weights = model.decode_with_weights(batch) if attention else (model.decode(batch), None)
        yield sentences, paths, weights


def tags_of(paths: Tensor, lengths: Ints, codec: TaggingCodec) -> list[list[str]]:
    """(B, T) paths, (B,) lengths → the tags of each sentence."""
    rows = np.array(codec.tags, dtype=object)[paths.cpu().numpy()]
    return [row[:length].tolist() for row, length in zip(rows, lengths, strict=True)]


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
