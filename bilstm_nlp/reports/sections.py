"""Results for people, as titled sections of tables, pictures and paragraphs.

Tasks make sections; `markdown` and the command line lay them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

Row = Sequence[str]


def number(value: float | None, digits: int = 4) -> str:
    """Format a figure; an undefined figure is a dash.

    >>> number(0.91234), number(None)
    ('0.9123', '–')
    """
    return "–" if value is None else f"{value:.{digits}f}"


class Table(NamedTuple):
    """A table of text cells. The first column has the names, the others have figures."""

    title: str
    header: Row
    rows: Sequence[Row]


class Picture(NamedTuple):
    """A picture in the run directory, with a caption."""

    file: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A titled part of a report: tables, pictures and paragraphs, in order."""

    title: str
    parts: list[Table | Picture | str]
