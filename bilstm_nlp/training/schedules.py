"""How the learning rate moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bilstm_nlp.training.protocols import Score

Schedule = Callable[[float, Sequence[Score]], float]
"""(epochs so far, fractions included; scores of the epochs finished) → factor on the peak learning rate."""


def constant(warmup: float) -> Schedule:
    """Rise over `warmup` epochs, then stay."""
    return lambda epochs, scores: rise(epochs, warmup)


def linear(warmup: float, total: int) -> Schedule:
    """Rise over `warmup` epochs, then fall in a straight line to 0 at `total`."""
    return lambda epochs, scores: min(rise(epochs, warmup), (total - epochs) / max(total - warmup, 1e-9))


def cosine(warmup: float, total: int) -> Schedule:
    """Rise over `warmup` epochs, then fall along half a cosine to 0 at `total` (Loshchilov and Hutter 2017)."""

    def factor(epochs: float, scores: Sequence[Score]) -> float:
        if epochs < warmup:
            return rise(epochs, warmup)
        return 0.5 * (1 + math.cos(math.pi * (epochs - warmup) / max(total - warmup, 1e-9)))

    return factor


def inverse_time(decay: float) -> Schedule:
    """1 / (1 + decay · whole epochs so far) (Ma and Hovy 2016)."""
    return lambda epochs, scores: 1 / (1 + decay * (math.ceil(epochs) - 1))


def plateau(factor: float, patience: int) -> Schedule:
    """Multiply by `factor` after each `patience` epochs without a better score."""

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


def rise(epochs: float, warmup: float) -> float:
    """The share of the peak that a warm-up has reached."""
    return 1.0 if epochs >= warmup else epochs / warmup
