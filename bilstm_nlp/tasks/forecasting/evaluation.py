"""A forecaster's figures on one part of the data, beside the baselines on the same windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints, Values, WindowBatch
from bilstm_nlp.data.series.baselines import SEASONAL_NAIVE, Baselines
from bilstm_nlp.data.series.codec import BLOCK, SeriesCodec
from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.windows import WindowArrays, Windows
from bilstm_nlp.metrics.forecasts import IntervalErrors, IntervalScores, PointErrors, PointScores
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import RegressionHead
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.forecasting.conformal import Conformal

ForecastingModel = Model[WindowBatch[torch.Tensor], torch.Tensor]


# --- forecasts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Forecasts:
    """The forecasts for B windows, in scaled units."""

    quantiles: Values
    """(B, H, C, Q) ascending; Q = 1 for a point forecast."""
    middle: int
    """Index of the quantile that is the point forecast."""

    @property
    def point(self) -> Values:
        """(B, H, C)"""
        return self.quantiles[..., self.middle]

    @property
    def outermost(self) -> tuple[Values, Values]:
        """(B, H, C) twice: the lowest and the highest quantile, not calibrated."""
        return self.quantiles[..., 0], self.quantiles[..., -1]


def head_of(model: ForecastingModel) -> RegressionHead:
    """Return the model's regression head."""
    assert isinstance(model.head, RegressionHead)
    return model.head


@torch.no_grad()
def forecast(model: ForecastingModel, batch: WindowBatch[NDArray[Any]]) -> Forecasts:
    """Forecast a batch."""
    model.eval()
    device = next(model.parameters()).device
    return Forecasts(model.decode(on(batch, device)).cpu().numpy(), head_of(model).objective.point)


def forecast_blocks(
    model: ForecastingModel, codec: SeriesCodec, windows: Windows
) -> Iterator[tuple[Ints, WindowArrays, Forecasts]]:
    """Yield all windows in order, a block at a time: their numbers (B,), their values, their forecasts."""
    done = 0
    for block in windows.blocks(BLOCK):
        yield np.arange(done, done + len(block.past)), block, forecast(model, codec.collate(block.past, block.known))
        done += len(block.past)


# --- intervals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Intervals:
    """Calibrated intervals in scaled units, whose width follows the deviation of the look-back (Lei et al. 2018, 5.2).

    A month that varies twice as much is twice as hard to forecast. Margins of the same width in all windows would
    cover too little in volatile times and too much in calm times.
    """

    conformal: Conformal
    """Margins as multiples of a window's spread."""
    deviations: Floats
    """(S, C) standard deviation of each series' scaled training rows."""

    @classmethod
    def of(cls, model: ForecastingModel, codec: SeriesCodec, series: Sequence[Series], level: float) -> Intervals:
        """Make the intervals of these series with the margins in the model."""
        margins = head_of(model).margins.cpu().numpy().astype(np.float64)
        return cls(Conformal(level, margins), np.stack([codec.deviation(each) for each in series]))

    def spread(self, past: Values, series: Ints) -> Floats:
        """(B, L, F) look-backs, (B,) series of each → (B, 1, C) spread

        The spread combines the look-back's deviation with a tenth of that in training, so that a column which is
        constant for a while still has an interval.
        """
        deviations = self.deviations[series, None]
        variance = past[..., : deviations.shape[2]].var(axis=1, keepdims=True, dtype=np.float64)
        spread: Floats = np.sqrt(variance + (0.1 * np.where(deviations > 0, deviations, 1.0)) ** 2)
        return spread

    def fit(self, blocks: Iterable[tuple[Ints, Values, Values, Forecasts]]) -> Conformal:
        """Fit margins to blocks of windows: series, past, future and forecasts of each.

        Raises `InputError` if there are too few windows for the level.
        """
        in_spreads = [
            [values / self.spread(past, series) for values in (future, *forecasts.outermost)]
            for series, past, future, forecasts in blocks
        ]
        target, lower, upper = (np.concatenate(arrays) for arrays in zip(*in_spreads, strict=True))
        return Conformal.fit(target, lower, upper, self.conformal.level)

    def borders(self, past: Values, series: Ints, forecasts: Forecasts) -> tuple[Values, Values]:
        """Return the lower and the upper border (B, H, C) of each forecast's interval."""
        spread = self.spread(past, series)
        lower, upper = self.conformal.interval(*(quantile / spread for quantile in forecasts.outermost))
        return lower * spread, upper * spread


def calibrate(
    model: ForecastingModel, codec: SeriesCodec, series: Sequence[Series], windows: Windows, level: float
) -> None:
    """Set the margins in the model by these windows. Raises `InputError` if they are too few for the level."""
    fitted = Intervals.of(model, codec, series, level).fit(
        (windows.series[numbers], block.past, block.future, forecasts)
        for numbers, block, forecasts in forecast_blocks(model, codec, windows)
    )
    # Rounded up: in single precision, half of the windows that lie on a border exactly would fall outside.
    margins = np.nextafter(fitted.margin.astype(np.float32), np.float32(np.inf))
    head_of(model).margins.copy_(torch.from_numpy(margins))


# --- evaluation -----------------------------------------------------------------------------------------------------


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
class StepScores:
    """The scores of one horizon step, in scaled units."""

    errors: PointScores
    interval: IntervalScores

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self.errors), **asdict(self.interval)}


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
    by_series: dict[str, PointScores]
    """In scaled units."""
    by_step: list[StepScores]

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
            "baselines": {name: scores.to_json() for name, scores in self.baselines.items()},
            "by_column": {name: scores.to_json() for name, scores in self.by_column.items()},
            "by_series": {name: asdict(scores) for name, scores in self.by_series.items()},
            "by_step": [scores.to_json() for scores in self.by_step],
        }


class _UnitErrors:
    """Sums of the errors of the same forecasts in scaled and in own units."""

    def __init__(self, horizon: int, targets: int) -> None:
        self.scaled, self.own = PointErrors(horizon, targets), PointErrors(horizon, targets)

    def add(self, target: Values, forecast: Values, scale: Scale, naive_errors: Floats) -> None:
        """Add scaled targets and forecasts (B, H, C), with their scale and their scale of MASE (B, C)."""
        self.scaled.add(target, forecast)
        self.own.add(scale.undo(target), scale.undo(forecast), naive_errors)

    def total(self) -> UnitScores:
        return UnitScores(self.scaled.total(), self.own.total())

    def by_column(self) -> list[UnitScores]:
        return [UnitScores(*scores) for scores in zip(self.scaled.by_column(), self.own.by_column(), strict=True)]


def evaluate(
    model: ForecastingModel,
    codec: SeriesCodec,
    baselines: Baselines,
    series: Sequence[Series],
    windows: Windows,
    level: float,
) -> Evaluation:
    """Score the model and the baselines on these windows, with intervals of this level."""
    shape = (codec.horizon, len(codec.columns.targets))
    errors, by_series = _UnitErrors(*shape), [PointErrors(*shape) for _ in series]
    inside, own_inside = IntervalErrors(*shape, level), IntervalErrors(*shape, level)
    baseline_errors: dict[str, _UnitErrors] = {}
    intervals = Intervals.of(model, codec, series, level)
    naive_errors = np.stack([baselines.naive_error(codec.trained_as(each)) for each in series])
    for numbers, block, forecasts in forecast_blocks(model, codec, windows):
        of = windows.series[numbers]
        scale = block.scale
        # the model's points
        errors.add(block.future, forecasts.point, scale, naive_errors[of])
        for index in np.unique(of):
            chosen = of == index
            scaled_naive_errors = naive_errors[index] / scale.size[chosen, 0]
            by_series[index].add(block.future[chosen], forecasts.point[chosen], scaled_naive_errors)
        # its intervals
        lower, upper = intervals.borders(block.past, of, forecasts)
        inside.add(block.future, lower, upper)
        own_inside.add(scale.undo(block.future), scale.undo(lower), scale.undo(upper))
        # the baselines' points
        for name, points in baselines.forecasts(windows, numbers):
            baseline_errors.setdefault(name, _UnitErrors(*shape)).add(block.future, points, scale, naive_errors[of])
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
        by_series={each.id: sums.total() for each, sums in zip(series, by_series, strict=True)},
        by_step=[StepScores(*scores) for scores in zip(errors.scaled.by_step(), inside.by_step(), strict=True)],
    )
