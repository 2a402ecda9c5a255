"""Sentences of a column file whose rows need no second look: read as a whole, since most are like that.

What is unusual in any way is left to the reader of single lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.text.formats.column_dialects import Dialect
from bilstm_nlp.data.text.formats.column_layout import Layout
from bilstm_nlp.errors import DataError

Line: TypeAlias = tuple[int, str]
"""A line with its number."""

LONGEST_BLOCK = 1000
"""Lines of a block, so that rows without a blank line after them do not fill the memory."""


def blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield lines in lists that end with a blank line or are long, then the lines that are left, if any.

    Raises `DataError` as `lines` does, after the lines before it.

    >>> list(blocks([(1, "EU"), (2, ""), (3, "Paris")]))
    [[(1, 'EU'), (2, '')], [(3, 'Paris')]]
    """
    block: list[Line] = []
    try:
        for line in lines:
            block.append(line)
            if not line[1] or line[1].isspace() or len(block) == LONGEST_BLOCK:
                yield block
                block = []
    except DataError:
        yield block
        raise
    yield block


def in_turn(block: Iterable[Line], errors: list[DataError], complain: Complain) -> Iterator[Line]:
    """Yield the lines of a block. Complain of the errors of lines that were read with them, each in its turn."""
    for number, line in block:
        while errors and (errors[0].line or 0) < number:
            complain(errors.pop(0))
        yield number, line
    while errors:
        complain(errors.pop(0))


class Rows(NamedTuple):
    """The rows of a sentence."""

    tokens: list[str]
    tags: list[str]
    """Empty without a column of tags."""
    lines: list[str]
    first: int
    """The number of the first line."""


@dataclass(frozen=True)
class PlainRows:
    """A reader of blocks that are rows alone, each with all of its cells, and a blank line."""

    layout: Layout
    boundary: str
    """The mark of a boundary between documents, which is no row."""

    @classmethod
    def of(cls, layout: Layout, dialect: Dialect, boundary: str) -> Self | None:
        """Make the reader of a layout; None for a dialect, comments or features, which single rows decide on."""
        format = dialect.format
        plain = not dialect.names and dialect.no_word is None and dialect.document is None
        return cls(layout, boundary) if plain and format.comment is None and not format.features else None

    def read(self, block: Sequence[Line]) -> Rows | None:
        """Read a block; None if it has anything but plain rows."""
        lines = [line for _, line in block[:-1]]
        if not lines or block[-1][1]:
            return None
        first, last = block[0][0], block[-1][0]
        if last - first != len(lines):  # a line could not be decoded
            return None
        text = "\n".join(lines)
        separator, other = "\t " if self.layout.tabs else " \t"
        if other in text or self.boundary in text:
            return None
        width = self.layout.width
        if any(line.count(separator) != width - 1 for line in lines):
            return None
        cells = text.replace("\n", separator).split(separator)
        if "" in cells:
            return None
        tag = self.layout.tag
        return Rows(cells[self.layout.token :: width], [] if tag is None else cells[tag::width], lines, first)
