"""Sentences and corpora of tagged sentences, read from column files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import Scheme, violations

InputFormat = Literal["auto", "text", "conll", "jsonl"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens, their tags where they are known, and where they come from."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None
    line: int
    document: int = 0
    document_start: str | None = None
    rows: tuple[str, ...] = ()
    text: str | None = None
    offsets: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True)
class ColumnFormat:
    """Which columns of a file mean what."""

    token: int | str = 0
    tag: int | str | None = -1
    comment: str | None = None
    encoding: str = "utf-8"


@dataclass(frozen=True)
class TaggedCorpus:
    """Sentences and where they come from."""

    source: str
    sentences: list[Sentence]


@dataclass(frozen=True)
class Repair:
    """A tag that was changed."""

    line: int
    before: str
    after: str


def read(source: str, format: ColumnFormat) -> TaggedCorpus:
    """All sentences of a column file."""
    return TaggedCorpus(source, list(sentences_of(source, "conll", format)))


def sentences_of(source: str, reads: InputFormat, format: ColumnFormat) -> Iterator[Sentence]:
    """The sentences of a column file, one after the other."""
    assert isinstance(format.token, int)
    rows: list[str] = []
    document, start, begin = 0, None, 0
    with Path(source).open(encoding=format.encoding) as stream:
        for number, raw in enumerate([*stream, ""], 1):
            line = raw.rstrip("\r\n")
            if line.startswith("-DOCSTART-"):
                document, start = document + 1, line
            elif line.strip(" \t"):
                begin = begin if rows else number
                rows.append(line)
            elif rows:
                columns = [row.split() for row in rows]
                tags = None if not isinstance(format.tag, int) else tuple(row[format.tag] for row in columns)
                tokens = tuple(row[format.token] for row in columns)
                yield Sentence(tokens, tags, begin, document, start, tuple(rows))
                rows, start = [], None


def input_format(source: str) -> InputFormat:
    """What a file is read as, by its name."""
    return "conll" if source else "text"


def checked(
    corpus: TaggedCorpus, scheme: Scheme, on_invalid: Literal["error", "repair"]
) -> tuple[TaggedCorpus, list[Repair]]:
    """The corpus, if all its tags keep to the scheme."""
    for sentence in corpus.sentences:
        for violation in violations(sentence.tags or (), scheme):
            line = sentence.line + violation.index
            raise DataError(corpus.source, f"tags of {scheme}", violation.reason, line)
    return corpus, []


def sentence_of_text(text: str) -> Sentence:
    """A sentence of blank-separated tokens."""
    return Sentence(tuple(text.split()), None, 1)
