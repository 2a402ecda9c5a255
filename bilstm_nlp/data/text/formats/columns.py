"""Column files: one token a line, blank lines between sentences, -DOCSTART- lines between documents.

A comment is a line before a sentence. Amid a sentence, a row with all columns is a token, whatever it begins with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain

from bilstm_nlp.data.lines import Complain, lines_of_columns, name_of, stop
from bilstm_nlp.data.remarks import Note, Remark, ignore
from bilstm_nlp.data.text.formats.column_dialects import dialect_of, head_of
from bilstm_nlp.data.text.formats.column_layout import (
    TAG,
    Layout,
    comment_hint,
    counted,
    fields_of,
    layout_of,
    parted_by_tabs,
)
from bilstm_nlp.data.text.formats.column_shape import ColumnShape
from bilstm_nlp.data.text.formats.plain_rows import PlainRows, Rows, blocks, in_turn
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length
from bilstm_nlp.errors import DataError, excerpt

DOCUMENT_START = "-DOCSTART-"


def read_columns(
    source: str, format: ColumnFormat, complain: Complain = stop, note: Note = ignore, *, keep_rows: bool = False
) -> Iterator[Sentence]:
    """Yield the sentences of a column file. What stands after the last token comes as a sentence without tokens.

    If the first row has tabs, tabs alone part the cells. If not, blanks do; a token may still be U+00A0 or U+3000.
    Calls `complain` for each row whose number of columns differs from the first row's, and `note` for rows left out.
    Raises `DataError` if the columns of the format are not there.
    """
    name = name_of(source)
    layout: Layout | None = None
    plain: PlainRows | None = None
    width = 0
    shape = ColumnShape(name, format)
    sentence, tags = Collected(), set[str]()
    undecoded: list[DataError] = []
    lines = lines_of_columns(source, format.encoding, undecoded.append)
    head = head_of(lines)
    dialect = dialect_of([line for _, line in head], source, format)
    set_comment, is_dialect, format = format.comment is not None, dialect.format is not format, dialect.format
    if dialect.explanation:
        note(Remark(name, None, "files in CoNLL-U", dialect.explanation))
    for block in blocks(chain(head, lines)):
        if plain is not None and shape.judged and not (undecoded or sentence.tokens or sentence.asides):
            rows = plain.read(block)
            if rows is not None:
                sentence.fill(rows)
                yield sentence.done(format, keep_rows, width)
                sentence = Collected(document=sentence.document)
                continue
        for number, line in in_turn(block, undecoded, complain):
            if is_comment(line, format, layout, tags, amid=bool(sentence.tokens)):
                if sentence.tokens:
                    note(Remark(name, number, "comments amid a sentence", excerpt(line)))
                elif set_comment and layout is not None and len(layout.cells(line)) == layout.width:
                    note(Remark(name, number, "comments with as many columns as the rows", excerpt(line)))
                sentence.aside(line, number)
                sentence.document += dialect.document is not None and line.startswith(dialect.document)
                continue
            cells = fields_of(line) if layout is None else layout.cells(line)
            if not cells or is_boundary(line, cells, format, layout):
                if sentence.tokens:
                    yield sentence.done(format, keep_rows, width)
                    shape.end_sentence()
                    sentence = Collected(document=sentence.document)
                if cells:
                    sentence.boundary(line, number)
                continue
            if layout is None:
                layout = layout_of(name, line, number, format, dialect.names)
                width = 0 if is_dialect else layout.width
                plain = PlainRows.of(layout, dialect, DOCUMENT_START)
                if format.has_header and not dialect.names:
                    sentence.header = line
                    continue
                cells = layout.cells(line)
            if dialect.skips(cells):
                note(Remark(name, number, "ranges of words and empty nodes, skipped", excerpt(line)))
                sentence.aside(line, number)
                continue
            cells = dialect.cells(cells)
            if (
                problem := row_problem(name, line, number, cells, layout, format, amid=bool(sentence.tokens))
            ) is not None:
                complain(problem)
                continue
            token = cells[layout.token]
            if not token:
                if format.on_empty_token == "error":
                    expected = 'a token, or data.on_empty_token = "skip"'
                    complain(DataError(name, expected, f"none in column {layout.token}: {excerpt(line)!r}", number))
                else:
                    note(Remark(name, number, "empty tokens, skipped", excerpt(line)))
                    sentence.aside(line, number)
                continue
            tag = None if layout.tag is None else cells[layout.tag]
            if tag is not None and format.comment is not None:
                tags.add(tag)
            values = tuple([cells[index] for index in layout.features]) if layout.features else ()
            sentence.add(token, tag, values, layout.kept(line), number)
            check_length(name, len(sentence.tokens), number)
            shape.add(cells, layout, number, complain, note)
    if sentence.tokens or sentence.boundaries or (keep_rows and sentence.asides):
        yield sentence.done(format, keep_rows, width)
    if layout is not None:
        shape.judge(layout, complain, note)


def is_comment(line: str, format: ColumnFormat, layout: Layout | None, tags: Set[str], *, amid: bool) -> bool:
    """Tell whether a line is a comment: it begins like one, and is no row.

    Amid a sentence, a line of as many columns as the others is a row. Before a sentence, such a line is a row if it
    ends with a tag, which may be one of `tags`, or if it is a single token.
    """
    if format.comment is None or not line.startswith(format.comment):
        return False
    cells = fields_of(line) if layout is None else layout.cells(line)
    if layout is None:
        one_row = len(cells) == 2 or parted_by_tabs(line)
        return not (one_row and TAG.fullmatch(cells[-1])) and not (len(cells) == 1 and format.tag is None)
    if len(cells) != layout.width:
        return True
    tag = cells[-1 if layout.tag is None else layout.tag]
    return not (amid or len(cells) == 1 or tag in tags or TAG.fullmatch(tag))


def is_boundary(line: str, cells: list[str], format: ColumnFormat, layout: Layout | None) -> bool:
    """Tell whether cells are those of a -DOCSTART- line: in the first column, or in that of the token."""
    if DOCUMENT_START not in line:  # as in nearly all lines
        return False
    token = format.token if layout is None else layout.token
    if isinstance(token, int) and -len(cells) <= token < len(cells) and cells[token] == DOCUMENT_START:
        return True
    return fields_of(line)[0] == DOCUMENT_START


def row_problem(
    name: str, line: str, number: int, cells: list[str], layout: Layout, format: ColumnFormat, *, amid: bool
) -> DataError | None:
    """Return the error of a row with too few or too many columns, without a tag, or with text for a number."""
    if len(cells) != layout.width:
        expected = f"{counted(layout.width)}{' parted by tabs' if layout.tabs else ''}, as line {layout.line} has"
        # The first row may be a comment that has given the number of columns.
        hint = ("" if amid else comment_hint(line, format)) or comment_hint(layout.row, format)
        return DataError(name, expected, f"{len(cells)}: {excerpt(line)!r}{hint}", number)
    if DOCUMENT_START in cells:
        place = cells.index(DOCUMENT_START)
        problem = f"it in column {place}; data.token_column = {place} names it"
        columns = f"0 or {layout.token}" if layout.token else "0"
        return DataError(name, f"{DOCUMENT_START} in column {columns}", problem, number)
    if layout.tag is not None and not cells[layout.tag]:
        better = next((index for index, cell in enumerate(cells) if TAG.fullmatch(cell)), None)
        hint = "" if better is None else f"; data.tag_column = {better} names a column with one"
        return DataError(name, f"a tag in column {layout.tag}", f"none: {excerpt(line)!r}{hint}", number)
    for feature, index in zip(format.features, layout.features, strict=True):
        if not feature.accepts(cells[index]):
            return DataError(name, feature.expected, excerpt(repr(cells[index])), number)
    return None


@dataclass
class Collected:
    """A sentence whose lines are being read."""

    document: int = 0
    boundaries: list[str] = field(default_factory=list)
    asides: list[tuple[str, int]] = field(default_factory=list)
    """Lines that are no tokens, with their numbers, after the last token or boundary."""
    comments: list[str] = field(default_factory=list)
    """Such lines before the first token."""
    header: str | None = None
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    values: list[tuple[str, ...]] = field(default_factory=list)
    """Of each token, in the columns that are features."""
    lines: list[int] = field(default_factory=list)
    """Of the tokens; of the last boundary while there are no tokens."""

    def aside(self, line: str, number: int) -> None:
        """Keep a line that is no token."""
        self.asides.append((line, number))

    def boundary(self, line: str, number: int) -> None:
        """Begin a document."""
        self.document += 1
        self.boundaries.append("\n".join([*(aside for aside, _ in self.asides), line]))
        self.asides, self.lines = [], [number]

    def add(self, token: str, tag: str | None, values: tuple[str, ...], row: str, number: int) -> None:
        """Add a token with its row."""
        if self.asides or not self.tokens:
            asides = [aside for aside, _ in self.asides]
            self.asides = []
            if not self.tokens:
                self.lines, self.comments, asides = [], asides, []
            row = "\n".join([*asides, row])
        self.lines.append(number)
        self.tokens.append(token)
        if tag is not None:
            self.tags.append(tag)
        self.values.append(values)
        self.rows.append(row)

    def fill(self, rows: Rows) -> None:
        """Add all tokens of a sentence."""
        self.tokens, self.tags, self.rows = rows.tokens, rows.tags, rows.lines
        self.lines = list(range(rows.first, rows.first + len(rows.lines)))

    def done(self, format: ColumnFormat, keep_rows: bool, width: int) -> Sentence:
        """Make the sentence of a file with so many columns. Without tokens, all lines that are left come before it."""
        if not self.tokens:
            self.comments, self.lines = [aside for aside, _ in self.asides], self.lines or [self.asides[0][1]]
        first, last = self.lines[0], self.lines[-1]
        lines: Sequence[int] = range(first, last + 1) if last - first + 1 == len(self.lines) else tuple(self.lines)
        return Sentence(
            tokens=tuple(self.tokens),
            tags=tuple(self.tags) if self.tags else None,
            line=first,
            document=self.document,
            document_start="\n\n".join(self.boundaries) if self.boundaries else None,
            comments=tuple(self.comments) if keep_rows else (),
            after=tuple(aside for aside, _ in self.asides) if keep_rows and self.tokens else (),
            header=self.header if keep_rows else None,
            rows=tuple(self.rows) if keep_rows else (),
            lines=lines if self.tokens else (),
            width=width,
            columns={
                feature.key: tuple(values[index] for values in self.values)
                for index, feature in enumerate(format.features)
            },
        )
