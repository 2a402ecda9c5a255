"""A trained classifier of texts: streams of texts in, streams of classes out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.classification.predictor import Classified, Classifier
from bilstm_nlp.tasks.classification.text_output import FOOTER, Choices, OutputFormat, header_of, writer_of
from bilstm_nlp.tasks.classification.text_stream import TextChunk, TextCounts, TextReading
from bilstm_nlp.tasks.request import Request

if TYPE_CHECKING:
    from bilstm_nlp.tasks.classification.codec import ClassificationCodec
    from bilstm_nlp.tasks.classification.model import ClassificationModel
    from bilstm_nlp.tasks.classification.text import TextEnd

logger = logging.getLogger(__name__)


class TextClassifier(Classifier):
    """A trained classifier of texts, as `load` returns it.

    >>> classifier.classify("Where is Lake Tahoe ?").classes  # doctest: +SKIP
    ('location',)
    """

    def __init__(
        self,
        model: ClassificationModel,
        codec: ClassificationCodec[LabelledText],
        end: TextEnd,
        threshold: float | None,
    ) -> None:
        """`threshold`: the least probability of a class; None where a text has one class."""
        super().__init__(model, codec, end, threshold)
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
        kind = self._format(request)
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
            header=header_of(kind, choices_of(request), request.source, weighted=self.has_weights),
            footer=FOOTER if kind == "html" else "",
        )

    def render(self, chunk: TextChunk, request: Request) -> Iterator[bytes]:
        """Yield the output for each text of a chunk, in the request's format."""
        write = writer_of(self._format(request), choices_of(request))
        answers = self.answer([text for text in chunk.texts if text.tokens])
        for number, text in enumerate(chunk.texts, chunk.first):
            self.tally.texts += 1
            self.tally.empty += not text.tokens
            yield write(number, text, next(answers) if text.tokens else None).encode()

    def take_tally(self) -> TextCounts:
        """Return what was counted since the last call."""
        tally, self.tally = self.tally, TextCounts()
        return tally

    def _format(self, request: Request) -> OutputFormat:
        """Return the output format. Raises `InputError` for options that a classifier does not have."""
        formats: tuple[OutputFormat, ...] = ("jsonl", "html") if request.attention else ("text", "jsonl", "csv", "html")
        others = ("known", "static", "levels", "horizon", "split", "min_confidence", "plot")
        return request.check("classifier of texts", formats, others)


def choices_of(request: Request) -> Choices:
    """Return the parts of an answer that a request asks for."""
    return Choices(request.confidence, request.nbest, request.attention)
<<<<<<< HEAD


@dataclass
class TextCounts:
    """What a stream had that its output does not show."""

    texts: int = 0
    empty: int = 0
    """Texts without tokens, which have no class."""

    def add(self, other: TextCounts) -> None:
        """Add the counts of another part of the stream."""
        self.texts += other.texts
        self.empty += other.empty

    def messages(self) -> Iterator[str]:
        """Yield a sentence for each count that is not 0."""
        if self.empty:
            yield f"{self.empty:,} of {self.texts:,} texts have no tokens, and get no class"


@dataclass(frozen=True)
class TextChunk:
    """Texts that are classified together."""

    first: int
    """The number of the first text in the stream, from 1."""
    texts: Sequence[LabelledText]


@dataclass(frozen=True)
class TextReading:
    """The decisions about a request before anything is read."""

    source: str
    format: TextFormat
    reads: Reads
    header: str
    footer: str

    def chunks(self) -> Iterator[TextChunk]:
        """Yield the stream's texts in their order.

        Raises `InputError` for a faulty line, after the texts before it.
        """
        remarks: list[Remark] = []
        chunk: list[LabelledText] = []
        first, tokens, deadline = 1, 0, 0.0
        pipe = self._pipe()
        try:
            for text in texts_to_classify(self.source, self.format, remarks.append, self.reads):
                if not chunk:
                    deadline = time.monotonic() + PATIENCE
                chunk.append(text)
                tokens += len(text.tokens)
                is_full = len(chunk) >= CHUNK_TEXTS or tokens >= CHUNK_TOKENS
                if is_full or (pipe is not None and not pipe.ready(deadline)):
                    yield TextChunk(first, chunk)
                    first, chunk, tokens = first + len(chunk), [], 0
        except InputError:
            if chunk:
                yield TextChunk(first, chunk)
            raise
        finally:
            warn(remarks)
        if chunk:
            yield TextChunk(first, chunk)

    @property
    def may_be_slow(self) -> bool:
        """Tell whether the next text may have to be waited for: standard input is a pipe or a terminal."""
        return self._pipe() is not None

    def _pipe(self) -> Pipe | None:
        """Return standard input, if it is the source and may be slow."""
        stream = sys.stdin.buffer if self.source == "-" else None
        return stream if isinstance(stream, Pipe) else None
=======
>>>>>>> 6b3099e (Share the stream of a classifier of texts among processes, and answer each line of a pipe at once)
