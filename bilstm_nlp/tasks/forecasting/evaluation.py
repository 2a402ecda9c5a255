"""A forecaster's figures on one part of the data, beside the baselines on the same windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.data.series import baselines
from bilstm_nlp.data.series.codec import BLOCK, SeriesCodec
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.windows import Values, WindowArrays, Windows
from bilstm_nlp.metrics.forecasts import IntervalErrors, PointErrors
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import RegressionHead
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.forecasting.conformal import Conformal

ForecastingModel = Model[WindowBatch[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Forecasts:
    """B forecasts in scaled units."""

    quantiles: Values
    """(B, H, C, Q) ascending; a point forecast is the only one."""
    middle: int
    """Which of them is the point forecast."""

    @property
    def point(self) -> Values:
        """(B, H, C)"""
        return self.quantiles[..., self.middle]

    @property
    def borders(self) -> tuple[Values, Values]:
        """(B, H, C) twice: the outermost quantiles, before they are calibrated."""
        return self.quantiles[..., 0], self.quantiles[..., -1]


def head_of(model: ForecastingModel) -> RegressionHead:
    """The regression head of a forecasting model."""
    assert isinstance(model.head, RegressionHead)
    return model.head


@dataclass(frozen=True, eq=False)
class Intervals:
    """Calibrated intervals whose width goes with how restless the look-back was (Lei et al. 2018, section 5.2).

    A month that varies twice as much is twice as hard to forecast: margins that were equally wide in all windows would
    cover too little in restless times and too much in quiet ones.
    """

    conformal: Conformal
    """Margins in spreads."""
    deviations: Values
    """(S, C) standard deviation of each series' scaled training rows."""

    @classmethod
    def of(cls, model: ForecastingModel, codec: SeriesCodec, series: Sequence[Series], level: float) -> Intervals:
        """With the margins that the model carries."""
        margins = head_of(model).margins.double().cpu().numpy()
        return cls(Conformal(level, margins), np.stack([codec.deviation(one) for one in series]))

    def spread(self, past: Values, of: NDArray[np.int64]) -> Values:
        """(B, L, F) look-backs of series `of` (B,) → (B, 1, C): standard deviation, and a tenth of that in training,
        so that a column which stands still for a while has not no interval at all."""
        deviations = self.deviations[of, None]
        variance = past[..., : deviations.shape[2]].var(axis=1, keepdims=True, dtype=np.float64)
        spread: Values = np.sqrt(variance + (0.1 * np.where(deviations > 0, deviations, 1.0)) ** 2)
        return spread

    def fitted(self, windows: Iterable[tuple[NDArray[np.int64], Values, Values, Forecasts]]) -> Conformal:
        """Margins from windows: series, past, future and forecast of each. Raises `InputError` for too few."""
        parts = [
            [values / self.spread(past, of) for values in (future, *found.borders)]
            for of, past, future, found in windows
        ]
        target, lower, upper = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return Conformal.fit_quantiles(target, lower, upper, self.conformal.level)

    def borders(self, past: Values, of: NDArray[np.int64], found: Forecasts) -> tuple[Values, Values]:
        """(B, H, C) twice."""
        spread = self.spread(past, of)
        lower, upper = self.conformal.interval(*(border / spread for border in found.borders))
        return lower * spread, upper * spread


@torch.no_grad()
def forecast(model: ForecastingModel, batch: WindowBatch[NDArray[Any]]) -> Forecasts:
    """What the model forecasts for a batch."""
    model.eval()
    device = next(model.parameters()).device
    return Forecasts(model.decode(on(batch, device)).cpu().numpy(), head_of(model).objective.point)


def forecast_blocks(
    model: ForecastingModel, codec: SeriesCodec, windows: Windows
) -> Iterator[tuple[NDArray[np.int64], WindowArrays, Forecasts]]:
    """Every window in order, a block at a time: (B,) their numbers, what they hold, what is forecast."""
    done = 0
    for block in windows.blocks(BLOCK):
        yield np.arange(done, done + len(block.past)), block, forecast(model, codec.collate(block.past, block.known))
        done += len(block.past)


def calibrate(
    model: ForecastingModel, codec: SeriesCodec, series: Sequence[Series], windows: Windows, level: float
) -> None:
    """Set the head's margins by these windows. Raises `InputError` if they are too few for the level."""
    fitted = Intervals.of(model, codec, series, level).fitted(
        (windows.series[numbers], block.past, block.future, found)
        for numbers, block, found in forecast_blocks(model, codec, windows)
    )
    # Rounded up: half of the windows that lie on a border exactly would be lost to single precision.
    margins = np.nextafter(fitted.margin.astype(np.float32), np.float32(np.inf))
    head_of(model).margins.copy_(torch.from_numpy(margins))


def evaluate(
    model: ForecastingModel, codec: SeriesCodec, series: Sequence[Series], windows: Windows, level: float
) -> dict[str, Any]:
    """Every figure of these windows, as JSON: errors in scaled and in the data's own units, intervals, baselines."""
    width = len(codec.columns.targets)
    shape = (codec.horizon, width)
    scaled, own = PointErrors(*shape), PointErrors(*shape)
    covered, own_covered = IntervalErrors(*shape, level), IntervalErrors(*shape, level)
    by_series = [PointErrors(*shape) for _ in series]
    rivals: dict[str, tuple[PointErrors, PointErrors]] = {}
    intervals = Intervals.of(model, codec, series, level)
    scalers = [codec.target_scaler(one) for one in series]
    naive_errors = np.stack([codec.naive_error(one) for one in series])
    centre, scale = (np.stack([getattr(scaler, name) for scaler in scalers]) for name in ("centre", "scale"))
    for numbers, block, found in forecast_blocks(model, codec, windows):
        of = windows.series[numbers]

        def unscaled(values: Values, of: NDArray[np.int64] = of) -> Values:
            return np.asarray(values * scale[of, None] + centre[of, None])

        future = unscaled(block.future)
        scaled.add(block.future, found.point)
        own.add(future, unscaled(found.point), naive_errors[of])
        borders = intervals.borders(block.past, of, found)
        covered.add(block.future, *borders)
        own_covered.add(future, unscaled(borders[0]), unscaled(borders[1]))
        for index in np.unique(of):
            chosen = of == index
            by_series[index].add(block.future[chosen], found.point[chosen], naive_errors[index] / scale[index])
        for name, rival in baseline_forecasts(codec, windows, numbers):
            in_scale, in_units = rivals.setdefault(name, (PointErrors(*shape), PointErrors(*shape)))
            in_scale.add(block.future, rival)
            in_units.add(future, unscaled(rival), naive_errors[of])
    total = scaled.total()
    reference = rivals[REFERENCE][0].total().mse if REFERENCE in rivals else None
    return {
        "series": len(series),
        "windows": len(windows),
        "look_back": codec.look_back,
        "horizon": codec.horizon,
        "season": codec.season,
        "mse": total.mse,
        "mae": total.mae,
        "rmse": total.rmse,
        "skill": None if not reference or total.mse is None else 1 - total.mse / reference,
        "own_units": asdict(own.total()),
        "interval": asdict(covered.total()),
        "baselines": {name: {**asdict(a.total()), "own_units": asdict(b.total())} for name, (a, b) in rivals.items()},
        "by_column": {
            name: {**asdict(a), "own_units": {**asdict(b), "width": c.width}, "coverage": c.coverage}
            for name, a, b, c in zip(
                codec.columns.targets, scaled.by_column(), own.by_column(), own_covered.by_column(), strict=True
            )
        },
        "by_series": {one.id: asdict(errors.total()) for one, errors in zip(series, by_series, strict=True)},
        "by_step": [{**asdict(a), **asdict(b)} for a, b in zip(scaled.by_step(), covered.by_step(), strict=True)],
    }


# --- baselines on the same windows ----------------------------------------------------------------------------------

REFERENCE = "seasonal naive"
"""What `skill` is measured against."""


def baseline_forecasts(
    codec: SeriesCodec, windows: Windows, numbers: NDArray[np.int64]
) -> Iterator[tuple[str, Values]]:
    """(B, H, C) scaled forecasts of each baseline for these windows.

    The seasonal naive one is left out, for all windows of a part, where the season reaches back beyond the beginning
    of a series.
    """
    targets, season, horizon = windows.panel.values[:, : windows.panel.targets], codec.season, codec.horizon
    origins = windows.origins[numbers, None]
    past = targets[origins + np.arange(-codec.look_back, 0)]
    yield "naive", baselines.naive(past, horizon)
    if windows.rows.min() >= season:
        yield REFERENCE, baselines.seasonal_naive(targets[origins + np.arange(-season, 0)], horizon, season)
    if codec.look_back > 1:
        yield "drift", baselines.drift(past, horizon)
    width = min(season, codec.look_back) if season > 1 else codec.look_back
    yield f"mean of the last {width}", baselines.moving_average(past, horizon, width)
    yield "linear map", codec.linear(past)
