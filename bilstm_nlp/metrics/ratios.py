"""The rule that all scores share: a score that is 0/0 is `None`, never 0."""

from __future__ import annotations


def ratio(numerator: float, denominator: float) -> float | None:
    """Divide; return None if the denominator is 0.

    >>> ratio(1, 4), ratio(0, 0)
    (0.25, None)
    """
    return float(numerator) / float(denominator) if denominator else None
