"""Texts and streams in, tagged sentences and output out, with any decoder."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, get_args, overload

import numpy as np

from bilstm_nlp.data.lines import name_of
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, Sentence
from bilstm_nlp.data.text.formats.other_columns import other_columns, other_width
from bilstm_nlp.data.text.formats.recognition import InputFormat, input_format
from bilstm_nlp.data.text.output import Entity, OutputFormat, TaggedSentence
from bilstm_nlp.data.text.sentence_ends import say_rules
from bilstm_nlp.errors import InputError
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.decoder import Decoder, decode_all
from bilstm_nlp.tasks.tagging.inputs import Input, Inputs, is_one_input, sentences_of_inputs
from bilstm_nlp.tasks.tagging.output_format import (
    check_options,
    frame_of,
    per_sentence,
    separator_of,
    skips_blank,
    writer_of,
)
from bilstm_nlp.tasks.tagging.parts import apart, together
from bilstm_nlp.tasks.tagging.stream import ATTENTION_CHUNK, CHUNK, Chunk, Reading, chunks, in_threads_joined, joined
from bilstm_nlp.tasks.tagging.tagged_sentences import entities_of, tagged_sentences
from bilstm_nlp.tasks.tagging.tally import Tally

logger = logging.getLogger(__name__)

BATCH_TOKENS = 2048
"""Tokens of a batch, padding included. On a CPU, larger batches gain nothing, and their sentences are less alike.

Half as many save 60 MiB of two threads with a graph, and cost torch a twentieth of its speed.
"""


class SentenceTagger:
    """A decoder with the inputs and the outputs of a tagger."""

    def __init__(self, decoder: Decoder, format: ColumnFormat) -> None:
        """`format`: the columns and the encoding of the training files."""
        self.decoder, self.format = decoder, format
        self.tally = Tally()
        """The counts of the stream that is being rendered."""

    @cached_property
    def reads(self) -> ColumnFormat:
        """The settings for inputs without tags."""
        return replace(self.format.without_tags(), cut=self.decoder.codec.cut)

    @overload
    def tag(self, inputs: str | Mapping[str, Any]) -> list[Entity]: ...  # type: ignore[overload-overlap]

    @overload
    def tag(self, inputs: Inputs) -> list[list[Entity]]: ...

    def tag(self, inputs: str | Mapping[str, Any] | Inputs) -> list[Entity] | list[list[Entity]]:
        """Return the entities of a text, or of each input of a list, with exact probabilities.

        A string is one text, and its entities are returned. Of a list (or any iterable), each string is a text, each
        list or tuple of strings is a sentence that is already cut into tokens, and a list of entities is returned for
        each. A dict is a record of JSONL: `{"tokens": ["EU", "rejects"], "pos": ["NNP", "VBZ"]}` gives the columns that
        are features of the tagger, which texts and lists of tokens don't have. Positions count characters of the text;
        tokens count as joined by blanks.

        Raises `InputError` for anything else.

        >>> tagger.tag("")
        []
        >>> len(tagger.tag(["EU rejects German call.", ["Peter", "Blackburn"]]))
        2
        >>> tagger.tag([["Angela", "Merkel"], None])
        Traceback (most recent call last):
        bilstm_nlp.errors.InputError: tag: input 2: expected a text or a list of tokens, found None
        """
        sentences = sentences_of_inputs(inputs, self.reads, "tag")
        alone = is_one_input(inputs)
        if alone or (isinstance(inputs, list | tuple) and len(inputs) == 1):
            (sentence,) = sentences
            entities = entities_of(sentence, self.decoder.entities(sentence)) if sentence.tokens else []
            return entities if alone else [entities]
        read = chunks(sentences, CHUNK, documents=self.decoder.reads_documents)
        tagged = chain.from_iterable(self.tagged(chunk, confidence=True, tags=False) for chunk in read)
        return [list(sentence.entities) for sentence in tagged]

    def stream(
        self,
        sentences: Iterable[Input],
        *,
        confidence: bool = False,
        alternatives: int = 0,
        attention: bool = False,
    ) -> Iterator[TaggedSentence]:
        """Tag sentences, texts or lists of tokens in their order, one chunk at a time, in constant memory.

        `confidence` adds each entity's probability, `alternatives` so many of the best tag sequences, `attention` the
        attention's weights. An input without tokens gives a sentence without entities.

        Raises `InputError` for other inputs, after the sentences before it were tagged, and for `attention` of a model
        without.

        >>> for tagged in tagger.stream(line for line in ["EU rejects German call.", ""]):
        ...     print(tagged.sentence.tokens)
        ('EU', 'rejects', 'German', 'call', '.')
        ()
        """
        if attention:
            self.decoder.attention_heads()
        size = ATTENTION_CHUNK if attention else CHUNK
        read = sentences_of_inputs(sentences, self.reads, "stream")
        for chunk in chunks(read, size, documents=self.decoder.reads_documents):
            yield from self.tagged(chunk, confidence=confidence, alternatives=alternatives, attention=attention)

    # --- requests of the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Tag a file, or standard input. What was read before a faulty line is tagged before its `InputError`."""
        reading = self.reading(request)
        yield reading.header.encode()
        try:
            threads = 1 if reading.may_be_slow or request.attention else self.decoder.callers
            if threads > 1:
                yield from in_threads_joined(
                    partial(self._rendered, request=request), reading.chunks(), threads, self.tally
                )
            else:
                for chunk in reading.chunks():
                    yield from joined(self.render(chunk, request))
                    return_freed_memory()
        except InputError:
            yield reading.footer.encode()
            raise
        yield reading.footer.encode()
        self.say_tally()

    def count(self, chunk: Chunk, request: Request) -> None:
        """Count a chunk of a stream. The first chunk tells whether its columns are those of the training files."""
        self._count(chunk, request, self.tally)

    def _count(self, chunk: Chunk, request: Request, tally: Tally) -> None:
        """Count a chunk of a stream in a tally."""
        if chunk.first == 1:
            codec, sentences = self.decoder.codec, chunk.sentences
            problems = [other_columns(sentences, codec.words, self.format)]
            if not request.states_columns:
                problems.append(other_width(sentences, codec.widths, self.reads))
            tally.problems += [f"{name_of(request.source)}: {problem}" for problem in problems if problem]
        tally.count(self.decoder.codec.columns, chunk.sentences)

    def say_tally(self) -> None:
        """Log what was counted over the stream, and count from 0 again."""
        for message in self.take_tally().messages():
            logger.warning("%s", message)

    def take_tally(self) -> Tally:
        """Return what was counted since the last call."""
        tally, self.tally = self.tally, Tally()
        return tally

    def reading(self, request: Request) -> Reading:
        """Decide how to read a request's source. Raises `InputError` for a request that this tagger can't meet."""
        kind = self.output_format(request)
        check_options(kind, request)
        if request.attention:
            self.decoder.attention_heads()
        elif request.plot is not None:
            raise InputError("--plot: expected --attention beside it, which is what a tagger draws, found none")
        if request.min_confidence and ("O" not in self.decoder.codec.tags or self.decoder.codec.scheme == "plain"):
            raise InputError("--min-confidence: expected a tagger of entities, found one that labels every token")
        format, tags = self.reads, frozenset(self.decoder.codec.tags)
        reads: InputFormat = request.reads
        if reads == "auto":
            reads = input_format(request.source, format, tags)
            logger.info("reading %s as %s (--input says otherwise)", request.source, reads)
        codec = self.decoder.codec
        if reads in ("text", "jsonl") and codec.agreement.matters:
            logger.warning(
                "%s: text without tokens is not cut like the training data, of which %s",
                request.source,
                codec.agreement,
            )
        if (reads in ("text", "tokens") or request.source == "-") and not request.states_encoding:
            format = replace(format, encoding="utf-8")
        if request.split is not None:
            if reads in ("tokens", "conll", "csv"):
                raise InputError(f"--split: expected text or jsonl, found {reads}, which is already cut")
            say_rules(request.split)
        frame = frame_of(kind, self.decoder.codec.types, request.source, reads)
        return Reading(
            source=request.source,
            reads=reads,
            format=format,
            size=ATTENTION_CHUNK if request.attention else CHUNK,
            header=frame.header,
            footer=frame.footer,
            skips_blank=skips_blank(kind),
            draws=request.plot is not None,
            documents=self.decoder.reads_documents,
            split=request.split,
            guessed=request.reads == "auto",
            tags=tags,
        )

    def render(self, chunk: Chunk, request: Request) -> Iterator[bytes]:
        """Yield the output for each sentence of a chunk, in the request's format."""
        return self._rendered(chunk, self.tally, request)

    def _rendered(self, chunk: Chunk, tally: Tally, request: Request) -> Iterator[bytes]:
        """Render a chunk, and count it in a tally."""
        kind = self.output_format(request)
        write = writer_of(kind, self.decoder.codec.types)
        self._count(chunk, request, tally)
        tagged = self.tagged(
            chunk.sentences,
            confidence=request.confidence or kind == "html",
            alternatives=request.nbest,
            attention=request.attention,
            tags=kind in ("conll", "jsonl"),
            min_confidence=request.min_confidence,
        )
        tagged = apart(tagged) if per_sentence(kind) else together(tagged)
        if chunk.drawn and request.plot is not None:
            tagged = _drawing_first(tagged, request.plot)
        separator, follows = separator_of(kind), chunk.follows
        for number, sentence in enumerate(tagged, chunk.first):
            tally.count_left_out(sentence, request.min_confidence)
            if sentence.sentence.tokens or not skips_blank(kind):
                yield ((separator if follows else "") + write(number, sentence)).encode()
                follows = True

    def output_format(self, request: Request) -> OutputFormat:
        """Return the output format. Raises `InputError` for options that a tagger does not have."""
        formats: tuple[OutputFormat, ...] = get_args(OutputFormat)
        if request.attention:
            if request.format not in (None, "jsonl"):
                raise InputError(f"--attention: expected --format jsonl, found {request.format}")
            formats = ("jsonl",)
        return request.check("tagger", formats, ("known", "static", "levels", "horizon"))

    # --- chunks ---

    def tagged(
        self,
        chunk: Sequence[Sentence],
        *,
        confidence: bool = False,
        alternatives: int = 0,
        attention: bool = False,
        tags: bool = True,
        min_confidence: float = 0.0,
    ) -> Iterator[TaggedSentence]:
        """Yield the tagged sentences of a chunk in their order, without tags if `tags` is False.

        Entities less probable than `min_confidence` are left out.
        """
        filled = [sentence for sentence in chunk if sentence.tokens]
        no_weights = np.empty((self.decoder.attention_heads(), 0, 0), np.float32) if attention else None
        tagged = iter(
            decode_all(
                self.decoder.batches(filled, attention=attention, batch_tokens=BATCH_TOKENS),
                lambda batch: tagged_sentences(
                    batch,
                    filled,
                    confidence=confidence,
                    alternatives=alternatives,
                    tags=tags,
                    min_confidence=min_confidence,
                ),
            )
        )
        for sentence in chunk:
            if sentence.tokens:
                yield next(tagged)
            else:
                yield TaggedSentence(sentence, sentence.text or "", (), (), weights=no_weights)


def _drawing_first(tagged: Iterable[TaggedSentence], path: Path) -> Iterator[TaggedSentence]:
    """Yield the sentences unchanged, and draw the attention of the first sentence with tokens."""
    drawn = False
    for sentence in tagged:
        if not drawn and sentence.weights is not None and sentence.sentence.tokens:
            from bilstm_nlp.reports import plots

            plots.attention(sentence.sentence.tokens, sentence.weights, path)
            drawn = True
        yield sentence
