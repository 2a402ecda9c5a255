"""A warning of values out of all proportion in the training rows, with the setting that helps."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from bilstm_nlp.config.forecasting import ForecastingData
from bilstm_nlp.data.series.outliers import outlier_of
from bilstm_nlp.tasks.forecasting.data import SeriesParts

logger = logging.getLogger(__name__)


def remark(config: ForecastingData, data: SeriesParts) -> None:
    """Warn of a target in the training rows that decides the scale of its column."""
    if config.scaler in ("robust", "none") or config.transform == "ratio":
        return
    targets = data.columns.targets
    training = [series[parts.train] for series, parts in zip(data.series_set.series, data.parts, strict=True)]
    outlier = outlier_of(training, targets)
    if outlier is None:
        return
    curved = config.transform != "none"
    if curved:  # logarithms bring large values near to the others
        logarithms = [replace(series, values=np.log1p(np.maximum(series.values, 0))) for series in training]
        if outlier_of(logarithms, targets) is None:
            return
    or_logarithms = "" if curved or outlier.low < 0 or outlier.value < 0 else ', and so does data.transform = "log1p"'
    logger.warning(
        '%s: %s; it decides the scale of the column: data.scaler = "robust" leaves the scale to the others%s',
        *(data.series_set.source, outlier, or_logarithms),
    )
