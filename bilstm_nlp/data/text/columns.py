"""Column files: one token a line, blank lines between sentences, -DOCSTART- lines between documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bilstm_nlp.data.lines import Complain, name_of, numbered_lines, stop
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length
from bilstm_nlp.errors import DataError, excerpt

DOCUMENT_START = "-DOCSTART-"


@dataclass(frozen=True)
class Layout:
    """The columns of a file, from its first row or its header line."""

    width: int
    """Columns of every row."""
    line: int
    """The line of that row."""
    token: int
    tag: int | None


def read_columns(
    source: str, format: ColumnFormat, complain: Complain = stop, *, keep_rows: bool = False
) -> Iterator[Sentence]:
    """Yield the sentences of a column file. Document boundaries at the end come as a sentence without tokens.

    Only blanks and tabs separate columns: a token may be U+00A0 or U+3000. Calls `complain` for each row whose number
    of columns differs from the first row's. Raises `DataError` if the columns of the format are not there.
    """
    name = name_of(source)
    layout: Layout | None = None
    sentence = Collected()
    for number, line in numbered_lines(source, format.encoding, complain):
        if format.comment is not None and line.startswith(format.comment):
            continue
        fields = fields_of(line)
        if not fields or fields[0] == DOCUMENT_START:
            if sentence.tokens:
                yield sentence.done()
                sentence = Collected(document=sentence.document)
            if fields:
                sentence.document += 1
                sentence.boundaries.append(line)
                sentence.lines = [number]
            continue
        if layout is None:
            layout = layout_of(name, fields, number, format)
            if format.has_header:
                continue
        if len(fields) != layout.width:
            expected = f"{counted(layout.width)}, as line {layout.line} has"
            complain(DataError(name, expected, f"{len(fields)}: {excerpt(line)!r}", number))
            continue
        if not sentence.tokens:
            sentence.lines = []
        sentence.lines.append(number)
        sentence.tokens.append(fields[layout.token])
        check_length(name, len(sentence.tokens), number)
        if layout.tag is not None:
            sentence.tags.append(fields[layout.tag])
        if keep_rows:
            sentence.rows.append(line)
    if sentence.tokens or sentence.boundaries:
        yield sentence.done()


def fields_of(line: str) -> list[str]:
    """Split a line into columns at blanks and tabs only."""
    fields = line.replace("\t", " ").split(" ")
    return [text for text in fields if text] if "" in fields else fields


@dataclass
class Collected:
    """A sentence whose lines are being read."""

    document: int = 0
    boundaries: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Of the tokens; of the last boundary while there are no tokens."""

    def done(self) -> Sentence:
        """Make the sentence."""
        first, last = self.lines[0], self.lines[-1]
        lines: Sequence[int] = range(first, last + 1) if last - first + 1 == len(self.lines) else tuple(self.lines)
        return Sentence(
            tokens=tuple(self.tokens),
            tags=tuple(self.tags) if self.tags else None,
            line=first,
            document=self.document,
            document_start="\n\n".join(self.boundaries) if self.boundaries else None,
            rows=tuple(self.rows),
            lines=lines if self.tokens else (),
        )


def layout_of(name: str, fields: list[str], line: int, format: ColumnFormat) -> Layout:
    """Find the columns of the format in the first row or the header line. Raises `DataError` if they are not there."""

    def index_of(column: int | str) -> int:
        if isinstance(column, str):
            count = fields.count(column)
            if count != 1:
                problem = f"{count or 'none'} in {excerpt(' '.join(fields))!r}"
                raise DataError(name, f"one column named {column!r} in the header line", problem, line)
            return fields.index(column)
        if not -len(fields) <= column < len(fields):
            needed = column + 1 if column >= 0 else -column
            expected = f"at least {counted(needed)}, for column {column}"
            raise DataError(name, expected, f"{len(fields)}: {excerpt(' '.join(fields))!r}", line)
        return column % len(fields)

    token = index_of(format.token)
    tag = None if format.tag is None else index_of(format.tag)
    if token == tag:
        expected = f"a token in column {format.token!r} and its tag in column {format.tag!r}"
        problem = f"{counted(len(fields))}, so both are {fields[token]!r}"
        raise DataError(name, expected, problem, line)
    return Layout(len(fields), line, token, tag)


def counted(columns: int) -> str:
    """Name a number of columns."""
    return "1 column" if columns == 1 else f"{columns} columns"
