"""A trained forecaster: tables of the past in, tables of the future out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.data.series.calendar import future_dates
from bilstm_nlp.data.series.codec import BLOCK, SeriesCodec
from bilstm_nlp.data.series.series import Series, SeriesSet
from bilstm_nlp.data.series.table_files import TableFormat, table_of
from bilstm_nlp.data.series.tables import read, series_of
from bilstm_nlp.data.series.windows import Values
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.forecasting.backtest import COLUMNS, rolling_origins, tidy
from bilstm_nlp.tasks.forecasting.evaluation import ForecastingModel, Intervals, forecast
from bilstm_nlp.tasks.request import Request

PLOTTED = 8
"""Columns of series that a plot has room for."""


class Forecaster:
    """A trained forecaster."""

    def __init__(self, model: ForecastingModel, codec: SeriesCodec, format: TableFormat, level: float) -> None:
        """`format`: how the files are read that it was trained on; `level`: what its intervals are to cover."""
        self.model, self.codec, self.level = model, codec, level
        self.format = replace(format, columns=codec.columns.all)

    # --- the future ---

    def forecast(self, frame: pd.DataFrame, known: pd.DataFrame | None = None) -> pd.DataFrame:
        """The rows that follow each series of `frame`, in the data's own units, with intervals.

        `frame` is laid out as the training file was; `known` has the columns known ahead for the rows to forecast,
        where the model was trained with such. One row a value: unique_id, origin (the last date that was known), ds,
        step, column, forecast, lower, upper. Raises `InputError` for what can't be read and for too few rows.
        """
        ahead = None if known is None else series_of(table_of("known", known, self.known_format()), self.known_format())
        return self.future(series_of(table_of("frame", frame, self.format), self.format), ahead)

    def known_format(self) -> TableFormat:
        """The columns known ahead alone, at the frequency that is known already: one row is enough."""
        return replace(self.format, columns=self.codec.columns.known, frequency=self.codec.frequency)

    def future(self, found: SeriesSet, known: SeriesSet | None) -> pd.DataFrame:
        """`forecast` for series that have been read."""
        series = self.codec.check_frequency(found).series
        dates = [future_dates(one.dates[-1], self.codec.horizon, self.codec.frequency) for one in series]
        past = self.past(series)
        ahead = self.known_ahead(series, dates, known)
        point, lower, upper = self.point_and_borders(series, past, ahead)
        tables = [
            pd.DataFrame(
                {
                    "unique_id": one.id,
                    "origin": one.dates[-1],
                    "ds": days.repeat(point.shape[2]),
                    "step": np.repeat(np.arange(1, len(days) + 1), point.shape[2]),
                    "column": np.tile(np.array(self.codec.columns.targets, dtype=object), len(days)),
                    "forecast": point[index].ravel(),
                    "lower": lower[index].ravel(),
                    "upper": upper[index].ravel(),
                }
            )
            for index, (one, days) in enumerate(zip(series, dates, strict=True))
        ]
        return pd.concat(tables, ignore_index=True)

    def past(self, series: Sequence[Series]) -> Values:
        """(S, L, F) the last rows of each series, scaled. Raises `InputError` for a series with too few."""
        for one in series:
            if len(one) < self.codec.look_back:
                expected = f"expected at least {self.codec.look_back} rows of series {one.id!r}"
                raise InputError(f"{expected}, the look-back, found {len(one)}")
        return self.codec.panel(series).last(self.codec.look_back)

    def known_ahead(
        self, series: Sequence[Series], dates: Sequence[pd.DatetimeIndex], known: SeriesSet | None
    ) -> Values:
        """(S, H, K) what is known of the rows to forecast, scaled, the calendar beside it.

        Raises `DataError` where a date is not there, `InputError` where nothing was given.
        """
        columns, blocks = self.codec.columns.known, []
        if columns and known is None:
            raise InputError(f"--known: expected a file with {', '.join(columns)} for the rows to forecast, found none")
        others = {} if known is None else {one.id: one for one in known.series}
        for one, days in zip(series, dates, strict=True):
            block = np.empty((len(days), 0))
            if columns and known is not None:
                other = known.series[0] if len(series) == len(known.series) == 1 else others.get(one.id)
                rows = np.array([-1]) if other is None else other.dates.get_indexer(days)
                if other is None or (rows < 0).any():
                    missing = days[int((rows < 0).argmax())]
                    expected = f"rows of series {one.id!r} from {days[0]} to {days[-1]}"
                    raise DataError(known.source, expected, f"none for {missing}")
                first = len(self.codec.columns.all) - len(columns)
                scaler = self.codec.scaler(one).select(range(first, first + len(columns)))
                block = scaler.transform(other.select(columns)[rows])
            blocks.append(np.concatenate([block, self.codec.features(days)], axis=1))
        return np.stack(blocks).astype(np.float32)

    def point_and_borders(
        self, series: Sequence[Series], past: Values, known: Values, of: NDArray[np.int64] | None = None
    ) -> tuple[Values, Values, Values]:
        """Three times (N, H, C) in the data's own units, for windows of the series `of` (N,), by default one each."""
        of = np.arange(len(past)) if of is None else of
        scalers = [self.codec.target_scaler(one) for one in series]
        centre, scale = (np.stack([getattr(scaler, name) for scaler in scalers]) for name in ("centre", "scale"))
        intervals = Intervals.of(self.model, self.codec, series, self.level)
        parts = []
        for start in range(0, len(past), BLOCK):
            chosen = slice(start, start + BLOCK)
            found = forecast(self.model, self.codec.collate(past[chosen], known[chosen]))
            values = (found.point, *intervals.borders(past[chosen], of[chosen], found))
            parts.append([value * scale[of[chosen], None] + centre[of[chosen], None] for value in values])
        point, lower, upper = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return point, lower, upper

    # --- the past, as if it were the future ---

    def backtest(
        self, source: str, *, windows: int, step: int, refit: Callable[[SeriesSet], Forecaster] | None = None
    ) -> pd.DataFrame:
        """Forecasts from the last `windows` origins of each series, `step` rows apart, beside what came.

        `refit` trains a forecaster on the rows before an origin; without it, this one forecasts from all of them. One
        row a value, with `COLUMNS` of `forecast.backtest`. Raises `InputError` if a series is too short.
        """
        found = self.codec.check_frequency(read(source, self.format))
        tables = []
        for number in range(windows):
            origins = [rolling_origins(len(one), self.codec.horizon, windows, step)[number] for one in found.series]
            before = [one[: int(origin)] for one, origin in zip(found.series, origins, strict=True)]
            one_by_one = self if refit is None else refit(replace(found, series=before))
            tables.append(one_by_one.at_origins(found.series, origins))
        table = pd.concat(tables, ignore_index=True)
        return table.sort_values(["unique_id", "origin", "step"], kind="stable", ignore_index=True)[list(COLUMNS)]

    def at_origins(self, series: Sequence[Series], origins: Sequence[int]) -> pd.DataFrame:
        """One forecast for each series, from the rows before its origin, beside what came."""
        past = self.past([one[:origin] for one, origin in zip(series, origins, strict=True)])
        horizon, first = self.codec.horizon, len(self.codec.columns.all) - len(self.codec.columns.known)
        ahead = []
        for one, origin in zip(series, origins, strict=True):
            days = slice(origin, origin + horizon)
            scaled = self.codec.scaler(one).transform(one.select(self.codec.columns.all)[days])[:, first:]
            ahead.append(np.concatenate([scaled, self.codec.features(one.dates[days])], axis=1))
        found = self.point_and_borders(series, past, np.stack(ahead).astype(np.float32))
        tables = [
            tidy(
                one.id,
                one.dates,
                one.select(self.codec.columns.targets),
                np.array([origin]),
                self.codec.columns.targets,
                *(values[None] for values in (point, lower, upper)),
            )
            for one, origin, point, lower, upper in zip(series, origins, *found, strict=True)
        ]
        return pd.concat(tables, ignore_index=True)

    # --- again, as when it was saved ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """The quantiles of each window, scaled, the model's own; each input is a `past` and what is `known` ahead."""
        past, known = (np.array([one[name] for one in inputs], np.float32) for name in ("past", "known"))
        quantiles = forecast(self.model, self.codec.collate(past, known)).quantiles
        return [Answer(shortest(values.ravel()), []) for values in quantiles]

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Windows are equally long."""
        return []

    # --- for the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """The future after the end of the source, as CSV, JSON or Parquet."""
        kind = request.check(
            "forecaster", ("csv", "json", "parquet"), ("reads", "confidence", "nbest", "attention", "jobs")
        )
        found = read(request.source, self.format)
        known = None if request.known is None else read(request.known, self.known_format())
        table = self.future(found, known)
        if request.plot is not None:
            self.draw(found, table, request.plot)
        if kind == "parquet":
            yield table.to_parquet(index=False)
        elif kind == "json":
            yield table.to_json(orient="records", date_format="iso", indent=1).encode() + b"\n"
        else:
            yield as_csv(table)

    def draw(self, found: SeriesSet, table: pd.DataFrame, path: Path) -> None:
        """History, forecast and band of the first columns."""
        from bilstm_nlp.reports import plots

        panels = [
            plots.ForecastPanel(
                title=f"{one.id}: {name}" if len(found.series) > 1 else name,
                dates=one.dates[-3 * self.codec.horizon :].to_numpy(),
                history=one.select([name])[-3 * self.codec.horizon :, 0],
                ahead=rows["ds"].to_numpy(),
                forecast=rows["forecast"].to_numpy(),
                lower=rows["lower"].to_numpy(),
                upper=rows["upper"].to_numpy(),
            )
            for one in found.series[:PLOTTED]
            for name in self.codec.columns.targets
            for rows in [table[(table["unique_id"] == one.id) & (table["column"] == name)]]
        ]
        plots.forecasts(panels[:PLOTTED], len(found.series) * len(self.codec.columns.targets), self.level, path)


def as_csv(table: pd.DataFrame) -> bytes:
    """A table of forecasts; text is in quotes where it needs them, which for a return Python before 3.13 forgets."""
    has_return = any(table[name].astype(str).str.contains("\r").any() for name in ("unique_id", "column"))
    return table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL).encode()
