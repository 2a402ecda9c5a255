"""Series from CSV and Parquet files, wide (a date and a column for each variable) or long (unique_id, ds, y).

Nothing is mended silently: what is wrong is told with column and line, and what was filled in is counted.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.api import guess_datetime_format

from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.series.calendar import MOST_ROWS_PER_DATE, best_frequency, grid, is_too_fine, parse_frequency
from bilstm_nlp.data.series.series import Filled, Floats, Ints, Series, SeriesSet
from bilstm_nlp.data.series.table_files import Missing, Table, TableFormat, load
from bilstm_nlp.errors import DataError

FILLS = 'data.missing = "interpolate" or "ffill" fills them'
TIME_ZONE = re.compile(r"\d[T ]\d.*?(Z|[+-]\d{1,2}:?\d{0,2})$")
"""A UTC offset, in all forms in which pandas takes it for one: `+01:00`, `-0130`, `Z`, and `-1` after an hour alone."""


def read(source: str, format: TableFormat, complain: Complain = stop) -> SeriesSet:
    """The series of `source`, a .csv (.csv.gz) or .parquet file or `sample:NAME`.

    Every problem goes to `complain`, which by default raises the first: unparsable, unsorted and repeated dates, dates
    off the grid of the frequency, text among numbers and, where `missing` is `error` or nothing is there to fill with,
    gaps, empty cells and infinities. If `complain` returns, what can't be used reads 0, and rows without a usable date
    are left out. Raises `DataError` in any case for a file from which no series can be read.
    """
    return series_of(load(source, format), format, complain)


def series_of(table: Table, format: TableFormat, complain: Complain = stop) -> SeriesSet:
    """The series of a table; raises and complains as `read` does."""
    dates, values = parse_dates(table, complain), numbers(table, complain)
    ordered = [
        (name, ascending(table, name, found, dates, complain))
        for name, found in groups(table, np.asarray(dates.notna()), complain)
    ]
    ordered = [(name, found) for name, found in ordered if len(found)]
    if not ordered:
        raise DataError(table.source, "rows with a date", "none")
    frequency = format.frequency or best_frequency([dates[found] for _, found in ordered])
    if frequency is None:
        raise DataError(
            table.source, "three dates in a row at the frequency of the series", "none; data.frequency names it"
        )
    frequency = parse_frequency(frequency).freqstr
    series, filled = [], []
    for name, found in ordered:
        regular = on_grid(table, name, dates[found], values[found], table.rows[found], frequency, complain)
        complete, cells = without_missing(table, regular, frequency, format.missing, complain)
        series.append(complete)
        filled += cells
    return SeriesSet(table.source, series, table.columns, frequency, tuple(filled))


# --- cells ----------------------------------------------------------------------------------------------------------


def numbers(table: Table, complain: Complain) -> Floats:
    """(N, C) the value columns; NaN where a cell is empty."""
    values = np.empty((len(table.frame), len(table.columns)))
    for index, name in enumerate(table.columns):
        column = table.frame[name]
        try:
            converted = pd.to_numeric(column, errors="coerce")
        except OverflowError:  # of integers beyond all floats, which as text are infinite
            converted = pd.to_numeric(column.map(str, na_action="ignore"), errors="coerce")
        parsed = converted.to_numpy(np.float64, na_value=np.nan)
        is_text = np.isnan(parsed) & column.notna().to_numpy()
        if is_text.any():
            found = repr(str(column.iloc[int(is_text.argmax())]))
            complain(table.problem(f"a number in column {name!r}", found, table.rows[is_text]))
        values[:, index] = np.where(is_text, 0.0, parsed)
    return values


def parse_dates(table: Table, complain: Complain) -> pd.DatetimeIndex:
    """(N,) NaT where there is no date that can be read.

    One UTC offset throughout is kept, as is the time zone of a Parquet file; where offsets change over the file, as
    with summer time, dates become UTC, for they do not tell which zone was meant.
    """
    column = table.frame[table.date]
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        dates = pd.DatetimeIndex(column)
    else:
        # Not by `astype` alone, which decodes the bytes that a Parquet file may have for dates.
        column = column.map(str, na_action="ignore") if column.dtype == object else column
        text = column.astype(str).str.strip()
        zones = text.str.extract(TIME_ZONE, expand=False)
        mixed = (zones.isna() != zones.isna().iloc[:1].any()).to_numpy()
        if mixed.any():
            found = repr(text.iloc[int(mixed.argmax())])
            complain(table.problem("a UTC offset with all dates or with none", found, table.rows[mixed]))
        utc = bool(zones.nunique() > 1 or mixed.any())
        dates = pd.DatetimeIndex(pd.to_datetime(text, format="ISO8601", errors="coerce", utc=utc))
        if len(text) and dates.isna().all():
            dates = in_local_format(table, text)
    unparsed = np.asarray(dates.isna())
    if unparsed.any():
        found = repr(str(column.iloc[int(unparsed.argmax())]))
        rule = f"a date such as 2016-07-01 or 2016-07-01 13:00:00 in column {table.date!r}"
        complain(table.problem(rule, found, table.rows[unparsed]))
    return dates


def in_local_format(table: Table, text: pd.Series) -> pd.DatetimeIndex:
    """Dates written like 31/12/2016, if the file as a whole tells day and month apart; else `DataError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        guesses = [guess_datetime_format(str(text.iloc[0]), dayfirst=day_first) for day_first in (False, True)]
    formats = sorted({guess for guess in guesses if guess is not None})
    readings = [pd.DatetimeIndex(pd.to_datetime(text, format=name, errors="coerce")) for name in formats]
    unread = [int(np.asarray(dates.isna()).sum()) for dates in readings]
    if len(unread) == 2 and unread[0] == unread[1]:
        raise table.problem("dates like 2016-12-31", f"{text.iloc[0]!r}: day or month first?", table.rows[:1])
    return readings[int(np.argmin(unread))] if readings else pd.DatetimeIndex([pd.NaT] * len(text))


def groups(table: Table, usable: NDArray[np.bool_], complain: Complain) -> Iterator[tuple[str, Ints]]:
    """Name and rows of each series, in the order of the file; a wide file is one, called as the file."""
    if table.id is None:
        yield Path(table.source.removeprefix("sample:")).name.partition(".")[0], np.flatnonzero(usable)
        return
    ids = table.frame[table.id]
    # What a Parquet file has for a name may be no text.
    ids = ids.map(str, na_action="ignore") if ids.dtype == object else ids
    unnamed = (ids.isna() | (ids == "")).to_numpy()
    if unnamed.any():
        complain(table.problem(f"the name of a series in column {table.id!r}", "nothing", table.rows[unnamed]))
    kept = np.flatnonzero(usable & ~unnamed)
    if len(kept) == 0:
        return
    codes, names = pd.factorize(ids.iloc[kept].astype(str))
    order = np.argsort(codes, kind="stable")
    for name, rows in zip(names, np.split(kept[order], np.cumsum(np.bincount(codes))[:-1]), strict=True):
        yield str(name), rows


# --- dates ----------------------------------------------------------------------------------------------------------


def ascending(table: Table, name: str, rows: Ints, dates: pd.DatetimeIndex, complain: Complain) -> Ints:
    """The rows of a series in the order of their dates, each date once."""
    stamps = dates[rows]
    backwards = np.flatnonzero(stamps[1:] < stamps[:-1]) + 1
    if len(backwards):
        found = f"{stamps[backwards[0]]} after {stamps[backwards[0] - 1]}"
        rule = f"dates{table.of(name)} in ascending order in column {table.date!r}"
        complain(table.problem(rule, found, table.rows[rows[backwards]]))
    order = np.argsort(stamps.asi8, kind="stable")
    rows, stamps = rows[order], stamps[order]
    repeated = np.asarray(stamps.duplicated())
    if repeated.any():
        again = int(repeated.argmax())
        place = f"{'line' if table.has_lines else 'row'} {table.rows[rows[again - 1]]}"
        found = f"{stamps[again]} again, which {place} has already"
        rule = f"each date{table.of(name)} once in column {table.date!r}"
        complain(table.problem(rule, found, np.sort(table.rows[rows[repeated]])))
    return rows[~repeated]


def on_grid(
    table: Table, name: str, dates: pd.DatetimeIndex, values: Floats, rows: Ints, frequency: str, complain: Complain
) -> Series:
    """The series with a row for every date of the frequency, NaN where the file has none.

    Raises `DataError` where none of the dates is at this frequency, or next to none of those that it has.
    """
    rule = f"dates{table.of(name)} at frequency {frequency} in column {table.date!r}"
    if is_too_fine(dates, frequency, MOST_ROWS_PER_DATE):
        raise table.problem(rule, f"{len(dates)} from {dates[0]} to {dates[-1]}, with far too many missing", rows[:1])
    try:
        expected = grid(dates, frequency)
    except (ValueError, OverflowError) as error:
        raise table.problem(rule, f"dates that can't be: {error}", rows[:1]) from None
    off = ~np.asarray(dates.isin(expected))
    if off.all():
        raise table.problem(rule, f"{dates[0]} and no date at all that is", rows[off])
    if off.any():
        before = "" if off[0] else f" after {dates[int(off.argmax()) - 1]}"
        advice = "" if dates.tz is None else "where the UTC offset changes dates are read as UTC: leave it out of days"
        complain(table.problem(rule, f"{dates[int(off.argmax())]}{before}", rows[off], advice))
        dates, values, rows = dates[~off], values[~off], rows[~off]
    places = expected.get_indexer(dates)
    full = np.full((len(expected), values.shape[1]), np.nan)
    full[places] = values
    lines = np.zeros(len(expected), np.int64)
    lines[places] = rows
    return Series(name, expected, full, table.columns, lines)


# --- missing values -------------------------------------------------------------------------------------------------


def without_missing(
    table: Table, series: Series, frequency: str, missing: Missing, complain: Complain
) -> tuple[Series, list[Filled]]:
    """The series with every value finite, and what was filled in: 0 where nothing could be and `complain` returned."""
    lacking = ~np.isfinite(series.values)
    if not lacking.any():
        return series, []
    if missing == "error":
        values = series.values
        if (series.rows == 0).any():
            complain(gap_problem(table, series, frequency))
        report_cells(table, series, lacking & (series.rows > 0)[:, None], FILLS, complain)
    else:
        values = fill(series.values, missing)
        neighbour = "a value before it" if missing == "ffill" else "values before and after it"
        report_cells(table, series, ~np.isfinite(values), f"data.missing = {missing!r} needs {neighbour}", complain)
    filled = [
        Filled(series.id, name, int(cells.sum()), series.dates[int(cells.argmax())])
        for name, cells in zip(series.columns, lacking.T, strict=True)
        if cells.any()
    ]
    values = np.where(np.isfinite(values), values, 0.0)
    return Series(series.id, series.dates, values, series.columns, series.rows), filled


def gap_problem(table: Table, series: Series, frequency: str) -> DataError:
    """The first gap, named by the row that ends it."""
    absent = series.rows == 0
    begin = int(absent.argmax())
    end = begin + int((~absent[begin:]).argmax())
    gaps = int((np.diff(absent.astype(np.int8)) == 1).sum())
    found = f"{series.dates[end]} after {series.dates[begin - 1]}: {end - begin} missing"
    found += f" ({int(absent.sum())} missing in {gaps} gaps altogether)" if gaps > 1 else ""
    rule = f"dates{table.of(series.id)} without a gap at frequency {frequency} in column {table.date!r}"
    return table.problem(rule, found, series.rows[end : end + 1], FILLS)


def report_cells(table: Table, series: Series, cells: NDArray[np.bool_], advice: str, complain: Complain) -> None:
    """One problem for each column that has such cells."""
    for index in np.flatnonzero(cells.any(axis=0)):
        where = np.flatnonzero(cells[:, index])
        value = series.values[where[0], index]
        found = "nothing" if np.isnan(value) else str(value)
        rule = f"a number in column {series.columns[index]!r}{table.of(series.id)}"
        complain(table.problem(rule, found, series.rows[where], advice))


def fill(values: Floats, missing: Literal["interpolate", "ffill"]) -> Floats:
    """(T, C) with what is not finite filled from its neighbours in the column, where it has them."""
    filled = values.copy()
    for column in filled.T:
        known = np.flatnonzero(np.isfinite(column))
        if len(known) == 0:
            continue
        if missing == "interpolate":
            inside = np.arange(known[0], known[-1] + 1)
            column[inside] = np.interp(inside, known, column[known])
        else:
            inside = np.arange(known[0], len(column))
            column[inside] = column[known[np.searchsorted(known, inside, side="right") - 1]]
    return filled
