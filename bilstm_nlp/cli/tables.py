"""Sections of results as text on standard output, in tables that break no word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from bilstm_nlp.errors import in_line
from bilstm_nlp.reports.sections import Picture, Section, Table

GAP = 2
"""Blanks between two columns of a table. Few, so that a comparison's widest tables fit 80 columns."""
EDGES = 2
"""Blanks at both ends of a line."""


def print_sections(sections: Iterable[Section]) -> None:
    """Print sections on standard output. Pictures are left out: they are for reports in files."""
    console = Console(highlight=False)
    for section in sections:
        console.print(in_line(section.title), style="bold", markup=False, soft_wrap=True)
        for part in section.parts:
            match part:
                case Table():
                    _print_table(part, console)
                case str():
                    console.print("\n".join(map(in_line, part.split("\n"))), markup=False, soft_wrap=True)
                case Picture():
                    pass


def _print_table(table: Table, console: Console) -> None:
    """Print a table, in several parts below each other if it is wider than the console."""
    if table.title:
        console.print(Text(in_line(table.title), style="italic"), soft_wrap=True)
    for part, widths in parts(table, console.width):
        # A word that is longer than the console stays whole; rich would cut it.
        Console(highlight=False, width=max(console.width, _total(widths))).print(_rich_table(part, widths))


def parts(table: Table, width: int) -> list[tuple[Table, list[int]]]:
    """Split a table into parts that fit `width`, each with the first column, and give the widths of their columns.

    A column is at least as wide as its longest word. A part whose two columns don't fit is wider than `width`.
    """
    columns = list(zip(table.header, *table.rows, strict=True))
    least = [max(cell_len(word) for cell in column for word in in_line(cell).split() or [""]) for column in columns]
    groups: list[list[int]] = [[0]]
    for index in range(1, len(columns)):
        if len(groups[-1]) > 1 and _total([least[i] for i in [*groups[-1], index]]) > width:
            groups.append([0])
        groups[-1].append(index)
    result = []
    for group in groups:
        natural = [max(cell_len(in_line(cell)) for cell in columns[index]) for index in group]
        rows = [[row[index] for index in group] for row in table.rows]
        part = Table(table.title, [table.header[index] for index in group], rows)
        result.append((part, _fitted(natural, [least[index] for index in group], width)))
    return result


def _total(widths: Sequence[int]) -> int:
    """Return the width of a table whose columns have these widths."""
    return sum(widths) + GAP * (len(widths) - 1) + EDGES


def _fitted(natural: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Narrow the widest columns, down to their `least` widths, until the table fits `width`."""
    widths = list(natural)
    while _total(widths) > width:
        narrowable = [index for index in range(len(widths)) if widths[index] > least[index]]
        if not narrowable:
            break
        widths[max(narrowable, key=lambda index: widths[index])] -= 1
    return widths


def _rich_table(table: Table, widths: Sequence[int]) -> RichTable:
    """Return a table for rich: the first column to the left, numbers to the right.

    Text that comes from data is escaped, so that it can't move the cursor or change the direction of writing.
    """
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for index, (column, width) in enumerate(zip(table.header, widths, strict=True)):
        shown.add_column(Text(in_line(column)), justify="left" if index == 0 else "right", width=width)
    for row in table.rows:
        shown.add_row(*(Text(in_line(cell)) for cell in row))
    return shown
