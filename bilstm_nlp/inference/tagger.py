"""A trained tagger: streams of sentences in, streams of tagged sentences out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import get_args

import numpy as np
import torch

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
        kind: OutputFormat = request.check("tagger", get_args(OutputFormat), ("known", "plot"))
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
        tagged = self.stream(sentences, confidence=request.confidence, alternatives=request.nbest)
        for number, sentence in enumerate(tagged, 1):
            yield write(number, sentence).encode()

    def stream(
        self, sentences: Iterable[Sentence], *, confidence: bool = False, alternatives: int = 0
    ) -> Iterator[TaggedSentence]:
        """Tag sentences one chunk at a time, in their order, in constant memory; those without tokens stay as they are.

        When reading breaks off with an `InputError`, all sentences before it are tagged and yielded first.
        """
        for chunk in chunks(sentences):
            filled = [sentence for sentence in chunk if sentence.tokens]
            found: dict[int, TaggedSentence] = {}
            for labelled in label(self.model, self.codec, self.codec.encode(filled)):
                tagged = self.read(filled, labelled, confidence, alternatives)
                found |= zip(labelled.chosen.tolist(), tagged, strict=True)
            order = iter(range(len(filled)))
            for sentence in chunk:
                yield found[next(order)] if sentence.tokens else TaggedSentence(sentence, sentence.text or "", (), ())

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
            yield TaggedSentence(sentence, text, tags, entities, best, confidence)

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


def chunks(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Lists of up to `CHUNK` sentences; what was read before an `InputError` still comes before it."""
    iterator = iter(sentences)
    while True:
        chunk: list[Sentence] = []
        try:
            chunk.extend(islice(iterator, CHUNK))
        except InputError:
            if chunk:
                yield chunk
            raise
        if not chunk:
            return
        yield chunk
