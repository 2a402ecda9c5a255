"""Recognition of the only series of a training under another name, as in another file or in a frame."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.series import Series


@dataclass(frozen=True)
class Excerpt:
    """A record of consecutive rows of a series: their number, the first date, a digest of the values.

    >>> dates = pd.date_range("2024-01-01", periods=4, freq="D")
    >>> series = Series("shop", dates, np.array([[1.0], [2.0], [4.0], [3.0]]), ("sales",), np.array([2, 3, 4, 5]))
    >>> excerpt = Excerpt.of(series[:2], ["sales"])
    >>> excerpt.is_in(series, ["sales"]), excerpt.is_in(series[1:], ["sales"])
    (True, False)
    """

    date: str
    """Of the first row, in ISO 8601."""
    rows: int
    digest: str
    """SHA-256 of the values of the targets."""

    @classmethod
    def of(cls, series: Series, targets: Sequence[str]) -> Excerpt:
        """Record all rows of a series."""
        return cls(_text(series.dates[0]), len(series), _digest(series.select(targets)))

    def is_in(self, series: Series, targets: Sequence[str]) -> bool:
        """Tell if a series has the same values at the same dates."""
        dates, is_step = series.dates, re.fullmatch("-?[0-9]+", self.date) is not None
        date = int(self.date) if is_step else pd.Timestamp(self.date)
        if is_step == isinstance(dates, pd.DatetimeIndex):
            return False
        if isinstance(dates, pd.DatetimeIndex) and (pd.Timestamp(self.date).tzinfo is None) != (dates.tz is None):
            return False
        row = int(np.asarray(dates.searchsorted(date)))
        if row + self.rows > len(series) or series.dates[row] != date:
            return False
        return _digest(series[row : row + self.rows].select(targets)) == self.digest


def excerpts(training: Series, targets: Sequence[str], rows: int) -> tuple[Excerpt, ...]:
    """Record the first and the last rows of a training part, at most `rows` each.

    Constant rows are not recorded: other series may begin or end with the same.
    """
    ends = [training[:rows], training[max(0, len(training) - rows) :]]
    return tuple(Excerpt.of(end, targets) for end in ends if (np.ptp(end.select(targets), axis=0) > 0).any())


def _text(date: pd.Timestamp | int) -> str:
    """Write a date, or the number of a step."""
    return date.isoformat() if isinstance(date, pd.Timestamp) else str(date)


def _digest(values: Floats) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, np.float64).tobytes()).hexdigest()
