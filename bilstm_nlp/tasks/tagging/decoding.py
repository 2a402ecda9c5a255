"""From a network's emissions to tags, entities and exact probabilities: shared by scoring and prediction.

Sentences are decoded in batches of similar length. Results come in the corpus's order: `decode` and `decode_each`
restore it, and callers need not know about batches. Knows no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from bilstm_nlp.batch import Ints, Values
from bilstm_nlp.data.batches import in_corpus_order, plan, ragged
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.document_windows import ReadTogether, alone, in_documents
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.nn.crf.best_paths import viterbi
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.step_network import Emissions
from bilstm_nlp.tasks.tagging.network import TaggingNetwork
from bilstm_nlp.tasks.tagging.posterior import Chain, EntityPosterior

T = TypeVar("T")

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
    attention: Values | None = None
    """(B, heads, T, T) the attention's weights, if they were asked for."""

    def posterior(self, temperature: float | None = None) -> EntityPosterior:
        """Return the posterior of the batch, by default at the calibrated temperature. Ask one for everything."""
        return self.posterior_at(self.temperature() if temperature is None else temperature)


def decode(network: TaggingNetwork, codec: TaggingCodec, encoded: EncodedSentences) -> list[Decoded]:
    """Return the best tag sequence and the entities of each sentence, in the corpus's order."""
    return decode_each(network, codec, encoded, lambda batch: map(Decoded, batch.tags, batch.entities))


def decode_each(
    network: TaggingNetwork,
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
    batches = decoded_batches(network, codec, encoded, attention=attention, batch_tokens=batch_tokens)
    return in_corpus_order((batch.sentences, read(batch)) for batch in batches)


def decoded_batches(
    network: TaggingNetwork,
    codec: TaggingCodec,
    encoded: EncodedSentences,
    *,
    attention: bool = False,
    batch_tokens: int | None = None,
) -> Iterator[DecodedBatch]:
    """Yield batches of sentences of similar length, the longest sentences first.

    `attention` asks for the attention's weights, which the network must have. Batches have at most `batch_tokens`
    tokens, by default `BATCH_TOKENS`.
    """
    scores = network.chain
    for sentences, (emitted, weights) in _emissions(
        network, codec, encoded, attention=attention, batch_tokens=batch_tokens or BATCH_TOKENS
    ):
        lengths = encoded.lengths[sentences]
        tags = tags_of(viterbi(scores, emitted, lengths)[0], lengths, codec)
        chain = Chain(scores, codec, emitted, lengths, network.temperature)
        yield DecodedBatch(
            codec=codec,
            sentences=sentences,
            posterior_at=partial(_posterior_at, chain),
            ranking=chain,
            temperature=lambda: network.temperature,
            tags=tags,
            entities=[spans(row, codec.scheme) for row in tags],
            attention=weights,
        )


def decode_alone(network: TaggingNetwork, codec: TaggingCodec, sentence: Sentence) -> dict[Span, float]:
    """Return the entities of a sentence with tokens, which is read by itself, and their calibrated probabilities.

    A batch of many sentences has the same entities and probabilities. For a single sentence, planning, sorting and
    restoring an order take as long as the network's sums of a token.
    """
    batch, scores = codec.alone(sentence), network.chain
    emitted = network.emissions(batch).scores
    (tags,) = tags_of(viterbi(scores, emitted, batch.lengths)[0], batch.lengths, codec)
    entities = spans(tags, codec.scheme)
    if not entities:
        return {}
    chain = Chain(scores, codec, emitted, batch.lengths, network.temperature)
    probabilities = EntityPosterior([chain], codec.tags).probabilities([entities])
    return dict(zip(entities, probabilities.tolist(), strict=True))


def _posterior_at(chain: Chain, temperature: float) -> EntityPosterior:
    """Return the posterior of one model at a temperature."""
    at = chain if temperature == chain.temperature else replace(chain, temperature=temperature)
    return EntityPosterior([at], chain.codec.tags)


def emissions(
    network: TaggingNetwork, codec: TaggingCodec, encoded: EncodedSentences, batch_tokens: int | None
) -> Values:
    """Return the (N, K) emissions of all N tokens, in the corpus's order."""
    together, tokens = read_together(codec, encoded), batch_tokens or BATCH_TOKENS
    if _reads_windows(network, codec):
        return _emissions_of_windows(network, codec, together, tokens)
    flat: Values = np.empty((int(encoded.offsets[-1]), len(codec.tags)), np.float32)
    for sentences, (emitted, _) in _by_length(network, together, attention=False, batch_tokens=tokens):
        positions, mask = ragged(encoded.offsets, sentences)
        flat = flat.astype(emitted.dtype, copy=False)
        flat[positions[mask]] = emitted[mask]
    return flat


def _emissions(
    network: TaggingNetwork, codec: TaggingCodec, encoded: EncodedSentences, *, attention: bool, batch_tokens: int
) -> Iterator[tuple[Ints, Emissions]]:
    """Yield (B,) indices of sentences of similar length and their emissions, with the attention's weights if asked for.

    The sentences of a window differ in length. So all windows are read first.
    """
    together = read_together(codec, encoded)
    if not _reads_windows(network, codec) or len(encoded.lengths) == 1:
        yield from _by_length(network, together, attention=attention, batch_tokens=batch_tokens)
        return
    flat = _emissions_of_windows(network, codec, together, batch_tokens)
    for sentences in plan(encoded.lengths, batch_tokens):
        yield sentences, Emissions(flat[ragged(encoded.offsets, sentences)[0]], None)


def _reads_windows(network: TaggingNetwork, codec: TaggingCodec) -> bool:
    """Tell whether nothing but windows decides what a network reads: attention is within a sentence."""
    return codec.context > 0 and not network.heads


def _by_length(
    network: TaggingNetwork, together: ReadTogether, *, attention: bool, batch_tokens: int
) -> Iterator[tuple[Ints, Emissions]]:
    """Yield (B,) indices of sentences and their emissions, window by window."""
    for windows in plan(together.lengths, batch_tokens):
        yield together.sentences(windows), network.emissions(together.collate(windows), attention=attention)


def _emissions_of_windows(
    network: TaggingNetwork, codec: TaggingCodec, together: ReadTogether, batch_tokens: int
) -> Values:
    """Return the (N, K) emissions of all N tokens, read in windows without padding between their sentences."""
    offsets = together.encoded.offsets
    flat: Values = np.empty((int(offsets[-1]), len(codec.tags)), np.float32)
    for windows in plan(together.lengths, batch_tokens):
        emitted = network.emissions(together.joined(windows)).scores[0]
        flat = flat.astype(emitted.dtype, copy=False)
        positions, mask = ragged(offsets, together.sentences(windows))
        flat[positions[mask]] = emitted
    return flat


def tags_of(paths: Ints, lengths: Ints, codec: TaggingCodec) -> list[list[str]]:
    """(B, T) paths, (B,) lengths → the tags of each sentence."""
    name = codec.tags.__getitem__
    return [list(map(name, row[:length])) for row, length in zip(paths.tolist(), lengths.tolist(), strict=True)]


def read_together(
    codec: TaggingCodec, encoded: EncodedSentences, generator: np.random.Generator | None = None
) -> ReadTogether:
    """Group sentences into the windows that the codec's taggers read.

    With a generator, documents are cut into windows in another way each time.
    """
    return in_documents(encoded, codec.context, generator) if codec.context else alone(encoded)
