"""Static columns: one value for each series, from the columns of its own file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.batch import Bools, Ints
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.series.categories import is_text, labels_of, shown_labels
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.numbers import parse_numbers, parsed_cells
from bilstm_nlp.data.series.series import StaticCell
from bilstm_nlp.errors import DataError


@dataclass(frozen=True)
class ConstantColumns:
    """The columns without a role of their own that have one value within each series."""

    static: tuple[str, ...] = ()
    """Columns that differ between series: text that is no number, or numbers."""
    single: tuple[str, ...] = ()
    """Columns of text with the same value in all series."""
    others: tuple[str, ...] = ()
    """The other columns without a role."""


def constant_columns(table: Table, format: TableFormat, given: Sequence[str]) -> ConstantColumns:
    """Find the constant columns among those that have no role `given`; none if columns are named.

    None also if no column would be left to forecast.
    """
    if format.columns is not None:
        return ConstantColumns()
    ids = pd.Series("", table.frame.index) if table.id is None else table.frame[table.id].astype(str)
    static, single, others = [], [], []
    for name in table.columns:
        if name in given:
            continue
        column = table.frame[name]
        if is_text(column, format):
            text = pd.Series(labels_of(column), column.index)
            values = text.mask(text == "")
            of_kind = not values.dropna().str.match(r"[+-]?\.?[0-9]").any()
        else:
            numbers, strange = parsed_cells(column, format)
            values = pd.Series(numbers, column.index)
            of_kind = not strange.any() and values.nunique() > 1
        if not of_kind or values.groupby(ids).nunique().max() != 1:
            others.append(name)
        elif values.nunique() > 1:
            static.append(name)
        else:
            single.append(name)
    return ConstantColumns(tuple(static), tuple(single), tuple(others)) if others else ConstantColumns()


def static_cells(
    table: Table, names: Sequence[str], format: TableFormat, complain: Complain
) -> tuple[dict[str, NDArray[np.object_]], list[str]]:
    """Return the cells (N,) of static columns: text for categories, numbers, `None` where there is nothing.

    A column is a category if the format says so, or if it is text. Complains of text among numbers, and of infinities.
    Also returns notes for the user.
    """
    cells: dict[str, NDArray[np.object_]] = {}
    notes = list[str]()
    for name in names:
        column = table.frame[name]
        if name in format.categorical or (not format.decided and is_text(column, format)):
            text = labels_of(column)
            cells[name] = _where(text != "", text)
            if name not in format.categorical:
                labels = sorted({str(label) for label in text if label != ""})
                notes.append(f"static column {name!r} is text and read as {shown_labels(labels)}")
            continue
        numbers, _, said = parse_numbers(table, [name], format, complain)
        infinite = np.isinf(numbers[:, 0])
        if infinite.any():
            complain(table.problem(f"a number in column {name!r}", "an infinite one", table.rows[infinite]))
        cells[name] = _where(np.isfinite(numbers[:, 0]), numbers[:, 0].astype(object))
        notes += said
    return cells, notes


def _where(given: NDArray[np.bool_], values: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the values (N,) that are given, and `None` for the others."""
    cells = np.full(len(values), None, dtype=object)
    cells[given] = values[given]
    return cells


class StaticColumns:
    """The static columns of a table, from which each series takes its values."""

    def __init__(self, table: Table, format: TableFormat, complain: Complain) -> None:
        """Parse the columns. Problems go to `complain`."""
        self.table, self.complain = table, complain
        self.cells, self.parsing_notes = static_cells(table, table.static, format, complain)
        self._blank = dict.fromkeys(self.cells, 0)

    def of(self, name: str, rows: Ints) -> dict[str, tuple[StaticCell, ...]]:
        """Return the values of a series, given the indices of its rows; `None` for a column without any.

        Complains of a value that changes. An empty cell stands for the value of the series' other rows.
        """
        values: dict[str, tuple[StaticCell, ...]] = {}
        for column, cells in self.cells.items():
            own = cells[rows]
            given: Bools = own != np.array(None)
            if not given.any():
                values[column] = (None,)
                continue
            first = int(given.argmax())
            changed = given & (own != own[first])
            if changed.any():
                self.complain(self._change(name, column, rows, first, changed))
            self._blank[column] += int((~given).sum())
            values[column] = (own[first],)
        return values

    def _change(self, name: str, column: str, rows: Ints, first: int, changed: Bools) -> DataError:
        """Make the error for a static value that changes within a series."""
        cells = self.cells[column][rows]
        before = f"{'line' if self.table.has_lines else 'row'} {self.table.rows[rows[first]]}"
        rule = f"one value of static column {column!r}{self.table.of_series(name)}, {cells[first]!r} as in {before}"
        return self.table.problem(rule, repr(cells[int(changed.argmax())]), self.table.rows[rows[changed]])

    def notes(self) -> list[str]:
        """Return notes for the user."""
        blank = [
            f"static column {column!r}: {count} empty cells stand for the value of their series' other rows"
            for column, count in self._blank.items()
            if count
        ]
        return [*self.parsing_notes, *blank]
