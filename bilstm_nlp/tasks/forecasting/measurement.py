"""A forecaster's figures on its development part, window by window, for comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.frequencies import moments
from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.windows import WindowArrays, Windows
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples
from bilstm_nlp.tasks.forecasting.forecasts import Forecasts
from bilstm_nlp.tasks.measurement import Measurement, Ratio, evenly_spaced, timed

Blocks = Iterable[tuple[Ints, WindowArrays, Forecasts]]
"""Blocks of windows: their numbers (B,), their values, their forecasts."""
EXAMPLES = 500
"""Columns of windows that are kept as examples, at most."""


@dataclass(frozen=True, eq=False)
class _Cells:
    """E examples: one column of one window each."""

    windows: Ints
    """(E,) ascending window numbers."""
    columns: Ints
    """(E,)"""

    def within(self, numbers: Ints) -> slice:
        """Return the examples in windows with these consecutive numbers."""
        first, stop = np.searchsorted(self.windows, [numbers[0], numbers[-1] + 1])
        return slice(int(first), int(stop))

    def take(self, values: Values, first_window: int = 0) -> Values:
        """(B, T, C) values of the windows from `first_window` on → (E, T) values of these examples"""
        taken: Values = values[self.windows - first_window, :, self.columns]
        return taken

    def __getitem__(self, part: slice) -> _Cells:
        return _Cells(self.windows[part], self.columns[part])


def measure(
    forecast_all: Callable[[], Blocks],
    codec: SeriesCodec,
    series: Sequence[Series],
    windows: Windows,
    training: Sequence[slice],
) -> Measurement:
    """Measure the squared and absolute errors of the windows from each date.

    `forecast_all` forecasts all windows in order, a block at a time. It is called twice, for its speed.

    Errors are in standard deviations of the rows `training` of each series: of its whole training part, whatever
    fraction the model was trained on and whatever scaler it has. Otherwise models with other scalers could not be
    compared. For the standard scaler of the whole training part, the errors are those of metrics.json.
    """
    targets, of = codec.columns.targets, windows.series
    common = Scale.stack(
        [Scale.fit("standard", each.select(targets)[rows]) for each, rows in zip(series, training, strict=True)]
    )
    chosen = evenly_spaced(len(windows) * len(targets), EXAMPLES)
    cells = _Cells(*np.divmod(chosen, len(targets)))
    (squared, absolute, forecasts), seconds = timed(lambda: _errors(forecast_all(), windows, common, cells))
    errors = {"mse": squared, "mae": absolute}
    dates = date_numbers(series, windows)
    # the examples in common units
    examples = windows.gather(cells.windows)
    common_of_examples = common.of_windows(of[cells.windows])
    past, actual = (
        common_of_examples.apply(examples.units.undo(values))
        for values in (examples.past[..., : len(targets)], examples.future)
    )
    in_order = _Cells(np.arange(len(cells.windows)), cells.columns)
    return Measurement(
        measures={
            name: Ratio(
                numerator=np.bincount(dates, weights=_mean(values, axis=1)).astype(np.float64),
                denominator=np.bincount(dates).astype(np.float64),
                by_type=dict(zip(targets, _mean(values, axis=0).tolist(), strict=True)),
            )
            for name, values in errors.items()
        },
        lag=codec.horizon - 1,
        speed=len(windows) / seconds,
        examples=WindowExamples(
            series=[series[index].id for index in of[cells.windows]],
            origins=[str(series[of[number]].dates[windows.rows[number]]) for number in cells.windows],
            columns=[targets[column] for column in cells.columns],
            past=in_order.take(past),
            actual=in_order.take(actual),
            forecast=forecasts,
            errors={name: values[cells.windows, cells.columns] for name, values in errors.items()},
        ),
    )


def _errors(blocks: Blocks, windows: Windows, common: Scale, cells: _Cells) -> tuple[Floats, Floats, Values]:
    """Return mean squared and absolute errors (N, C), and the examples' forecasts (E, H), in common units.

    Steps without an observed value are left out. A column without any has NaN.
    """
    squared, absolute, examples = [], [], []
    for numbers, block, forecasts in blocks:
        of_windows = common.of_windows(windows.series[numbers])
        point = of_windows.apply(block.units.undo(forecasts.point))
        error = point - of_windows.apply(block.units.undo(block.future))
        squared.append(_mean(error**2, axis=1))
        absolute.append(_mean(np.abs(error), axis=1))
        examples.append(cells[cells.within(numbers)].take(point, int(numbers[0])))
    return np.concatenate(squared), np.concatenate(absolute), np.concatenate(examples)


def _mean(values: Floats, axis: int) -> Floats:
    """Return the mean along an axis without NaN; NaN if there is nothing else."""
    observed = ~np.isnan(values)
    count = observed.sum(axis=axis)
    total = np.where(observed, values, 0).sum(axis=axis)
    mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def date_numbers(series: Sequence[Series], windows: Windows) -> Ints:
    """Number the dates in time order, and return the number of each window's origin (N,).

    Windows of one date are one unit: series have much in common on a day, so they are not independent evidence.
    """
    dates = np.empty(len(windows), np.int64)
    for index, each in enumerate(series):
        chosen = windows.series == index
        dates[chosen] = moments(each.dates)[windows.rows[chosen]]
    return np.unique(dates, return_inverse=True)[1]
