"""CSV and Parquet files as tables: their cells, what each column is, and where in the file a row stands."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from bilstm_nlp.data.lines import check_unpacked, suggestion
from bilstm_nlp.data.series.series import Ints
from bilstm_nlp.data.sources import place
from bilstm_nlp.errors import DataError

Missing = Literal["error", "interpolate", "ffill"]

EMPTY = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None"]
"""What a cell of a number column says when it says nothing."""


@dataclass(frozen=True)
class TableFormat:
    """Which columns of a file mean what, and what becomes of missing values."""

    layout: Literal["auto", "wide", "long"] = "auto"
    """`auto`: long where the file has the id column, else wide."""
    date_column: str | None = None
    """By default ds in long files, date (or ds) in wide ones."""
    id_column: str = "unique_id"
    """Tells the series of a long file apart."""
    columns: tuple[str, ...] | None = None
    """Columns to read, in this order; by default all but date and id. Others may hold anything."""
    missing: Missing = "error"
    """Gaps between dates, empty cells and infinities: an error, a straight line between the neighbours in time (which
    looks at the later one), or the last value before."""
    frequency: str | None = None
    """A pandas alias; by default inferred from the dates."""


@dataclass(frozen=True, eq=False)
class Table:
    """A file as it is, before any cell is trusted."""

    source: str
    frame: pd.DataFrame
    rows: Ints
    """Line of each row, or its number where the file has no lines; both from 1."""
    has_lines: bool
    date: str
    id: str | None
    columns: tuple[str, ...]

    def problem(self, expected: str, found: str, rows: Ints, advice: str = "") -> DataError:
        """What is wrong with these rows: the first is named, the others are counted."""
        place = "line" if self.has_lines else "row"
        found += "" if self.has_lines else f" in row {rows[0]}"
        if len(rows) > 1:
            found += f" (and {len(rows) - 1} more, the last in {place} {rows[-1]})"
        return DataError(
            self.source, expected, found + (f"; {advice}" if advice else ""), int(rows[0]) if self.has_lines else None
        )

    def of(self, series: str) -> str:
        """To say which series is meant, where there is more than one."""
        return "" if self.id is None else f" of series {series!r}"


def load(source: str, format: TableFormat) -> Table:
    """The file's cells. Raises `DataError` if it can't be read or lacks a column."""
    path = place(source)
    has_lines = path.suffix != ".parquet"
    try:
        check_unpacked(path, source)
        header = csv_header(path) if has_lines else []
        frame = csv_cells(path, header, format) if has_lines else parquet_cells(path)
    except pd.errors.ParserError as error:
        counts = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if counts is None:
            raise DataError(source, "a CSV table", str(error)) from None
        expected, line, found = counts.groups()
        raise DataError(source, f"{expected} cells", f"{found}", int(line)) from None
    except pd.errors.EmptyDataError:
        raise DataError(source, "a header and rows", "an empty file") from None
    except UnicodeDecodeError as error:
        raise DataError(source, "UTF-8 text", f"byte {error.object[error.start]:#x}") from None
    except FileNotFoundError:
        raise DataError(source, "a file", f"nothing there{suggestion(str(path))}") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(source, "a .csv or .parquet file", f"none that can be read: {reason}") from None
    return with_roles(source, frame, has_lines, format)


def csv_header(path: Path) -> list[str]:
    """The names in the first line; `csv_cells` would rename what comes twice."""
    header = pd.read_csv(
        path, header=None, nrows=1, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
    )
    return [str(name) for name in header.iloc[0]]


def csv_cells(path: Path, header: list[str], format: TableFormat) -> pd.DataFrame:
    """All cells: numbers where a whole column is, else as written. The index is the line; blank lines are left out."""
    for number, name in enumerate(header):
        if not name.strip() or name in header[:number]:
            wrong = f"{name!r} twice" if name.strip() else f"none for column {number + 1}"
            raise DataError(path, "names that differ for all columns", wrong, 1)
    # A series may be called NA, and a date must not become a number: neither is left to pandas' guesses.
    verbatim = {name for name in (format.date_column, format.id_column, "date", "ds") if name in header}
    frame = pd.read_csv(
        path,
        header=0,
        names=header,
        dtype=dict.fromkeys(verbatim, str),
        keep_default_na=False,
        na_values={name: EMPTY for name in header if name not in verbatim},
        skip_blank_lines=False,
        low_memory=False,
        encoding="utf-8-sig",
    )
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(path, f"{len(header)} cells, as in the header", f"{len(header) + frame.index.nlevels}", 2)
    frame.index += 2
    return frame[~(frame.isna() | (frame == "")).all(axis=1)]


def parquet_cells(path: Path) -> pd.DataFrame:
    """All cells; the index is the number of the row."""
    try:
        return numbered(pd.read_parquet(path))
    except (AttributeError, IndexError, KeyError, TypeError) as error:  # of what pandas has written beside the cells
        raise ValueError(f"notes of pandas that it can't follow, {error!r}") from None


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """The same cells, rows counted from 1. Dates are often the index where a table comes from pandas."""
    frame = frame.reset_index(drop=all(name is None for name in frame.index.names))
    frame.index += 1
    return frame


def table_of(name: str, frame: pd.DataFrame, format: TableFormat) -> Table:
    """A frame as a table. Raises `DataError` if it lacks a column; `name` is what messages call it."""
    return with_roles(name, numbered(frame), False, format)


def with_roles(source: str, frame: pd.DataFrame, has_lines: bool, format: TableFormat) -> Table:
    """Which column is what. Raises `DataError` if one is not there."""
    header = [str(name) for name in frame.columns]
    frame = frame.set_axis(header, axis=1)
    first = 1 if has_lines else None
    is_long = format.layout == "long" or (format.layout == "auto" and format.id_column in header)
    usual = ("ds",) if is_long else ("date", "ds")
    date = format.date_column or next((name for name in usual if name in header), usual[0])
    needed = (*([format.id_column] if is_long else []), date, *(format.columns or ()))
    for name in needed:
        if header.count(name) > 1:  # of a CSV file it is known already
            raise DataError(source, "names that differ for all columns", f"{name!r} twice", first)
        if name not in header:
            layout = "long" if is_long else "wide"
            raise DataError(source, f"a column {name!r} (the file is read as {layout})", ", ".join(header), first)
    roles = {date, format.id_column} if is_long else {date}
    columns = format.columns or tuple(name for name in header if name not in roles)
    if not columns or roles & set(columns):
        found = "no other" if not columns else f"{', '.join(sorted(roles & set(columns)))} among them"
        raise DataError(source, f"columns of numbers beside {', '.join(sorted(roles))}", found, first)
    rows = frame.index.to_numpy(np.int64)
    return Table(source, frame, rows, has_lines, date, format.id_column if is_long else None, columns)
