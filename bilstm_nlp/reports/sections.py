"""What a task has to say to people: titled sections of tables, pictures and paragraphs. `report` lays them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

Row = Sequence[str]


def number(value: float | None, digits: int = 4) -> str:
    """A figure; what is undefined is a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


class Table(NamedTuple):
    """Rows of cells under a header; the first column names, the others count."""

    title: str
    header: Row
    rows: Sequence[Row]


class Picture(NamedTuple):
    """A file in the run directory, and what it shows."""

    file: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A titled part of a report: tables, pictures and paragraphs in order."""

    title: str
    parts: list[Table | Picture | str]
