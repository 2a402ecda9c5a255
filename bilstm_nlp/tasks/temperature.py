"""Temperature scaling (Guo et al. 2017): one temperature that calibrates confidences, and its cross-fitted error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.metrics.reliability import Reliability, reliability

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


NEAR, FAR = 0.75, float(np.log(HOTTEST))
"""Logarithms of the hottest node near a temperature of 1, where the search begins, and of the hottest of all."""
NODES = 5


def interpolated(confidences: Confidences) -> Confidences:
    """Return confidences at any temperature of the search, from those at a few nodes, each computed once.

    Log odds times temperature vary slowly with the logarithm of the temperature: from the difference of the two best
    scores, where it is cold, to a mean over all paths. A polynomial through the nodes follows them. Beyond the nodes
    that are near 1, others are used.

    >>> exact = lambda temperature: 1 / (1 + np.exp(-np.array([2.0, -1.0]) / temperature))
    >>> np.allclose(interpolated(exact)(1.3), exact(1.3))
    True
    """
    near, far = (cache(partial(_odds_at_nodes, confidences, reach)) for reach in (NEAR, FAR))

    def at(temperature: float) -> NDArray[np.float64]:
        logarithm = float(np.log(temperature))
        nodes, odds = near() if abs(logarithm) <= NEAR else far()
        weights = [
            np.prod(np.delete(logarithm - nodes, node)) / np.prod(np.delete(nodes[node] - nodes, node))
            for node in range(NODES)
        ]
        values: NDArray[np.float64] = 1 / (1 + np.exp(-(np.array(weights) @ odds) / temperature))
        return values

    return at


def _odds_at_nodes(confidences: Confidences, reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the (M,) nodes, logarithms of temperatures, and (M, N) temperature · log odds at each."""
    nodes = np.linspace(-reach, reach, NODES)
    return nodes, np.stack([t * _log_odds(confidences(float(t))) for t in np.exp(nodes)])


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log odds of (N,) probabilities, all finite."""
    p = np.clip(probabilities, 1e-12, 1 - 1e-12)
    return np.log(p) - np.log1p(-p)


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


@dataclass(frozen=True)
class Calibration:
    """Confidences of predictions against how often they are right. The fields are keys of metrics.json."""

    temperature: float
    before: Reliability
    """At a temperature of 1."""
    after: Reliability
    """At the calibrated temperature."""
    ece_cross_fitted: float | None
    """Calibration error with a temperature fitted to one half of the sequences and measured on the other half. None
    if a half has no predictions."""
