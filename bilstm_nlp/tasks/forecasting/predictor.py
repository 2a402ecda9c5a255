"""A trained forecaster: tables of the past in, tables of the future out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Values
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.series import Columns, Series, SeriesSet
from bilstm_nlp.data.series.statistical import Method, check_installed, method_names
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.forecasting.evaluation import evaluate
from bilstm_nlp.tasks.forecasting.forecasts import forecast_windows
from bilstm_nlp.tasks.forecasting.inputs import Inputs, Table
from bilstm_nlp.tasks.forecasting.network import ForecastingNetwork
from bilstm_nlp.tasks.forecasting.origins import ModelForecasts
from bilstm_nlp.tasks.forecasting.table_forecasts import TableForecasts
from bilstm_nlp.tasks.request import Request


class Forecaster:
    """A trained forecaster.

    >>> forecaster
    <Forecaster: targets load, wind; known holiday; 4 steps of h ahead from 30 rows; 80% intervals>
    """

    def __init__(
        self,
        network: ForecastingNetwork,
        codec: SeriesCodec,
        format: TableFormat,
        level: float,
        baselines: Callable[[], Baselines],
        scores: Mapping[str, float] | None = None,
        calibration: Callable[[Columns], tuple[Sequence[Series], Sequence[Windows]]] | None = None,
    ) -> None:
        """`format`: the layout of the training file; `level`: the nominal coverage of the intervals.

        `baselines`: for evaluation; those of a saved run are not read before.
        `scores`: MSE in scaled units by the name of the part ("validation", "test"), if known.
        `calibration`: reads columns of the training file and makes the windows that calibrate intervals, for ensembles.
        """
        self.network, self.codec, self.level, self.baselines = network, codec, level, baselines
        self.inputs = Inputs(format, codec.columns, codec)
        self.format = self.inputs.format
        self.tables = TableForecasts(ModelForecasts(network, codec), self.inputs, level)
        self.scores = dict(scores or {})
        self._calibration = calibration

    def __repr__(self) -> str:
        """Describe the forecaster by targets, horizon, look-back, frequency, intervals, and scores if known."""
        codec = self.codec
        columns = codec.columns
        roles = {"targets": columns.targets, "observed": columns.observed, "known": columns.known}
        roles["static"] = columns.static
        parts = [f"{role} {', '.join(names)}" for role, names in roles.items() if names]
        parts.append(f"{codec.horizon} steps of {codec.frequency} ahead from {codec.look_back} rows")
        parts.append(f"{100 * self.level:.4g}% intervals")
        parts += [f"{name} MSE {score:.4g}" for name, score in self.scores.items()]
        return f"<Forecaster: {'; '.join(parts)}>"

    def forecast(
        self,
        table: Table,
        known: Table | None = None,
        *,
        static: Table | None = None,
        levels: Sequence[float] | None = None,
        horizon: int | None = None,
    ) -> pd.DataFrame:
        """Forecast the rows that follow each series of a table, in own units, with intervals.

        `table` is a frame or a file in the layout of the training file. `known` has the columns known ahead for the
        rows to forecast. It is given exactly if the model was trained with such columns and `table` does not have these
        rows itself, with empty targets. The result has a row for each value, with unique_id, origin (the last date of
        the past), ds, step, column, forecast, lower and upper.

        `static` has a row for each series with its static columns. It is needed for series that were not in training,
        unless `table` itself has these columns. A static value that is not given is unknown, and a warning says so.

        With `levels`, columns such as lower_80, upper_80, lower_95 and upper_95 take the place of lower and upper. Each
        interval contains those of lower levels.

        `horizon` is the number of steps, by default that of the training. Fewer are the first of the training's, which
        needs `known` for all of them. More are forecast from the forecasts, a block of the training's horizon at a
        time. After k blocks, half an interval has the width √(k·W² + w²): W at the last trained step, w at the step of
        the block. This is not calibrated, and a warning says so.

        Raises `InputError` for tables that can't be read, for series that are too short, for a `known` that is missing
        or that the model can't use, for levels that are not calibrated, and for steps beyond the training's if the
        model has observed columns.

        >>> forecaster.forecast(frame, known=ahead)[["ds", "step", "column"]].head(2)
                           ds  step column
        0 2024-03-13 12:00:00     1   load
        1 2024-03-13 12:00:00     1   wind
        """
        ahead = self.inputs.known(known)
        return self.tables.forecast(self.inputs.past(table, static), ahead, levels, horizon)

    def backtest(
        self,
        table: Table,
        *,
        windows: int = 8,
        step: int = 1,
        refit: Callable[[SeriesSet], Forecaster] | None = None,
        static: Table | None = None,
        levels: Sequence[float] | None = None,
        horizon: int | None = None,
        baselines: Sequence[Method] = (),
    ) -> pd.DataFrame:
        """Forecast from the last `windows` origins of each series, `step` rows apart, beside the true values.

        `table` is a frame or a file in the layout of the training file. `refit` trains a forecaster on the rows
        before an origin; without it, this forecaster is used throughout. `static`, `levels` and `horizon` are as in
        `forecast`.
        The result has the columns of `forecast`, with the true value `y` before the forecast. The column `part` says
        what the forecaster's training knew of the first row to forecast: "train", "validation", "test", "after" all
        parts, or "unseen" for a strange series. Series that are too short are left out, with a warning.

        `baselines`, such as ["ets", "theta"], are methods of statistics that forecast from the same origins, each
        fitted to the rows before the origin. They have further columns: ets, ets_lower and ets_upper.

        Raises `InputError` if all series are too short, and for baselines whose package is not installed.

        >>> list(forecaster.backtest(frame, windows=2, step=4).columns)
        ['unique_id', 'origin', 'part', 'ds', 'step', 'column', 'y', 'forecast', 'lower', 'upper']
        """
        methods = Methods(method_names(baselines))
        check_installed(methods.names)
        data = self.inputs.past(table, static)
        refitted = None if refit is None else (lambda before: refit(before).tables)
        return self.tables.backtest(data, windows, step, refitted, levels, horizon, methods, self.season)

    def evaluate(
        self, table: Table, *, static: Table | None = None, baselines: Sequence[Method] = (), stride: int = 1
    ) -> dict[str, Any]:
        """Score the forecasts from every origin of a table, `stride` rows apart, with the figures of metrics.json.

        `table` is a frame or a file in the layout of the training file. `static` is as in `forecast`. `baselines`, such
        as ["ets", "theta"], are methods of statistics that are scored on the same windows, each fitted to the rows
        before the origin.

        Raises `InputError` if no series has a window, and for baselines whose package is not installed.

        >>> sorted(forecaster.evaluate(frame)["baselines"])
        ['drift', 'linear map', 'mean of the last 24', 'naive', 'seasonal naive']
        """
        methods = Methods(method_names(baselines))
        check_installed(methods.names)
        series = self.inputs.past(table, static).series
        windows = self.codec.windows(series, [slice(0, len(each)) for each in series], stride)
        return evaluate(self.tables.windows, self.baselines(), series, windows, self.level, methods).to_json()

    @property
    def season(self) -> int:
        """The rows in a season, as the seasonal naive forecast has it."""
        return self.baselines().season

    def calibration(self, columns: Columns) -> tuple[Sequence[Series], Sequence[Windows]]:
        """Read these columns of the training file, and make the windows that calibrate intervals, part by part.

        Raises `InputError` if there is no such file, or if it has changed so that its parts end elsewhere.
        """
        if self._calibration is None:
            raise InputError("forecaster: expected one that was trained or loaded, found one without a training file")
        return self._calibration(columns)

    # --- recorded inputs, to be answered again ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Return the quantiles of each window in scaled units; an input has `past`, `known` and maybe `facts`."""
        past, known, facts = recorded_windows(self.codec, inputs)
        quantiles = forecast_windows(self.network, self.codec, past, known, facts).quantiles
        return [Answer(shortest(values.ravel()), []) for values in quantiles]

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return no inputs: windows are equally long."""
        return []

    # --- for the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Yield the forecasts after the end of the source, as CSV, JSON or Parquet."""
        yield self.tables.predictions(request)


def recorded_windows(codec: SeriesCodec, inputs: Sequence[Any]) -> tuple[Values, Values, Values | None]:
    """Restore windows that were recorded: past, columns known ahead, and facts if the model has facts."""
    past, known = (np.array([window[name] for window in inputs], np.float32) for name in ("past", "known"))
    if codec.static is None:
        return past, known, None
    return past, known, np.array([window["facts"] for window in inputs], np.float32)
