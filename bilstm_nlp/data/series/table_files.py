"""Tables of cells from CSV files, Parquet files and frames, before any cell is parsed."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.lines import suggestion, unpacked
from bilstm_nlp.data.sources import path_of
from bilstm_nlp.errors import DataError

Missing = Literal["error", "interpolate", "ffill"]

EMPTY = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None"]
"""Cells of a number column that count as empty."""
EXACT: Literal["round_trip"] | None = "round_trip" if int(pd.__version__.partition(".")[0]) < 3 else None
"""The precision with which decimal numbers are parsed to the nearest float: the default since pandas 3."""


@dataclass(frozen=True)
class TableFormat:
    """A description of a file: the roles of its columns, and the treatment of missing values."""

    layout: Literal["auto", "wide", "long"] = "auto"
    """`auto`: long if the file has the id column, else wide."""
    date_column: str | None = None
    """By default ds in long files, date (or ds) in wide files."""
    id_column: str = "unique_id"
    """The name of the series in a long file."""
    columns: tuple[str, ...] | None = None
    """Columns to read, in this order; by default all but date and id. Other columns may hold anything."""
    missing: Missing = "error"
    """The treatment of gaps between dates, empty cells and infinities: an error, a straight line between the
    neighbours in time (which looks at the later neighbour), or the last value before."""
    frequency: str | None = None
    """A pandas alias; by default inferred from the dates."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table of unparsed cells, with the role of each column."""

    source: str
    frame: pd.DataFrame
    rows: Ints
    """(N,) line of each row, or its number if the file has no lines; both from 1."""
    has_lines: bool
    date: str
    id: str | None
    columns: tuple[str, ...]

    def problem(self, expected: str, found: str, rows: Ints, advice: str = "") -> DataError:
        """Make the error for these rows. It names the first row and counts the others."""
        unit = "line" if self.has_lines else "row"
        found += "" if self.has_lines else f" in row {rows[0]}"
        if len(rows) > 1:
            found += f" (and {len(rows) - 1} more, the last in {unit} {rows[-1]})"
        return DataError(
            self.source, expected, found + (f"; {advice}" if advice else ""), int(rows[0]) if self.has_lines else None
        )

    def of_series(self, name: str) -> str:
        """Return " of series NAME" for a message about a long table; nothing for a wide table."""
        return "" if self.id is None else f" of series {name!r}"


def load(source: str, format: TableFormat) -> Table:
    """Read the cells of a file. Raises `DataError` if it can't be read or lacks a column."""
    path = path_of(source)
    has_lines = path.suffix != ".parquet"
    try:
        frame = _csv_cells(path, source, format) if has_lines else _parquet_cells(path)
    except pd.errors.ParserError as error:
        counts = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if counts is None:
            raise DataError(source, "a CSV table", str(error)) from None
        expected, line, cells = counts.groups()
        raise DataError(source, f"{expected} cells", f"{cells}", int(line)) from None
    except pd.errors.EmptyDataError:
        raise DataError(source, "a header and rows", "an empty file") from None
    except UnicodeDecodeError as error:
        raise DataError(source, "UTF-8 text", f"byte {error.object[error.start]:#x}") from None
    except FileNotFoundError:
        raise DataError(source, "a file", f"nothing there{suggestion(str(path))}") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(source, "a .csv or .parquet file", f"none that can be read: {reason}") from None
    return _with_roles(source, frame, has_lines, format)


def table_of(name: str, frame: pd.DataFrame, format: TableFormat) -> Table:
    """Make a table of a frame. `name` stands for the file in messages. Raises `DataError` if a column is missing.

    >>> frame = pd.DataFrame({"date": ["2024-01-01", "2024-01-02"], "sales": [1, 2]})
    >>> table_of("sales", frame, TableFormat()).columns
    ('sales',)
    """
    return _with_roles(name, _numbered(frame), False, format)


def _csv_cells(path: Path, source: str, format: TableFormat) -> pd.DataFrame:
    """Read the cells of a CSV file; the index is the line. The file is opened and unpacked once."""
    with _opened(path, source) as stream:
        header = _csv_header(stream)
        stream.seek(0)
        return _csv_rows(stream, path, header, format)


def _opened(path: Path, source: str) -> IO[bytes]:
    """Open a CSV file; a .gz file is unpacked into memory, up to a limit. Raises `DataError` beyond it."""
    return BytesIO(unpacked(path, source)) if path.suffix == ".gz" else path.open("rb")


def _csv_header(stream: IO[bytes]) -> list[str]:
    """Read the names in the first line. `read_csv` would rename a name that comes twice."""
    header = pd.read_csv(
        stream, header=None, nrows=1, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
    )
    return [str(name) for name in header.iloc[0]]


def _csv_rows(stream: IO[bytes], path: Path, header: list[str], format: TableFormat) -> pd.DataFrame:
    """Read all cells below the header: numbers if a whole column is numeric, else text. Blank lines are left out."""
    for number, name in enumerate(header):
        if not name.strip() or name in header[:number]:
            wrong = f"{name!r} twice" if name.strip() else f"none for column {number + 1}"
            raise DataError(path, "names that differ for all columns", wrong, 1)
    # pandas must not guess here: a series may be called NA, and a date must not become a number.
    verbatim = {name for name in (format.date_column, format.id_column, "date", "ds") if name in header}
    frame = pd.read_csv(
        stream,
        header=0,
        names=header,
        dtype=dict.fromkeys(verbatim, str),
        keep_default_na=False,
        na_values={name: EMPTY for name in header if name not in verbatim},
        skip_blank_lines=False,
        low_memory=False,
        encoding="utf-8-sig",
        float_precision=EXACT,
    )
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(path, f"{len(header)} cells, as in the header", f"{len(header) + frame.index.nlevels}", 2)
    frame.index += 2
    return frame[~(frame.isna() | (frame == "")).all(axis=1)]


def _parquet_cells(path: Path) -> pd.DataFrame:
    """Read the cells of a Parquet file; the index is the row number."""
    try:
        return _numbered(pd.read_parquet(path))
    except (AttributeError, IndexError, KeyError, TypeError) as error:  # from damaged metadata that pandas follows
        raise ValueError(f"notes of pandas that it can't follow, {error!r}") from None


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Number the rows from 1. A named index, often the dates, becomes a column."""
    frame = frame.reset_index(drop=all(name is None for name in frame.index.names))
    frame.index += 1
    return frame


def _with_roles(source: str, frame: pd.DataFrame, has_lines: bool, format: TableFormat) -> Table:
    """Find the column of each role. Raises `DataError` if a column is missing."""
    header = [str(name) for name in frame.columns]
    frame = frame.set_axis(header, axis=1)
    first = 1 if has_lines else None
    is_long = format.layout == "long" or (format.layout == "auto" and format.id_column in header)
    usual = ("ds",) if is_long else ("date", "ds")
    date = format.date_column or next((name for name in usual if name in header), usual[0])
    needed = (*([format.id_column] if is_long else []), date, *(format.columns or ()))
    for name in needed:
        if header.count(name) > 1:  # a CSV file's header has been checked already
            raise DataError(source, "names that differ for all columns", f"{name!r} twice", first)
        if name not in header:
            layout = "long" if is_long else "wide"
            raise DataError(source, f"a column {name!r} (the file is read as {layout})", ", ".join(header), first)
    roles = {date, format.id_column} if is_long else {date}
    columns = format.columns or tuple(name for name in header if name not in roles)
    if not columns or roles & set(columns):
        shown = "no other" if not columns else f"{', '.join(sorted(roles & set(columns)))} among them"
        raise DataError(source, f"columns of numbers beside {', '.join(sorted(roles))}", shown, first)
    rows = frame.index.to_numpy(np.int64)
    return Table(source, frame, rows, has_lines, date, format.id_column if is_long else None, columns)
