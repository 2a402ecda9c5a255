"""Forecasts of tables: the future of each series, and the past as if it were the future."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.series.method_forecasts import NO_METHODS, Methods, warn_of_replaced
from bilstm_nlp.data.series.recognition import part_of
from bilstm_nlp.data.series.series import Series, SeriesSet
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.backtest import rolling_origins
from bilstm_nlp.tasks.forecasting.inputs import Inputs
from bilstm_nlp.tasks.forecasting.origins import WindowForecaster, forecasts_at
from bilstm_nlp.tasks.forecasting.output import (
    Dates,
    TableKind,
    as_file,
    border_names,
    forecast_table,
    panels,
    repeated,
)
from bilstm_nlp.tasks.request import Request

MOST_STEPS = 100_000
"""The longest horizon, so that a slip of the keyboard does not fill the memory."""
PLOTTED = 8
"""Panels that a plot has room for."""


class TableForecasts:
    """A forecaster of tables, by a model or several that forecast windows."""

    def __init__(self, windows: WindowForecaster, inputs: Inputs, level: float) -> None:
        """`level`: the nominal coverage of intervals if no levels are asked for."""
        self.windows, self.inputs, self.level = windows, inputs, level

    # --- the future ---

    def forecast(
        self, past: SeriesSet, known: SeriesSet | None, levels: Sequence[float] | None, horizon: int | None
    ) -> pd.DataFrame:
        """Forecast the rows after the end of series that have been read."""
        steps, columns = self._steps(horizon), self._levels(levels)
        known = self.inputs.either(past, known, steps)
        series = self.inputs.long_enough(past.series, self.inputs.look_back)
        extended = self.inputs.extended(series, max(steps, self.inputs.horizon), known)
        origins = [np.array([len(each)]) for each in series]
        return self._at(extended, origins, columns, steps)

    def _steps(self, horizon: object) -> int:
        """Return the number of steps to forecast. Raises `InputError` for one that can't be."""
        trained = self.inputs.horizon
        if horizon is None:
            return trained
        if not isinstance(horizon, int | np.integer) or isinstance(horizon, bool) or not 1 <= horizon <= MOST_STEPS:
            raise InputError(f"horizon: expected a whole number of steps from 1 to {MOST_STEPS}, found {horizon!r}")
        if horizon > trained and self.inputs.columns.observed:
            names = ", ".join(self.inputs.columns.observed)
            expected = (
                f"at most the {trained} steps of training, as the future of observed columns ({names}) is unknown"
            )
            raise InputError(f"horizon: expected {expected}, found {horizon}")
        return int(horizon)

    def _levels(self, levels: object) -> dict[float, tuple[str, str]]:
        """Return the ascending levels of the intervals, with the names of their columns.

        Raises `InputError` for anything but numbers.
        """
        if levels is None:
            return {self.level: ("lower", "upper")}
        if not isinstance(levels, Sequence | np.ndarray) or isinstance(levels, str) or len(levels) == 0:
            raise InputError(f"levels: expected numbers between 0 and 1, such as [0.8, 0.95], found {levels!r}")
        for level in levels:
            if not isinstance(level, int | float | np.number) or isinstance(level, bool):
                raise InputError(f"levels: expected numbers between 0 and 1, such as [0.8, 0.95], found {level!r}")
        return {level: border_names(level) for level in sorted({float(level) for level in levels})}

    def _at(
        self,
        series: Sequence[Series],
        origins: Sequence[Ints],
        columns: dict[float, tuple[str, str]],
        steps: int,
        true: Floats | None = None,
    ) -> pd.DataFrame:
        """Forecast from these origins of each series, beside the true values (N, H, C) if they are given."""
        forecasts = forecasts_at(self.windows, series, origins, list(columns), steps)
        windows = [series[index] for index in forecasts.series]
        dates = Dates([each.dates for each in windows])
        borders: dict[str, Floats] = {}
        for level, (low, high) in enumerate(columns.values()):
            borders |= {low: forecasts.lower[level], high: forecasts.upper[level]}
        return forecast_table(
            [each.id for each in windows],
            dates.at(forecasts.rows[:, None] - 1),
            dates.at(forecasts.rows[:, None] + np.arange(steps)),
            self.inputs.columns.targets,
            forecast=forecasts.point,
            borders=borders,
            y=true,
        )

    # --- the past, as if it were the future ---

    def backtest(
        self,
        data: SeriesSet,
        windows: int,
        step: int,
        refit: Callable[[SeriesSet], TableForecasts] | None,
        levels: Sequence[float] | None,
        horizon: int | None,
        methods: Methods = NO_METHODS,
        season: int = 1,
    ) -> pd.DataFrame:
        """Forecast from the last `windows` origins of each series, `step` rows apart, beside the true values.

        `methods` of statistics, with seasons of so many rows, forecast from the same origins.
        """
        steps, columns = self._steps(horizon), self._levels(levels)
        ahead = max(steps, self.inputs.horizon)
        series = self.inputs.long_enough(data.series, self.inputs.look_back + ahead + step * (windows - 1))
        origins = [rolling_origins(len(each), ahead, windows, step) for each in series]
        if refit is None:
            table = self._beside_truth(series, origins, columns, steps)
        else:
            tables = []
            for at_window in zip(*origins, strict=True):
                before = [each[: int(origin)] for each, origin in zip(series, at_window, strict=True)]
                refitted = refit(replace(data, series=before))
                rows = [np.array([origin]) for origin in at_window]
                tables.append(refitted._beside_truth(series, rows, columns, steps))
            table = pd.concat(tables, ignore_index=True)
            # series by series, as without refitting
            order = np.arange(len(table)).reshape(windows, len(series), -1).swapaxes(0, 1).ravel()
            table = table.iloc[order].reset_index(drop=True)
        if methods.names:
            table = table.assign(**self._by_methods(methods, season, series, origins, columns, steps))
        return table.sort_values(["unique_id", "origin", "step"], kind="stable", ignore_index=True)

    def _beside_truth(
        self, series: Sequence[Series], origins: Sequence[Ints], columns: dict[float, tuple[str, str]], steps: int
    ) -> pd.DataFrame:
        """Forecast from these origins of each series, with the true values `y` and the column `part`."""
        codec, targets = self.windows.codec, self.inputs.columns.targets
        true, parts = [], list[str]()
        for each, rows in zip(series, origins, strict=True):
            name, observed, ahead = codec.trained_as(each), each.observed_of(targets), rows[:, None] + np.arange(steps)
            parts += [part_of(codec.ends, name, each.dates[row]) for row in rows.tolist()]
            # A column whose first value comes later has no forecast that could be compared with it.
            known = observed[ahead] & np.logical_or.accumulate(observed)[rows - 1][:, None]
            true.append(np.where(known, each.select(targets)[ahead], np.nan))
        table = self._at(series, origins, columns, steps, np.concatenate(true))
        table.insert(2, "part", repeated(parts, steps * len(targets)))
        return table

    def _by_methods(
        self,
        methods: Methods,
        season: int,
        series: Sequence[Series],
        origins: Sequence[Ints],
        columns: dict[float, tuple[str, str]],
        steps: int,
    ) -> dict[str, Floats]:
        """Forecast by methods of statistics from these origins: a column for each forecast and border."""
        at = [(each, int(row)) for each, rows in zip(series, origins, strict=True) for row in rows]
        targets, lower = self.inputs.columns.targets, self.windows.codec.lower
        result: dict[str, Floats] = {}
        with methods.fitter(len(at) * len(targets), season) as fitter:
            for method in methods.names:
                forecasts = fitter.forecasts(method, at, targets, steps, list(columns), lower)
                warn_of_replaced(method, forecasts.replaced)
                # An interval contains those of lower levels, even if they are simulated.
                lows = np.minimum.accumulate(forecasts.lower, axis=0)
                highs = np.maximum.accumulate(forecasts.upper, axis=0)
                result[method] = forecasts.point.ravel()
                for level, (low, high) in enumerate(columns.values()):
                    result[f"{method}_{low}"], result[f"{method}_{high}"] = lows[level].ravel(), highs[level].ravel()
        return result

    # --- for the command line ---

    def predictions(self, request: Request) -> bytes:
        """Return the forecasts after the end of the source, as CSV, JSON or Parquet."""
        kinds: tuple[TableKind, ...] = ("csv", "json", "parquet")
        others = ("reads", "confidence", "nbest", "attention", "jobs", "min_confidence", "split")
        kind = request.check("forecaster", kinds, others)
        past = self.inputs.past(request.source, request.static)
        levels = list(request.levels) or None
        table = self.forecast(past, self.inputs.known(request.known), levels, request.horizon)
        if request.plot is not None:
            self._plot(past, table, max(levels or [self.level]), levels is None, request.plot)
        return as_file(table, kind)

    def _plot(self, past: SeriesSet, table: pd.DataFrame, level: float, single: bool, path: Path) -> None:
        """Draw history and forecasts, with the widest intervals."""
        from bilstm_nlp.reports import plots

        targets, borders = self.inputs.columns.targets, ("lower", "upper") if single else border_names(level)
        drawn = list(islice(panels(past.series, targets, table, 3 * self.inputs.horizon, borders), PLOTTED))
        plots.forecasts(drawn, len(past.series) * len(targets), level, path)
