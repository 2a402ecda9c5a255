"""Tables of cells from CSV files, Parquet files and frames, before any cell is parsed."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import pandas as pd

from bilstm_nlp.data.lines import name_of, suggestion
from bilstm_nlp.data.series.csv_cells import csv_cells
from bilstm_nlp.data.series.frames import numbered
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.roles import with_roles
from bilstm_nlp.data.sources import path_of
from bilstm_nlp.errors import DataError


def load(source: str, format: TableFormat) -> Table:
    """Read the table of a file, or of a CSV table on standard input (`-`).

    Raises `DataError` if it can't be read or lacks a column.
    """
    name, frame, has_lines, notes = cells_of(source, format)
    return with_roles(name, frame, has_lines, format, notes)


def cells_of(source: str, format: TableFormat, all_text: bool = False) -> tuple[str, pd.DataFrame, bool, list[str]]:
    """Read the cells of a file. Return its name, the cells, whether it has lines, and notes for the user.

    `all_text` leaves the cells of a CSV file as it spells them. Raises `DataError` if it can't be read.
    """
    path, name, notes = path_of(source), name_of(source), list[str]()
    has_lines = path.suffix != ".parquet"
    try:
        if has_lines:
            frame, notes = csv_cells(path, source, format, all_text)
        else:
            frame = _parquet_cells(path)
    except pd.errors.ParserError as error:
        counts = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if counts is None:
            raise DataError(name, "a CSV table", str(error)) from None
        expected, line, cells = counts.groups()
        raise DataError(name, f"{expected} cells", f"{cells}", int(line)) from None
    except pd.errors.EmptyDataError:
        raise DataError(name, "a header and rows", "an empty file") from None
    except UnicodeDecodeError as error:
        raise DataError(name, f"{format.encoding.upper()} text", f"byte {error.object[error.start]:#x}") from None
    except FileNotFoundError:
        raise DataError(name, "a file", f"nothing there{suggestion(str(path))}") from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(name, "a .csv or .parquet file", f"none that can be read: {reason}") from None
    return name, frame, has_lines, notes


def table_of(name: str, frame: pd.DataFrame, format: TableFormat) -> Table:
    """Make a table of a frame. `name` stands for the file in messages. Raises `DataError` if a column is missing.

    >>> frame = pd.DataFrame({"date": ["2024-01-01", "2024-01-02"], "sales": [1, 2]})
    >>> table_of("sales", frame, TableFormat()).columns
    ('sales',)
    """
    return with_roles(name, numbered(name, frame), False, format)


def _parquet_cells(path: Path) -> pd.DataFrame:
    """Read the cells of a Parquet file; the index is the row number."""
    try:
        return numbered(str(path), pd.read_parquet(path))
    except (AttributeError, IndexError, KeyError, TypeError) as error:  # from damaged metadata that pandas follows
        raise ValueError(f"notes of pandas that it can't follow, {error!r}") from None
