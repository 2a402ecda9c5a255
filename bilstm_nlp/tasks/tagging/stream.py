"""What a tagger is to read, and the chunks that it reads it in. Knows no torch: whoever only reads need not wait."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bilstm_nlp.data.text.corpus import InputFormat, input_format, sentences_of
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import InputError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChunkSize:
    """A chunk ends with the sentence that makes it so large: what a stream holds in memory at any time."""

    sentences: int
    tokens: int

    def full(self, sentences: int, tokens: int) -> bool:
        """Whether so many are enough."""
        return sentences >= self.sentences or tokens >= self.tokens


CHUNK = ChunkSize(2048, 65536)
"""What is sorted by length and tagged together. In larger chunks there is less padding, and more to wait for."""
ATTENTION_CHUNK = ChunkSize(16, 2048)
"""The same with attention, whose weights are as many as the square of a sentence's tokens."""


@dataclass(frozen=True)
class Chunk:
    """Sentences that are tagged together."""

    first: int
    """The number of the first one in the stream, from 1."""
    sentences: list[Sentence]
    drawn: bool = False
    """Whether the attention of the first one with tokens is to be drawn."""


@dataclass(frozen=True)
class Reading:
    """What is settled of a request before anything is read."""

    source: str
    reads: InputFormat
    format: ColumnFormat
    size: ChunkSize
    header: str
    """What the output begins with, whatever is read."""
    draws: bool
    """Whether a sentence's attention is drawn."""
    documents: bool
    """Whether sentences of a document are read together."""

    def chunks(self) -> Iterator[Chunk]:
        """The stream's sentences in its order; what was read before an `InputError` comes before it.

        Raises `InputError` also where there was no sentence to draw.
        """
        reads = self.reads
        if reads == "auto":
            reads = input_format(self.source)
            logger.info("reading %s as %s (--input says otherwise)", self.source, reads)
        first, waiting = 1, self.draws
        for sentences in chunks(sentences_of(self.source, reads, self.format), self.size, documents=self.documents):
            drawn = waiting and any(sentence.tokens for sentence in sentences)
            yield Chunk(first, sentences, drawn)
            first, waiting = first + len(sentences), waiting and not drawn
        if waiting:
            raise InputError("--plot: expected a sentence with tokens to draw, found none")


def chunks(sentences: Iterable[Sentence], size: ChunkSize, *, documents: bool = False) -> Iterator[list[Sentence]]:
    """The sentences in lists; what was read before an `InputError` comes before it.

    With `documents`, those of a document stay together as long as they are no more than twice what a chunk holds.
    """
    chunk: list[Sentence] = []
    tokens = 0
    try:
        for sentence in sentences:
            held = documents and bool(chunk) and sentence.document == chunk[-1].document != 0
            if chunk and size.full(len(chunk), tokens) and not held:
                yield chunk
                chunk, tokens = [], 0
            chunk.append(sentence)
            tokens += len(sentence.tokens)
            may_go_on = documents and sentence.document != 0
            if (size.full(len(chunk), tokens) and not may_go_on) or size.full(len(chunk) // 2, tokens // 2):
                yield chunk
                chunk, tokens = [], 0
    except InputError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the output of a chunk as one piece, up to an `InputError`, which is raised after it."""
    output: list[bytes] = []
    try:
        output.extend(pieces)  # keeps what came before an error
    except InputError:
        yield b"".join(output)
        raise
    yield b"".join(output)
