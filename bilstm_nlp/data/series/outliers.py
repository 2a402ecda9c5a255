"""Values out of all proportion: a slip of the keyboard, a sensor's error code. Pure numpy.

Ordinary heavy tails, seasons, trends and rare sales are none: their second largest deviation is not much smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints
from bilstm_nlp.data.series.series import Series

MOST = 2
"""Values of a column, at most, that are out of proportion together."""
GAP = 10.0
"""Smallest size of such a value, and smallest deviation, divided by the largest of the others."""
SWELLING = 3.0
"""Standard deviation with such values, divided by that without them."""


@dataclass(frozen=True)
class Outlier:
    """The farthest of a column's values that are out of all proportion."""

    series: str
    column: str
    date: str
    row: int
    """Line in the file, or row if the file has no lines, both from 1."""
    value: float
    low: float
    """The least of all other values."""
    high: float
    """The largest of all other values."""

    def __str__(self) -> str:
        place = f"column {self.column!r} of series {self.series!r} is {self.value:g} at {self.date}"
        return f"{place} (line or row {self.row}), all else lies in {self.low:.4g} to {self.high:.4g}"


def outlier_of(series: Sequence[Series], columns: Sequence[str]) -> Outlier | None:
    """Return the first value that is out of all proportion to its column; `None` if there is none."""
    for each in series:
        observed = each.observed_of(columns)
        for name, values, seen in zip(columns, each.select(columns).T, observed.T, strict=True):
            rows = outliers(values, seen)
            if len(rows):
                others = np.delete(values, rows)[np.delete(seen, rows)]
                row = int(rows[0])
                return Outlier(
                    each.id,
                    name,
                    str(each.dates[row]),
                    int(each.rows[row]),
                    *(float(values[row]), float(others.min()), float(others.max())),
                )
    return None


def outliers(values: Floats, observed: Bools) -> Ints:
    """(T,) values and their mask → the rows of those out of all proportion, the farthest first

    >>> outliers(np.array([3.0, 4.0, 3.0, 5e6, 4.0, 3.0, 4.0]), np.ones(7, dtype=bool)).tolist()
    [3]
    """
    none: Ints = np.empty(0, np.int64)
    rows = np.flatnonzero(observed)
    if len(rows) < 2 * MOST:
        return none
    kept = values[rows]
    with np.errstate(over="ignore"):
        deviations = np.abs(kept - np.median(kept))
    order = np.argsort(-deviations, kind="stable")
    largest = deviations[order[: MOST + 1]]
    for count in range(1, MOST + 1):
        others = kept[order[count:]]
        spread = float(others.std())
        # If all others are equal, any value is far from them: a first sale among zeros.
        farthest, size = kept[order[count - 1]], float(np.abs(others).max())
        if spread > 0 and largest[count - 1] >= GAP * largest[count] and abs(farthest) >= GAP * size:
            squares = float((deviations[order[:count]] ** 2).sum()) / len(kept)
            if squares >= (SWELLING**2 - 1) * spread**2:
                chosen: Ints = rows[order[:count]]
                return chosen
    return none
