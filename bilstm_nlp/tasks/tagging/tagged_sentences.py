"""From decoded batches to tagged sentences: tags of the files' scheme, and entities at their place in the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.output import Alternative, Entity, TaggedSentence, TextStyle
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tags import UNTYPED, Span, convert, encode, spans
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch

Offsets = Callable[[Span], tuple[int, int]]
"""A span of tokens → its first character in the text, and the one after its last."""


def tagged_sentences(
    batch: DecodedBatch,
    sentences: Sequence[Sentence],
    *,
    confidence: bool,
    alternatives: int,
    tags: bool,
    min_confidence: float = 0.0,
) -> Iterator[TaggedSentence]:
    """Yield the tagged sentences of a batch, with the attention's weights if the batch has them.

    `sentences` are those of the corpus, which `batch.sentences` are indices of. `confidence` adds each entity's
    probability, `alternatives` so many of the best tag sequences, `tags` the tags in the files' scheme. Entities less
    probable than `min_confidence` are left out, and counted.
    """
    scores = batch.posterior().of_entities(batch.entities) if confidence or min_confidence else None
    ranked = _best_sequences(batch, alternatives) if alternatives else None
    style = text_style(batch.codec)
    for row, (index, entities) in enumerate(zip(batch.sentences.tolist(), batch.entities, strict=True)):
        before, sentence, length = len(entities), sentences[index], len(sentences[index].tokens)
        if scores is not None:
            entities = [span for span in entities if scores[row][span] >= min_confidence]
        text, offsets = text_of(sentence)
        weights = None if batch.attention is None else batch.attention[row, :, :length, :length]
        shown = scores[row] if confidence and scores is not None else {}
        yield TaggedSentence(
            sentence,
            text,
            tuple(encode(entities, length, batch.codec.file_scheme)) if tags else (),
            tuple(_entity(text, offsets, span, shown.get(span)) for span in entities),
            () if ranked is None else _alternatives(ranked[row], batch.codec, text, offsets),
            confidence,
            style,
            before - len(entities),
            weights,
        )


def text_style(codec: TaggingCodec) -> TextStyle:
    """Return the style of text: characters that are all in segments without types are cut into words."""
    if codec.file_scheme == "plain":
        return "labels"
    if codec.cut.unit == "characters" and "O" not in codec.tags and codec.types == (UNTYPED,):
        return "words"
    return "entities"


def text_of(sentence: Sentence) -> tuple[str, Offsets]:
    """Return a sentence's text and the offsets of its spans. Tokens without a text are joined by blanks.

    >>> text, offsets = text_of(Sentence(("New", "York"), None, 1))
    >>> text, offsets(Span("LOC", 1, 2))
    ('New York', (4, 8))
    """
    text, of_tokens = sentence.text, sentence.offsets
    if text is not None and of_tokens is not None:
        return text, lambda span: (of_tokens[span.start][0], of_tokens[span.end - 1][1])
    before = list(accumulate(map(len, sentence.tokens), initial=0))  # characters of the tokens before each
    return " ".join(sentence.tokens), lambda span: (before[span.start] + span.start, before[span.end] + span.end - 1)


def entities_of(sentence: Sentence, probabilities: Mapping[Span, float]) -> list[Entity]:
    """Return the spans of a sentence as entities at their place in the text."""
    text, offsets = text_of(sentence)
    return [_entity(text, offsets, span, probability) for span, probability in probabilities.items()]


def _entity(text: str, offsets: Offsets, span: Span, score: float | None) -> Entity:
    start, end = offsets(span)
    return Entity(text[start:end], span.type, start, end, span.start, span.end, score)


def _best_sequences(batch: DecodedBatch, count: int) -> list[list[tuple[float, list[str]]]]:
    """Return the `count` best tag sequences of each sentence, in the training scheme, with their probabilities."""
    ranked, logarithms = batch.ranking.best_sequences(count)
    names = np.array(batch.codec.tags, dtype=object)
    return [
        [
            (probability, names[path[: len(tags)]].tolist())
            for probability, path in zip(row_probabilities, row_paths, strict=True)
            if probability > 0
        ]
        for tags, row_paths, row_probabilities in zip(
            batch.tags, ranked, np.exp(logarithms.astype(np.float64)).tolist(), strict=True
        )
    ]


def _alternatives(
    ranked: Sequence[tuple[float, list[str]]], codec: TaggingCodec, text: str, offsets: Offsets
) -> tuple[Alternative, ...]:
    """Convert tag sequences of the training scheme to alternatives in the files' scheme."""
    return tuple(
        Alternative(
            probability,
            tuple(convert(tags, codec.scheme, codec.file_scheme)),
            tuple(_entity(text, offsets, span, None) for span in spans(tags, codec.scheme)),
        )
        for probability, tags in ranked
    )
