"""The input of a classifier of texts, read in chunks.

Knows no torch, so that a process that only reads starts at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bilstm_nlp.data.labelled.labelled_text import LabelledText, TextFormat
from bilstm_nlp.data.labelled.text_inputs import texts_to_classify
from bilstm_nlp.data.pipes import Pipe
from bilstm_nlp.data.remarks import Remark, warn
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.request import Reads

CHUNK_TEXTS, CHUNK_TOKENS = 1024, 65536
"""Texts, and their tokens, that are sorted by length and classified together, at most."""
PATIENCE = 0.05
"""Seconds that the first text of a chunk waits for others."""


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
    columns: Sequence[str] = ()
    """Columns or keys of the first text of the stream beside text and class, which CSV gives back."""


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
        columns: tuple[str, ...] | None = None
        first, tokens, deadline = 1, 0, 0.0
        pipe = self._pipe()
        try:
            for text in texts_to_classify(self.source, self.format, remarks.append, self.reads):
                columns = tuple(map(str, text.other)) if columns is None else columns
                if not chunk:
                    deadline = time.monotonic() + PATIENCE
                chunk.append(text)
                tokens += len(text.tokens)
                is_full = len(chunk) >= CHUNK_TEXTS or tokens >= CHUNK_TOKENS
                if is_full or (pipe is not None and not pipe.ready(deadline)):
                    yield TextChunk(first, chunk, columns or ())
                    first, chunk, tokens = first + len(chunk), [], 0
        except InputError:
            if chunk:
                yield TextChunk(first, chunk, columns or ())
            raise
        finally:
            warn(remarks)
        if chunk:
            yield TextChunk(first, chunk, columns or ())

    @property
    def may_be_slow(self) -> bool:
        """Tell whether the next text may have to be waited for: standard input is a pipe or a terminal."""
        return self._pipe() is not None

    def _pipe(self) -> Pipe | None:
        """Return standard input, if it is the source and may be slow."""
        stream = sys.stdin.buffer if self.source == "-" else None
        return stream if isinstance(stream, Pipe) else None
