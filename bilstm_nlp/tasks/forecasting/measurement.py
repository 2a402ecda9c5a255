"""A forecaster's figures on its development part, window by window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.series import Floats, Ints, Scaler, Series
from bilstm_nlp.data.series.windows import Values, Windows
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples
from bilstm_nlp.tasks.forecasting.evaluation import ForecastingModel, forecast_blocks
from bilstm_nlp.tasks.measurement import Measurement, Ratio, spread, timed

EXAMPLES = 500
"""Columns of windows that are kept, at most."""


def measure(
    model: ForecastingModel, codec: SeriesCodec, series: Sequence[Series], windows: Windows, training: Sequence[slice]
) -> Measurement:
    """Squared and absolute errors of the windows from each date; `training` are the rows of each series' training part.

    Errors are in standard deviations of these rows, whatever share of them the model was trained on and however it
    scales them: else models with other scalers could not be compared. For the standard scaler of the whole training
    part they are what `metrics.json` says.
    """
    targets = codec.columns.targets
    common = [Scaler.fit("standard", one.select(targets)[rows]) for one, rows in zip(series, training, strict=True)]
    own = [codec.target_scaler(one) for one in series]
    # (S, C): a scaled value · factor + shift is one in common units.
    factor = np.stack([a.scale / b.scale for a, b in zip(own, common, strict=True)])
    shift = np.stack([(a.centre - b.centre) / b.scale for a, b in zip(own, common, strict=True)])
    of = windows.series
    cells = spread(len(windows) * len(targets), EXAMPLES)
    numbers, columns = np.divmod(cells, len(targets))

    def in_common(values: Values) -> Floats:
        """(E, T) scaled values of the examples → common units."""
        taken: Floats = values * factor[of[numbers], columns, None] + shift[of[numbers], columns, None]
        return taken

    def forecasts() -> tuple[Floats, Floats, Values]:
        """(N, C) mean squared and mean absolute errors, (E, H) the examples' forecasts."""
        squared, absolute, kept = [], [], []
        for block_numbers, block, found in forecast_blocks(model, codec, windows):
            error = (found.point - block.future) * factor[of[block_numbers], None]
            squared.append((error**2).mean(axis=1))
            absolute.append(np.abs(error).mean(axis=1))
            first, stop = np.searchsorted(numbers, [block_numbers[0], block_numbers[-1] + 1])
            kept.append(found.point[numbers[first:stop] - block_numbers[0], :, columns[first:stop]])
        return np.concatenate(squared), np.concatenate(absolute), np.concatenate(kept)

    (squared, absolute, kept), seconds = timed(forecasts)
    each = {"mse": squared, "mae": absolute}
    examples = windows.gather(numbers)
    rows = np.arange(len(numbers))
    unit = units_of(series, windows)
    return Measurement(
        measures={
            name: Ratio(
                numerator=np.bincount(unit, weights=values.mean(axis=1)).astype(np.float64),
                denominator=np.bincount(unit).astype(np.float64),
                by_type=dict(zip(targets, values.mean(axis=0).tolist(), strict=True)),
            )
            for name, values in each.items()
        },
        lag=codec.horizon - 1,
        speed=len(windows) / seconds,
        examples=WindowExamples(
            series=[series[index].id for index in of[numbers]],
            origins=[str(series[of[n]].dates[windows.rows[n]]) for n in numbers],
            columns=[targets[column] for column in columns],
            past=in_common(examples.past[rows, :, columns]),
            actual=in_common(examples.future[rows, :, columns]),
            forecast=in_common(kept),
            errors={name: values[numbers, columns] for name, values in each.items()},
        ),
    )


def units_of(series: Sequence[Series], windows: Windows) -> Ints:
    """(N,) the number, in time order, of the date that each window is forecast from.

    Series have much in common on a day, so the windows of one date are one unit: they don't count as so many proofs.
    """
    dates = np.empty(len(windows), np.int64)
    for index, one in enumerate(series):
        chosen = windows.series == index
        dates[chosen] = one.dates.as_unit("ns").asi8[windows.rows[chosen]]
    return np.unique(dates, return_inverse=True)[1]
