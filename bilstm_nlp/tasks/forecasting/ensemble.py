"""An ensemble: several trained forecasters of the same series, whose forecasts are combined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, assert_never

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.series import Columns, Series, SeriesSet
from bilstm_nlp.data.series.statistical import Method, check_installed, method_names
from bilstm_nlp.data.series.transform import Units
from bilstm_nlp.data.series.windows import WindowArrays, Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.evaluation import evaluate
from bilstm_nlp.tasks.forecasting.forecasts import Forecasts
from bilstm_nlp.tasks.forecasting.inputs import Inputs, Table
from bilstm_nlp.tasks.forecasting.intervals import Intervals, Margins, levels_with
from bilstm_nlp.tasks.forecasting.origins import ModelForecasts
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.table_forecasts import TableForecasts
from bilstm_nlp.tasks.request import Combine, Request


@dataclass(frozen=True, eq=False)
class CombinedForecasts:
    """The mean or median of several models' forecasts in own units, with intervals of its own.

    Outermost quantiles are combined as the point forecasts are.
    """

    members: Sequence[ModelForecasts]
    """The first has the longest look-back. Windows and scaled units are its."""
    combine: Combine
    calibration: Callable[[], tuple[Sequence[Series], Sequence[Windows]]]
    """Reads the series of the training file, and makes the first member's windows that calibrate intervals."""
    level: float
    """The level that must have margins."""
    levels: tuple[float, ...]
    """All levels that have margins if the validation part is large enough."""

    @property
    def codec(self) -> SeriesCodec:
        """The first member's codec."""
        return self.members[0].codec

    @property
    def codecs(self) -> Sequence[SeriesCodec]:
        """The codecs of all members."""
        return [member.codec for member in self.members]

    @property
    def shares(self) -> None:
        """None: each member has its own."""
        return

    def blocks(self, series: Sequence[Series], windows: Windows) -> Iterator[tuple[Ints, WindowArrays, Forecasts]]:
        """Yield all windows in order, a block at a time, with the combined forecasts in the first member's units."""
        origins = np.split(windows.rows, np.cumsum(windows.counts)[:-1])
        members = [member.blocks(series, member.codec.windows_at(series, origins)) for member in self.members[1:]]
        for first, *others in zip(self.members[0].blocks(series, windows), *members, strict=True):
            numbers, block, _ = first
            own = [_quantiles(each.units, forecasts) for _, each, forecasts in (first, *others)]
            lower, point, upper = (block.units.apply(self._combined(np.stack(of))) for of in zip(*own, strict=True))
            if all(forecasts.quantiles.shape[-1] == 1 for _, _, forecasts in (first, *others)):
                yield numbers, block, Forecasts(point[..., None], 0)
            else:
                yield numbers, block, Forecasts(np.stack([lower, point, upper], axis=-1), 1)

    def _combined(self, forecasts: Floats) -> Floats:
        """(M, B, H, C) forecasts of M members → (B, H, C)"""
        match self.combine:
            case "mean":
                mean: Floats = forecasts.mean(axis=0)
                return mean
            case "median":
                median: Floats = np.median(forecasts, axis=0)
                return median
            case unknown:
                assert_never(unknown)

    def intervals(self, series: Sequence[Series], level: float) -> Intervals:
        """Make the intervals with margins of the combined forecasts on the common validation part.

        Raises `InputError` if the training file can't be read, and for a level without margins.
        """
        return Intervals.with_margins(self.margins.at(level), self.codec, series)

    @cached_property
    def margins(self) -> Margins:
        """The margins of the combined forecasts on the validation part: those of the members would be too wide."""
        try:
            series, parts = self.calibration()
        except InputError as error:
            reason = "an ensemble's intervals are calibrated on the validation part of the training file"
            raise InputError(f"{error}; {reason}") from None
        forecast_parts = [(windows, self.blocks(series, windows)) for windows in parts]
        return Margins.calibrated(self.codec, series, forecast_parts, self.levels, self.level)


class Ensemble:
    """Several trained forecasters as one: the mean, or the median, of their forecasts.

    Their intervals are calibrated anew on their common validation part, which is read when it is first needed.

        ensemble = bilstm_nlp.load_ensemble(["runs/a", "runs/b"])
        ensemble.forecast(frame)
    """

    def __init__(
        self,
        forecasters: Sequence[Forecaster],
        combine: Combine = "mean",
        names: Sequence[str] | None = None,
        before_calibration: Callable[[], None] = lambda: None,
    ) -> None:
        """`names`: those of the forecasters, for messages.

        The level of intervals without levels asked for is that of the forecaster with the longest look-back, of several
        the first. Levels of all can be asked for. `before_calibration` is called before the validation part is read.
        Raises `InputError` if there are none, or if they differ in targets, horizon, frequency, series or split.
        """
        if combine not in ("mean", "median"):
            raise InputError(f"combine: expected mean or median, found {combine!r}")
        if not forecasters:
            raise InputError("ensemble: expected trained forecasters, found none")
        _check_alike(forecasters, names or [f"forecaster {number}" for number in range(1, len(forecasters) + 1)])
        self.members, self.combine = list(forecasters), combine
        self.first = max(forecasters, key=lambda each: each.codec.min_past or each.codec.look_back)
        self.level, self.codec = self.first.level, self.first.codec
        others = [each for each in forecasters if each is not self.first]
        # Each strange series is named by one warning, not by one for each member.
        models = [
            ModelForecasts(each.network, replace(each.codec, said=self.codec.said)) for each in (self.first, *others)
        ]
        columns = _columns([each.codec.columns for each in forecasters])

        def calibration() -> tuple[Sequence[Series], Sequence[Windows]]:
            before_calibration()
            return self.first.calibration(columns)

        levels = levels_with(*(each.level for each in forecasters))
        self.windows = CombinedForecasts(models, combine, calibration, self.level, levels)
        self.inputs = Inputs(self.first.format, columns, self.codec)
        self.tables = TableForecasts(self.windows, self.inputs, self.level)

    def __repr__(self) -> str:
        """Describe the ensemble by its size and its first member."""
        return f"<Ensemble: {self.combine} of {len(self.members)}: {self.first!r}>"

    def forecast(
        self,
        table: Table,
        known: Table | None = None,
        *,
        static: Table | None = None,
        levels: Sequence[float] | None = None,
        horizon: int | None = None,
    ) -> pd.DataFrame:
        """Forecast the rows that follow each series of a table, as `Forecaster.forecast` does.

        `known` has the columns that any of the members knows ahead. Raises `InputError` also if the training file can't
        be read, which calibrates the intervals.
        """
        ahead = self.inputs.known(known)
        return self.tables.forecast(self.inputs.past(table, static), ahead, levels, horizon)

    def backtest(
        self,
        table: Table,
        *,
        windows: int = 8,
        step: int = 1,
        refit: Callable[[SeriesSet], Ensemble] | None = None,
        static: Table | None = None,
        levels: Sequence[float] | None = None,
        horizon: int | None = None,
        baselines: Sequence[Method] = (),
    ) -> pd.DataFrame:
        """Forecast from the last `windows` origins of each series, as `Forecaster.backtest` does."""
        methods = Methods(method_names(baselines))
        check_installed(methods.names)
        data = self.inputs.past(table, static)
        refitted = None if refit is None else (lambda before: refit(before).tables)
        return self.tables.backtest(data, windows, step, refitted, levels, horizon, methods, self.season)

    def evaluate(
        self, table: Table, *, static: Table | None = None, baselines: Sequence[Method] = (), stride: int = 1
    ) -> dict[str, Any]:
        """Score the forecasts from every origin of a table, as `Forecaster.evaluate` does."""
        methods = Methods(method_names(baselines))
        check_installed(methods.names)
        series = self.inputs.past(table, static).series
        windows = self.codec.windows(series, [slice(0, len(each)) for each in series], stride)
        return evaluate(self.windows, self.first.baselines(), series, windows, self.level, methods).to_json()

    @property
    def season(self) -> int:
        """The rows in a season, as the seasonal naive forecast has it."""
        return self.first.season

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Yield the forecasts after the end of the source, as CSV, JSON or Parquet."""
        yield self.tables.predictions(request)


def _quantiles(units: Units, forecasts: Forecasts) -> tuple[Floats, Floats, Floats]:
    """Return the lowest quantile, the point and the highest quantile (B, H, C) in own units."""
    lower, upper = forecasts.outermost
    return units.undo(lower), units.undo(forecasts.point), units.undo(upper)


def _columns(members: Sequence[Columns]) -> Columns:
    """Return the columns that any member reads. A column that any member knows ahead is known ahead."""
    known = tuple(dict.fromkeys(name for each in members for name in each.known))
    observed = dict.fromkeys(name for each in members for name in each.observed if name not in known)
    static = tuple(dict.fromkeys(name for each in members for name in each.static))
    categorical = tuple(dict.fromkeys(name for each in members for name in each.categorical))
    return Columns(members[0].targets, tuple(observed), known, static, categorical)


def _check_alike(forecasters: Sequence[Forecaster], names: Sequence[str]) -> None:
    """Raise `InputError` for a forecaster that differs from the first in what an ensemble must share."""
    first = forecasters[0].codec
    for name, each in zip(names[1:], forecasters[1:], strict=True):
        codec = each.codec
        for what, expected, other in (
            ("targets", ", ".join(first.columns.targets), ", ".join(codec.columns.targets)),
            ("horizon", first.horizon, codec.horizon),
            ("frequency", first.frequency, codec.frequency),
        ):
            if expected != other:
                raise InputError(f"{name}: expected {what} {expected}, as {names[0]} has, found {other}")
        for column in (*codec.columns.known, *codec.columns.static):
            kinds = [column in each.columns.categorical for each in (first, codec)]
            if column in (*first.columns.known, *first.columns.static) and kinds[0] != kinds[1]:
                kind, other = ("categories" if is_coded else "numbers" for is_coded in kinds)
                raise InputError(f"{name}: expected column {column!r} as {kind}, as {names[0]} has it, found {other}")
        if list(first.scales) != list(codec.scales):
            series = [f"{len(of.scales)} ({', '.join(list(of.scales)[:3])})" for of in (first, codec)]
            raise InputError(f"{name}: expected the series of {names[0]}, {series[0]}, found {series[1]}")
        for id in first.ends.keys() & codec.ends.keys():
            if first.ends[id] != codec.ends[id]:
                raise InputError(
                    f"{name}: expected the split of {names[0]}, {first.ends[id]} in series {id!r}, "
                    f"found {codec.ends[id]}"
                )
