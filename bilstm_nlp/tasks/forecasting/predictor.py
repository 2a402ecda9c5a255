"""A trained forecaster: tables of the past in, tables of the future out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Values
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.calendar import future_dates
from bilstm_nlp.data.series.codec import BLOCK, SeriesCodec
from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.series import Series, SeriesSet
from bilstm_nlp.data.series.table_files import TableFormat, table_of
from bilstm_nlp.data.series.tables import read, series_of
from bilstm_nlp.errors import DataError, InputError, excerpt
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.forecasting.backtest import rolling_origins
from bilstm_nlp.tasks.forecasting.evaluation import ForecastingModel, Intervals, forecast
from bilstm_nlp.tasks.forecasting.output import TableKind, as_file, forecast_table, panels
from bilstm_nlp.tasks.request import Request

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
        self.format = replace(format, columns=codec.columns.all)
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
        return self.future(_series_of(table, self.format, "frame"), ahead)

    def future(self, past: SeriesSet, known: SeriesSet | None) -> pd.DataFrame:
        """Forecast as `forecast` does, from series that have been read."""
        series = self.codec.check_frequency(past).series
        dates = [future_dates(each.dates[-1], self.codec.horizon, self.codec.frequency) for each in series]
        windows = self._look_backs(series)
        values = self._point_and_borders(series, windows, self._known_ahead(series, dates, known))
        return self._table(series, dates, values, [None] * len(series))

    def _read_known(self, known: object) -> SeriesSet | None:
        """Read the columns known ahead. Raises `InputError` if the model has no such columns."""
        if known is None:
            return None
        columns, horizon = self.codec.columns.known, f"the horizon is the training's, {self.codec.horizon} steps"
        if not columns:
            rule = f"expected none, as the model was trained without columns known ahead; {horizon}"
            raise InputError(f"{KNOWN}: {rule}, found {_described(known)}")
        expected = f"a frame or file with the columns known ahead ({', '.join(columns)}); {horizon}"
        return _series_of(known, self._known_format(), "known", expected)

    def _known_format(self) -> TableFormat:
        """Return the layout of a file of columns known ahead. Its frequency is given: a single row is enough."""
        return replace(self.format, columns=self.codec.columns.known, frequency=self.codec.frequency)

    def _look_backs(self, series: Sequence[Series]) -> Values:
        """Return the last rows (S, L, F) of each series, scaled. Raises `InputError` for a series with too few."""
        for each in series:
            if len(each) < self.codec.look_back:
                expected = f"expected at least {self.codec.look_back} rows of series {each.id!r}"
                raise InputError(f"{expected}, the look-back, found {len(each)}")
        return self.codec.panel(series).last(self.codec.look_back)

    def _known_ahead(
        self, series: Sequence[Series], dates: Sequence[pd.DatetimeIndex], known: SeriesSet | None
    ) -> Values:
        """Return the columns known ahead (S, H, K) at these dates, scaled, with the calendar's.

        Raises `InputError` if they are not given, and `DataError` if a date is missing.
        """
        columns = self.codec.columns.known
        if not columns:
            return np.stack([self.codec.features(ahead) for ahead in dates]).astype(np.float32)
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
            scaled = self.codec.known_scale(each).apply(given[each.id].select(columns)[rows])
            blocks.append(np.concatenate([scaled, self.codec.features(ahead)], axis=1))
        return np.stack(blocks).astype(np.float32)

    def _point_and_borders(self, series: Sequence[Series], past: Values, known: Values) -> list[Values]:
        """Forecast each series from its look-back: point, lower and upper border (S, H, C) in own units."""
        scales = Scale.stack([self.codec.target_scale(each) for each in series])
        intervals = Intervals.of(self.model, self.codec, series, self.level)
        blocks = []
        for start in range(0, len(past), BLOCK):
            block = slice(start, start + BLOCK)
            of = np.arange(len(past))[block]
            forecasts = forecast(self.model, self.codec.collate(past[block], known[block]))
            values = (forecasts.point, *intervals.borders(past[block], of, forecasts))
            blocks.append([scales.of_windows(of).undo(value) for value in values])
        return [np.concatenate(arrays) for arrays in zip(*blocks, strict=True)]

    def _table(
        self,
        pasts: Sequence[Series],
        dates: Sequence[pd.DatetimeIndex],
        values: Sequence[Values],
        true: Sequence[Values | None],
    ) -> pd.DataFrame:
        """Make the table of one forecast after each series, in their order, beside the true values if known."""
        columns = self.codec.columns.targets
        tables = [
            forecast_table(past.id, past.dates[-1], ahead, columns, forecast=point, lower=lower, upper=upper, y=y)
            for past, ahead, point, lower, upper, y in zip(pasts, dates, *values, true, strict=True)
        ]
        return pd.concat(tables, ignore_index=True)

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
        with the true value `y` before the forecast. Raises `InputError` if a series is too short.

        >>> list(forecaster.backtest(frame, windows=2, step=4).columns)
        ['unique_id', 'origin', 'ds', 'step', 'column', 'y', 'forecast', 'lower', 'upper']
        """
        data = self.codec.check_frequency(_series_of(table, self.format, "frame"))
        origins = [rolling_origins(len(each), self.codec.horizon, windows, step) for each in data.series]
        tables = []
        for at_window in zip(*origins, strict=True):
            before = [each[: int(origin)] for each, origin in zip(data.series, at_window, strict=True)]
            forecaster = self if refit is None else refit(replace(data, series=before))
            tables.append(forecaster.at_origins(data.series, [int(origin) for origin in at_window]))
        rows = pd.concat(tables, ignore_index=True)
        return rows.sort_values(["unique_id", "origin", "step"], kind="stable", ignore_index=True)

    def at_origins(self, series: Sequence[Series], origins: Sequence[int]) -> pd.DataFrame:
        """Forecast each series once, from the rows before its origin, beside the true values."""
        horizon, columns = self.codec.horizon, self.codec.columns
        # Scales, too, are those of the past: a series that was not in training is scaled by its own rows.
        pasts = [each[:origin] for each, origin in zip(series, origins, strict=True)]
        futures = [each[origin : origin + horizon] for each, origin in zip(series, origins, strict=True)]
        known = []
        for past, future in zip(pasts, futures, strict=True):
            scaled = self.codec.known_scale(past).apply(future.select(columns.known))
            known.append(np.concatenate([scaled, self.codec.features(future.dates)], axis=1))
        values = self._point_and_borders(pasts, self._look_backs(pasts), np.stack(known).astype(np.float32))
        true = [future.select(columns.targets) for future in futures]
        return self._table(pasts, [future.dates for future in futures], values, true)

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
        past = read(request.source, self.format)
        table = self.future(past, self._read_known(request.known))
        if request.plot is not None:
            from bilstm_nlp.reports import plots

            targets = self.codec.columns.targets
            drawn = list(islice(panels(past.series, targets, table, 3 * self.codec.horizon), PLOTTED))
            plots.forecasts(drawn, len(past.series) * len(targets), self.level, request.plot)
        yield as_file(table, kind)


def _series_of(
    table: object,
    format: TableFormat,
    name: str,
    expected: str = "a frame, or the path of a .csv, .csv.gz or .parquet file",
) -> SeriesSet:
    """Read the series of a frame or file. Raises `InputError` for any other value, with what was expected."""
    if isinstance(table, pd.DataFrame):
        return series_of(table_of(name, table, format), format)
    if isinstance(table, str | os.PathLike):
        return read(os.fspath(table), format)
    raise InputError(f"{name}: expected {expected}, found {_described(table)}")


def _described(value: object) -> str:
    """Describe a value that is refused, for a message."""
    if isinstance(value, pd.DataFrame):
        return f"a frame of {len(value)} rows"
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    return f"{type(value).__name__} {excerpt(repr(value))}"
