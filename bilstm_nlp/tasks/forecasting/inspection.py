"""A look at a file of series before training: its content and its problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from bilstm_nlp.data.series.calendar import season
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.series import Parts, Series, SeriesSet
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.reports.sections import Picture, Row, Section, Table
from bilstm_nlp.tasks.inspection import Complaint

SERIES_SHOWN = 20
"""Series in the table, at most."""
OUTLIER = 5.0
"""Interquartile ranges beyond the nearer quartile from which on a value is an outlier."""
TOO_SHORT = "series too short for their parts"
DRIFT = 1.0
"""Standard deviations of the training part from which on a later part's mean has drifted."""


@dataclass(frozen=True)
class SeriesFigures:
    """The figures of one series."""

    id: str
    rows: int
    first: str
    """Date of its first row."""
    last: str
    parts: dict[str, int]
    """Rows of train, validation and test; empty if the series can't be split."""


@dataclass
class SeriesInspection:
    """The figures of all series, and all complaints: first of cells that can't be read, then series by series."""

    source: str
    frequency: str | None = None
    season: int | None = None
    """Rows in the main season of this frequency."""
    columns: tuple[str, ...] = ()
    series: list[SeriesFigures] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return all but the complaints, as JSON."""
        return {
            "source": self.source,
            "frequency": self.frequency,
            "season": self.season,
            "columns": list(self.columns),
            "series": [asdict(figures) for figures in self.series],
        }

    def sections(self) -> list[Section]:
        """Return all but the complaints, as a table with a row for each of the first `SERIES_SHOWN` series."""
        if self.frequency is None:
            return []
        names = list(dict.fromkeys(chain.from_iterable(figures.parts for figures in self.series)))
        shown = self.series[:SERIES_SHOWN]
        # Whole days are shown without a time.
        time = (
            " 00:00:00" if all(of.first.endswith(" 00:00:00") and of.last.endswith(" 00:00:00") for of in shown) else ""
        )
        rows: list[Row] = [
            (
                of.id,
                f"{of.rows:,}",
                of.first.removesuffix(time),
                of.last.removesuffix(time),
                *(f"{of.parts[name]:,}" if of.parts else "–" for name in names),
            )
            for of in shown
        ]
        facts = f"{self.source}: {len(self.series):,} series of {', '.join(self.columns)}"
        parts: list[Table | Picture | str] = [facts, Table("", ("", "rows", "first", "last", *names), rows)]
        if len(self.series) > SERIES_SHOWN:
            parts.append(f"… and {len(self.series) - SERIES_SHOWN:,} more; --json lists all")
        return [Section(f"Frequency {self.frequency}, season of {self.season} rows", parts)]


def inspect_series(
    source: str,
    format: TableFormat,
    parts_of_each: Callable[[Sequence[Series]], Callable[[Series], Parts]],
    judged: Callable[[SeriesSet], tuple[Sequence[str], Sequence[str]]],
    *,
    look_back: int,
    horizon: int,
    validation_of_all: bool = True,
) -> SeriesInspection:
    """Inspect every series of a file. Problems become complaints; if cells can't be read, values are not judged.

    `parts_of_each` makes a function that splits a series from all series. `judged` lists what series that can be
    split lack for a training, and remarks on them. Without `validation_of_all`, an empty validation part is no problem.
    """
    inspection = SeriesInspection(source)
    problems: list[DataError] = []
    data = None
    try:
        data = read(source, format, problems.append)
    except DataError as error:
        problems.append(error)
    except InputError as error:  # an unknown frequency
        inspection.complaints.append(Complaint(source, None, str(error), wrong=True))
    inspection.complaints += map(Complaint.of, problems)
    if data is None:
        return inspection
    inspection.frequency, inspection.season, inspection.columns = data.frequency, season(data.frequency), data.columns
    inspection.complaints += [Complaint(source, None, note, False, "reading") for note in data.notes]
    for cells in data.filled if format.missing != "error" else ():
        message = f"{cells.count} values missing in column {cells.column!r} of series {cells.series!r}, the first at "
        message += f"{cells.first}; filled by {cells.by}"
        inspection.complaints.append(Complaint(source, None, message, False, "missing values, filled"))
    parts_of = parts_of_each(data.series)
    for series in data.series:
        try:
            parts = parts_of(series)
        except InputError as error:
            inspection.complaints.append(Complaint(source, None, f"series {series.id!r}: {error}", True, TOO_SHORT))
            parts = None
        inspection.series.append(_figures(series, parts))
        if parts is None:
            continue
        if len(data.series) > 1:
            named = [(name, part) for name, part in _named(parts) if validation_of_all or part.stop > part.start]
            inspection.complaints += _length_complaints(source, series, named, look_back, horizon)
        if not problems:
            inspection.complaints += _value_complaints(source, series, parts)
    if all(figures.parts for figures in inspection.series):
        unmet, remarks = judged(data)
        inspection.complaints += [Complaint(source, None, problem, True, TOO_SHORT) for problem in unmet]
        if not problems:
            inspection.complaints += [Complaint(source, None, remark, False, "columns not read") for remark in remarks]
    return inspection


def _figures(series: Series, parts: Parts | None) -> SeriesFigures:
    rows = {} if parts is None else {name: part.stop - part.start for name, part in _named(parts)}
    return SeriesFigures(series.id, len(series), str(series.dates[0]), str(series.dates[-1]), rows)


def _named(parts: Parts) -> list[tuple[str, slice]]:
    return [("train", parts.train), ("validation", parts.validation), ("test", parts.test)]


def _line(series: Series, row: int) -> int | None:
    """Return the line of a row in the file; `None` if the row was filled or does not exist."""
    return int(series.rows[row]) or None if row < len(series) else None


def _length_complaints(
    source: str, series: Series, parts: Sequence[tuple[str, slice]], look_back: int, horizon: int
) -> Iterator[Complaint]:
    """Remark on parts without room for a single window; the other series may have windows enough."""
    for name, part in parts:
        # The look-backs of validation and test may lie in the rows before.
        missing = horizon - (part.stop - max(part.start, look_back))
        if missing > 0:
            message = (
                f"series {series.id!r}: expected a {name} part with {horizon} rows to forecast and {look_back} before "
                f"them, found rows {part.start + 1} to {part.stop}, {missing} too few"
            )
            yield Complaint(source, _line(series, part.start), message, False, TOO_SHORT)


def _value_complaints(source: str, series: Series, parts: Parts) -> Iterator[Complaint]:
    """Complain of columns that are constant in training, drift later, or have outliers."""
    for name, values in zip(series.columns, series.values.T, strict=True):
        if name in series.labels:
            continue
        column = f"column {name!r} of series {series.id!r}"
        train = values[parts.train]
        if train.min() == train.max():
            message = f"{column} is {train[0]:g} in all of the training part"
            yield Complaint(source, _line(series, parts.train.start), message, False, "constant columns")
            continue
        for label, part in _named(parts)[1:]:
            later = values[part]
            if len(later) and abs(later.mean() - train.mean()) > DRIFT * train.std():
                means = f"mean {train.mean():.4g} in training, {later.mean():.4g} in the {label} part"
                yield Complaint(
                    source, _line(series, part.start), f"{column} drifts: {means}", False, "drifting columns"
                )
        low, high = np.percentile(values, [25, 75])
        beyond = np.maximum(low - values, values - high)
        # If half of the values are the same, the range is 0 and says nothing of the other half.
        outliers = np.flatnonzero(beyond > OUTLIER * (high - low)) if high > low else np.empty(0, np.int64)
        if len(outliers):
            worst = int(outliers[beyond[outliers].argmax()])
            more = f", the farthest of {len(outliers)} such values" if len(outliers) > 1 else ""
            message = f"{column} is {values[worst]:g} at {series.dates[worst]}, half of its values lie in "
            message += f"{low:.4g} to {high:.4g}{more}"
            yield Complaint(source, _line(series, worst), message, False, "outliers")
