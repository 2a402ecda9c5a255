"""Recognition of what a training has seen: its only series under another name, and the part of a row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.series import Parts, Series


@dataclass(frozen=True)
class Ends:
    """The last dates of a series' parts, in ISO 8601, or the last steps; `None` for an empty part."""

    train: str | None
    validation: str | None
    test: str | None

    @classmethod
    def of(cls, series: Series, parts: Parts) -> Ends:
        """Return the last dates of these parts."""

        def last(rows: slice) -> str | None:
            return _text(series.dates[rows.stop - 1]) if rows.stop > rows.start else None

        return cls(last(parts.train), last(parts.validation), last(parts.test))

    def part_of(self, date: pd.Timestamp | int) -> str:
        """Return the part of a row at this date or step: "train", "validation", "test" or "after".

        >>> ends = Ends("2024-01-10", "2024-01-12", None)
        >>> [ends.part_of(pd.Timestamp(date)) for date in ("2024-01-10", "2024-01-11", "2024-01-13")]
        ['train', 'validation', 'after']
        """
        for name, end in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            if end is None:
                continue
            within = _is_until(date, pd.Timestamp(end)) if isinstance(date, pd.Timestamp) else date <= int(end)
            if within:
                return name
        return "after"


def _is_until(date: pd.Timestamp, end: pd.Timestamp) -> bool:
    """Tell if a date is not after the end. If only one of them has a time zone, the clocks' times are compared."""
    if (date.tz is None) != (end.tz is None):
        date, end = date.tz_localize(None), end.tz_localize(None)
    return date <= end


def part_of(ends: Mapping[str, Ends], name: str | None, date: pd.Timestamp | int) -> str:
    """Return the part of a row at this date, given the training's name of its series.

    It is "unseen" for a series that was not in training, and "unknown" for runs that recorded no ends.
    """
    if name is None:
        return "unseen"
    return ends[name].part_of(date) if name in ends else "unknown"


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
