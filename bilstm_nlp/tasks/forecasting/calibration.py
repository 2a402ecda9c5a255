"""The calibration of a trained model: margins of its intervals, from its errors on the validation part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.intervals import Margins
from bilstm_nlp.tasks.forecasting.torch_network import ForecastingModel, TorchNetwork, head_of


def calibrate(
    model: ForecastingModel, codec: SeriesCodec, series: Sequence[Series], parts: Sequence[Windows], level: float
) -> None:
    """Set the margins in the model by the windows of these parts, for all its levels.

    Raises `InputError` if there are too few values for `level`. Other levels with too few have no margins.
    """
    head, network = head_of(model), TorchNetwork(model)
    forecast_parts = [(windows, forecast_blocks(network, codec, windows)) for windows in parts]
    margins = Margins.calibrated(codec, series, forecast_parts, head.levels, level)
    head.margins.copy_(torch.from_numpy(margins.values.astype(np.float32)))
