"""Sentences, and the settings of the readers that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.tokenizer import WORDS, Cut
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import Scheme

LONGEST_SENTENCE = 100_000
"""Tokens. A longer sentence means that nothing separates the sentences of a file, which would fill the memory."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens with their tags, if known, and their place in a file.

    Only streams have sentences without tokens. They stand for blank lines of text, and for document boundaries at the
    end of a column file, so that the output has them too.

    >>> Sentence(("EU", "rejects"), ("B-ORG", "O"), line=3).tokens
    ('EU', 'rejects')
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None
    line: int
    """The first line, from 1; the number of the row in Parquet files and datasets of the Hub."""
    source: str | None = None
    """The file of the line, if the corpus consists of several."""
    document: int = 0
    """From 1; 0 if no document is named, as in text and before the first boundary of a column file."""
    document_start: str | None = None
    """The -DOCSTART- line right before this sentence; several such lines are joined by a blank line."""
    comments: tuple[str, ...] = ()
    """Lines of a column file right before this sentence that are no tokens, such as comments; only in streams."""
    after: tuple[str, ...] = ()
    """Such lines right after the last token."""
    header: str | None = None
    """The header line of the file, with its first sentence; only in streams."""
    rows: tuple[str, ...] = ()
    """Whole lines of a column file, without their ends; only in streams. Lines that are no tokens stand before them."""
    text: str | None = None
    offsets: tuple[tuple[int, int], ...] | None = None
    """Start and end of each token in `text`, in characters."""
    lines: Sequence[int] = ()
    """The line of each token in a column file; empty if all stand on `line`."""
    width: int = field(default=0, compare=False)
    """Columns of the column file; 0 for other formats, and for dialects such as CoNLL-U."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """The value of each token in columns that are features, by the column's key."""
    part: tuple[int, int] | None = None
    """Start and end of the sentence in `text`, if the text was cut into sentences; only in streams."""
    continues: bool = False
    """True if `text` has another sentence after this one."""
    others: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Keys of a JSONL record that a tagger neither reads nor writes, such as its id; only in streams."""


def check_length(name: str, tokens: int, line: int) -> None:
    """Raises `DataError` for more tokens than `LONGEST_SENTENCE`."""
    if tokens > LONGEST_SENTENCE:
        expected = f"a sentence of at most {LONGEST_SENTENCE:,} tokens"
        raise DataError(name, expected, "more: does something part the sentences?", line)


def place_of(sentence: Sentence, source: str) -> str:
    """Return the file of a sentence in a corpus that was read from `source`."""
    return sentence.source or source


def line_of(sentence: Sentence, index: int) -> int:
    """Return the line of a token."""
    return sentence.lines[index] if sentence.lines else sentence.line


def by_documents(sentences: Sequence[Sentence]) -> list[list[Sentence]]:
    """Group neighbours of one document; a sentence of no known document is a group of its own."""
    groups: list[list[Sentence]] = []
    for document, group in groupby(sentences, key=attrgetter("document")):
        if document:
            groups.append(list(group))
        else:
            groups += [[sentence] for sentence in group]
    return groups


def widths_of(sentences: Sequence[Sentence]) -> tuple[int, ...]:
    """List the numbers of columns of the files that sentences come from, ascending.

    >>> widths_of([Sentence(("EU",), ("O",), 1, width=4), Sentence(("EU",), ("O",), 1)])
    (4,)
    """
    return tuple(sorted({sentence.width for sentence in sentences if sentence.width}))


@dataclass(frozen=True)
class ColumnFormat:
    """The settings of all readers: the columns of tokens and tags, the spans of text, and the cut of text.

    The name of a column is also the key in JSONL and in datasets. Columns by number keep the default keys there.
    """

    token: int | str = 0
    tag: int | str | None = -1
    """None if tags are not needed."""
    comment: str | None = None
    """The beginning of comment lines."""
    on_empty_token: Literal["error", "skip"] = "error"
    """Treatment of tokens without characters."""
    encoding: str = "utf-8"
    header: bool = False
    """The first line names the columns, even if columns are given by number."""
    text_key: str | None = None
    span_key: str | None = None
    """The keys of a record's text and of its spans; None for those that annotators use."""
    tag_names: tuple[str, ...] = ()
    """The names of tags that are numbers, from 0."""
    offsets: Literal["characters", "utf-16", "bytes"] = "characters"
    """The unit of the offsets of spans."""
    on_misaligned: Literal["error", "snap", "drop"] = "error"
    """Treatment of spans that cut a token."""
    on_overlap: Literal["error", "longest"] = "error"
    """Treatment of spans that overlap."""
    cut: Cut = WORDS
    """The cut of text without tokens."""
    spans_as: Scheme = "IOB2"
    """The scheme of the tags that are made of character spans."""
    features: tuple[FeatureColumn, ...] = ()
    """Columns beside token and tag that are read as features."""

    @property
    def has_header(self) -> bool:
        """Tell whether the first line of a column file names its columns."""
        columns = (self.token, self.tag, *(feature.column for feature in self.features))
        return self.header or any(isinstance(column, str) for column in columns)

    def without_tags(self) -> ColumnFormat:
        """Return the same settings for files with or without tags."""
        return replace(self, tag=None, header=self.has_header)
