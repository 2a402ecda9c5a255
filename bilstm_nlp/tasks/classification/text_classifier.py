"""A trained classifier of texts: streams of texts in, streams of classes out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.classification.predictor import Classified, Classifier
from bilstm_nlp.tasks.classification.text_output import FOOTER, Choices, OutputFormat, header_of, names_of, writer_of
from bilstm_nlp.tasks.classification.text_stream import TextChunk, TextCounts, TextReading
from bilstm_nlp.tasks.request import Request

if TYPE_CHECKING:
    from bilstm_nlp.tasks.classification.codec import ClassificationCodec
    from bilstm_nlp.tasks.classification.network import ClassificationNetwork
    from bilstm_nlp.tasks.classification.text import TextEnd

logger = logging.getLogger(__name__)


class TextClassifier(Classifier):
    """A trained classifier of texts, as `load` returns it.

    >>> classifier.classify("Where is Lake Tahoe ?").classes  # doctest: +SKIP
    ('location',)
    """

    def __init__(
        self,
        network: ClassificationNetwork,
        codec: ClassificationCodec[LabelledText],
        end: TextEnd,
        threshold: float | None,
    ) -> None:
        """`threshold`: the least probability of a class; None where a text has one class."""
        super().__init__(network, codec, end, threshold)
        self.loader = end.loader
        self.tally = TextCounts()
        """The counts of the stream that is being rendered."""

    @overload
    def classify(self, inputs: str | Mapping[str, Any]) -> Classified: ...

    @overload
    def classify(self, inputs: Iterable[Any]) -> list[Classified]: ...

    def classify(self, inputs: str | Mapping[str, Any] | Iterable[Any]) -> Classified | list[Classified]:
        """Return the classes of a text, or of each input of a list, with calibrated probabilities.

        A string is one text. Of a list (or any iterable), each string is a text, each list or tuple of strings a text
        that is already cut into tokens, each dict a record with the key `text`.

        Raises `InputError` for anything else, and for a text without tokens.
        """
        texts, several = self.loader.inputs_of(inputs, "classify")
        for number, text in enumerate(texts, 1):
            if not text.tokens:
                raise InputError(f"classify: input {number}: expected a text with at least one token, found none")
        answers = list(self.answer(texts))
        return answers if several else answers[0]

    # --- requests of the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Classify a file, or standard input. What was read before a faulty line is classified before its error."""
        reading = self.reading(request)
        yield reading.header.encode()
        try:
            for chunk in reading.chunks():
                yield b"".join(self.render(chunk, request))
        except InputError:
            yield reading.footer.encode()
            raise
        yield reading.footer.encode()
        for message in self.take_tally().messages():
            logger.warning("%s", message)

    def reading(self, request: Request) -> TextReading:
        """Decide how to read a request's source. Raises `InputError` for a request that can't be met."""
        kind = self.format_of(request)
        if request.attention:
            self.check_weights("--attention")
        if request.reads not in ("auto", "text", "tokens", "jsonl", "dataset"):
            raise InputError(
                f"--input: expected text, tokens, jsonl or dataset for a classifier, found {request.reads}"
            )
        format = replace(self.loader.format, classes=frozenset(self.codec.classes))
        if request.source == "-" and not request.states_encoding:
            format = replace(format, encoding="utf-8")
        return TextReading(
            source=request.source,
            format=format,
            reads=request.reads,
            header=header_of(kind, request.source, weighted=self.has_weights),
            footer=FOOTER if kind == "html" else "",
        )

    def render(self, chunk: TextChunk, request: Request) -> Iterator[bytes]:
        """Yield the output for each text of a chunk, in the request's format."""
        kind, choices = self.format_of(request), choices_of(request)
        write = writer_of(kind, choices, chunk.columns)
        if kind == "csv" and chunk.first == 1:
            yield names_of(choices, chunk.columns).encode()
        self.count(chunk)
        answers = self.answer([text for text in chunk.texts if text.tokens])
        for number, text in enumerate(chunk.texts, chunk.first):
            yield write(number, text, next(answers) if text.tokens else None).encode()

    def count(self, chunk: TextChunk) -> None:
        """Count the texts of a chunk that is answered, and those without tokens."""
        self.tally.texts += len(chunk.texts)
        self.tally.empty += sum(not text.tokens for text in chunk.texts)

    def take_tally(self) -> TextCounts:
        """Return what was counted since the last call."""
        tally, self.tally = self.tally, TextCounts()
        return tally

    def format_of(self, request: Request) -> OutputFormat:
        """Return the output format. Raises `InputError` for options that a classifier does not have."""
        formats: tuple[OutputFormat, ...] = ("jsonl", "html") if request.attention else ("text", "jsonl", "csv", "html")
        others = ("known", "static", "levels", "horizon", "split", "min_confidence", "plot")
        return request.check("classifier of texts", formats, others)


def choices_of(request: Request) -> Choices:
    """Return the parts of an answer that a request asks for."""
    return Choices(request.confidence, request.nbest, request.attention)
