"""What readers make of data: a sentence. And the settings that tell them how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import Scheme

LONGEST_SENTENCE = 100_000
"""Tokens. A file with more has nothing that parts its sentences, and would be read until memory ends."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens, their tags where they are known, and where they come from.

    A stream has sentences without tokens where something must keep its place: a blank line of text, or document
    boundaries with no sentence after them. A corpus has none.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None
    line: int
    """From 1, where the sentence begins; of Parquet and of the Hub, the number of its row."""
    document: int = 0
    """From 1; 0 where none is named: before the first boundary of a column file, in text."""
    document_start: str | None = None
    """The -DOCSTART- line right before this sentence; several are joined by a blank line."""
    rows: tuple[str, ...] = ()
    """Whole lines of a column file, without their ends; only in a stream."""
    text: str | None = None
    offsets: tuple[tuple[int, int], ...] | None = None
    """Where each token begins and ends in `text`, in characters."""
    lines: Sequence[int] = ()
    """Each token's own line in a column file; empty where all stand on `line`."""


def check_length(name: str, tokens: int, line: int) -> None:
    """Raises `DataError` for more tokens than a sentence has."""
    if tokens > LONGEST_SENTENCE:
        expected = f"a sentence of at most {LONGEST_SENTENCE:,} tokens"
        raise DataError(name, expected, "more: does something part the sentences?", line)


def line_of(sentence: Sentence, index: int) -> int:
    """The line that a token stands on."""
    return sentence.lines[index] if sentence.lines else sentence.line


@dataclass(frozen=True)
class ColumnFormat:
    """How to read sentences: which columns of a file mean what, and what to make of text.

    The names of columns are also the keys of JSONL and of datasets; columns by number leave those at their defaults.
    """

    token: int | str = 0
    tag: int | str | None = -1
    """None where tags are not needed."""
    comment: str | None = None
    """What a comment line begins with."""
    encoding: str = "utf-8"
    header: bool = False
    """The first line names the columns even where none is asked for by its name."""
    cut: Cut = "words"
    """How text without tokens is cut."""
    spans_as: Scheme = "IOB2"
    """The scheme of the tags that character spans become."""

    @property
    def has_header(self) -> bool:
        """Whether a column file's first line names its columns."""
        return self.header or isinstance(self.token, str) or isinstance(self.tag, str)

    def without_tags(self) -> ColumnFormat:
        """The same for files that may have tags or not."""
        return replace(self, tag=None, header=self.has_header)
