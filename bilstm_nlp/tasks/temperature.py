"""One temperature that makes confidences mean what they say (Guo et al. 2017), fitted and measured apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.metrics.reliability import reliability

Confidences = Callable[[float], NDArray[np.float64]]
"""temperature → (N,) confidence of each prediction; which predictions there are does not depend on it."""

COLDEST, HOTTEST = 0.25, 4.0


def fit_temperature(confidences: Confidences, correct: NDArray[np.bool_]) -> float:
    """The temperature under which the predictions' being right or wrong is most probable (binary log loss).

    Golden-section search over the logarithm; 1 where there is nothing to fit to.
    """
    if len(correct) == 0:
        return 1.0

    def loss(log_temperature: float) -> float:
        p = np.clip(confidences(float(np.exp(log_temperature))), 1e-7, 1 - 1e-7)
        return float(-np.mean(np.where(correct, np.log(p), np.log1p(-p))))

    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(COLDEST), np.log(HOTTEST)
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    loss_a, loss_b = loss(a), loss(b)
    while high - low > 0.01:
        if loss_a < loss_b:
            high, b, loss_b = b, a, loss_a
            a = high - ratio * (high - low)
            loss_a = loss(a)
        else:
            low, a, loss_a = a, b, loss_b
            b = low + ratio * (high - low)
            loss_b = loss(b)
    return float(np.exp((low + high) / 2))


def cross_fitted(
    confidences: Confidences, correct: NDArray[np.bool_], half: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float | None]:
    """Confidences of each half under the temperature fitted on the other, and their calibration error.

    `half` (N,) says which of the two halves a prediction belongs to; predictions of one sentence belong together.
    """
    fitted = np.empty(len(correct))
    for part in (half, ~half):
        temperature = fit_temperature(lambda t, part=part: confidences(t)[~part], correct[~part])  # type: ignore[misc]
        fitted[part] = confidences(temperature)[part]
    return fitted, reliability(fitted, correct).ece
