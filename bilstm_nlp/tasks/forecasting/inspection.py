"""What is in a file of series, and what is wrong with it, before anybody trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from bilstm_nlp.data.series.calendar import season
from bilstm_nlp.data.series.series import Parts, Series
from bilstm_nlp.data.series.table_files import TableFormat
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.reports.sections import Picture, Row, Section, Table
from bilstm_nlp.tasks.inspection import Complaint

SERIES_SHOWN = 20
OUTLIER = 5.0
"""Interquartile ranges beyond the nearer quartile."""
TOO_SHORT = "series too short for their parts"
DRIFT = 1.0
"""Standard deviations of the training part between its mean and that of a later part."""


@dataclass(frozen=True)
class SeriesFigures:
    """One series in figures."""

    id: str
    rows: int
    first: str
    """Date of its first row."""
    last: str
    parts: dict[str, int]
    """Rows of train, validation, test; empty where the series can't be split."""


@dataclass
class SeriesInspection:
    """All series, and all complaints: what can't be read first, then series by series."""

    source: str
    frequency: str | None = None
    season: int | None = None
    """Rows after which the main season of this frequency comes again."""
    columns: tuple[str, ...] = ()
    series: list[SeriesFigures] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """All but the complaints, as JSON."""
        return {
            "source": self.source,
            "frequency": self.frequency,
            "season": self.season,
            "columns": list(self.columns),
            "series": [asdict(figures) for figures in self.series],
        }

    def sections(self) -> list[Section]:
        """All but the complaints, as one table with a row a series, the first `SERIES_SHOWN` of them."""
        if self.frequency is None:
            return []
        names = list(dict.fromkeys(chain.from_iterable(figures.parts for figures in self.series)))
        rows: list[Row] = [
            (of.id, f"{of.rows:,}", of.first, of.last, *(f"{of.parts[name]:,}" if of.parts else "–" for name in names))
            for of in self.series[:SERIES_SHOWN]
        ]
        facts = f"{self.source}: {len(self.series):,} series of {', '.join(self.columns)}"
        parts: list[Table | Picture | str] = [facts, Table("", ("", "rows", "first", "last", *names), rows)]
        if len(self.series) > SERIES_SHOWN:
            parts.append(f"… and {len(self.series) - SERIES_SHOWN:,} more; --json lists all")
        return [Section(f"Frequency {self.frequency}, season of {self.season} rows", parts)]


def inspect_series(
    source: str, format: TableFormat, split: Callable[[Series], Parts], *, look_back: int, horizon: int
) -> SeriesInspection:
    """Look at every series of a file; what can't be read is a complaint, and then values are not judged."""
    inspection = SeriesInspection(source)
    problems: list[DataError] = []
    found = None
    try:
        found = read(source, format, problems.append)
    except DataError as error:
        problems.append(error)
    except InputError as error:  # a frequency that is none
        inspection.complaints.append(Complaint(source, None, str(error), wrong=True))
    inspection.complaints += map(Complaint.of, problems)
    if found is None:
        return inspection
    inspection.frequency, inspection.season, inspection.columns = (
        found.frequency,
        season(found.frequency),
        found.columns,
    )
    for cells in found.filled if format.missing != "error" else ():
        message = f"{cells.count} values missing in column {cells.column!r} of series {cells.series!r}, the first at "
        message += f"{cells.first}; filled by {format.missing}"
        inspection.complaints.append(Complaint(source, None, message, False, "missing values, filled"))
    for series in found.series:
        try:
            parts = split(series)
        except InputError as error:
            inspection.complaints.append(Complaint(source, None, f"series {series.id!r}: {error}", True, TOO_SHORT))
            parts = None
        inspection.series.append(figures(series, parts))
        if parts is None:
            continue
        inspection.complaints += length_complaints(source, series, parts, look_back, horizon)
        if not problems:
            inspection.complaints += value_complaints(source, series, parts)
    return inspection


def figures(series: Series, parts: Parts | None) -> SeriesFigures:
    rows = {} if parts is None else {name: part.stop - part.start for name, part in named(parts)}
    return SeriesFigures(series.id, len(series), str(series.dates[0]), str(series.dates[-1]), rows)


def named(parts: Parts) -> list[tuple[str, slice]]:
    return [("train", parts.train), ("validation", parts.validation), ("test", parts.test)]


def length_complaints(source: str, series: Series, parts: Parts, look_back: int, horizon: int) -> Iterator[Complaint]:
    """Parts without room for a single window."""
    for name, part in named(parts):
        # The look-back of validation and test may lie in the rows before.
        missing = horizon - (part.stop - max(part.start, look_back))
        if missing > 0:
            line = int(series.rows[part.start]) if part.start < len(series) else None
            message = (
                f"series {series.id!r}: expected a {name} part with {horizon} rows to forecast and {look_back} before "
                f"them, found rows {part.start + 1} to {part.stop}, {missing} too few"
            )
            yield Complaint(source, line or None, message, True, TOO_SHORT)


def value_complaints(source: str, series: Series, parts: Parts) -> Iterator[Complaint]:
    """Columns that never change in training, are elsewhere later, or hold values far from all others."""
    for name, values in zip(series.columns, series.values.T, strict=True):
        column = f"column {name!r} of series {series.id!r}"
        train = values[parts.train]
        if train.min() == train.max():
            line = int(series.rows[parts.train.start]) or None
            yield Complaint(
                source, line, f"{column} is {train[0]:g} in all of the training part", False, "constant columns"
            )
            continue
        for label, part in named(parts)[1:]:
            later = values[part]
            if len(later) and abs(later.mean() - train.mean()) > DRIFT * train.std():
                message = (
                    f"{column} drifts: mean {train.mean():.4g} in training, {later.mean():.4g} in the {label} part"
                )
                yield Complaint(source, int(series.rows[part.start]) or None, message, False, "drifting columns")
        low, high = np.percentile(values, [25, 75])
        beyond = np.maximum(low - values, values - high)
        # Where half of the values are the same, the others are no outliers for that.
        far = np.flatnonzero(beyond > OUTLIER * (high - low)) if high > low else np.empty(0, np.int64)
        if len(far):
            worst = far[beyond[far].argmax()]
            more = f", the farthest of {len(far)} such values" if len(far) > 1 else ""
            message = f"{column} is {values[worst]:g} at {series.dates[worst]}, half of its values lie in "
            message += f"{low:.4g} to {high:.4g}{more}"
            yield Complaint(source, int(series.rows[worst]) or None, message, False, "outliers")
