"""A forecaster's figures on one part of the data, beside the baselines on the same windows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.data.series.baselines import SEASONAL_NAIVE, Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.method_forecasts import NO_METHODS, Fitter, Methods, Replaced, warn_of_replaced
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.statistical import Method, title
from bilstm_nlp.data.series.transform import Units
from bilstm_nlp.data.series.windows import BLOCK, WindowArrays, Windows
from bilstm_nlp.metrics.forecasts import IntervalErrors, IntervalScores, PointErrors, PointScores
from bilstm_nlp.tasks.forecasting.forecasts import Forecasts
from bilstm_nlp.tasks.forecasting.origins import WindowForecaster


@dataclass(frozen=True)
class UnitScores:
    """The scores of the same forecasts in scaled and in own units."""

    scaled: PointScores
    own: PointScores

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self.scaled), "own_units": asdict(self.own)}


@dataclass(frozen=True)
class ColumnScores:
    """The scores of one target column."""

    errors: UnitScores
    interval: IntervalScores
    """In own units."""

    def to_json(self) -> dict[str, Any]:
        errors = self.errors.to_json()
        own = {**errors["own_units"], "width": self.interval.width}
        return {**errors, "own_units": own, "coverage": self.interval.coverage}


@dataclass(frozen=True)
class SeriesScores:
    """The scores of one series, in scaled units."""

    errors: PointScores
    interval: IntervalScores
    off: bool
    """True if the coverage differs from the nominal coverage by more than chance explains."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self.errors), **asdict(self.interval), "off": self.off}


@dataclass(frozen=True)
class StepScores:
    """The scores of one horizon step, in scaled units."""

    errors: PointScores
    interval: IntervalScores

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self.errors), **asdict(self.interval)}


@dataclass(frozen=True)
class MethodScores:
    """The scores of a method of statistics that was fitted at each origin."""

    errors: UnitScores
    interval: IntervalScores
    """In scaled units."""
    replaced: int
    """Number of forecasts that a repeated season took the place of."""

    def to_json(self) -> dict[str, Any]:
        return {**self.errors.to_json(), "interval": asdict(self.interval), "replaced": self.replaced}


@dataclass(frozen=True)
class Evaluation:
    """All figures of a forecaster on the windows of one part."""

    series: int
    windows: int
    look_back: int
    horizon: int
    season: int
    total: UnitScores
    interval: IntervalScores
    """In scaled units."""
    baselines: dict[str, UnitScores]
    by_column: dict[str, ColumnScores]
    by_series: dict[str, SeriesScores]
    """In scaled units."""
    by_step: list[StepScores]
    methods: dict[str, MethodScores] = field(default_factory=dict)
    """Methods of statistics, if they were asked for."""

    @property
    def skill(self) -> float | None:
        """1 − MSE / MSE of the seasonal naive forecast; `None` if that is 0 or there is none."""
        if SEASONAL_NAIVE not in self.baselines or self.total.scaled.mse is None:
            return None
        reference = self.baselines[SEASONAL_NAIVE].scaled.mse
        return 1 - self.total.scaled.mse / reference if reference else None

    def to_json(self) -> dict[str, Any]:
        """Return the figures as in metrics.json."""
        scaled = self.total.scaled
        return {
            "series": self.series,
            "windows": self.windows,
            "look_back": self.look_back,
            "horizon": self.horizon,
            "season": self.season,
            "mse": scaled.mse,
            "mae": scaled.mae,
            "rmse": scaled.rmse,
            "skill": self.skill,
            "own_units": asdict(self.total.own),
            "interval": asdict(self.interval),
            "baselines": {
                **{name: scores.to_json() for name, scores in self.baselines.items()},
                **{name: scores.to_json() for name, scores in self.methods.items()},
            },
            "by_column": {name: scores.to_json() for name, scores in self.by_column.items()},
            "by_series": {name: scores.to_json() for name, scores in self.by_series.items()},
            "by_step": [scores.to_json() for scores in self.by_step],
        }


class _UnitErrors:
    """Sums of the errors of the same forecasts in scaled and in own units."""

    def __init__(self, horizon: int, targets: int) -> None:
        self.scaled, self.own = PointErrors(horizon, targets), PointErrors(horizon, targets)

    def add(self, target: Values, forecast: Values, units: Units, naive_errors: Floats) -> None:
        """Add scaled targets and forecasts (B, H, C), with their units and their scale of MASE (B, C)."""
        self.scaled.add(target, forecast)
        self.own.add(units.undo(target), units.undo(forecast), naive_errors)

    def total(self) -> UnitScores:
        return UnitScores(self.scaled.total(), self.own.total())

    def by_column(self) -> list[UnitScores]:
        return [UnitScores(*scores) for scores in zip(self.scaled.by_column(), self.own.by_column(), strict=True)]


class _MethodErrors:
    """Sums of the errors of methods of statistics."""

    def __init__(self, methods: Methods, codec: SeriesCodec, level: float) -> None:
        shape = (codec.horizon, len(codec.columns.targets))
        self.codec, self.level = codec, level
        self.errors = {method: _UnitErrors(*shape) for method in methods.names}
        self.intervals = {method: IntervalErrors(*shape, level) for method in methods.names}
        self.replaced: dict[Method, list[Replaced]] = {method: [] for method in methods.names}

    def add(
        self, fitter: Fitter, origins: Sequence[tuple[Series, int]], block: WindowArrays, naive_errors: Floats
    ) -> None:
        """Fit each method at these origins of a block of windows, and add its errors."""
        codec, units = self.codec, block.units
        for method, errors in self.errors.items():
            forecasts = fitter.forecasts(
                method, origins, codec.columns.targets, codec.horizon, [self.level], codec.lower
            )
            errors.add(block.future, units.apply(forecasts.point), units, naive_errors)
            borders = units.apply(forecasts.lower[0]), units.apply(forecasts.upper[0])
            self.intervals[method].add(block.future, *borders)
            self.replaced[method] += forecasts.replaced

    def total(self) -> dict[str, MethodScores]:
        """Return the scores by the methods' titles. A warning says which forecasts were replaced."""
        for method, replaced in self.replaced.items():
            warn_of_replaced(method, replaced)
        return {
            title(method): MethodScores(errors.total(), self.intervals[method].total(), len(self.replaced[method]))
            for method, errors in self.errors.items()
        }


def method_blocks(
    fitter: Fitter, method: Method, codec: SeriesCodec, series: Sequence[Series], windows: Windows
) -> Iterator[tuple[Ints, WindowArrays, Forecasts]]:
    """Yield all windows of these series in order, a block at a time, with the forecasts of a method of statistics.

    A warning says which forecasts were replaced.
    """
    done, replaced = 0, list[Replaced]()
    for block in windows.blocks(BLOCK):
        numbers = np.arange(done, done + len(block.past))
        origins = _origins(series, windows, numbers)
        forecasts = fitter.forecasts(method, origins, codec.columns.targets, codec.horizon, [], codec.lower)
        yield numbers, block, Forecasts(block.units.apply(forecasts.point)[..., None], 0)
        done, replaced = done + len(numbers), replaced + forecasts.replaced
    warn_of_replaced(method, replaced)


def _origins(series: Sequence[Series], windows: Windows, numbers: Ints) -> list[tuple[Series, int]]:
    """Return the series and the origin of each of these windows."""
    of, rows = windows.series[numbers], windows.rows[numbers]
    return [(series[index], int(row)) for index, row in zip(of, rows, strict=True)]


def evaluate(
    forecaster: WindowForecaster,
    baselines: Baselines,
    series: Sequence[Series],
    windows: Windows,
    level: float,
    methods: Methods = NO_METHODS,
) -> Evaluation:
    """Score the forecaster, the baselines and methods of statistics on these windows, with intervals of this level."""
    codec = forecaster.codec
    shape = (codec.horizon, len(codec.columns.targets))
    errors, by_series = _UnitErrors(*shape), [PointErrors(*shape) for _ in series]
    own_by_series = [PointErrors(*shape) for _ in series]
    inside_by_series = [IntervalErrors(*shape, level) for _ in series]
    inside, own_inside = IntervalErrors(*shape, level), IntervalErrors(*shape, level)
    baseline_errors: dict[str, _UnitErrors] = {}
    intervals = forecaster.intervals(series, level)
    naive_errors = np.stack([baselines.naive_error(codec.trained_as(each)) for each in series])
    beside = _MethodErrors(methods, codec, level)
    with methods.fitter(len(windows) * shape[1], baselines.season) as fitter:
        for numbers, block, forecasts in forecaster.blocks(series, windows):
            of = windows.series[numbers]
            units = block.units
            # the forecaster's points
            errors.add(block.future, forecasts.point, units, naive_errors[of])
            # its intervals
            lower, upper = intervals.borders(block.past, of, forecasts)
            own, own_points = units.undo(block.future), units.undo(forecasts.point)
            for index in np.unique(of):
                chosen = of == index
                by_series[index].add(block.future[chosen], forecasts.point[chosen])
                own_by_series[index].add(own[chosen], own_points[chosen], naive_errors[index])
                inside_by_series[index].add(block.future[chosen], lower[chosen], upper[chosen])
            inside.add(block.future, lower, upper)
            own_inside.add(own, units.undo(lower), units.undo(upper))
            # the baselines' points
            for name, points in baselines.forecasts(windows, numbers):
                baseline_errors.setdefault(name, _UnitErrors(*shape)).add(block.future, points, units, naive_errors[of])
            # the methods' points and intervals
            beside.add(fitter, _origins(series, windows, numbers), block, naive_errors[of])
    return Evaluation(
        series=len(series),
        windows=len(windows),
        look_back=codec.look_back,
        horizon=codec.horizon,
        season=baselines.season,
        total=errors.total(),
        interval=inside.total(),
        baselines={name: sums.total() for name, sums in baseline_errors.items()},
        by_column={
            name: ColumnScores(column, interval)
            for name, column, interval in zip(
                codec.columns.targets, errors.by_column(), own_inside.by_column(), strict=True
            )
        },
        by_series={
            each.id: _series_scores(replace(sums.total(), mase=own.total().mase), covered.total(), codec.horizon)
            for each, sums, own, covered in zip(series, by_series, own_by_series, inside_by_series, strict=True)
        },
        by_step=[StepScores(*scores) for scores in zip(errors.scaled.by_step(), inside.by_step(), strict=True)],
        methods=beside.total(),
    )


def _series_scores(errors: PointScores, interval: IntervalScores, horizon: int) -> SeriesScores:
    """Make the scores of a series, and judge its coverage.

    The steps of a window err together, so a window counts as one draw. Three standard deviations of such draws, and the
    share of one window, are chance.
    """
    off = False
    if interval.coverage is not None:
        draws, level = max(1.0, interval.points / horizon), interval.nominal
        off = abs(interval.coverage - level) > 3 * math.sqrt(level * (1 - level) / draws) + 1 / draws
    return SeriesScores(errors, interval, off)
