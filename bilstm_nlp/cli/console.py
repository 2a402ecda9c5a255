"""Results and notes on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from bilstm_nlp.config import flat
from bilstm_nlp.errors import in_line
from bilstm_nlp.reports.sections import Picture, Row, Section, Table

if TYPE_CHECKING:
    pass


def print_sections(sections: Iterable[Section]) -> None:
    """Results on standard output; pictures are for Markdown only."""
    console = Console(highlight=False)
    for section in sections:
        console.print(in_line(section.title), style="bold", markup=False, soft_wrap=True)
        for part in section.parts:
            match part:
                case Table():
                    console.print(rich_table(part))
                case str():
                    console.print("\n".join(map(in_line, part.split("\n"))), markup=False, soft_wrap=True)
                case Picture():
                    pass


def print_json(value: object) -> None:
    """One JSON object on standard output, and nothing else."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


def run_section(summary: Mapping[str, Any]) -> Section:
    """A run directory's `summary`."""
    made = summary["origin"]
    state = "finished" if summary["finished"] else "unfinished (train --resume goes on with it)"
    tables = [
        *(Table(part, ("", "value"), pairs(found)) for part, found in summary["results"].items()),
        Table("Training", ("", "value"), pairs(summary["training"])),
        Table("Configuration", ("key", "value"), pairs(flat(summary["config"]))),
        Table("Made", ("", "value"), pairs({key: made[key] for key in ("command", "began", "commit") if key in made})),
        Table("Machine", ("", "value"), pairs(made.get("machine", {}))),
        Table("Data", ("file", "SHA-256"), pairs(made.get("data", {}))),
        Table("Versions", ("package", "version"), pairs(made.get("versions", {}))),
        Table("Files", ("name", "bytes"), [(name, f"{size:,}") for name, size in summary["files"].items()]),
    ]
    title = f"{summary['run']}: {state}, epochs so far: {summary['epochs']}"
    return Section(title, [table for table in tables if table.rows])


def pairs(values: Mapping[str, Any]) -> list[Row]:
    """Names and values as cells; fractions with four digits."""
    return [(name, f"{value:.4f}" if isinstance(value, float) else str(value)) for name, value in values.items()]


def rich_table(table: Table) -> RichTable:
    """A table for the terminal, the first column to the left, numbers to the right.

    What comes from data moves no cursor there and turns no text around.
    """
    # Little stands between columns, so that a comparison's widest tables fit 80 characters.
    shown = RichTable(
        title=Text(in_line(table.title)),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for index, column in enumerate(table.header):
        shown.add_column(Text(in_line(column)), justify="left" if index == 0 else "right", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(in_line(cell)) for cell in row))
    return shown


def note(message: str) -> None:
    """A line on standard error."""
    print(message, file=sys.stderr)
