"""Series from tables: wide (a date and a column a variable) or long (unique_id, ds, y).

Nothing is repaired silently: problems are reported with column and line, filled values are counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.api import guess_datetime_format

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.series.calendar import MOST_ROWS_PER_DATE, best_frequency, grid, is_too_fine, parse_frequency
from bilstm_nlp.data.series.series import Filled, Series, SeriesSet
from bilstm_nlp.data.series.table_files import Missing, Table, TableFormat, load
from bilstm_nlp.errors import DataError

FILLS = 'data.missing = "interpolate" or "ffill" fills them'
TIME_ZONE = r"\d[T ]\d.*?(Z|[+-]\d{1,2}:?\d{0,2})$"
"""A UTC offset, in all forms that pandas reads: `+01:00`, `-0130`, `Z`, and `-1` after an hour alone."""
LARGE_NUMBER = r"[+-]?[0-9]+\.?[0-9]*(?:[eE]\+?[0-9]+)?"
"""A number that pandas may leave as text, as it exceeds all floats: 1e400, or 400 digits."""


def read(source: str, format: TableFormat, complain: Complain = stop) -> SeriesSet:
    """Read the series of a .csv, .csv.gz or .parquet file, or of `sample:NAME`.

    Every problem goes to `complain`, which by default raises the first. Problems are dates that can't be parsed, do
    not ascend, repeat or are off the frequency's grid; text among numbers; and, if `missing` is `error` or there is
    nothing to fill from, gaps, empty cells and infinities. If `complain` returns, unusable values become 0 and rows
    without a usable date are left out. Raises `DataError` in any case if the file has no series.

    >>> read("sample:energy.csv", TableFormat()).frequency
    'h'
    """
    return series_of(load(source, format), format, complain)


def series_of(table: Table, format: TableFormat, complain: Complain = stop) -> SeriesSet:
    """Parse the series of a table. Raises and complains as `read` does."""
    dates, values = _parse_dates(table, complain), _parse_numbers(table, complain)
    groups = [
        (name, _ascending(table, name, rows, dates, complain))
        for name, rows in _groups(table, np.asarray(dates.notna()), complain)
    ]
    groups = [(name, rows) for name, rows in groups if len(rows)]
    if not groups:
        raise DataError(table.source, "rows with a date", "none")
    frequency = format.frequency or best_frequency([dates[rows] for _, rows in groups])
    if frequency is None:
        raise DataError(
            table.source, "three dates in a row at the frequency of the series", "none; data.frequency names it"
        )
    frequency = parse_frequency(frequency).freqstr
    series, filled = [], []
    for name, rows in groups:
        regular = _on_grid(table, name, dates[rows], values[rows], table.rows[rows], frequency, complain)
        complete, cells = _without_missing(table, regular, frequency, format.missing, complain)
        series.append(complete)
        filled += cells
    return SeriesSet(table.source, series, table.columns, frequency, tuple(filled))


# --- cells ----------------------------------------------------------------------------------------------------------


def _parse_numbers(table: Table, complain: Complain) -> Floats:
    """Parse the value columns (N, C); an empty cell is NaN."""
    values = np.empty((len(table.frame), len(table.columns)))
    for index, name in enumerate(table.columns):
        column = table.frame[name]
        try:
            converted = pd.to_numeric(column, errors="coerce")
        except OverflowError:  # integers beyond all floats, which are infinite when parsed as text
            converted = pd.to_numeric(column.map(str, na_action="ignore"), errors="coerce")
        parsed = converted.to_numpy(np.float64, na_value=np.nan, copy=True)
        is_text = np.isnan(parsed) & column.notna().to_numpy()
        if is_text.any():  # pandas 2 leaves infinite numbers as text
            text = column[is_text].map(str)
            parsed[is_text] = text.where(text.str.fullmatch(LARGE_NUMBER), "nan").astype(np.float64)
            is_text &= ~np.isinf(parsed)
        if is_text.any():
            shown = repr(str(column.iloc[int(is_text.argmax())]))
            complain(table.problem(f"a number in column {name!r}", shown, table.rows[is_text]))
        values[:, index] = np.where(is_text, 0.0, parsed)
    return values


def _parse_dates(table: Table, complain: Complain) -> pd.DatetimeIndex:
    """Parse the dates (N,); a cell that is no date is NaT.

    A UTC offset that all rows share is kept, and so is the time zone of a Parquet file. If offsets change over the
    file, as with summer time, dates become UTC: offsets do not tell the time zone.
    """
    column = table.frame[table.date]
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        dates = pd.DatetimeIndex(column)
    else:
        # `astype` alone would decode the bytes that a Parquet file may have for dates.
        column = column.map(str, na_action="ignore") if column.dtype == object else column
        text = column.astype(str).str.strip()
        offsets = text.str.extract(TIME_ZONE, expand=False)
        mixed = (offsets.isna() != offsets.isna().iloc[:1].any()).to_numpy()
        if mixed.any():
            shown = repr(text.iloc[int(mixed.argmax())])
            complain(table.problem("a UTC offset with all dates or with none", shown, table.rows[mixed]))
        utc = bool(offsets.nunique() > 1 or mixed.any())
        dates = pd.DatetimeIndex(pd.to_datetime(text, format="ISO8601", errors="coerce", utc=utc))
        if len(text) and dates.isna().all():
            dates = _in_local_format(table, text)
    unparsed = np.asarray(dates.isna())
    if unparsed.any():
        shown = repr(str(column.iloc[int(unparsed.argmax())]))
        rule = f"a date such as 2016-07-01 or 2016-07-01 13:00:00 in column {table.date!r}"
        complain(table.problem(rule, shown, table.rows[unparsed]))
    return dates


def _in_local_format(table: Table, text: pd.Series) -> pd.DatetimeIndex:
    """Parse dates such as 31/12/2016. Raises `DataError` if the file does not tell day and month apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        guesses = [guess_datetime_format(str(text.iloc[0]), dayfirst=day_first) for day_first in (False, True)]
    formats = sorted({guess for guess in guesses if guess is not None})
    readings = [pd.DatetimeIndex(pd.to_datetime(text, format=name, errors="coerce")) for name in formats]
    unparsed = [int(np.asarray(dates.isna()).sum()) for dates in readings]
    if len(unparsed) == 2 and unparsed[0] == unparsed[1]:
        raise table.problem("dates like 2016-12-31", f"{text.iloc[0]!r}: day or month first?", table.rows[:1])
    return readings[int(np.argmin(unparsed))] if readings else pd.DatetimeIndex([pd.NaT] * len(text))


def _groups(table: Table, usable: NDArray[np.bool_], complain: Complain) -> Iterator[tuple[str, Ints]]:
    """Yield name and row indices of each series, in file order. A wide file is one series, named after the file."""
    if table.id is None:
        yield Path(table.source.removeprefix("sample:")).name.partition(".")[0], np.flatnonzero(usable)
        return
    ids = table.frame[table.id]
    # A Parquet file may have names that are no text.
    ids = ids.map(str, na_action="ignore") if ids.dtype == object else ids
    unnamed = (ids.isna() | (ids == "")).to_numpy()
    if unnamed.any():
        complain(table.problem(f"the name of a series in column {table.id!r}", "nothing", table.rows[unnamed]))
    named = np.flatnonzero(usable & ~unnamed)
    if len(named) == 0:
        return
    codes, names = pd.factorize(ids.iloc[named].astype(str))
    order = np.argsort(codes, kind="stable")
    for name, rows in zip(names, np.split(named[order], np.cumsum(np.bincount(codes))[:-1]), strict=True):
        yield str(name), rows


# --- dates ----------------------------------------------------------------------------------------------------------


def _ascending(table: Table, name: str, rows: Ints, dates: pd.DatetimeIndex, complain: Complain) -> Ints:
    """Return the rows of a series sorted by date, each date once."""
    stamps = dates[rows]
    backwards = np.flatnonzero(stamps[1:] < stamps[:-1]) + 1
    if len(backwards):
        shown = f"{stamps[backwards[0]]} after {stamps[backwards[0] - 1]}"
        rule = f"dates{table.of_series(name)} in ascending order in column {table.date!r}"
        complain(table.problem(rule, shown, table.rows[rows[backwards]]))
    order = np.argsort(stamps.asi8, kind="stable")
    rows, stamps = rows[order], stamps[order]
    repeated = np.asarray(stamps.duplicated())
    if repeated.any():
        again = int(repeated.argmax())
        before = f"{'line' if table.has_lines else 'row'} {table.rows[rows[again - 1]]}"
        shown = f"{stamps[again]} again, which {before} has already"
        rule = f"each date{table.of_series(name)} once in column {table.date!r}"
        complain(table.problem(rule, shown, np.sort(table.rows[rows[repeated]])))
    return rows[~repeated]


def _on_grid(
    table: Table, name: str, dates: pd.DatetimeIndex, values: Floats, rows: Ints, frequency: str, complain: Complain
) -> Series:
    """Make the series with a row for every date of the frequency; a gap is NaN.

    Raises `DataError` if no date is at this frequency, or if nearly all dates of the frequency are missing.
    """
    rule = f"dates{table.of_series(name)} at frequency {frequency} in column {table.date!r}"
    if is_too_fine(dates, frequency, MOST_ROWS_PER_DATE):
        raise table.problem(rule, f"{len(dates)} from {dates[0]} to {dates[-1]}, with far too many missing", rows[:1])
    try:
        regular = grid(dates, frequency)
    except (ValueError, OverflowError) as error:
        raise table.problem(rule, f"dates that can't be: {error}", rows[:1]) from None
    off_grid = ~np.asarray(dates.isin(regular))
    if off_grid.all():
        raise table.problem(rule, f"{dates[0]} and no date at all that is", rows[off_grid])
    if off_grid.any():
        first = int(off_grid.argmax())
        before = "" if first == 0 else f" after {dates[first - 1]}"
        advice = "" if dates.tz is None else "where the UTC offset changes dates are read as UTC: leave it out of days"
        complain(table.problem(rule, f"{dates[first]}{before}", rows[off_grid], advice))
        dates, values, rows = dates[~off_grid], values[~off_grid], rows[~off_grid]
    indices = regular.get_indexer(dates)
    full = np.full((len(regular), values.shape[1]), np.nan)
    full[indices] = values
    full_rows = np.zeros(len(regular), np.int64)
    full_rows[indices] = rows
    return Series(name, regular, full, table.columns, full_rows)


# --- missing values -------------------------------------------------------------------------------------------------


def _without_missing(
    table: Table, series: Series, frequency: str, missing: Missing, complain: Complain
) -> tuple[Series, list[Filled]]:
    """Fill missing values, and count them. A value that can't be filled is 0 if `complain` returns."""
    lacking = ~np.isfinite(series.values)
    if not lacking.any():
        return series, []
    if missing == "error":
        values = series.values
        if (series.rows == 0).any():
            complain(_gap_problem(table, series, frequency))
        _report_cells(table, series, lacking & (series.rows > 0)[:, None], FILLS, complain)
    else:
        values = _fill(series.values, missing)
        neighbour = "a value before it" if missing == "ffill" else "values before and after it"
        _report_cells(table, series, ~np.isfinite(values), f"data.missing = {missing!r} needs {neighbour}", complain)
    filled = [
        Filled(series.id, name, int(cells.sum()), series.dates[int(cells.argmax())])
        for name, cells in zip(series.columns, lacking.T, strict=True)
        if cells.any()
    ]
    values = np.where(np.isfinite(values), values, 0.0)
    return Series(series.id, series.dates, values, series.columns, series.rows, ~lacking), filled


def _gap_problem(table: Table, series: Series, frequency: str) -> DataError:
    """Make the error for the first gap, at the row that ends it."""
    absent = series.rows == 0
    begin = int(absent.argmax())
    end = begin + int((~absent[begin:]).argmax())
    gaps = int((np.diff(absent.astype(np.int8)) == 1).sum())
    shown = f"{series.dates[end]} after {series.dates[begin - 1]}: {end - begin} missing"
    shown += f" ({int(absent.sum())} missing in {gaps} gaps altogether)" if gaps > 1 else ""
    rule = f"dates{table.of_series(series.id)} without a gap at frequency {frequency} in column {table.date!r}"
    return table.problem(rule, shown, series.rows[end : end + 1], FILLS)


def _report_cells(table: Table, series: Series, cells: NDArray[np.bool_], advice: str, complain: Complain) -> None:
    """Complain once of each column that has such cells."""
    for index in np.flatnonzero(cells.any(axis=0)):
        rows = np.flatnonzero(cells[:, index])
        value = series.values[rows[0], index]
        shown = "nothing" if np.isnan(value) else str(value)
        rule = f"a number in column {series.columns[index]!r}{table.of_series(series.id)}"
        complain(table.problem(rule, shown, series.rows[rows], advice))


def _fill(values: Floats, missing: Literal["interpolate", "ffill"]) -> Floats:
    """Fill values (T, C) that are not finite from finite neighbours in their column, as far as there are any."""
    filled = values.copy()
    for column in filled.T:
        finite = np.flatnonzero(np.isfinite(column))
        if len(finite) == 0:
            continue
        if missing == "interpolate":
            inside = np.arange(finite[0], finite[-1] + 1)
            column[inside] = np.interp(inside, finite, column[finite])
        else:
            inside = np.arange(finite[0], len(column))
            column[inside] = column[finite[np.searchsorted(finite, inside, side="right") - 1]]
    return filled
