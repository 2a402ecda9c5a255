"""The layout of a column file: what parts its cells, and the columns of tokens and tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError, excerpt

TAG = re.compile(r"O|[BIESLUMW][-_].+")
"""A tag of a scheme, as far as a cell can tell."""
TOKEN_NAMES = frozenset({"token", "tokens", "word", "words", "form", "text", "sentence"})
TAG_NAMES = frozenset({"tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity", "pos", "upos"})
"""Names that head the columns of tokens and of tags in many files."""
COMMENT_BEGINS = ("#", "%", "//", ";;")
"""Beginnings of comments in many files."""


@dataclass(frozen=True)
class Layout:
    """The columns of a file, from its first row or its header line."""

    width: int
    """Columns of every row."""
    line: int
    """The line of that row."""
    tabs: bool
    """Only tabs part the cells: blanks may stand inside of cells, and cells may be empty."""
    token: int
    tag: int | None
    row: str = ""
    """That row."""
    features: tuple[int, ...] = ()
    """The columns that are features, in the format's order."""

    def cells(self, line: str) -> list[str]:
        """Split a line into cells; an empty list if all of them are empty.

        Empty cells at the end, beyond the width, are left out. In a file without tabs, a row that begins with a blank,
        lacks a column and ends with a tag has an empty first cell.
        """
        if self.tabs:
            cells = tab_cells(line)
            while len(cells) > self.width and not cells[-1]:
                cells.pop()
            return cells
        cells = fields_of(line)
        if cells and len(cells) == self.width - 1 and line[0] in " \t" and TAG.fullmatch(cells[-1]):
            return ["", *cells]
        return cells

    def kept(self, line: str) -> str:
        """Return a row for the output, without empty cells beyond the width."""
        return "\t".join(line.split("\t")[: self.width]) if self.tabs else line


def parted_by_tabs(line: str) -> bool:
    """Tell whether only tabs part the cells of a first row. Tabs and blanks at its end do not count."""
    return "\t" in line.rstrip(" \t")


def tab_cells(line: str) -> list[str]:
    """Split a line into cells at tabs only, without blanks at their edges; an empty list if all are empty.

    >>> tab_cells("New York\\t\\tB-LOC")
    ['New York', '', 'B-LOC']
    """
    cells = [cell.strip(" ") for cell in line.split("\t")]
    return cells if any(cells) else []


def fields_of(line: str) -> list[str]:
    """Split a line into columns at blanks and tabs only."""
    fields = line.replace("\t", " ").split(" ")
    return [text for text in fields if text] if "" in fields else fields


def layout_of(name: str, text: str, line: int, format: ColumnFormat, names: Sequence[str] = ()) -> Layout:
    """Find the columns of the format in the first row or the header line. `names` stand for those of a header line.

    Raises `DataError` if they are not there.
    """
    tabs = parted_by_tabs(text)
    cells = tab_cells(text) if tabs else fields_of(text)
    if names and len(cells) != len(names):
        expected = f"{counted(len(names))} parted by tabs: {excerpt(' '.join(names))}"
        raise DataError(name, expected, f"{len(cells)}: {excerpt(text)!r}", line)

    def index_of(column: int | str) -> int:
        if isinstance(column, str):
            header = names or cells
            count = header.count(column)
            if count != 1:
                problem = f"{count or 'none'} in {excerpt(' '.join(header))!r}"
                place = "" if names else " in the header line"
                raise DataError(name, f"one column named {column!r}{place}", problem, line)
            return header.index(column)
        if not -len(cells) <= column < len(cells):
            needed = column + 1 if column >= 0 else -column
            expected = f"at least {counted(needed)}, for column {column}"
            hint = comment_hint(text, format) or separator_hint(text)
            raise DataError(name, expected, f"{len(cells)}: {excerpt(' '.join(cells))!r}{hint}", line)
        return column % len(cells)

    token = index_of(format.token)
    tag = None if format.tag is None else index_of(format.tag)
    if token == tag:
        expected = f"a token in column {format.token!r} and its tag in column {format.tag!r}"
        hint = comment_hint(text, format) or separator_hint(text)
        problem = f"{counted(len(cells))}, so both are {cells[token]!r}{hint}"
        raise DataError(name, expected, problem, line)
    if not format.has_header:
        _refuse_header(name, cells, tag, line)
    features = tuple(index_of(feature.column) for feature in format.features)
    for feature, index in zip(format.features, features, strict=True):
        if index == tag:
            expected = "another column than the tags' in embeddings.columns, so that no tag is its own feature"
            raise DataError(name, expected, f"column {feature.key}", line)
    return Layout(len(cells), line, tabs, token, tag, text, features)


def _refuse_header(name: str, cells: list[str], tag: int | None, line: int) -> None:
    """Raise `DataError` if the first row is a header line, whose names the format does not use."""
    names = names_in(cells if tag is None else [*cells[:tag], *cells[tag + 1 :], cells[tag]])
    if names is not None and (tag is None or cells[tag] == names[1]):
        hint = f'data.token_column = "{names[0]}" and data.tag_column = "{names[1]}" read it'
        raise DataError(name, "a token and its tag", f"a header line, {excerpt(' '.join(cells))!r}; {hint}", line)


def names_in(cells: Sequence[str]) -> tuple[str, str] | None:
    """Return the names of the columns of tokens and tags in a header line, the last of the tags; None in a row.

    >>> names_in(["Word", "POS", "Tag"]), names_in(["word", "NN", "O"])
    (('Word', 'Tag'), None)
    """
    token = next((cell for cell in cells if cell.lower() in TOKEN_NAMES), None)
    tag = next((cell for cell in reversed(cells) if cell.lower() in TAG_NAMES), None)
    return None if token is None or tag is None else (token, tag)


def comment_hint(text: str, format: ColumnFormat) -> str:
    """Return the setting for a line that looks like a comment, for the end of a message, or nothing."""
    begin = next((begin for begin in COMMENT_BEGINS if text.startswith(begin)), None)
    if begin is None or format.comment is not None:
        return ""
    return f'; if it is a comment, set data.comment = "{begin}"'


def separator_hint(text: str) -> str:
    """Name another separator of a row's cells, for the end of a message, or return nothing."""
    for separator, kind in ((",", "commas"), (";", "semicolons"), ("|", "bars")):
        parts = text.split(separator)
        if len(parts) > 1 and any(TAG.fullmatch(part.strip()) for part in parts):
            return f"; {kind} part its cells, where tabs or blanks should"
    return ""


def counted(columns: int) -> str:
    """Name a number of columns."""
    return "1 column" if columns == 1 else f"{columns} columns"
