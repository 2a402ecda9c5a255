"""Series from tables: wide (a date and a column a variable) or long (unique_id, ds, y).

Nothing is repaired silently: problems are reported with column and line, filled values are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.series.categories import Labels, parse_categories
from bilstm_nlp.data.series.dates import as_text, parse_dates
from bilstm_nlp.data.series.filling import Completed
from bilstm_nlp.data.series.frequencies import OBSERVED, Grids, ObservedDays, is_step, parse_frequency
from bilstm_nlp.data.series.inference import MOST_ROWS_PER_DATE, best_frequency, fits_training, is_too_fine
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.numbers import parse_numbers
from bilstm_nlp.data.series.series import Series, SeriesSet
from bilstm_nlp.data.series.static import StaticColumns
from bilstm_nlp.data.series.table_files import load
from bilstm_nlp.data.series.zones import is_clock_change
from bilstm_nlp.errors import DataError

ZONES = 'data.timezone = "Europe/Berlin", or another, tells apart an hour that clocks show twice'
NAMELESS = "series"
"""The name of a series that is read from standard input."""


def read(source: str, format: TableFormat, complain: Complain = stop) -> SeriesSet:
    """Read the series of a .csv, .csv.gz or .parquet file, of `sample:NAME`, or of CSV on standard input (`-`).

    Every problem goes to `complain`, which by default raises the first. Problems are dates that can't be parsed, do
    not ascend, repeat or are off the frequency's grid; text among numbers and numbers that are too large; and, if
    `missing` is `error` or there is nothing to fill from, gaps, empty cells and infinities. If `complain` returns,
    unusable values become 0 and rows without a usable date are left out. Raises `DataError` in any case if the file
    has no series, or if its dates contradict the frequency of training.

    >>> read("sample:energy.csv", TableFormat()).frequency
    'h'
    """
    return series_of(load(source, format), format, complain)


def series_of(table: Table, format: TableFormat, complain: Complain = stop) -> SeriesSet:
    """Parse the series of a table. Raises and complains as `read` does."""
    parsed = parse_dates(table, format, complain)
    dates = parsed.dates
    coded, spellings = parse_categories(table, format)
    values = _values(table, format, coded, complain, spellings)
    labels = {name: own for name, (_, own) in coded.items()}
    static = StaticColumns(table, format, complain)
    times = dates.asi8 if isinstance(dates, pd.DatetimeIndex) else np.asarray(dates)
    groups = [
        (name, rows if (np.diff(times[rows]) > 0).all() else _ascending(table, name, rows, dates, complain))
        for name, rows in _groups(table, parsed.usable, complain)
    ]
    groups = [(name, rows) for name, rows in groups if len(rows)]
    if not groups:
        raise DataError(table.source, "rows with a date", "none")
    grids, indexes = Grids(), _indexes(dates, times, groups)
    frequency = _frequency(table, groups, indexes, dates, format, grids)
    complete, whole = Completed(), dict[int, pd.Index]()
    for (name, rows), index in zip(groups, indexes, strict=True):
        if id(index) in whole:
            regular = Series(name, whole[id(index)], values[rows], table.columns, table.rows[rows])
        else:
            regular = _on_grid(table, name, index, values[rows], table.rows[rows], frequency, grids, complain)
            if regular.dates.equals(index):  # no date is missing or off the grid, in any series with these dates
                whole[id(index)] = regular.dates
        regular = replace(regular, labels=labels, static=static.of(name, rows))
        complete.add(table, regular, frequency, format, complain)
    notes = (*table.notes, *parsed.notes, *spellings, *static.notes(), *complete.notes())
    ahead = tuple(complete.ahead) if any(map(len, complete.ahead)) else ()
    return SeriesSet(table.source, complete.series, table.columns, frequency, tuple(complete.filled), ahead, notes)


def _indexes(dates: pd.Index, times: Ints, groups: Sequence[tuple[str, Ints]]) -> list[pd.Index]:
    """Return the dates of each series: one index for all series that have the same dates, as those of a panel do."""
    known: dict[bytes, pd.Index] = {}
    result = []
    for _, rows in groups:
        key = times[rows].tobytes()
        if key not in known:
            known[key] = dates[rows]
        result.append(known[key])
    return result


def _values(
    table: Table,
    format: TableFormat,
    coded: Mapping[str, tuple[Floats, Labels]],
    complain: Complain,
    notes: list[str],
) -> Floats:
    """Return the values (N, C): numbers are parsed, and their notes added; categories are coded already."""
    numeric = [name for name in table.columns if name not in coded]
    numbers, _, said = parse_numbers(table, numeric, format, complain)
    notes += said
    if not coded:
        return numbers
    columns = {name: codes for name, (codes, _) in coded.items()} | dict(zip(numeric, numbers.T, strict=True))
    return np.stack([columns[name] for name in table.columns], axis=1)


# --- the frequency --------------------------------------------------------------------------------------------------


def _frequency(
    table: Table,
    groups: Sequence[tuple[str, Ints]],
    indexes: Sequence[pd.Index],
    dates: pd.Index,
    format: TableFormat,
    grids: Grids,
) -> str:
    """Return the frequency of all series: the format's, that of training if it fits, else that of the dates.

    Raises `DataError` if the dates have none, or contradict that of training.
    """
    given, trained = format.frequency, format.trained
    if given is not None:
        parsed = parse_frequency(given)
        if given != OBSERVED:
            return parsed.freqstr
        for (_, rows), index in zip(groups, indexes, strict=True):
            _check_observed(table, index, table.rows[rows])
        if trained is None:
            return ObservedDays.of(pd.DatetimeIndex(dates[np.concatenate([rows for _, rows in groups])])).freqstr
    own = best_frequency(indexes, grids)
    if trained is not None:
        if fits_training(indexes, trained, own, grids):
            return trained
        raise _contradiction(table, groups, dates, trained, own, grids)
    if own is None:
        raise DataError(
            table.source, "three dates in a row at the frequency of the series", "none; data.frequency names it"
        )
    return own


def _check_observed(table: Table, dates: pd.Index, rows: Ints) -> None:
    """Raise `DataError` unless there are dates, at most one a day."""
    rule = f"at most one date a day{table.in_dates}, as data.frequency is {OBSERVED!r}"
    if not isinstance(dates, pd.DatetimeIndex):
        raise table.problem(rule, f"the number {dates[0]}", rows[:1])
    again = np.asarray(dates.tz_localize(None).normalize().duplicated())
    if again.any():
        raise table.problem(rule, f"{dates[int(again.argmax())]}", rows[again])


def _contradiction(
    table: Table, groups: Sequence[tuple[str, Ints]], dates: pd.Index, trained: str, own: str | None, grids: Grids
) -> DataError:
    """Make the error for dates that contradict the frequency of training, at the first such row."""
    rule = f"series of frequency {trained}, as in training"
    for _, rows in groups:
        index = dates[rows]
        if isinstance(index, pd.DatetimeIndex) and not is_step(trained) and not is_too_fine(index, trained, 50):
            whole = grids.of(index, trained)
            positions = whole.get_indexer(index)
            wrong = np.flatnonzero((np.diff(positions) != 1) | (positions[1:] < 0)) + 1
            wrong = np.array([0]) if positions[0] < 0 and not len(wrong) else wrong
        else:
            wrong = np.arange(min(1, len(index) - 1), len(index))
        if len(wrong):
            row = int(wrong[0])
            before = f" after {index[row - 1]}" if row else ""
            by_itself = "" if own is None else f"{own}: "
            return table.problem(rule, f"{by_itself}{index[row]}{before}", table.rows[rows[row : row + 1]])
    return DataError(table.source, rule, str(own))


# --- series ---------------------------------------------------------------------------------------------------------


def _groups(table: Table, usable: NDArray[np.bool_], complain: Complain) -> Iterator[tuple[str, Ints]]:
    """Yield name and row indices of each series, in file order. A wide file is one series, named after the file."""
    if table.id is None:
        name = Path(table.source.removeprefix("sample:")).name.partition(".")[0]
        yield NAMELESS if table.source == "standard input" else name, np.flatnonzero(usable)
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


def _ascending(table: Table, name: str, rows: Ints, dates: pd.Index, complain: Complain) -> Ints:
    """Return the rows of a series sorted by date, each date once."""
    stamps = dates[rows]
    backwards = np.flatnonzero(stamps[1:] < stamps[:-1]) + 1
    if len(backwards):
        shown = f"{stamps[backwards[0]]} after {stamps[backwards[0] - 1]}"
        rule = f"dates{table.of_series(name)} in ascending order{table.in_dates}"
        complain(table.problem(rule, shown, table.rows[rows[backwards]], _id_advice(table, dates)))
    order = np.argsort(np.asarray(stamps.astype(np.int64)), kind="stable")
    rows, stamps = rows[order], stamps[order]
    repeated = np.asarray(stamps.duplicated())
    if repeated.any():
        again = int(repeated.argmax())
        before = f"{'line' if table.has_lines else 'row'} {table.rows[rows[again - 1]]}"
        shown = f"{stamps[again]} again, which {before} has already"
        rule = f"each date{table.of_series(name)} once{table.in_dates}"
        advice = _id_advice(table, dates) or (ZONES if is_clock_change(stamps[repeated]) else "")
        complain(table.problem(rule, shown, np.sort(table.rows[rows[repeated]]), advice))
    return rows[~repeated]


def _id_advice(table: Table, dates: pd.Index) -> str:
    """Return advice for dates that come again: the column in which series have names, if there is one."""
    if table.id is not None:
        return ""
    for name in table.frame.columns:
        if name != table.date and table.frame.columns.tolist().count(name) == 1:
            keys = pd.DataFrame({"name": as_text(table.frame[name]).to_numpy(), "date": dates})
            if keys["name"].nunique() <= len(keys) // 2 and not keys.duplicated().any():
                return f'data.id_column = "{name}" if its names are those of several series'
    return ""


def _on_grid(
    table: Table,
    name: str,
    dates: pd.Index,
    values: Floats,
    rows: Ints,
    frequency: str,
    grids: Grids,
    complain: Complain,
) -> Series:
    """Make the series with a row for every date of the frequency; a gap is NaN.

    Raises `DataError` if no date is at this frequency, or if nearly all dates of the frequency are missing.
    """
    rule = f"dates{table.of_series(name)} at frequency {frequency}{table.in_dates}"
    if isinstance(dates, pd.DatetimeIndex) == is_step(frequency):
        raise table.problem(rule, f"{dates[0]}", rows[:1])
    if is_too_fine(dates, frequency, MOST_ROWS_PER_DATE):
        raise table.problem(rule, f"{len(dates)} from {dates[0]} to {dates[-1]}, with far too many missing", rows[:1])
    try:
        regular = grids.of(dates, frequency)
    except (ValueError, OverflowError) as error:
        raise table.problem(rule, f"dates that can't be: {error}", rows[:1]) from None
    if dates.equals(regular):
        return Series(name, regular, values, table.columns, rows)
    off_grid = ~np.asarray(dates.isin(regular))
    if off_grid.all():
        raise table.problem(rule, f"{dates[0]} and no date at all that is", rows[off_grid])
    if off_grid.any():
        first = int(off_grid.argmax())
        before = "" if first == 0 else f" after {dates[first - 1]}"
        is_utc = isinstance(dates, pd.DatetimeIndex) and str(dates.tz) == "UTC"
        advice = "dates are in UTC: data.timezone names the zone in which they are regular" if is_utc else ""
        complain(table.problem(rule, f"{dates[first]}{before}", rows[off_grid], advice))
        dates, values, rows = dates[~off_grid], values[~off_grid], rows[~off_grid]
    indices = regular.get_indexer(dates)
    full = np.full((len(regular), values.shape[1]), np.nan)
    full[indices] = values
    full_rows = np.zeros(len(regular), np.int64)
    full_rows[indices] = rows
    return Series(name, regular, full, table.columns, full_rows)
