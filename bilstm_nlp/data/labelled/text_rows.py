"""Rows of files of texts: cells with or without quotes, or a class and the rest of the line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from bilstm_nlp.data.lines import Complain, numbered_lines
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


def lines_of(source: str, encoding: str, complain: Complain) -> list[Line]:
    """Read the lines of a file. A lone return ends a line if the file has no line feed, and is a blank if it has."""
    lines = list(numbered_lines(source, encoding, complain))
    if len(lines) == 1 and "\r" in lines[0][1].rstrip("\r"):
        return list(enumerate(lines[0][1].rstrip("\r").split("\r"), 1))
    return [(number, line.replace("\r", " ") if "\r" in line else line) for number, line in lines]


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

    def rows(self, lines: Sequence[Line], complain: Complain, name: str) -> Iterator[Row]:
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


def _quoted_rows(lines: Sequence[Line], separator: str, complain: Complain, name: str) -> Iterator[Row]:
    """Yield rows of CSV. A cell in quotes may have separators, line feeds and doubled quotes.

    After an error, reading continues with the line after that where the row begins.
    """
    index = 0
    while index < len(lines):
        number, line = lines[index]
        if '"' not in line:
            if line.strip():
                yield Row(number, line.split(separator))
            index += 1
            continue
        record = _Record(lines, index, separator)
        try:
            cells = record.cells()
        except ValueError as error:
            expected = 'a cell in quotes that ends with one, with quotes in it doubled as ""'
            complain(DataError(name, expected, f"{error}: {excerpt(line)!r}", number))
            index += 1
            continue
        yield Row(number, cells)
        index = record.index + 1


class _Record:
    """A row of CSV that is being read. It may take several lines."""

    def __init__(self, lines: Sequence[Line], index: int, separator: str) -> None:
        self.lines, self.index, self.separator = lines, index, separator
        self.line = lines[index][1]
        self.position = 0

    def cells(self) -> list[str]:
        """Read all cells. Raises `ValueError` for quotes that are not balanced."""
        cells = []
        while True:
            cells.append(self._cell())
            if self.position >= len(self.line):
                return cells
            self.position += len(self.separator)
            if self.position >= len(self.line):
                return [*cells, ""]

    def _cell(self) -> str:
        """Read a cell, up to the separator after it."""
        start = self._after_blanks(self.position)
        if not self.line.startswith('"', start):
            end = self.line.find(self.separator, self.position)
            start, self.position = self.position, len(self.line) if end < 0 else end
            return self.line[start : self.position]
        parts: list[str] = []
        start += 1
        while True:
            end = self.line.find('"', start)
            if end < 0:
                parts += [self.line[start:], "\n"]
                self.index += 1
                if self.index == len(self.lines):
                    raise ValueError("a quote without an end")
                self.line, start = self.lines[self.index][1], 0
            elif self.line.startswith('"', end + 1):
                parts.append(self.line[start : end + 1])
                start = end + 2
            else:
                parts.append(self.line[start:end])
                break
        self.position = self._after_blanks(end + 1)
        if self.position < len(self.line) and not self.line.startswith(self.separator, self.position):
            raise ValueError(f"{excerpt(self.line[self.position :], 20)} after it")
        return "".join(parts)

    def _after_blanks(self, position: int) -> int:
        """Skip blanks, which may stand between separator and quote."""
        while self.line.startswith(" ", position):
            position += 1
        return position
