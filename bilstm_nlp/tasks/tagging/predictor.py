"""A trained tagger: streams of sentences in, streams of tagged sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, overload

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.corpus import ColumnFormat, Sentence
from bilstm_nlp.data.text.output import CSV_HEADER, Entity, OutputFormat, TaggedSentence, writer
from bilstm_nlp.errors import InputError
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch, TaggingModel, decode_each
from bilstm_nlp.tasks.tagging.inputs import Input, is_one_text, sentence_of_input, sentences_of_inputs
from bilstm_nlp.tasks.tagging.stream import ATTENTION_CHUNK, CHUNK, Chunk, Reading, chunks, joined
from bilstm_nlp.tasks.tagging.tagged_sentences import tagged_sentences

BATCH_TOKENS = 2048
"""Tokens of a batch, padding included. On a CPU, larger batches gain nothing, and their sentences are less alike."""


class Tagger:
    """A trained tagger, as `load` returns it.

    >>> tagger.tag("EU rejects German call.")  # doctest: +SKIP
    [Entity(text='EU', type='ORG', start=0, end=2, first=0, last=1, score=0.98), …]
    """

    def __init__(
        self,
        model: TaggingModel,
        codec: TaggingCodec,
        format: ColumnFormat,
        scores: Mapping[str, float] | None = None,
    ) -> None:
        """`format`: the columns and the encoding of the files that the tagger was trained on.

        `scores`: F1 by the name of the corpus ("dev", "test"), if it is known.
        """
        self.model, self.codec, self.format, self.scores = model, codec, format, dict(scores or {})

    def __repr__(self) -> str:
        """Name the entity types, the tags and the scores that are known."""
        types = ", ".join(self.codec.types) or "no types"
        parts = [types, f"{len(self.codec.tags)} tags in {self.codec.scheme}"]
        parts += [f"{name} F1 {score:.4f}" for name, score in self.scores.items()]
        return f"<Tagger: {'; '.join(parts)}>"

    @overload
    def tag(self, inputs: str) -> list[Entity]: ...  # type: ignore[overload-overlap]

    @overload
    def tag(self, inputs: Iterable[str] | Iterable[Sequence[str]]) -> list[list[Entity]]: ...

    def tag(self, inputs: str | Iterable[str] | Iterable[Sequence[str]]) -> list[Entity] | list[list[Entity]]:
        """Return the entities of a text, or of each input of a list, with exact probabilities.

        A string is one text, and its entities are returned. Of a list (or any iterable), each string is a text, each
        list or tuple of strings is a sentence that is already cut into tokens, and a list of entities is returned for
        each. Positions count characters of the text; tokens count as joined by blanks.

        Raises `InputError` for anything else.

        >>> tagger.tag("")
        []
        >>> len(tagger.tag(["EU rejects German call.", ["Peter", "Blackburn"]]))
        2
        >>> tagger.tag([["Angela", "Merkel"], None])
        Traceback (most recent call last):
        bilstm_nlp.errors.InputError: tag: input 2: expected a text or a list of tokens, found None
        """
        sentences = sentences_of_inputs(inputs, self.codec.cut, "tag")
        entities = [list(tagged.entities) for tagged in self.stream(sentences, confidence=True)]
        return entities[0] if is_one_text(inputs) else entities

    def attention(self, text: str | Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the tokens of a text, and (heads, T, T): how much each token (row) attends to each token (column).

        A list or tuple of strings is a sentence that is already cut into tokens.

        Raises `InputError` for anything else, and for a model without attention.

        >>> tokens, weights = tagger.attention("EU rejects German call.")
        >>> tokens, weights.shape
        (('EU', 'rejects', 'German', 'call', '.'), (1, 5, 5))
        """
        sentence = sentence_of_input(text, self.codec.cut, "attention")
        (tagged,) = self.stream([sentence], attention=True)
        assert tagged.weights is not None
        return tuple(tagged.sentence.tokens), tagged.weights

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
            self._attention_heads()
        size = ATTENTION_CHUNK if attention else CHUNK
        read = sentences_of_inputs(sentences, self.codec.cut, "stream")
        for chunk in chunks(read, size, documents=self.codec.reads_documents):
            yield from self._tagged(chunk, confidence=confidence, alternatives=alternatives, attention=attention)

    # --- requests of the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Tag a file, or standard input. What was read before a faulty line is tagged before its `InputError`."""
        reading = self.reading(request)
        yield reading.header.encode()
        for chunk in reading.chunks():
            yield from joined(self.render(chunk, request))
            return_freed_memory()

    def reading(self, request: Request) -> Reading:
        """Decide how to read a request's source. Raises `InputError` for a request that this tagger can't meet."""
        kind = self._output_format(request)
        if request.attention:
            self._attention_heads()
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

    def render(self, chunk: Chunk, request: Request) -> Iterator[bytes]:
        """Yield the output for each sentence of a chunk, in the request's format."""
        kind = self._output_format(request)
        write = writer(kind)
        tagged = self._tagged(
            chunk.sentences,
            confidence=request.confidence,
            alternatives=request.nbest,
            attention=request.attention,
            tags=kind in ("conll", "jsonl"),
        )
        if chunk.drawn and request.plot is not None:
            tagged = _drawing_first(tagged, request.plot)
        for number, sentence in enumerate(tagged, chunk.first):
            yield write(number, sentence).encode()

    def _output_format(self, request: Request) -> OutputFormat:
        """Return the output format. Raises `InputError` for options that a tagger does not have."""
        formats: tuple[OutputFormat, ...] = get_args(OutputFormat)
        if request.attention:
            if request.format not in (None, "jsonl"):
                raise InputError(f"--attention: expected --format jsonl, found {request.format}")
            formats = ("jsonl",)
        return request.check("tagger", formats, ("known", "levels", "horizon"))

    # --- verification ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Return the probability of each tag at each token, and the best sequence. An input is a list of sentences."""
        units = [(number, tokens) for number, unit in enumerate(inputs, 1) for tokens in unit]
        sentences = [Sentence(tuple(tokens), None, 1, document=number) for number, tokens in units]

        def read(batch: DecodedBatch) -> Iterator[Answer]:
            for values, tags in zip(batch.posterior().marginals(), batch.tags, strict=True):
                yield Answer(shortest(values[: len(tags)].flatten().cpu().numpy()), tags)

        encoded = self.codec.encode(sentences)
        of_sentences = decode_each(self.model, self.codec, encoded, read, batch_tokens=BATCH_TOKENS)
        answers = [Answer([], []) for _ in inputs]
        for (number, _), answer in zip(units, of_sentences, strict=True):
            answers[number - 1].numbers.extend(answer.numbers)
            answers[number - 1].tags.extend(answer.tags)
        return answers

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return an input with one sentence, three times as long as the longest, of the inputs' words."""
        words = [token for unit in inputs for sentence in unit for token in sentence]
        longest = max(len(sentence) for unit in inputs for sentence in unit)
        return [[(words * 3 * longest)[: 3 * longest]]]

    # --- chunks ---

    def _tagged(
        self,
        chunk: Sequence[Sentence],
        *,
        confidence: bool = False,
        alternatives: int = 0,
        attention: bool = False,
        tags: bool = True,
    ) -> Iterator[TaggedSentence]:
        """Yield the tagged sentences of a chunk in their order, without tags if `tags` is False."""
        filled = [sentence for sentence in chunk if sentence.tokens]
        no_weights = np.empty((self._attention_heads(), 0, 0), np.float32) if attention else None
        tagged = iter(
            decode_each(
                self.model,
                self.codec,
                self.codec.encode(filled),
                lambda batch: tagged_sentences(
                    batch, filled, confidence=confidence, alternatives=alternatives, tags=tags
                ),
                attention=attention,
                batch_tokens=BATCH_TOKENS,
            )
        )
        for sentence in chunk:
            if sentence.tokens:
                yield next(tagged)
            else:
                yield TaggedSentence(sentence, sentence.text or "", (), (), weights=no_weights)

    def _attention_heads(self) -> int:
        """Return the number of attention heads. Raises `InputError` for a model without attention."""
        if self.model.attention is None:
            raise InputError(
                "attention: expected a model trained with attention.kind additive or multi-head, found none"
            )
        return self.model.attention.heads


def _drawing_first(tagged: Iterable[TaggedSentence], path: Path) -> Iterator[TaggedSentence]:
    """Yield the sentences unchanged, and draw the attention of the first sentence with tokens."""
    drawn = False
    for sentence in tagged:
        if not drawn and sentence.weights is not None and sentence.sentence.tokens:
            from bilstm_nlp.reports import plots

            plots.attention(sentence.sentence.tokens, sentence.weights, path)
            drawn = True
        yield sentence
