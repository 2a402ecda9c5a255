"""Shares of the training data."""

from __future__ import annotations

import math


def count_of(fraction: float, total: int) -> int:
    """The whole items in a fraction of `total`."""
    return math.floor(fraction * total + 1e-9)  # 0.29 · 100 is 28.999…96
