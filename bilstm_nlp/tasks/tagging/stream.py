"""The input of a tagger, read in chunks of sentences.

Knows no torch, so that a process that only reads starts at once.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from bilstm_nlp.data.lines import name_of
from bilstm_nlp.data.pipes import Pipe
from bilstm_nlp.data.text.formats.corpus import sentences_of
from bilstm_nlp.data.text.formats.recognition import InputFormat, look_like_columns
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.system.threads import in_threads
from bilstm_nlp.tasks.tagging.parts import LONG, divide, holds_several
from bilstm_nlp.tasks.tagging.tally import Tally

logger = logging.getLogger(__name__)

Ready: TypeAlias = Callable[[float], bool]
"""Deadline → whether the next sentence is there until then."""
PATIENCE = 0.05
"""Seconds that the first sentence of a chunk waits for others. A fast writer fills a pipe in a fraction of it."""


@dataclass(frozen=True)
class ChunkSize:
    """The size that ends a chunk. It bounds the memory that a stream takes."""

    sentences: int
    tokens: int

    def full(self, sentences: int, tokens: int) -> bool:
        """Return True if so many sentences or tokens are enough."""
        return sentences >= self.sentences or tokens >= self.tokens


CHUNK = ChunkSize(1024, 65536)
"""Sentences that are sorted by length and tagged together. Larger chunks have less padding, and results come later."""
ATTENTION_CHUNK = ChunkSize(16, 2048)
"""The same with attention, whose weights grow with the square of a sentence's tokens."""


@dataclass(frozen=True)
class Chunk:
    """Sentences that are tagged together."""

    first: int
    """The number of the first sentence in the stream, from 1."""
    sentences: list[Sentence]
    drawn: bool = False
    """True if the attention of the first sentence with tokens is to be drawn."""
    follows: bool = False
    """True if there were sentences with tokens before."""


@dataclass(frozen=True)
class Reading:
    """The decisions about a request before anything is read."""

    source: str
    reads: InputFormat
    format: ColumnFormat
    size: ChunkSize
    header: str
    """The beginning of the output, for every input."""
    draws: bool
    """True if a sentence's attention is drawn."""
    documents: bool
    """True if the model reads sentences of a document together."""
    footer: str = ""
    """The end of the output, for every input."""
    skips_blank: bool = False
    """True if sentences without tokens are left out of the output."""
    guessed: bool = False
    """True if `reads` was told from the source."""
    split: str | None = None
    """Language by whose rules texts are cut into sentences."""
    tags: frozenset[str] = frozenset()
    """The tagger's tags, by which columns are told from text."""

    def chunks(self) -> Iterator[Chunk]:
        """Yield the stream's sentences in their order.

        Raises `InputError` for a faulty line, after the sentences before it, and if there was no sentence to draw.
        """
        first, waiting, blank, tagged = 1, self.draws, 0, False
        read = self._sentences()
        ready = self._ready(blocks=self.reads == "conll")
        for sentences in chunks(read, self.size, documents=self.documents, ready=ready):
            if first == 1 and self.guessed and self.reads == "text":
                self._warn_of_columns(sentences)
            filled = sum(bool(sentence.tokens) for sentence in sentences)
            drawn = waiting and filled > 0
            yield Chunk(first, sentences, drawn, follows=tagged)
            blank += len(sentences) - filled
            tagged = tagged or filled > 0
            first += sum(not sentence.continues for sentence in sentences)
            waiting = waiting and not drawn
        if blank and self.skips_blank:
            logger.info(
                "%s: texts without tokens, which annotation tools refuse: %d left out", name_of(self.source), blank
            )
        if waiting:
            raise InputError("--plot: expected a sentence with tokens to draw, found none")

    def _sentences(self) -> Iterator[Sentence]:
        """Yield the sentences of the source, cut from its texts if asked for.

        Otherwise, long texts with several sentences are counted, which a warning says at the end.
        """
        read = sentences_of(self.source, self.reads, self.format)
        if self.split is not None:
            yield from divide(read, self.split, self.format.cut)
            return
        count, first = 0, ""
        try:
            for sentence in read:
                if self.reads in ("text", "jsonl", "dataset") and holds_several(sentence):
                    count, first = count + 1, first or f"line {sentence.line}, {len(sentence.tokens)} tokens"
                yield sentence
        finally:
            if count:
                logger.warning(
                    "%s: texts of more than %d tokens with several sentences, which are tagged as one: %d (the first: "
                    "%s); --split cuts them into sentences",
                    *(name_of(self.source), LONG, count, first),
                )

    def _warn_of_columns(self, sentences: Sequence[Sentence]) -> None:
        """Warn if the lines of a stream look like columns: only a file can be looked at before it is read."""
        if len(sentences) > 1 and look_like_columns(
            [sentence.text or "" for sentence in sentences], self.format, self.tags
        ):
            logger.warning(
                "%s: its lines look like columns, but are read as text, a sentence each; --input conll reads columns",
                name_of(self.source),
            )

    @property
    def may_be_slow(self) -> bool:
        """Tell whether the next sentence may have to be waited for: standard input is a pipe or a terminal."""
        return self._pipe() is not None

    def _ready(self, *, blocks: bool) -> Ready | None:
        """Return a function that tells whether slow input has more sentences; `None` for input that is never slow."""
        pipe = self._pipe()
        return None if pipe is None else partial(pipe.ready, blocks=blocks)

    def _pipe(self) -> Pipe | None:
        """Return standard input, if it is the source and may be slow."""
        stream = sys.stdin.buffer if self.source == "-" else None
        return stream if isinstance(stream, Pipe) else None


def chunks(
    sentences: Iterable[Sentence], size: ChunkSize, *, documents: bool = False, ready: Ready | None = None
) -> Iterator[list[Sentence]]:
    """Yield the sentences in lists of at most `size`.

    With `documents`, sentences of a document stay together, unless they are more than twice as many. If `ready` says
    that the next sentence has to be waited for, the sentences before it are yielded without it. Sentences that were cut
    from one text always stay together.
    Raises `InputError` for input that can't be read, after all sentences before it.

    >>> sentences = [Sentence((word,), None, 1) for word in "abc"]
    >>> [len(chunk) for chunk in chunks(sentences, ChunkSize(2, 100))]
    [2, 1]
    """
    chunk: list[Sentence] = []
    tokens, deadline = 0, 0.0
    try:
        for sentence in sentences:
            same_document = documents and bool(chunk) and sentence.document == chunk[-1].document != 0
            same_document = same_document or (bool(chunk) and chunk[-1].continues)
            if chunk and size.full(len(chunk), tokens) and not same_document:
                yield chunk
                chunk, tokens = [], 0
            if ready is not None and not chunk:
                deadline = time.monotonic() + PATIENCE
            chunk.append(sentence)
            tokens += len(sentence.tokens)
            if sentence.continues:
                continue  # the sentences of a text are written together
            may_continue = documents and sentence.document != 0
            is_full = size.full(len(chunk), tokens) or (ready is not None and not ready(deadline))
            if (is_full and not may_continue) or size.full(len(chunk) // 2, tokens // 2):
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


def in_threads_joined(
    render: Callable[[Chunk, Tally], Iterable[bytes]], chunks: Iterable[Chunk], threads: int, tally: Tally
) -> Iterator[bytes]:
    """Yield the output of each chunk as one piece, as `joined` does, computed by threads for so many cores.

    One thread more than there are cores keeps all cores at work while a thread waits for Python's lock. Each chunk has
    a tally of its own, which is added to `tally` in the chunks' order.
    """

    def rendered(chunk: Chunk) -> tuple[bytes, InputError | None, Tally]:
        pieces, own = list[bytes](), Tally()
        try:
            pieces.extend(render(chunk, own))  # keeps what came before an error
        except InputError as error:
            return b"".join(pieces), error, own
        return b"".join(pieces), None, own

    for output, error, own in in_threads(rendered, chunks, threads + 1):
        tally.add(own)
        yield output
        if error is not None:
            raise error
        return_freed_memory()
