"""The layout of a file of texts, found over all of its lines: its separator, its header, and its columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_ends import end_of
from bilstm_nlp.data.labelled.text_header import NAME, header_of
from bilstm_nlp.data.labelled.text_names import Ambiguous, is_name, is_text_name
from bilstm_nlp.data.labelled.text_roles import Roles, known_column, roles_of
from bilstm_nlp.data.labelled.text_rows import Cells, Line, Row, Way, enclose_cells
from bilstm_nlp.data.lines import name_of
from bilstm_nlp.errors import DataError, excerpt, listed

FASTTEXT = "__label__"
"""The beginning of a class in files of fastText."""
TABLES = ("\t", "|||", ",", ";", "|")
CUTS = (",", ";", "|", ": ", " ")
"""Separators in the order in which they count: of rows with the same number of cells, and of a class and the rest."""
MOST_OTHERS = 0.1
"""The largest share of rows with another number of cells than most have."""
NO_ROLES = Roles()
TELL = "data.separator, data.label_column and data.text_column tell them"


@dataclass(frozen=True)
class Layout:
    """The layout of a file."""

    cells: Cells | None
    """None for fastText's classes, which are words of the line."""
    width: int = 0
    header: bool = False
    names: tuple[str, ...] = ()
    """The names of all columns; their numbers without a header."""
    roles: Roles = NO_ROLES
    doubts: tuple[str, ...] = ()
    """Guesses, each with the setting that says otherwise."""

    @property
    def explanation(self) -> str:
        """Describe the layout."""
        if self.cells is None:
            return f"classes are words that begin with {FASTTEXT}"
        text = " and ".join(self.names[index] for index in self.roles.text)
        label = listed([self.names[index] for index in self.roles.label])
        columns = f"text in column {text}" + (f", class in column {label}" if label else ", no column of classes")
        return f"{self.cells.description}, {'a' if self.header else 'no'} header; {columns}"


def layout_of(name: str, lines: Sequence[Line], format: TextFormat, *, needs_class: bool = True) -> Layout | None:
    """Find the layout of a file.

    If no class is needed, lines are cells only if names, settings or known classes say so, or the ending of the file.
    Return None for other lines.

    Raises `DataError` if text or class can't be told.
    """
    head = [line for _, line in lines if line.strip()]
    if not head:
        return None
    if format.separator is None and not format.text_columns and not format.label_columns and _is_fasttext(head):
        return Layout(None)
    search = _Search(name, lines, head, format, needs_class)
    try:
        layout = search.layout(weak=False) or (search.layout(weak=True) if needs_class else None)
    except Ambiguous as ambiguous:
        raise DataError(name, ambiguous.expected, ambiguous.found) from None
    if layout is None and needs_class:
        expected = f"a class and a text in each line; {TELL}"
        raise DataError(name, expected, f"no values that repeat as classes do, in lines such as {excerpt(head[0])!r}")
    return layout


def _is_fasttext(lines: Sequence[str]) -> bool:
    """Tell whether most lines have a word that is a class of fastText."""
    marked = sum(FASTTEXT in line and any(word.startswith(FASTTEXT) for word in line.split()) for line in lines)
    return 2 * marked > len(lines)


class _Search:
    """The search for the layout of a file."""

    def __init__(self, name: str, lines: Sequence[Line], head: Sequence[str], format: TextFormat, needs_class: bool):
        self.name, self.lines, self.format, self.needs_class = name, lines, format, needs_class
        self.head = head
        """All lines that are not blank."""
        told = format.separator is not None and bool(format.text_columns)
        self.is_table = told or name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))

    def layout(self, *, weak: bool) -> Layout | None:
        """Try the separators in their order. `weak` accepts guesses from few lines."""
        format = self.format
        given = None if format.separator is None else (format.separator,)
        named = bool(format.header) or any(
            isinstance(column, str) for column in (*format.text_columns, *format.label_columns)
        )
        for separator in given or [mark for mark in TABLES if self._common(mark)]:
            if separator != " " and (layout := self._of_table(separator, weak=weak)) is not None:
                return layout
        if not self.needs_class and self.is_table and (single := self._of_single_column()) is not None:
            return single
        if named or (not self.needs_class and not format.known):
            return None
        for separator in given or [mark for mark in CUTS if self._common(mark)]:
            if (layout := self._of_cut(separator, weak=weak)) is not None:
                return layout
        return None

    def _common(self, separator: str) -> bool:
        """Tell whether many lines have a separator: a row in quotes may take several lines."""
        if separator == self.format.label_separator:
            return False
        count = sum(separator in line for line in self.head)
        return any(separator in line for line in self.head[:10]) and 4 * count >= len(self.head)

    def _rows(self, separator: str, way: Way) -> tuple[list[Row], int]:
        """Return the rows, and the number of those that can't be read."""
        errors: list[DataError] = []
        rows = list(Cells(separator, way).rows(self.lines, errors.append, self.name))
        return rows, len(errors)

    def _of_table(self, separator: str, *, weak: bool) -> Layout | None:
        """Read the lines as rows of the same number of cells."""
        quotes = any('"' in line for line in self.head)
        # A file of which only the head is known may have quotes later.
        way: Way = "raw" if self.needs_class or separator in ("\t", "|||") else "quoted"
        rows, _ = self._rows(separator, "raw")
        doubts = []
        if quotes:
            quoted, errors = self._rows(separator, "quoted")
            same = len({len(row.cells) for row in rows}) == 1 and len(rows[0].cells) > 1
            odd = len(quoted) < len(rows) or not enclose_cells(quoted, separator)
            if same and (errors or (odd and separator not in CUTS)):
                way = "raw"
                if any(separator + '"' in line or line.startswith('"') for line in self.head):
                    doubts.append("quotes are part of the text, because they don't enclose cells")
            else:
                rows, way = quoted, "quoted"
        widths = Counter(len(row.cells) for row in rows)
        header, doubt = header_of(rows, self.format) if rows else (False, None)
        width = len(rows[0].cells) if header else max(widths, key=lambda count: (widths[count], count), default=0)
        others, enclosed = len(rows) - widths[width], any(row.quoted for row in rows)
        # A class and a text without quotes, which may have the separator too, are cut at the first or last of them.
        free = not enclosed and width == 2 and separator in CUTS and others and self.format.separator is None
        if width < 2 or (not header and (free or others > MOST_OTHERS * len(rows))):
            return None
        rows = [row for row in rows if len(row.cells) == width]
        doubts += [doubt] if doubt and self.needs_class else []
        names = (
            tuple(cell.strip() or str(index) for index, cell in enumerate(rows[0].cells))
            if header
            else tuple(map(str, range(width)))
        )
        body = rows[1:] if header else rows
        if not self.needs_class and not self.is_table and not (header and not others and self._is_sure(rows)):
            if not known_column(body, self.format.known):
                return None
            doubts.append("a column has known classes, which are not part of the text")
        roles = roles_of(self.name, names if header else None, body, self.format, self.needs_class, weak=weak)
        if roles is None:
            return None
        if separator in CUTS and not (enclosed or header) and self._is_prose(body, roles):
            return None
        return Layout(Cells(separator, way), width, header, names, roles, (*doubts, *roles.doubts))

    def _is_prose(self, rows: Sequence[Row], roles: Roles) -> bool:
        """Tell whether cells beside a class are one text with commas: all of them are text, or begin with a blank."""
        width = len(rows[0].cells) if rows else 0
        if width < 3 or self.format.text_columns or len(roles.label) != 1 or roles.label[0] not in (0, width - 1):
            return False
        others = [index for index in range(width) if index != roles.label[0]]
        blank = sum(row.cells[index].startswith(" ") for row in rows for index in others[1:])
        return [*roles.text] == others or 2 * blank > len(rows) * len(others[1:])

    def _is_sure(self, rows: Sequence[Row]) -> bool:
        """Tell whether a header is none of the texts: it names the text, and rows follow, as far as they are known."""
        names = rows[0].cells
        followed = len(rows) > 1 or self.name == name_of("-")
        return followed and self._has_text(names) and all(map(NAME.fullmatch, names))

    def _has_text(self, names: Sequence[str]) -> bool:
        """Tell whether a header names the columns of the text that are set, or any if none is."""
        wanted = self.format.text_columns
        if not wanted:
            return any(is_text_name(name) for name in names)
        return all(column in names if isinstance(column, str) else column < len(names) for column in wanted)

    def _of_single_column(self) -> Layout | None:
        """Read the lines as a table with a column of texts, if its header says so."""
        names = (self.head[0].strip(),)
        if not ((self._has_text(names) and NAME.fullmatch(names[0])) or self.format.header):
            return None
        return Layout(Cells(self.format.separator or ",", "quoted"), 1, True, names, Roles((0,)))

    def _of_cut(self, separator: str, *, weak: bool) -> Layout | None:
        """Read the lines as a class and a text, or as a text and a class."""
        end = end_of(self.head, separator, self.format, self.needs_class, weak=weak)
        if end is None:
            return None
        label = 0 if end.first else 1
        cells = Cells(separator, "first" if end.first else "last")
        top = cells.cut(self.head[0])
        header = self.format.header is not False and len(top) == 2 and all(map(is_name, top))
        names = (top[0], top[1]) if header else ("0", "1")
        return Layout(cells, 2, header, names, Roles((1 - label,), (label,)), (end.doubt,) if end.doubt else ())
