"""Rows of files of texts: cells with or without quotes, or a class and the rest of the line."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, assert_never

from bilstm_nlp.data.lines import Complain
from bilstm_nlp.errors import DataError, excerpt

BLANKS = re.compile("[ \t]+")
LAST_BLANKS = re.compile("(?<![ \t])[ \t]+(?=[^ \t]*$)")
Way = Literal["quoted", "raw", "first", "last"]
"""Cells of which some have quotes, cells without quotes, or the line cut at its first or last separator."""

Line = tuple[int, str]
"""Its number, from 1, and its text."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a record, and the line where it begins."""

    line: int
    cells: list[str]
    quoted: tuple[int, ...] = ()
    """The indices of cells that stood in quotes."""


def lines_of(lines: Iterator[Line]) -> Iterator[Line]:
    """Yield lines as rows have them. A lone return is a blank, or ends a line if the file has no line feed."""
    first = next(lines, None)
    if first is None:
        return
    second = next(lines, None) if "\r" in first[1] else None
    if "\r" in first[1] and second is None:
        yield from enumerate(first[1].rstrip("\r").split("\r"), 1)
        return
    for number, line in chain([first], [] if second is None else [second], lines):
        yield number, line.rstrip("\r").replace("\r", " ") if "\r" in line else line


@dataclass(frozen=True)
class Cells:
    """A way to cut lines into cells."""

    separator: str
    way: Way

    @property
    def description(self) -> str:
        """The way to cut, for a message."""
        names = {"\t": "tab", " ": "blank", ",": "comma", ";": "semicolon"}
        name = names.get(self.separator, repr(self.separator))
        if self.way in ("first", "last"):
            return f"lines cut at their {self.way} {name}"
        return f"cells parted by {name}{', in quotes' if self.way == 'quoted' else ''}"

    def rows(self, lines: Iterable[Line], complain: Complain, name: str) -> Iterator[Row]:
        """Yield the rows of lines that are not blank. Calls `complain` for quotes that are not balanced."""
        if self.way == "quoted":
            yield from _quoted_rows(lines, self.separator, complain, name)
            return
        for number, line in lines:
            if line.strip():
                yield Row(number, self.cut(line))

    def cut(self, line: str) -> list[str]:
        """Cut a line, whose quotes are part of its text."""
        if self.separator == " ":
            line = BLANKS.sub(" ", line.strip(" \t")) if self.way in ("raw", "quoted") else line.strip(" \t")
        match self.way:
            case "raw" | "quoted":
                return line.split(self.separator)
            case "first":
                return BLANKS.split(line, 1) if self.separator == " " else line.split(self.separator, 1)
            case "last":
                if self.separator != " ":
                    return line.rsplit(self.separator, 1)
                last = LAST_BLANKS.search(line)
                return [line] if last is None else [line[: last.start()], line[last.end() :]]
            case unknown:
                assert_never(unknown)


def enclose_cells(rows: Sequence[Row], separator: str) -> bool:
    """Tell whether quotes enclose cells as CSV has them: all cells of a column, or those that need quotes.

    >>> enclose_cells([Row(1, ["a", "x,y"], (1,)), Row(2, ["b", "z"])], ",")
    True
    >>> enclose_cells([Row(1, ["a", "x"], (1,)), Row(2, ["b", "z"])], ",")
    False
    """
    counts = Counter(index for row in rows for index in row.quoted)
    below = Counter(index for row in rows[1:] for index in row.quoted)  # a header may have none
    some = {index for index in counts if max(counts[index] - 1, below[index]) < len(rows) - 1}
    return all(
        any(mark in row.cells[index] for mark in (separator, '"', "\n")) or row.cells[index] != row.cells[index].strip()
        for row in rows
        for index in row.quoted
        if index in some
    )


def _quoted_rows(lines: Iterable[Line], separator: str, complain: Complain, name: str) -> Iterator[Row]:
    """Yield rows of CSV. A cell in quotes may have separators, line feeds and doubled quotes.

    After an error, reading continues with the line after that where the row begins.
    """
    source = _Lines(iter(lines))
    while (first := source.next()) is not None:
        number, line = first
        if '"' not in line:
            if line.strip():
                yield Row(number, line.split(separator))
            continue
        record = _Record(line, source, separator)
        try:
            cells = record.cells()
        except ValueError as error:
            expected = 'a cell in quotes that ends with one, with quotes in it doubled as ""'
            complain(DataError(name, expected, f"{error}: {excerpt(line)!r}", number))
            source.put_back(record.more)
            continue
        yield Row(number, cells, tuple(record.quoted))


class _Lines:
    """Lines, of which some can be put back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.lines = lines
        self.back: deque[Line] = deque()

    def next(self) -> Line | None:
        """Return the next line; None at the end."""
        return self.back.popleft() if self.back else next(self.lines, None)

    def put_back(self, lines: list[Line]) -> None:
        """Put lines back, to be read again."""
        self.back.extendleft(reversed(lines))


class _Record:
    """A row of CSV that is being read. It may take several lines."""

    def __init__(self, line: str, source: _Lines, separator: str) -> None:
        self.line, self.source, self.separator = line, source, separator
        self.position = 0
        self.more: list[Line] = []
        """The lines after the first."""
        self.quoted: list[int] = []
        """The indices of cells in quotes."""

    def cells(self) -> list[str]:
        """Read all cells. Raises `ValueError` for quotes that are not balanced."""
        cells: list[str] = []
        while True:
            cell, in_quotes = self._cell()
            self.quoted += [len(cells)] if in_quotes else []
            cells.append(cell)
            if self.position >= len(self.line):
                return cells
            self.position += len(self.separator)
            if self.position >= len(self.line):
                return [*cells, ""]

    def _cell(self) -> tuple[str, bool]:
        """Read a cell, up to the separator after it. Return also whether it stood in quotes."""
        start = self._after_blanks(self.position)
        if not self.line.startswith('"', start):
            end = self.line.find(self.separator, self.position)
            start, self.position = self.position, len(self.line) if end < 0 else end
            return self.line[start : self.position], False
        parts: list[str] = []
        start += 1
        while True:
            end = self.line.find('"', start)
            if end < 0:
                parts += [self.line[start:], "\n"]
                following = self.source.next()
                if following is None:
                    raise ValueError("a quote without an end")
                self.more.append(following)
                self.line, start = following[1], 0
            elif self.line.startswith('"', end + 1):
                parts.append(self.line[start : end + 1])
                start = end + 2
            else:
                parts.append(self.line[start:end])
                break
        self.position = self._after_blanks(end + 1)
        if self.position < len(self.line) and not self.line.startswith(self.separator, self.position):
            raise ValueError(f"{excerpt(self.line[self.position :], 20)} after it")
        return "".join(parts), True

    def _after_blanks(self, position: int) -> int:
        """Skip blanks, which may stand between separator and quote."""
        while self.line.startswith(" ", position):
            position += 1
        return position
