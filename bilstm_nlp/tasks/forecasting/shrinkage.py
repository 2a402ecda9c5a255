"""Shrinkage towards the last value: a forecast keeps the share of its departure from it that the validation part tells.

A series that is close to a random walk has no better forecast than its last value. A few validation windows can't tell
chance from skill, so each share costs an error of its own, which is smaller with more windows.
"""

from __future__ import annotations

import math

import numpy as np

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.tasks.forecasting.forecasts import ForecastingModel, forecast_blocks, head_of

SHARES = np.linspace(0, 1, 21)
DOUBT = 0.5
"""Cost of the whole departure, as part of the last value's error, if there is a single independent window."""


def fit_share(model: ForecastingModel, codec: SeriesCodec, windows: Windows) -> float:
    """Choose the share by least absolute error and cost on these windows, set it in the model, and return it.

    Windows are independent if a horizon lies between their origins, so n windows count as n / horizon.
    """
    share = head_of(model).share
    assert share is not None
    share.fill_(1.0)
    errors, width = np.zeros(len(SHARES)), len(codec.columns.targets)
    for _, block, forecasts in forecast_blocks(model, codec, windows):
        last = block.past[:, -1:, :width].astype(np.float64)
        departure, wanted = forecasts.point - last, block.future - last
        errors += [np.nansum(np.abs(share * departure - wanted)) for share in SHARES]
    chosen = float(SHARES[np.argmin(costs(errors, len(windows) / codec.horizon))])
    share.fill_(chosen)
    return chosen


def costs(errors: Floats, windows: float) -> Floats:
    """Return the cost (S,) of each share, given its error (S,) and the number of independent windows.

    >>> SHARES[np.argmin(costs(10 - 2 * SHARES, windows=4))].item()
    0.0
    >>> SHARES[np.argmin(costs(10 - 2 * SHARES, windows=9))].item()
    1.0
    """
    largest = errors[0] if errors[0] > 0 else 1.0
    return errors / largest + DOUBT * SHARES / math.sqrt(max(1.0, windows))
