"""Missing values of series: reported, or filled, marked and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Bools, Floats
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.series.layout import Missing, Table, TableFormat
from bilstm_nlp.data.series.series import Filled, Series, column_indices
from bilstm_nlp.data.series.zones import is_clock_change
from bilstm_nlp.errors import DataError, listed

FILLS = 'data.missing = "interpolate" or "ffill" fills them'
OBSERVES = 'data.frequency = "observed" keeps the dates of the file'
ZONES = 'data.timezone = "Europe/Berlin", or another, knows the hour that clocks leave out'


@dataclass
class Completed:
    """Series without missing values, and the record of what was missing."""

    series: list[Series] = field(default_factory=list)
    ahead: list[Series] = field(default_factory=list)
    """For each series, the columns known ahead in the rows to forecast; empty if the format names no such columns."""
    filled: list[Filled] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Descriptions of columns that begin after their series."""

    def notes(self) -> list[str]:
        """Return notes for the user."""
        result = []
        if self.late:
            result.append(f"rows before the first value of a column do not count: {listed(self.late, '; ')}")
        rows = [len(series) for series in self.ahead]
        if any(rows):
            shown = f"{min(rows)} to {max(rows)}" if min(rows) < max(rows) else f"{max(rows)}"
            result.append(f"the last {shown} rows of a series have known columns only: they are rows to forecast")
        return result

    def add(self, table: Table, series: Series, frequency: str, format: TableFormat, complain: Complain) -> None:
        """Add a series whose missing values are NaN. A value that can't be filled is 0 if `complain` returns."""
        if format.ahead:
            series, ahead = _divided(series, format.ahead)
            if (ahead.rows == 0).any():
                complain(_gap_problem(table, _joined(series, ahead), frequency))
            lacking = ~np.isfinite(ahead.values) & (ahead.rows > 0)[:, None]
            _report_cells(table, ahead, lacking, "a row to forecast needs it", complain)
            self.ahead.append(replace(ahead, values=np.where(np.isfinite(ahead.values), ahead.values, 0.0)))
        series, early = self._from_first_value(table, series, format.begins_late)
        lacking = ~np.isfinite(series.values)
        if not lacking.any():
            self.series.append(series)
            return
        values = _hold(series.values, early)
        missing = lacking & ~early
        uncoded = missing & np.isin(series.columns, list(series.labels))
        values[uncoded] = 0
        at_end = missing & _after_last(series.values) if format.missing == "interpolate" else np.zeros_like(missing)
        if format.missing == "error":
            if (series.rows == 0).any():
                complain(_gap_problem(table, series, frequency))
            _report_cells(table, series, missing & (series.rows > 0)[:, None], FILLS, complain)
        else:
            values = _fill(values, format.missing)
            advice = f"data.missing = {format.missing!r} needs a value to fill from"
            _report_cells(table, series, ~np.isfinite(values), advice, complain)
        self.filled += _counts(series, missing & ~at_end & ~uncoded, format.missing)
        self.filled += _counts(series, at_end & ~uncoded, "the last value")
        self.filled += _counts(series, uncoded, "no category")
        values = np.where(np.isfinite(values), values, 0.0)
        self.series.append(replace(series, values=values, observed=~lacking))

    def _from_first_value(self, table: Table, series: Series, begins_late: bool) -> tuple[Series, Bools]:
        """Leave out the rows before any value. Also return the cells (T, C) before the first value of their column."""
        if not np.isnan(series.values[:1]).any():
            return series, np.zeros(series.values.shape, dtype=np.bool_)
        early = np.logical_and.accumulate(np.isnan(series.values), axis=0) & begins_late
        early[:, early.all(axis=0)] = False
        first = early.sum(axis=0)
        if first.any():
            for name, start in zip(series.columns, first, strict=True):
                if start:
                    shown = f"column {name!r}{table.of_series(series.id)} begins at {series.dates[start]}"
                    self.late.append(f"{shown}, after {start} rows")
        start = int(first.min())
        return series[start:], early[start:]


def _divided(series: Series, known: Sequence[str]) -> tuple[Series, Series]:
    """Divide a series after the last row with a value in any column that is not known ahead.

    The second part has the known columns only. A series without such a value stays whole.
    """
    others = [index for index, name in enumerate(series.columns) if name not in known]
    has_value = np.flatnonzero((~np.isnan(series.values[:, others])).any(axis=1))
    end = int(has_value[-1]) + 1 if len(has_value) else len(series)
    ahead, columns = series[end:], column_indices(known, series.columns)
    labels = {name: own for name, own in series.labels.items() if name in known}
    return series[:end], Series(
        ahead.id, ahead.dates, ahead.values[:, columns], tuple(known), ahead.rows, labels=labels
    )


def _joined(series: Series, ahead: Series) -> Series:
    """Return a series of the dates and rows of both parts, with the known columns, for a message."""
    values = np.concatenate([series.select(ahead.columns), ahead.values])
    dates, rows = series.dates.append(ahead.dates), np.concatenate([series.rows, ahead.rows])
    return Series(series.id, dates, values, ahead.columns, rows)


def _gap_problem(table: Table, series: Series, frequency: str) -> DataError:
    """Make the error for the first gap, at the row that ends it."""
    absent = series.rows == 0
    begin = int(absent.argmax())
    end = begin + int((~absent[begin:]).argmax())
    gaps = int((np.diff(absent.astype(np.int8)) == 1).sum())
    shown = f"{series.dates[end]} after {series.dates[begin - 1]}: {end - begin} missing"
    shown += f" ({int(absent.sum())} missing in {gaps} gaps altogether)" if gaps > 1 else ""
    rule = f"dates{table.of_series(series.id)} without a gap at frequency {frequency}{table.in_dates}"
    advice = f"{FILLS}; {OBSERVES}" if frequency in ("D", "B") else FILLS
    if is_clock_change(series.dates[absent]):
        advice = f"{ZONES}; {FILLS}"
    return table.problem(rule, shown, series.rows[end : end + 1], advice)


def _report_cells(table: Table, series: Series, cells: NDArray[np.bool_], advice: str, complain: Complain) -> None:
    """Complain once of each column that has such cells."""
    for index in np.flatnonzero(cells.any(axis=0)):
        rows = np.flatnonzero(cells[:, index])
        value = series.values[rows[0], index]
        shown = "nothing" if np.isnan(value) else str(value)
        rule = f"a number in column {series.columns[index]!r}{table.of_series(series.id)}"
        complain(table.problem(rule, shown, series.rows[rows], advice))


def _counts(series: Series, cells: Bools, by: str) -> list[Filled]:
    """Count filled cells by column."""
    return [
        Filled(series.id, name, int(column.sum()), series.dates[int(column.argmax())], by)
        for name, column in zip(series.columns, cells.T, strict=True)
        if column.any()
    ]


def _after_last(values: Floats) -> Bools:
    """Tell which cells (T, C) come after the last value of their column."""
    lacking = ~np.isfinite(values)
    after: Bools = np.logical_and.accumulate(lacking[::-1], axis=0)[::-1]
    return after


def _hold(values: Floats, early: Bools) -> Floats:
    """Replace the early cells (T, C) by the first value of their column."""
    values = values.copy()
    for index in np.flatnonzero(early.any(axis=0)):
        finite = np.flatnonzero(np.isfinite(values[:, index]))
        if len(finite):
            values[early[:, index], index] = values[finite[0], index]
    return values


def _fill(values: Floats, missing: Missing) -> Floats:
    """Fill values (T, C) that are not finite from finite neighbours in their column.

    A line is drawn only between values; after the last value, that value stays.
    """
    filled = values.copy()
    for column in filled.T:
        finite = np.flatnonzero(np.isfinite(column))
        if len(finite) == 0:
            continue
        rows = np.arange(finite[0], len(column))
        if missing == "interpolate":
            column[rows] = np.interp(rows, finite, column[finite])
        else:
            column[rows] = column[finite[np.searchsorted(finite, rows, side="right") - 1]]
    return filled
