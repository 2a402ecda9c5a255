"""Shrinkage towards the last value: forecasts keep the shares of their departure from it that past windows support.

A series that is close to a random walk has no better forecast than its last value. A few windows can't tell chance from
skill, so each share costs an error of its own, which is smaller with more windows.

The departure has two parts. The start, level and trend of each window, learns nothing from other windows, so that
training windows judge it as well as those of the validation part. What the model has learnt is judged by the latter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from bilstm_nlp.batch import Floats, Values
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.windows import BLOCK, Windows
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks, last_and_start, part_way
from bilstm_nlp.tasks.forecasting.torch_network import ForecastingModel, TorchNetwork, head_of
from bilstm_nlp.tasks.measurement import evenly_spaced

SHARES = np.linspace(0, 1, 21)
START_DOUBT = 0.3
"""Cost of the start's whole departure, as part of the last value's error, if there is a single independent window."""
MODEL_DOUBT = 0.5
"""The same for the whole way from there to the model's forecast."""
MOST_WINDOWS = 4096
"""Windows of a part that judge the start, at most."""


def fit_shares(
    model: ForecastingModel, codec: SeriesCodec, training: Windows, validation: Windows
) -> tuple[float, float]:
    """Choose the shares by least absolute error and cost, set them in the model, and return them.

    The start is judged by both parts. If it includes effects of known columns, which are fitted to the training rows,
    it is judged by the validation part alone.
    """
    shares = head_of(model).shares
    assert shares is not None
    of_start = _share_of_start(codec, [validation] if codec.effects is not None else [training, validation])
    shares.copy_(torch.tensor([of_start, 1.0]))
    of_model = _share_of_model(model, codec, validation, of_start)
    shares[1] = of_model
    return of_start, of_model


def costs(errors: Floats, windows: float, doubt: float) -> Floats:
    """Return the cost (S,) of each share, given its error (S,) and the number of independent windows.

    >>> SHARES[np.argmin(costs(10 - 2 * SHARES, windows=4, doubt=0.5))].item()
    0.0
    >>> SHARES[np.argmin(costs(10 - 2 * SHARES, windows=9, doubt=0.5))].item()
    1.0
    """
    largest = errors[0] if errors[0] > 0 else 1.0
    return errors / largest + doubt * SHARES / math.sqrt(max(1.0, windows))


def _share_of_start(codec: SeriesCodec, parts: Sequence[Windows]) -> float:
    """Choose the share of the start's departure from the last value by the windows of these parts.

    Windows are independent if a horizon lies between their origins, so n windows count as n / horizon.
    """
    errors, count = np.zeros(len(SHARES)), 0
    for windows in parts:
        kept = windows.origins[evenly_spaced(len(windows), MOST_WINDOWS)]
        of_part = np.zeros(len(SHARES))
        for block in replace(windows, origins=kept).blocks(BLOCK):
            batch = codec.collate(block.past, block.known, block.facts)
            last, start = last_and_start(codec, block.past, batch)
            of_part += _errors(last, start, block.future)
        errors, count = errors + of_part * len(windows) / len(kept), count + len(windows)
    return float(SHARES[np.argmin(costs(errors, count / codec.horizon, START_DOUBT))])


def _share_of_model(model: ForecastingModel, codec: SeriesCodec, windows: Windows, of_start: float) -> float:
    """Choose the share of the way from the shrunk start to the model's forecast."""
    errors = np.zeros(len(SHARES))
    for _, block, forecasts in forecast_blocks(TorchNetwork(model), codec, windows):
        last, start = last_and_start(codec, block.past, codec.collate(block.past, block.known, block.facts))
        errors += _errors(part_way(last, start, of_start), forecasts.point, block.future)
    return float(SHARES[np.argmin(costs(errors, len(windows) / codec.horizon, MODEL_DOUBT))])


def _errors(begin: Values, end: Values, future: Values) -> Floats:
    """Return the sum of absolute errors (S,) of each share of the way, over values (B, H, C) that are not NaN."""
    departure, wanted = (end - begin).astype(np.float64), (future - begin).astype(np.float64)
    return np.array([np.nansum(np.abs(share * departure - wanted)) for share in SHARES])
