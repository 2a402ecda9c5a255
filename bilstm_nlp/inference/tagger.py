"""A trained tagger: streams of sentences in, streams of tagged sentences out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp import plots
from bilstm_nlp.data.codec import TaggingCodec
from bilstm_nlp.data.corpus import ColumnFormat, Sentence, input_format, sentence_of_text, sentences_of
from bilstm_nlp.data.tagged import CSV_HEADER, Alternative, Entity, OutputFormat, TaggedSentence, writer
from bilstm_nlp.errors import InputError
from bilstm_nlp.inference.request import Request
from bilstm_nlp.tags import Span, convert, spans
from bilstm_nlp.tasks.labelling import Labelled, TaggingModel, confidences, head_of, label

logger = logging.getLogger(__name__)

CHUNK = 1024
"""Sentences that are sorted by length and tagged together; what a stream holds in memory at any time."""
ATTENTION_CHUNK = 16
"""The same with attention, whose weights are as many as the square of a sentence's tokens."""


class Tagger:
    """A trained tagger."""

    def __init__(self, model: TaggingModel, codec: TaggingCodec, format: ColumnFormat) -> None:
        """`format`: how the files are read that it was trained on."""
        self.model, self.codec, self.format = model, codec, format

    def tag(self, texts: Iterable[str]) -> list[list[Entity]]:
        """The entities of each text, with exact probabilities; positions count characters of the text."""
        sentences = (sentence_of_text(text, self.codec.cut) for text in texts)
        return [list(tagged.entities) for tagged in self.stream(sentences, confidence=True)]

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Tag a file, or standard input; what was read before a line at fault is tagged before its `InputError`."""
        formats: tuple[OutputFormat, ...] = get_args(OutputFormat)
        if request.attention:
            if request.format not in (None, "jsonl"):
                raise InputError(f"--attention: expected --format jsonl, found {request.format}")
            formats = ("jsonl",)
        elif request.plot is not None:
            raise InputError("--plot: expected --attention beside it, which is what a tagger draws, found none")
        kind = request.check("tagger", formats, ("known",))
        if request.nbest and kind == "conll":
            raise InputError("--nbest: expected --format text, jsonl or csv, found conll, which has one tag a token")
        if request.nbest and request.confidence and kind != "jsonl":
            raise InputError(f"--confidence: expected --format jsonl beside --nbest, found {kind}")
        reads = request.reads
        if reads == "auto":
            reads = input_format(request.source)
            logger.info("reading %s as %s (--input says otherwise)", request.source, reads)
        sentences = sentences_of(request.source, reads, replace(self.format.without_tags(), cut=self.codec.cut))
        write = writer(kind)
        if kind == "csv":
            yield CSV_HEADER.encode()
        tagged = self.stream(
            sentences, confidence=request.confidence, alternatives=request.nbest, attention=request.attention
        )
        if request.plot is not None:
            tagged = drawn(tagged, request.plot)
        for number, sentence in enumerate(tagged, 1):
            yield write(number, sentence).encode()

    def attention(self, text: str) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """A text's tokens, and (heads, T, T): how much each token (row) has read of each (column).

        Raises `InputError` for a model without attention.
        """
        (tagged,) = self.stream([sentence_of_text(text, self.codec.cut)], attention=True)
        assert tagged.weights is not None
        return tuple(tagged.sentence.tokens), tagged.weights

    def stream(
        self,
        sentences: Iterable[Sentence],
        *,
        confidence: bool = False,
        alternatives: int = 0,
        attention: bool = False,
    ) -> Iterator[TaggedSentence]:
        """Tag sentences one chunk at a time, in their order, in constant memory; those without tokens stay as they are.

        When reading breaks off with an `InputError`, all sentences before it are tagged and yielded first. Raises
        `InputError` where `attention` is asked of a model without.
        """
        block = self.model.attention
        if attention and block is None:
            raise InputError(
                "attention: expected a model trained with attention.kind additive or multi-head, found none"
            )
        nothing = np.empty((block.heads, 0, 0), np.float32) if attention and block is not None else None
        for chunk in chunks(sentences, ATTENTION_CHUNK if attention else CHUNK):
            filled = [sentence for sentence in chunk if sentence.tokens]
            found: dict[int, TaggedSentence] = {}
            for labelled in label(self.model, self.codec, self.codec.encode(filled), weights=attention):
                tagged = self.read(filled, labelled, confidence, alternatives)
                found |= zip(labelled.chosen.tolist(), tagged, strict=True)
            order = iter(range(len(filled)))
            for sentence in chunk:
                if sentence.tokens:
                    yield found[next(order)]
                else:
                    yield TaggedSentence(sentence, sentence.text or "", (), (), weights=nothing)

    def read(
        self, chunk: Sequence[Sentence], labelled: Labelled, confidence: bool, alternatives: int
    ) -> Iterator[TaggedSentence]:
        """What was found in each sentence of a batch."""
        head = head_of(self.model)
        scores = iter(confidences(head, self.codec, labelled).tolist()) if confidence else None
        ranked = self.alternatives(labelled, alternatives) if alternatives else None
        for row, index in enumerate(labelled.chosen.tolist()):
            sentence = chunk[index]
            text, offsets = text_of(sentence)
            entities = tuple(
                entity(text, offsets, span, None if scores is None else next(scores)) for span in labelled.entities[row]
            )
            tags = tuple(convert(labelled.tags[row], self.codec.scheme, self.codec.file_scheme))
            best = () if ranked is None else self.rank(ranked[row], text, offsets)
            weights = None
            if labelled.weights is not None:
                weights = labelled.weights[row, :, : len(tags), : len(tags)].cpu().numpy()
            yield TaggedSentence(sentence, text, tags, entities, best, confidence, weights)

    def alternatives(self, labelled: Labelled, count: int) -> list[list[tuple[float, list[str]]]]:
        """The `count` most probable tag sequences of each sentence, in the training scheme, with probabilities."""
        head = head_of(self.model)
        with torch.no_grad():
            paths, log_probabilities = head.crf.n_best(
                labelled.decoded.emissions, labelled.decoded.mask, count, temperature=float(head.temperature)
            )
        names = np.array(self.codec.tags, dtype=object)
        return [
            [
                (probability, names[path[: len(tags)]].tolist())
                for probability, path in zip(row_probabilities, row_paths, strict=True)
                if probability > 0
            ]
            for tags, row_paths, row_probabilities in zip(
                labelled.tags, paths.cpu().numpy(), log_probabilities.double().exp().tolist(), strict=True
            )
        ]

    def rank(
        self, found: list[tuple[float, list[str]]], text: str, offsets: Sequence[tuple[int, int]]
    ) -> tuple[Alternative, ...]:
        """Tag sequences as alternatives in the files' scheme."""
        return tuple(
            Alternative(
                probability,
                tuple(convert(tags, self.codec.scheme, self.codec.file_scheme)),
                tuple(entity(text, offsets, span, None) for span in spans(tags, self.codec.scheme)),
            )
            for probability, tags in found
        )


def entity(text: str, offsets: Sequence[tuple[int, int]], span: Span, score: float | None) -> Entity:
    """A span of tokens as an entity of the text."""
    start, end = offsets[span.start][0], offsets[span.end - 1][1]
    return Entity(text[start:end], span.type, start, end, span.start, span.end, score)


def text_of(sentence: Sentence) -> tuple[str, Sequence[tuple[int, int]]]:
    """A sentence's text and its tokens' places in it; tokens without a text are joined by blanks."""
    if sentence.text is not None and sentence.offsets is not None:
        return sentence.text, sentence.offsets
    offsets, position = [], 0
    for token in sentence.tokens:
        offsets.append((position, position + len(token)))
        position += len(token) + 1
    return " ".join(sentence.tokens), offsets


def drawn(tagged: Iterable[TaggedSentence], path: Path) -> Iterator[TaggedSentence]:
    """The sentences as they are; the attention of the first one with tokens is drawn when it comes."""
    waiting = True
    for sentence in tagged:
        if waiting and sentence.weights is not None and sentence.sentence.tokens:
            plots.attention(sentence.sentence.tokens, sentence.weights, path)
            waiting = False
        yield sentence
    if waiting:
        raise InputError("--plot: expected a sentence with tokens to draw, found none")


def chunks(sentences: Iterable[Sentence], size: int) -> Iterator[list[Sentence]]:
    """Lists of up to `size` sentences; what was read before an `InputError` still comes before it."""
    iterator = iter(sentences)
    while True:
        chunk: list[Sentence] = []
        try:
            chunk.extend(islice(iterator, size))
        except InputError:
            if chunk:
                yield chunk
            raise
        if not chunk:
            return
        yield chunk
