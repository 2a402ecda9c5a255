"""Cells of CSV files: the separator, the header, and all rows below it."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Literal

import pandas as pd

from bilstm_nlp.data.lines import unpacked
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.roles import is_date_name, unnamed
from bilstm_nlp.errors import DataError

EMPTY = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "-", "."]
"""Cells of a number column that count as empty."""
EXACT: Literal["round_trip"] | None = "round_trip" if int(pd.__version__.partition(".")[0]) < 3 else None
"""The precision with which decimal numbers are parsed to the nearest float: the default since pandas 3."""
SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
LOOKED_AT = 1 << 16
"""Bytes that the separator is told from."""
LINES_LOOKED_AT = 6


def csv_cells(path: Path, source: str, format: TableFormat, all_text: bool = False) -> tuple[pd.DataFrame, list[str]]:
    """Read the cells of a CSV file; the index is the line. The file is opened and unpacked once.

    `all_text` leaves every cell as the file spells it. Also returns notes for the user.
    """
    with _opened(path, source) as stream:
        separator = _separator(stream.read(LOOKED_AT))
        stream.seek(0)
        header = _header(stream, separator, source, format)
        stream.seek(0)
        frame = _rows(stream, separator, header, source, format, all_text)
    return frame, [] if separator == "," else [f"cells are separated by {SEPARATORS[separator]}"]


def _opened(path: Path, source: str) -> IO[bytes]:
    """Open a CSV file; standard input and .gz files are read into memory. Raises `DataError` beyond a limit."""
    if source == "-":
        return io.BytesIO(sys.stdin.buffer.read())
    return io.BytesIO(unpacked(path, source)) if path.suffix == ".gz" else path.open("rb")


def _separator(beginning: bytes) -> str:
    """Return the separator that gives the first lines equally many cells, more than one; a comma if none does.

    >>> _separator(b"date;price\\n2024-01-01;1,5\\n2024-01-02;2\\n")
    ';'
    """
    lines = beginning.decode("utf-8-sig", "replace").splitlines()
    lines = [line for line in lines[: LINES_LOOKED_AT + 1] if line.strip()][:LINES_LOOKED_AT]
    best, most = ",", 1
    for separator in SEPARATORS:
        counts = {len(cells) for cells in csv.reader(lines, delimiter=separator)}
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = separator, count
        if separator == "," and most > 1:
            return best
    return best


def _header(stream: IO[bytes], separator: str, source: str, format: TableFormat) -> list[str]:
    """Read the names in the first line. `read_csv` would rename a name that comes twice.

    A blank name becomes that of its number. Raises `DataError` for names that come twice.
    """
    first = pd.read_csv(
        stream,
        sep=separator,
        header=None,
        nrows=1,
        dtype=str,
        keep_default_na=False,
        skip_blank_lines=False,
        encoding=_codec(format.encoding),
    )
    header = [str(name) for name in first.iloc[0]]
    if format.names is not None:
        if len(format.names) != len(header):
            raise DataError(source, f"{len(format.names)} cells, as data.columns has names", f"{len(header)}", 1)
        header = list(format.names)
    elif _is_data(header):
        names = ", ".join(f'"{name}"' for name in ("date", "a", "b")[: len(header)])
        shown = f"a row of data; data.columns = [{names}{', …' if len(header) > 3 else ''}] names the columns"
        raise DataError(source, "a header", shown, 1)
    header = [name if name.strip() else unnamed(number) for number, name in enumerate(header)]
    for number, name in enumerate(header):
        if name in header[:number]:
            raise DataError(source, "names that differ for all columns", f"{name!r} twice", 1)
    return header


def _codec(encoding: str) -> str:
    """Return the codec that reads an encoding, without a byte order mark at the beginning."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def _is_data(header: Sequence[str]) -> bool:
    """Tell if a first line is no header: numbers and dates alone, other than 0, 1, 2 … or 1, 2, 3 … or years."""
    cells = [name.strip() for name in header]
    numbers = [re.fullmatch(r"[+-]?[0-9]*[.,]?[0-9]+(?:[eE][+-]?[0-9]+)?", cell) is not None for cell in cells]
    dates = [re.match(r"[0-9]{4}-[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}", cell) is not None for cell in cells]
    if not all(number or date for number, date in zip(numbers, dates, strict=True)):
        return False
    numbered = any(cells == [str(first + number) for number in range(len(cells))] for first in (0, 1))
    return not numbered


def _rows(
    stream: IO[bytes], separator: str, header: list[str], source: str, format: TableFormat, all_text: bool
) -> pd.DataFrame:
    """Read all cells below the header: numbers if a whole column is numeric, else text. Blank lines are left out.

    Where numbers may be spelt in another way, all cells stay text.
    """
    # pandas must not guess here: a series may be called NA, and a date must not become a number.
    kept = {format.date_column, format.id_column, *format.static, *format.categorical}
    verbatim = {name for name in header if name in kept or is_date_name(name)}
    # A column known ahead may be text, of which "None" or "NA" are categories. Numbers are parsed later.
    unmarked = {*verbatim, *format.ahead}
    plain = separator == "," and format.decimal == "." and format.thousands is None and not all_text
    first_line = 1 if format.names is not None else 2
    frame = pd.read_csv(
        stream,
        sep=separator,
        header=None if format.names is not None else 0,
        names=header,
        dtype=dict.fromkeys(verbatim if plain else header, str),
        keep_default_na=False,
        na_values={} if all_text else {name: EMPTY for name in header if name not in unmarked},
        skip_blank_lines=False,
        low_memory=False,
        encoding=_codec(format.encoding),
        float_precision=EXACT,
    )
    if not isinstance(frame.index, pd.RangeIndex):
        cells = len(header) + frame.index.nlevels
        raise DataError(source, f"{len(header)} cells, as in the header", f"{cells}", first_line)
    frame.index += first_line
    return frame[~(frame.isna() | (frame == "")).all(axis=1)]
