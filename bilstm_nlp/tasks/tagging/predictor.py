"""A trained tagger: streams of sentences in, streams of tagged sentences out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.corpus import ColumnFormat, Sentence, sentence_of_text
from bilstm_nlp.data.text.output import CSV_HEADER, Alternative, Entity, OutputFormat, TaggedSentence, writer
from bilstm_nlp.errors import InputError
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tags import Span, convert, encode, spans
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.decoding import Labelled, TaggingModel, confidences, head_of, label
from bilstm_nlp.tasks.tagging.stream import ATTENTION_CHUNK, CHUNK, Chunk, Reading, chunks, joined

BATCH_TOKENS = 2048
"""Tokens of a batch, padding included: on a CPU larger ones gain nothing, and their sentences are less alike."""

Places = Callable[[Span], tuple[int, int]]
"""A span of tokens → where it begins and ends in the text."""


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
        reading = self.reading(request)
        yield reading.header.encode()
        for chunk in reading.chunks():
            yield from joined(self.written(chunk, request))
            return_freed_memory()

    def reading(self, request: Request) -> Reading:
        """What is to be read for a request. Raises `InputError` for one that this tagger can't meet."""
        kind = self.kind(request)
        if request.attention:
            self.check_attention()
        elif request.plot is not None:
            raise InputError("--plot: expected --attention beside it, which is what a tagger draws, found none")
        if request.nbest and kind == "conll":
            raise InputError("--nbest: expected --format text, jsonl or csv, found conll, which has one tag a token")
        if request.nbest and request.confidence and kind != "jsonl":
            raise InputError(f"--confidence: expected --format jsonl beside --nbest, found {kind}")
        return Reading(
            source=request.source,
            reads=request.reads,
            format=replace(self.format.without_tags(), cut=self.codec.cut),
            size=ATTENTION_CHUNK if request.attention else CHUNK,
            header=CSV_HEADER if kind == "csv" else "",
            draws=request.plot is not None,
            documents=self.codec.reads_documents,
        )

    def kind(self, request: Request) -> OutputFormat:
        """What is to be written. Raises `InputError` for what a tagger doesn't write, or has no use for."""
        formats: tuple[OutputFormat, ...] = get_args(OutputFormat)
        if request.attention:
            if request.format not in (None, "jsonl"):
                raise InputError(f"--attention: expected --format jsonl, found {request.format}")
            formats = ("jsonl",)
        return request.check("tagger", formats, ("known",))

    def written(self, chunk: Chunk, request: Request) -> Iterator[bytes]:
        """The sentences of a chunk as the request wants them, one by one."""
        kind = self.kind(request)
        write = writer(kind)
        tagged = self.tagged(
            chunk.sentences,
            confidence=request.confidence,
            alternatives=request.nbest,
            attention=request.attention,
            tags=kind in ("conll", "jsonl"),
        )
        if chunk.drawn and request.plot is not None:
            tagged = drawn(tagged, request.plot)
        for number, sentence in enumerate(tagged, chunk.first):
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
        if attention:
            self.check_attention()
        size = ATTENTION_CHUNK if attention else CHUNK
        for chunk in chunks(sentences, size, documents=self.codec.reads_documents):
            yield from self.tagged(chunk, confidence=confidence, alternatives=alternatives, attention=attention)

    def tagged(
        self,
        chunk: Sequence[Sentence],
        *,
        confidence: bool = False,
        alternatives: int = 0,
        attention: bool = False,
        tags: bool = True,
    ) -> Iterator[TaggedSentence]:
        """The sentences of a chunk in their order, without `tags` where only entities are of interest."""
        filled = [sentence for sentence in chunk if sentence.tokens]
        nothing = np.empty((self.check_attention(), 0, 0), np.float32) if attention else None
        found: dict[int, TaggedSentence] = {}
        for labelled in label(
            self.model, self.codec, self.codec.encode(filled), weights=attention, batch_tokens=BATCH_TOKENS
        ):
            read = self.read(filled, labelled, confidence, alternatives, tags)
            found |= zip(labelled.chosen.tolist(), read, strict=True)
        order = iter(range(len(filled)))
        for sentence in chunk:
            if sentence.tokens:
                yield found[next(order)]
            else:
                yield TaggedSentence(sentence, sentence.text or "", (), (), weights=nothing)

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """The probability of each tag at each token and the best sequence, for inputs that are lists of sentences."""
        units = [(number, tokens) for number, unit in enumerate(inputs, 1) for tokens in unit]
        sentences = [Sentence(tuple(tokens), None, 1, document=number) for number, tokens in units]
        found = [Answer([], [])] * len(sentences)
        crf, temperature = head_of(self.model).crf, float(head_of(self.model).temperature)
        encoded = self.codec.encode(sentences)
        for labelled in label(self.model, self.codec, encoded, batch_tokens=BATCH_TOKENS):
            decoded = labelled.decoded
            marginals = crf.posterior(decoded.emissions, decoded.mask, temperature=temperature).marginals()
            for index, values, tags in zip(labelled.chosen.tolist(), marginals, labelled.tags, strict=True):
                found[index] = Answer(shortest(values[: len(tags)].flatten().cpu().numpy()), tags)
        answers = [Answer([], []) for _ in inputs]
        for (number, _), answer in zip(units, found, strict=True):
            answers[number - 1].numbers.extend(answer.numbers)
            answers[number - 1].tags.extend(answer.tags)
        return answers

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """A sentence three times as long as any, of words that these have."""
        words = [token for unit in inputs for sentence in unit for token in sentence]
        longest = max(len(sentence) for unit in inputs for sentence in unit)
        return [[(words * 3 * longest)[: 3 * longest]]]

    def check_attention(self) -> int:
        """Heads of the model's attention. Raises `InputError` for a model without."""
        if self.model.attention is None:
            raise InputError(
                "attention: expected a model trained with attention.kind additive or multi-head, found none"
            )
        return self.model.attention.heads

    def read(
        self, chunk: Sequence[Sentence], labelled: Labelled, confidence: bool, alternatives: int, tags: bool
    ) -> Iterator[TaggedSentence]:
        """What was found in each sentence of a batch."""
        head = head_of(self.model)
        scores = iter(confidences(head, self.codec, labelled).tolist()) if confidence else None
        ranked = self.alternatives(labelled, alternatives) if alternatives else None
        for row, (index, found) in enumerate(zip(labelled.chosen.tolist(), labelled.entities, strict=True)):
            sentence, length = chunk[index], len(chunk[index].tokens)
            text, places = text_of(sentence)
            weights = None if labelled.weights is None else labelled.weights[row, :, :length, :length].cpu().numpy()
            yield TaggedSentence(
                sentence,
                text,
                tuple(encode(found, length, self.codec.file_scheme)) if tags else (),
                tuple(entity(text, places, span, None if scores is None else next(scores)) for span in found),
                () if ranked is None else self.rank(ranked[row], text, places),
                confidence,
                weights,
            )

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

    def rank(self, found: list[tuple[float, list[str]]], text: str, places: Places) -> tuple[Alternative, ...]:
        """Tag sequences as alternatives in the files' scheme."""
        return tuple(
            Alternative(
                probability,
                tuple(convert(tags, self.codec.scheme, self.codec.file_scheme)),
                tuple(entity(text, places, span, None) for span in spans(tags, self.codec.scheme)),
            )
            for probability, tags in found
        )


def entity(text: str, places: Places, span: Span, score: float | None) -> Entity:
    """A span of tokens as an entity of the text."""
    start, end = places(span)
    return Entity(text[start:end], span.type, start, end, span.start, span.end, score)


def text_of(sentence: Sentence) -> tuple[str, Places]:
    """A sentence's text and its tokens' places in it; tokens without a text are joined by blanks."""
    text, offsets = sentence.text, sentence.offsets
    if text is not None and offsets is not None:
        return text, lambda span: (offsets[span.start][0], offsets[span.end - 1][1])
    before = list(accumulate(map(len, sentence.tokens), initial=0))  # characters of the tokens before each
    return " ".join(sentence.tokens), lambda span: (before[span.start] + span.start, before[span.end] + span.end - 1)


def drawn(tagged: Iterable[TaggedSentence], path: Path) -> Iterator[TaggedSentence]:
    """The sentences as they are; the attention of the first one with tokens is drawn when it comes."""
    waiting = True
    for sentence in tagged:
        if waiting and sentence.weights is not None and sentence.sentence.tokens:
            from bilstm_nlp.reports import plots

            plots.attention(sentence.sentence.tokens, sentence.weights, path)
            waiting = False
        yield sentence
