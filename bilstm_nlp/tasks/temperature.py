"""Temperature scaling (Guo et al. 2017): one temperature that calibrates confidences, and its cross-fitted error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.metrics.reliability import reliability

Confidences = Callable[[float], NDArray[np.float64]]
"""temperature → (N,) confidences of the same N predictions at every temperature."""

COLDEST, HOTTEST = 0.25, 4.0
"""The range of the search."""


def fit_temperature(confidences: Confidences, correct: NDArray[np.bool_]) -> float:
    """Return the temperature with the least binary log loss of (N,) `correct`. Without predictions, return 1.

    A golden-section search over log(temperature). It stays although scipy has one: saved temperatures, and metrics.json
    with them, keep their bits only if the same points are evaluated in the same order.

    >>> log_odds = np.array([2.0, 2.0, 2.0, -1.0])
    >>> round(fit_temperature(lambda t: 1 / (1 + np.exp(-log_odds / t)), np.array([True, True, False, False])), 1)
    2.0
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
    """Return (N,) confidences, each half at the temperature fitted to the other half, and their calibration error.

    `half` (N,) is True for the predictions of one half. Predictions of one sentence must be in the same half.
    """
    fitted = np.empty(len(correct))
    for part in (half, ~half):
        temperature = fit_temperature(lambda t, part=part: confidences(t)[~part], correct[~part])  # type: ignore[misc]
        fitted[part] = confidences(temperature)[part]
    return fitted, reliability(fitted, correct).ece
