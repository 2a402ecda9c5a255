"""Tables of static columns: one row for each series, or for each target of a single series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.data.lines import stop
from bilstm_nlp.data.series.categories import labels_of
from bilstm_nlp.data.series.frames import numbered
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.roles import UNNAMED
from bilstm_nlp.data.series.series import Series, SeriesSet, StaticCell
from bilstm_nlp.data.series.static import static_cells
from bilstm_nlp.data.series.table_files import cells_of
from bilstm_nlp.errors import DataError, listed


@dataclass(frozen=True, eq=False)
class StaticTable:
    """A table with the static columns of series, and a column of their names.

    >>> frame = pd.DataFrame({"unique_id": ["a", "b"], "region": ["north", "south"]})
    >>> StaticTable.of("stores", frame).header
    ['unique_id', 'region']
    """

    source: str
    frame: pd.DataFrame
    has_lines: bool

    @classmethod
    def read(cls, source: str, format: TableFormat) -> StaticTable:
        """Read a .csv, .csv.gz or .parquet file; `format` spells its numbers.

        Raises `DataError` if it can't be read.
        """
        spelling = TableFormat(decimal=format.decimal, thousands=format.thousands)
        name, frame, has_lines, _ = cells_of(source, spelling, all_text=True)
        return cls._of(name, frame, has_lines)

    @classmethod
    def of(cls, name: str, frame: pd.DataFrame) -> StaticTable:
        """Make the table of a frame. `name` stands for the file in messages. An index of text names the series."""
        if frame.index.name is None and not isinstance(frame.index, pd.RangeIndex | pd.MultiIndex):
            frame = frame.rename_axis("index")
        return cls._of(name, numbered(name, frame), False)

    @classmethod
    def _of(cls, source: str, frame: pd.DataFrame, has_lines: bool) -> StaticTable:
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        header = frame.columns.tolist()
        for name in header:
            if header.count(name) > 1:
                raise DataError(source, "names that differ for all columns", f"{name!r} twice", has_lines or None)
        return cls(source, frame, has_lines)

    @property
    def header(self) -> list[str]:
        """The names of all columns."""
        return [str(name) for name in self.frame.columns]

    def names(self, key: str) -> tuple[str, ...]:
        """Return the static columns: all with a name but that of the series' names."""
        return tuple(name for name in self.header if name != key and not name.startswith(UNNAMED))

    def key(self, id_column: str, data: SeriesSet, targets: Sequence[str]) -> str:
        """Return the column of the series' names: the id column, or the only one with most of the names.

        Raises `DataError` if there is none.
        """
        if id_column in self.header:
            return id_column
        ids = {series.id for series in data.series}
        fitting = []
        for name in self.header:
            cells = set(_names(self.frame[name]))
            if 2 * len(cells & ids) > len(ids) or 2 * len(cells & set(targets)) > len(targets):
                fitting.append(name)
        if len(fitting) == 1:
            return fitting[0]
        raise DataError(
            self.source, f"a column {id_column!r} with the names of the series", ", ".join(self.header), self._header
        )

    @property
    def _header(self) -> int | None:
        """The line of the header."""
        return 1 if self.has_lines else None

    def attached(
        self, data: SeriesSet, targets: Sequence[str], names: Sequence[str], key: str, format: TableFormat
    ) -> SeriesSet:
        """Return the series with their values of these static columns. `None` stands for a value that is missing.

        A row belongs to the series of its name. If there is a single series, a row may belong to the target of its
        name. Raises `DataError` for a series with two rows, for a value other than that of the series' own file, for
        cells that can't be read, and if no row belongs to a series.
        """
        rows = self.frame.index.to_numpy(np.int64)
        table = Table(self.source, self.frame, rows, self.has_lines, None, key, (), tuple(names))
        keys = _names(self.frame[key])
        _check_keys(table, key, keys)
        cells, notes = static_cells(table, names, format, stop)
        notes = [f"{self.source}: {note}" for note in notes]
        row_of = {str(name): row for row, name in enumerate(keys)}
        ids = {series.id for series in data.series}
        by_target = len(ids) == 1 and not ids & row_of.keys()
        wanted = set(targets) if by_target else ids
        if not wanted & row_of.keys():
            shown = listed([repr(name) for name in sorted(wanted)])
            raise DataError(self.source, f"a row for each of {shown} in column {key!r}", listed([*row_of]) or "none")
        if others := [name for name in row_of if name not in wanted]:
            rest = listed([repr(name) for name in others])
            notes.append(f"{self.source}: {len(others)} rows are not of these series: {rest}")
        series = [
            self._with_row(table, each, targets if by_target else [each.id], row_of, cells) for each in data.series
        ]
        return replace(data, series=series, notes=(*data.notes, *notes))

    def _with_row(
        self,
        table: Table,
        series: Series,
        keys: Sequence[str],
        row_of: Mapping[str, int],
        cells: Mapping[str, NDArray[np.object_]],
    ) -> Series:
        """Return a series with the values of the rows of these keys.

        Raises `DataError` for a value other than that of its own file.
        """
        rows = [row_of.get(key) for key in keys]
        static: dict[str, tuple[StaticCell, ...]] = dict(series.static)
        for name, column in cells.items():
            values = tuple(None if row is None else column[row] for row in rows)
            before = static.get(name, (None,))
            if set(before) == {None}:
                static[name] = values
                continue
            for value, row in zip(values, rows, strict=True):
                if row is not None and value is not None and value not in before:
                    rule = f"{before[0]!r} in column {name!r} of series {series.id!r}, as its own file has"
                    raise table.problem(rule, repr(value), table.rows[[row]])
        return replace(series, static=static)


def _check_keys(table: Table, key: str, keys: NDArray[np.object_]) -> None:
    """Raise `DataError` for a row without a name, and for a name that comes twice."""
    blank = keys == ""
    if blank.any():
        raise table.problem(f"the name of a series in column {key!r}", "nothing", table.rows[blank])
    again = pd.Series(keys).duplicated().to_numpy()
    if again.any():
        row = int(again.argmax())
        first = table.rows[int((keys == keys[row]).argmax())]
        before = f"{'line' if table.has_lines else 'row'} {first}"
        rule = f"one row for each series in column {key!r}"
        raise table.problem(rule, f"{keys[row]!r} again, which {before} has already", table.rows[again])


def _names(column: pd.Series) -> NDArray[np.object_]:
    """Return the names of series (N,) as tables of series have them: text with its blanks, whole numbers as text."""
    is_text = column.map(lambda cell: isinstance(cell, str)).to_numpy(np.bool_)
    names: NDArray[np.object_] = np.where(is_text, column.astype(object), labels_of(column)).astype(object)
    return names
