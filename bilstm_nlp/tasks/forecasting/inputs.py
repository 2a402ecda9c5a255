"""The tables that a forecaster reads: the past, and the columns known ahead."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.categories import Labels, recoded
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.frames import frame_of
from bilstm_nlp.data.series.frequencies import future_dates
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.series import Columns, Series, SeriesSet, column_indices
from bilstm_nlp.data.series.static_table import StaticTable
from bilstm_nlp.data.series.table_files import table_of
from bilstm_nlp.data.series.tables import read, series_of
from bilstm_nlp.errors import DataError, InputError, excerpt, listed

logger = logging.getLogger(__name__)


STATIC = "static (--static)"
"""The name, in messages, of the table of static columns."""

KNOWN = "known (--known)"
"""The name, in messages, of the table of columns known ahead: an argument in Python, an option on the command line."""

Table = pd.DataFrame | str | os.PathLike[str]
"""A frame, or the path of a .csv, .csv.gz or .parquet file."""


class Inputs:
    """A reader of the tables of a forecaster."""

    def __init__(self, format: TableFormat, columns: Columns, codec: SeriesCodec) -> None:
        """`format`: the layout of the training file. `columns`: those to read, all that a model needs."""
        self.format = format.as_trained(columns, codec.frequency, codec.timezone)
        self.columns, self.look_back = columns, codec.min_past or codec.look_back
        self.horizon, self.frequency, self.codec = codec.horizon, codec.frequency, codec
        self._said: set[str] = set()

    # --- the past ---

    def past(self, table: object, static: object = None) -> SeriesSet:
        """Read the series of a frame or file, and their static columns from another if it is given.

        Raises `InputError` for any other value, for tables that can't be read, and for another frequency.
        """
        data = _series_of(table, self.format, "frame").of_frequency(self.frequency)
        data = data if static is None else self._with_static(data, static)
        for name in self.columns.static:
            known = (name in each.static or self.codec.trained_as(each) is not None for each in data.series)
            if not any(known):
                expected = f"a column {name!r} of {data.source}, or a frame or file with it, for series not in training"
                raise InputError(f"{STATIC}: expected {expected}, found neither")
        return self._remarked(data)

    def _with_static(self, data: SeriesSet, static: object) -> SeriesSet:
        """Give series their static values from a frame or file.

        Raises `InputError` if it can't be read, or if the model has no static columns.
        """
        names, targets = self.columns.static, self.columns.targets
        expected = f"a frame, or the path of a .csv, .csv.gz or .parquet file, with {', '.join(names)}"
        if not names:
            raise InputError(
                f"{STATIC}: expected none, as the model was trained without static columns, found {_described(static)}"
            )
        if isinstance(static, str | os.PathLike):
            table = StaticTable.read(os.fspath(static), self.format)
        elif (frame := frame_of(static, "static")) is not None:
            table = StaticTable.of("static", frame)
        else:
            raise InputError(f"{STATIC}: expected {expected}, found {_described(static)}")
        key = table.key(self.format.id_column, data, targets)
        own = [name for name in names if name in table.names(key)]
        if not own:
            raise InputError(f"{STATIC}: expected {expected}, found {', '.join(table.header)}")
        return table.attached(data, targets, own, key, self.format)

    def _remarked(self, data: SeriesSet) -> SeriesSet:
        """Return series, with a warning of all that was decided while they were read. Each warning is given once."""
        for remark in data.remarks():
            self._warn(remark)
        return data

    def _warn(self, message: str) -> None:
        """Give a warning, unless it was given before."""
        if message not in self._said:
            self._said.add(message)
            logger.warning("%s", message)

    def long_enough(self, series: Sequence[Series], rows: int) -> list[Series]:
        """Return the series with at least so many rows; a warning names and counts the others.

        Raises `InputError` if no series is left.
        """
        long_enough = [each for each in series if len(each) >= rows]
        short = [each for each in series if len(each) < rows]
        named = listed([f"{each.id!r} ({len(each)})" for each in short])
        if not long_enough:
            expected = f"expected at least {rows} rows of a series"
            raise InputError(f"{expected} (look-back {self.look_back}), found only {named}")
        if short:
            logger.warning(
                "not forecast, as fewer than %d rows: %d of %d series: %s", rows, len(short), len(series), named
            )
        return long_enough

    # --- columns known ahead ---

    def known(self, table: object) -> SeriesSet | None:
        """Read the columns known ahead. Raises `InputError` if the model has no such columns."""
        if table is None:
            return None
        columns = self.columns.known
        horizon = f"for another horizon than the training's {self.horizon} steps, give horizon (--horizon)"
        if not columns:
            rule = f"expected none, as the model was trained without columns known ahead; {horizon}"
            raise InputError(f"{KNOWN}: {rule}, found {_described(table)}")
        expected = f"a frame or file with the columns known ahead ({', '.join(columns)}); {horizon}"
        return self._remarked(_series_of(table, self._known_format(), "known", expected))

    def _known_format(self) -> TableFormat:
        """Return the layout of a file of columns known ahead. Its frequency is given: a single row is enough."""
        columns, frequency = self.columns.known, self.frequency
        return replace(self.format, columns=columns, frequency=frequency, ahead=(), static=(), begins_late=False)

    def either(self, past: SeriesSet, known: SeriesSet | None, steps: int) -> SeriesSet | None:
        """Return the rows to forecast: those of `known`, or those of the past's own table with empty targets.

        A warning says if the past's table has more of them than `steps`. Raises `InputError` if there are both.
        """
        if not past.ahead:
            return known
        count = max(map(len, past.ahead))
        own = f"{count} rows of columns known ahead after the last value in {past.source}"
        if known is not None:
            raise InputError(f"{KNOWN}: expected none beside {own}, found {known.source}; leave out either")
        if count > steps:
            self._warn(f"{own}, and {steps} are forecast; give horizon (--horizon) for more")
        return replace(past, series=list(past.ahead), ahead=())

    def extended(self, series: Sequence[Series], rows: int, known: SeriesSet | None) -> list[Series]:
        """Append `rows` rows to forecast to each series: only the columns known ahead have values.

        Raises `InputError` if these columns are not given or if a date of them is missing, and for rows after the last
        date of a calendar.
        """
        indexes = {id(each.dates): each.dates for each in series}  # series of a panel share their dates
        try:
            ends = {key: index[-1] for key, index in indexes.items()}
            after = {last: future_dates(last, rows, self.frequency) for last in dict.fromkeys(ends.values())}
        except (ValueError, OverflowError, MemoryError) as error:
            if isinstance(error, InputError):
                raise
            last = max(each.dates[-1] for each in series)
            raise InputError(
                f"horizon: expected dates that a calendar has, found {rows} rows of {self.frequency} after {last}"
            ) from None
        ahead = self._known_ahead(series, [after[ends[id(each.dates)]] for each in series], known)
        labels = {} if known is None else known.series[0].labels
        joined = {key: index.append(after[ends[key]]) for key, index in indexes.items()}
        return [
            self._joined(each, joined[id(each.dates)], values, labels)
            for each, values in zip(series, ahead, strict=True)
        ]

    def _known_ahead(
        self, series: Sequence[Series], dates: Sequence[pd.Index], known: SeriesSet | None
    ) -> list[Floats]:
        """Return the columns known ahead (H, K) of each series at its dates, without the calendar's.

        Raises `InputError` if they are not given, and `DataError` if a date is missing.
        """
        columns = self.columns.known
        if not columns:
            return [np.empty((len(ahead), 0)) for ahead in dates]
        if known is None:
            expected = f"expected a frame or file with {', '.join(columns)} for the rows to forecast"
            raise InputError(f"{KNOWN}: {expected}, found none")
        given = {each.id: each for each in known.series}
        if len(series) == len(known.series) == 1:  # their names may differ, as the files' names do
            given = {series[0].id: known.series[0]}
        blocks = []
        for each, ahead in zip(series, dates, strict=True):
            rows = given[each.id].dates.get_indexer(ahead) if each.id in given else np.full(len(ahead), -1)
            if (rows < 0).any():
                missing = ahead[int((rows < 0).argmax())]
                expected = f"rows of series {each.id!r} from {ahead[0]} to {ahead[-1]}"
                if len(ahead) == self.horizon:
                    expected += f", as the model reads all {self.horizon} at once"
                raise DataError(known.source, expected, f"none for {missing}")
            blocks.append(given[each.id].select(columns)[rows])
        return blocks

    def _joined(self, past: Series, dates: pd.Index, known: Floats, labels: Mapping[str, Labels]) -> Series:
        """Append H rows to a series, with the columns known ahead (H, K), whose categories have these labels.

        `dates` are those of all rows.
        """
        joined, known = dict(past.labels), known.copy()
        for index, name in enumerate(self.columns.known):
            if name in labels:
                known[:, index], joined[name] = recoded(known[:, index], labels[name], past.labels[name])
        count, width = len(known), len(past.columns)
        indices = column_indices(self.columns.known, past.columns)
        values = np.full((count, width), np.nan)
        observed = np.zeros((count, width), dtype=np.bool_)
        values[:, indices], observed[:, indices] = known, True
        return replace(
            past,
            dates=dates,
            values=np.concatenate([past.values, values]),
            rows=np.concatenate([past.rows, np.zeros(count, np.int64)]),
            observed=np.concatenate([past.observed_of(past.columns), observed]),
            labels=joined,
        )


def _series_of(
    table: object,
    format: TableFormat,
    name: str,
    expected: str = "a frame, or the path of a .csv, .csv.gz or .parquet file",
) -> SeriesSet:
    """Read the series of a frame or file. Raises `InputError` for any other value, with what was expected."""
    if isinstance(table, str | os.PathLike):
        return read(os.fspath(table), format)
    frame = frame_of(table, name)
    if frame is not None:
        return series_of(table_of(name, frame, format), format)
    raise InputError(f"{name}: expected {expected}, found {_described(table)}")


def _described(value: object) -> str:
    """Describe a value that is refused, for a message."""
    if isinstance(value, pd.DataFrame):
        return f"a frame of {len(value)} rows"
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    return f"{type(value).__name__} {excerpt(repr(value))}"
