"""Schedules of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bilstm_nlp.training.protocols import Score

Schedule = Callable[[float, Sequence[Score]], float]
"""(epochs so far, fractions included; scores of the finished epochs) → factor of the peak learning rate."""


def constant(warmup: float) -> Schedule:
    """Rise over `warmup` epochs, then stay at the peak.

    >>> [constant(2)(epochs, []) for epochs in (1, 2, 5)]
    [0.5, 1.0, 1.0]
    """
    return lambda epochs, scores: _rise(epochs, warmup)


def linear(warmup: float, total: int) -> Schedule:
    """Rise over `warmup` epochs, then fall in a straight line to 0 at `total`.

    >>> [linear(1, 5)(epochs, []) for epochs in (0.5, 1, 3, 5)]
    [0.5, 1.0, 0.5, 0.0]
    """
    return lambda epochs, scores: min(_rise(epochs, warmup), (total - epochs) / max(total - warmup, 1e-9))


def cosine(warmup: float, total: int) -> Schedule:
    """Rise over `warmup` epochs, then fall along half a cosine to 0 at `total` (Loshchilov and Hutter 2017).

    >>> [round(cosine(1, 5)(epochs, []), 2) for epochs in (0.5, 1, 3, 5)]
    [0.5, 1.0, 0.5, 0.0]
    """

    def factor(epochs: float, scores: Sequence[Score]) -> float:
        if epochs < warmup:
            return _rise(epochs, warmup)
        return 0.5 * (1 + math.cos(math.pi * (epochs - warmup) / max(total - warmup, 1e-9)))

    return factor


def inverse_time(decay: float) -> Schedule:
    """Return 1 / (1 + decay · whole epochs so far) (Ma and Hovy 2016).

    >>> [inverse_time(0.5)(epochs, []) for epochs in (0.1, 1, 3)]
    [1.0, 1.0, 0.5]
    """
    return lambda epochs, scores: 1 / (1 + decay * (math.ceil(epochs) - 1))


def plateau(factor: float, patience: int) -> Schedule:
    """Multiply by `factor` after each `patience` epochs without a better score.

    >>> scores = [Score("f1", value, higher_is_better=True) for value in (0.5, 0.4, 0.45)]
    >>> [plateau(0.5, 2)(0, scores[:count]) for count in (1, 2, 3)]
    [1.0, 1.0, 0.5]
    """

    def current(epochs: float, scores: Sequence[Score]) -> float:
        drops = waited = 0
        best: Score | None = None
        for score in scores:
            if best is None or not best.at_least(score):
                best, waited = score, 0
            else:
                waited += 1
            if waited == patience:
                drops, waited = drops + 1, 0
        return float(factor**drops)

    return current


def _rise(epochs: float, warmup: float) -> float:
    """Return the fraction of the peak that the warm-up has reached."""
    return 1.0 if epochs >= warmup else epochs / warmup
