"""A trained forecaster: tables of the past in, tables of the future out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.frames import frame_of
from bilstm_nlp.data.series.frequencies import future_dates
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.recognition import part_of
from bilstm_nlp.data.series.series import Series, SeriesSet
from bilstm_nlp.data.series.table_files import table_of
from bilstm_nlp.data.series.tables import read, series_of
from bilstm_nlp.errors import DataError, InputError, excerpt
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.forecasting.backtest import rolling_origins
from bilstm_nlp.tasks.forecasting.forecasts import ForecastingModel, forecast, forecast_blocks
from bilstm_nlp.tasks.forecasting.intervals import Intervals
from bilstm_nlp.tasks.forecasting.output import TableKind, as_file, forecast_table, panels
from bilstm_nlp.tasks.request import Request

logger = logging.getLogger(__name__)

NAMED = 5
"""Series that a message names."""
PLOTTED = 8
"""Panels that a plot has room for."""

KNOWN = "known (--known)"
"""The name, in messages, of the table of columns known ahead: an argument in Python, an option on the command line."""

Table = pd.DataFrame | str | os.PathLike[str]
"""A frame, or the path of a .csv, .csv.gz or .parquet file."""


class Forecaster:
    """A trained forecaster.

    >>> forecaster
    <Forecaster: targets load, wind; known holiday; 4 steps of h ahead from 30 rows; 80% intervals>
    """

    def __init__(
        self,
        model: ForecastingModel,
        codec: SeriesCodec,
        format: TableFormat,
        level: float,
        baselines: Callable[[], Baselines],
        scores: Mapping[str, float] | None = None,
    ) -> None:
        """`format`: the layout of the training file; `level`: the nominal coverage of the intervals.

        `baselines`: for evaluation; those of a saved run are not read before.
        `scores`: MSE in scaled units by the name of the part ("validation", "test"), if known.
        """
        self.model, self.codec, self.level, self.baselines = model, codec, level, baselines
        self.format = replace(format, columns=codec.columns.all, trained=codec.frequency)
        self._said: set[str] = set()
        self.scores = dict(scores or {})

    def __repr__(self) -> str:
        """Describe the forecaster by targets, horizon, look-back, frequency, intervals, and scores if known."""
        codec = self.codec
        roles = {"targets": codec.columns.targets, "observed": codec.columns.observed, "known": codec.columns.known}
        parts = [f"{role} {', '.join(names)}" for role, names in roles.items() if names]
        parts.append(f"{codec.horizon} steps of {codec.frequency} ahead from {codec.look_back} rows")
        parts.append(f"{100 * self.level:.4g}% intervals")
        parts += [f"{name} MSE {score:.4g}" for name, score in self.scores.items()]
        return f"<Forecaster: {'; '.join(parts)}>"

    # --- the future ---

    def forecast(self, table: Table, known: Table | None = None) -> pd.DataFrame:
        """Forecast the rows that follow each series of a table, in own units, with intervals.

        `table` is a frame or a file in the layout of the training file. `known` has the columns known ahead for the
        rows to forecast, and is given exactly if the model was trained with such columns. The result has a row for
        each value, with unique_id, origin (the last date of the past), ds, step, column, forecast, lower and upper.
        The horizon is that of the training. Raises `InputError` for tables that can't be read, for series that are
        too short, and for a `known` that is missing or that the model can't use.

        >>> forecaster.forecast(frame, known=ahead)[["ds", "step", "column"]].head(2)
                           ds  step column
        0 2024-03-13 12:00:00     1   load
        1 2024-03-13 12:00:00     1   wind
        """
        ahead = self._read_known(known)
        return self.future(self._remarked(_series_of(table, self.format, "frame")), ahead)

    def future(self, past: SeriesSet, known: SeriesSet | None) -> pd.DataFrame:
        """Forecast as `forecast` does, from series that have been read."""
        series = self._long_enough(self.codec.check_frequency(past).series, self.codec.min_past or self.codec.look_back)
        dates = [future_dates(each.dates[-1], self.codec.horizon, self.codec.frequency) for each in series]
        ahead = self._known_ahead(series, dates, known)
        extended = [_extended(*parts) for parts in zip(series, dates, ahead, strict=True)]
        return self.at_origins(extended, [np.array([len(each)]) for each in series]).drop(columns="y")

    def _read_known(self, known: object) -> SeriesSet | None:
        """Read the columns known ahead. Raises `InputError` if the model has no such columns."""
        if known is None:
            return None
        columns, horizon = self.codec.columns.known, f"the horizon is the training's, {self.codec.horizon} steps"
        if not columns:
            rule = f"expected none, as the model was trained without columns known ahead; {horizon}"
            raise InputError(f"{KNOWN}: {rule}, found {_described(known)}")
        expected = f"a frame or file with the columns known ahead ({', '.join(columns)}); {horizon}"
        return self._remarked(_series_of(known, self._known_format(), "known", expected))

    def _known_format(self) -> TableFormat:
        """Return the layout of a file of columns known ahead. Its frequency is given: a single row is enough."""
        columns, frequency = self.codec.columns.known, self.codec.frequency
        return replace(self.format, columns=columns, frequency=frequency, ahead=(), begins_late=False)

    def _remarked(self, data: SeriesSet) -> SeriesSet:
        """Return series, with a warning of all that was decided while they were read. Each warning is given once."""
        for remark in data.remarks():
            if remark not in self._said:
                self._said.add(remark)
                logger.warning("%s", remark)
        return data

    def _long_enough(self, series: Sequence[Series], rows: int) -> list[Series]:
        """Return the series with at least so many rows; a warning names and counts the others.

        Raises `InputError` if no series is left.
        """
        long_enough = [each for each in series if len(each) >= rows]
        short = [each for each in series if len(each) < rows]
        named = ", ".join(f"{each.id!r} ({len(each)})" for each in short[:NAMED])
        named += f" and {len(short) - NAMED} more" if len(short) > NAMED else ""
        if not long_enough:
            expected = f"expected at least {rows} rows of a series"
            raise InputError(f"{expected} (look-back {self.codec.look_back}), found only {named}")
        if short:
            logger.warning(
                "not forecast, as fewer than %d rows: %d of %d series: %s", rows, len(short), len(series), named
            )
        return long_enough

    def _known_ahead(
        self, series: Sequence[Series], dates: Sequence[pd.Index], known: SeriesSet | None
    ) -> list[Floats]:
        """Return the columns known ahead (H, K) of each series at its dates, without the calendar's.

        Raises `InputError` if they are not given, and `DataError` if a date is missing.
        """
        columns = self.codec.columns.known
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
                raise DataError(known.source, expected, f"none for {missing}")
            blocks.append(given[each.id].select(columns)[rows])
        return blocks

    def at_origins(self, series: Sequence[Series], origins: Sequence[Ints]) -> pd.DataFrame:
        """Forecast from these origins of each series, rows with look-back before and horizon after them.

        The table has the columns of `forecast`, with the true value `y` before the forecast: NaN where it is unknown.
        """
        windows = self.codec.windows_at(series, origins)
        intervals = Intervals.of(self.model, self.codec, series, self.level)
        tables = []
        for numbers, block, forecasts in forecast_blocks(self.model, self.codec, windows):
            of = windows.series[numbers]
            scaled = (block.future, forecasts.point, *intervals.borders(block.past, of, forecasts))
            values = zip(of, windows.rows[numbers], *(block.units.undo(value) for value in scaled), strict=True)
            tables += [self._table(series[index], row, *of_window) for index, row, *of_window in values]
        return pd.concat(tables, ignore_index=True)

    def _table(
        self, series: Series, row: int, y: Values, forecast: Values, lower: Values, upper: Values
    ) -> pd.DataFrame:
        """Make the table of one forecast (H, C) from a row on."""
        dates, columns = series.dates[row : row + self.codec.horizon], self.codec.columns.targets
        # Undoing the scale rounds, and what is known stays as it was.
        true = np.where(np.isnan(y), np.nan, series.select(columns)[row : row + self.codec.horizon])
        return forecast_table(
            series.id, series.dates[row - 1], dates, columns, forecast=forecast, lower=lower, upper=upper, y=true
        )

    # --- the past, as if it were the future ---

    def backtest(
        self,
        table: Table,
        *,
        windows: int = 8,
        step: int = 1,
        refit: Callable[[SeriesSet], Forecaster] | None = None,
    ) -> pd.DataFrame:
        """Forecast from the last `windows` origins of each series, `step` rows apart, beside the true values.

        `table` is a frame or a file in the layout of the training file. `refit` trains a forecaster on the rows
        before an origin; without it, this forecaster is used throughout. The result has the columns of `forecast`,
        with the true value `y` before the forecast. The column `part` says what the forecaster's training knew of the
        first row to forecast: "train", "validation", "test", "after" all parts, or "unseen" for a strange series.
        Series that are too short are left out, with a warning. Raises `InputError` if all are.

        >>> list(forecaster.backtest(frame, windows=2, step=4).columns)
        ['unique_id', 'origin', 'part', 'ds', 'step', 'column', 'y', 'forecast', 'lower', 'upper']
        """
        data = self.codec.check_frequency(self._remarked(_series_of(table, self.format, "frame")))
        horizon, look_back = self.codec.horizon, self.codec.min_past or self.codec.look_back
        series = self._long_enough(data.series, look_back + horizon + step * (windows - 1))
        origins = [rolling_origins(len(each), horizon, windows, step) for each in series]
        if refit is None:
            rows = self._with_parts(series, self.at_origins(series, origins))
        else:
            tables = []
            for at_window in zip(*origins, strict=True):
                before = [each[: int(origin)] for each, origin in zip(series, at_window, strict=True)]
                forecaster = refit(replace(data, series=before))
                table_at = forecaster.at_origins(series, [np.array([origin]) for origin in at_window])
                tables.append(forecaster._with_parts(series, table_at))
            rows = pd.concat(tables, ignore_index=True)
        return rows.sort_values(["unique_id", "origin", "step"], kind="stable", ignore_index=True)

    def _with_parts(self, series: Sequence[Series], table: pd.DataFrame) -> pd.DataFrame:
        """Add the column `part` to a table of forecasts."""
        names = {each.id: self.codec.trained_as(each) for each in series}
        first = table["step"] == 1
        starts = table[first].drop_duplicates(["unique_id", "origin"])
        parts = {
            (name, origin): part_of(self.codec.ends, names[name], date)
            for name, origin, date in zip(starts["unique_id"], starts["origin"], starts["ds"], strict=True)
        }
        column = [parts[key] for key in zip(table["unique_id"], table["origin"], strict=True)]
        table.insert(2, "part", column)
        return table

    # --- recorded inputs, to be answered again ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Return the quantiles of each window in scaled units; an input has `past` and `known`."""
        past, known = (np.array([window[name] for window in inputs], np.float32) for name in ("past", "known"))
        quantiles = forecast(self.model, self.codec.collate(past, known)).quantiles
        return [Answer(shortest(values.ravel()), []) for values in quantiles]

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return no inputs: windows are equally long."""
        return []

    # --- for the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Yield the forecasts after the end of the source, as CSV, JSON or Parquet."""
        kinds: tuple[TableKind, ...] = ("csv", "json", "parquet")
        kind = request.check("forecaster", kinds, ("reads", "confidence", "nbest", "attention", "jobs"))
        past = self._remarked(read(request.source, self.format))
        table = self.future(past, self._read_known(request.known))
        if request.plot is not None:
            from bilstm_nlp.reports import plots

            targets = self.codec.columns.targets
            drawn = list(islice(panels(past.series, targets, table, 3 * self.codec.horizon), PLOTTED))
            plots.forecasts(drawn, len(past.series) * len(targets), self.level, request.plot)
        yield as_file(table, kind)


def _extended(past: Series, dates: pd.Index, known: Floats) -> Series:
    """Append rows to forecast to a series: only the columns known ahead (H, K) have values, and they come last."""
    count, width = len(dates), len(past.columns)
    values = np.full((count, width), np.nan)
    observed = np.zeros((count, width), dtype=np.bool_)
    values[:, width - known.shape[1] :], observed[:, width - known.shape[1] :] = known, True
    return Series(
        past.id,
        past.dates.append(dates),
        np.concatenate([past.values, values]),
        past.columns,
        np.concatenate([past.rows, np.zeros(count, np.int64)]),
        np.concatenate([past.observed_of(past.columns), observed]),
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
