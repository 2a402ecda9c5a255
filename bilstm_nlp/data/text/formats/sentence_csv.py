"""CSV with a token a row, and numbers of sentences or blank rows between them, or with a sentence a row."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bilstm_nlp.data.lines import Complain, lines_of_columns, name_of, stop
from bilstm_nlp.data.remarks import Note, Remark, ignore
from bilstm_nlp.data.text.formats.records import RecordReader
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length
from bilstm_nlp.errors import DataError, excerpt

SENTENCE_NAMES = frozenset(
    {"sentence #", "sentence#", "sentence_id", "sentence id", "sent_id", "sentence_idx", "sentence no", "sent #"}
    | {"sentence number", "sentence_number", "sentence"}
)
TOKEN_NAMES = ("word", "words", "token", "tokens", "sentence", "text")
TAG_NAMES = ("tag", "tags", "ner_tag", "ner_tags", "ner", "label", "labels", "entity", "word_labels")
"""Names of columns in lower case, in the order in which they count."""
SEPARATORS = (",", ";", "\t")
TAG_ENDS = re.compile(r",\s*|\s+")
LINE_ENDS_AND_TABS = re.compile("[\t\n\r]+")


def separator_of(header: str, row: str = "") -> str | None:
    """Return what parts the cells of a header line that names sentences, tokens and tags; None for another line.

    A text beside its labels is a sentence only if `row`, the one after the header, has a tag for each of its words.

    >>> separator_of("Sentence #,Word,POS,Tag"), separator_of("EU,B-ORG"), separator_of("text,label", "EU says,ORG")
    (',', None, None)
    >>> separator_of("text;labels", "EU says;['B-ORG', 'O']")
    ';'
    """
    for separator in SEPARATORS:
        names = [name.lower() for name in _cells(header, separator)]
        tokens = [name for name in TOKEN_NAMES if name in names]
        tags = [name for name in TAG_NAMES if name in names]
        if not tokens or not tags:
            continue
        # Without numbers, blank rows part the sentences. Columns are read with tabs, and a text is no token.
        if SENTENCE_NAMES & {*names} - {tokens[0]} or (separator != "\t" and tokens[0] in TOKEN_NAMES[:4]):
            return separator
        cells = _cells(row, separator)
        if len(cells) == len(names):
            words, listed = cells[names.index(tokens[0])], cells[names.index(tags[0])]
            if listed.startswith("[") or is_list(words, listed):
                return separator
    return None


def is_list(words: str, tags: str) -> bool:
    """Tell whether a cell has a tag for each of several words.

    >>> is_list("EU says", "B-ORG,O"), is_list("EU says", "ORG")
    (True, False)
    """
    return len(words.split()) == len(TAG_ENDS.split(tags.strip())) > 1


def names_columns(names: Sequence[str]) -> bool:
    """Tell whether names of columns are those of tokens and of tags."""
    lower = {name.lower() for name in names}
    return not lower.isdisjoint(TOKEN_NAMES) and not lower.isdisjoint(TAG_NAMES)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:  # a lone return, or a cell of more than 128 KiB
        return []


@dataclass(frozen=True)
class Header:
    """The columns of sentences, tokens and tags, and those of features."""

    width: int
    sentence: int | None
    """None if blank rows part the sentences."""
    token: int
    tag: int | None
    features: tuple[int, ...]


def read_sentence_csv(
    source: str, format: ColumnFormat, complain: Complain = stop, note: Note = ignore, *, keep_rows: bool = False
) -> Iterator[Sentence]:
    """Yield the sentences of a CSV file, whose rows have the number of their sentence, or only the first row of each.

    If the tags are lists, a row is a sentence. Kept rows are parted by tabs. Calls `complain` for rows of another width
    and without a tag.
    """
    name = name_of(source)
    lines = lines_of_columns(source, format.encoding, complain)
    line_of_header, first = next(((number, line) for number, line in lines if line.strip()), (1, ""))
    separator = next((each for each in SEPARATORS if names_columns(_cells(first, each))), ",")
    names = _cells(first, separator)
    header = _header(name, names, format)
    rows = csv.reader((f"{line}\n" for _, line in lines), delimiter=separator, strict=True)
    collected, current = _Collected("\t".join(names) if keep_rows else None), ""
    lists: RecordReader | None = None
    seen = False
    while True:
        number = line_of_header + rows.line_num + 1  # the first line of the row
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(name, "a row of CSV", str(error), number) from None
        if row is None:
            break
        if not any(cell.strip() for cell in row):
            if header.sentence is None and collected.tokens:
                yield collected.done(format)
                collected = _Collected()
            continue
        if len(row) != header.width:
            expected = f"{header.width} cells, as the header line has"
            complain(DataError(name, expected, f"{len(row)}: {excerpt(' '.join(row))!r}", number))
            continue
        tag = None if header.tag is None else row[header.tag].strip()
        is_first, seen = not seen, True
        if is_first and tag is not None and header.sentence is None and is_list(row[header.token], tag):
            lists = RecordReader(name, format, complain, note)
        if tag is not None and (lists is not None or tag.startswith("[")):
            lists = lists or RecordReader(name, format, complain, note)
            yield from _of_lists(name, row[header.token], tag, number, lists, complain)
            continue
        identifier = "" if header.sentence is None else row[header.sentence].strip()
        if identifier and identifier != current and collected.tokens:
            yield collected.done(format)
            collected = _Collected()
        current = identifier or current
        token = row[header.token].strip()
        if not token or tag == "":
            _refuse(name, row, number, format, complain, note, is_token=not token)
            continue
        kept = [LINE_ENDS_AND_TABS.sub(" ", cell) for cell in row] if keep_rows else []
        if kept != row and keep_rows:
            note(
                Remark(
                    name, number, "cells with tabs or line ends, blanks in --format conll", excerpt(repr(" ".join(row)))
                )
            )
        collected.add(token, tag, [row[index] for index in header.features], "\t".join(kept), number)
        check_length(name, len(collected.tokens), number)
    if collected.tokens:
        if header.sentence is None and collected.lines[0] == line_of_header + 1 and len(collected.tokens) > 1:
            message = f"{len(collected.tokens):,} tokens without a blank row or a column of sentences between them"
            note(Remark(name, collected.lines[0], "files that are one sentence", message))
        yield collected.done(format)


def _header(name: str, names: Sequence[str], format: ColumnFormat) -> Header:
    """Find the columns. Raises `DataError` for a named column that is not there."""
    lower = [column.lower() for column in names]

    def index_of(column: int | str) -> int:
        if isinstance(column, int) and -len(names) <= column < len(names):
            return column % len(names)
        if names.count(str(column)) != 1:
            raise DataError(name, f"one column named {column!r} in the header line", excerpt(" ".join(names)), 1)
        return names.index(str(column))

    tokens = [lower.index(column) for column in TOKEN_NAMES if column in lower]
    tags = [lower.index(column) for column in TAG_NAMES if column in lower]
    sentences = [index for index, column in enumerate(lower) if column in SENTENCE_NAMES and index not in tokens[:1]]
    if not (tokens and tags):
        raise DataError(name, "columns of tokens and tags", excerpt(" ".join(names)) or "none", 1)
    token = tokens[0] if format.token == 0 else index_of(format.token)
    tag = tags[0] if format.tag in (-1, None) else index_of(format.tag or 0)
    features = tuple(index_of(feature.column) for feature in format.features)
    if format.tag is not None and tag in features:
        expected = "another column than the tags' in embeddings.columns, so that no tag is its own feature"
        raise DataError(name, expected, f"column {names[tag]}", 1)
    return Header(len(names), sentences[0] if sentences else None, token, None if format.tag is None else tag, features)


def _refuse(
    name: str, row: Sequence[str], number: int, format: ColumnFormat, complain: Complain, note: Note, *, is_token: bool
) -> None:
    """Skip a row without a token, or complain of a row without token or tag."""
    shown = excerpt(repr(" ".join(row)))
    if is_token and format.on_empty_token == "skip":
        note(Remark(name, number, "empty tokens, skipped", shown))
    else:
        expected = 'a token, or data.on_empty_token = "skip"' if is_token else "a tag"
        complain(DataError(name, expected, f"none in {shown}", number))


def _of_lists(
    name: str, words: str, tags: str, number: int, reader: RecordReader, complain: Complain
) -> Iterator[Sentence]:
    """Read a row that is a sentence: its words and its tags are lists, or parted by blanks, tags also by commas."""
    try:
        record = {"tokens": ast.literal_eval(words) if words.startswith("[") else words.split()}
        record["tags"] = ast.literal_eval(tags) if tags.startswith("[") else TAG_ENDS.split(tags)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        complain(DataError(name, "a list of tags", excerpt(repr(tags)), number))
        return
    yield from reader.read(record, number)


class _Collected:
    """A sentence whose rows are being read."""

    def __init__(self, header: str | None = None) -> None:
        self.header = header
        self.rows: list[str] = []
        self.tokens: list[str] = []
        self.tags: list[str | None] = []
        self.values: list[Sequence[str]] = []
        self.lines: list[int] = []

    def add(self, token: str, tag: str | None, values: Sequence[str], row: str, line: int) -> None:
        """Add a token, with its row if rows are kept."""
        self.tokens.append(token)
        self.rows += [row] if row else []
        self.tags.append(tag)
        self.values.append(values)
        self.lines.append(line)

    def done(self, format: ColumnFormat) -> Sentence:
        """Make the sentence."""
        tags = tuple(tag for tag in self.tags if tag is not None)
        return Sentence(
            tuple(self.tokens),
            tags if format.tag is not None else None,
            self.lines[0],
            lines=tuple(self.lines),
            header=self.header,
            rows=tuple(self.rows),
            columns={
                feature.key: tuple(values[index] for values in self.values)
                for index, feature in enumerate(format.features)
            },
        )
