"""The facts of a file of series, and the settings that are chosen by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bilstm_nlp.batch import Floats
from bilstm_nlp.config.toml import toml
from bilstm_nlp.data.series.frequencies import OBSERVED
from bilstm_nlp.data.series.outliers import Outlier, outlier_of
from bilstm_nlp.data.series.series import Series, SeriesSet

BUSINESS_DAYS = "B"
HOLIDAYS = 0.1
"""Largest fraction of business days without a row that are taken for holidays."""
LONGEST_BREAK = 5
"""Longest run of business days without a row that is taken for holidays."""


@dataclass(frozen=True)
class Facts:
    """The facts of a file of series that settings are chosen by."""

    frequency: str
    lengths: Sequence[int]
    columns: int = 1
    """Number of columns to forecast."""
    filled: int = 0
    """Number of values that the file lacks."""
    values: Sequence[Floats] = ()
    """Series → (T, C) values to forecast, NaN where the file has none; empty if they are unknown."""
    holidays: int = 0
    """Number of business days without a row, which are left out of lengths and values."""
    outlier: Outlier | None = None
    """A value that is out of all proportion."""
    has_categories: bool = False
    """True if series have static columns, or columns of categories that are known ahead."""

    @classmethod
    def of(cls, series_set: SeriesSet, targets: Sequence[str]) -> Facts:
        """Measure series whose gaps have been filled."""
        absent = [series.rows == 0 for series in series_set.series]
        holidays = _are_holidays(series_set.frequency, absent)
        values = []
        for series, gaps in zip(series_set.series, absent, strict=True):
            own = np.where(series.observed_of(targets), series.select(targets), np.nan)
            values.append(own[~gaps] if holidays else own)
        return cls(
            frequency=series_set.frequency,
            lengths=[len(own) for own in values],
            columns=len(targets),
            filled=sum(int(np.isnan(own).sum()) for own in values),
            values=values,
            holidays=sum(int(gaps.sum()) for gaps in absent) if holidays else 0,
            outlier=outlier_of(series_set.series, targets),
            has_categories=any(map(_has_categories, series_set.series)),
        )

    @property
    def is_signed(self) -> bool:
        """True if a value is negative, or none is known."""
        return not self.values or min(float(np.nanmin(own, initial=0.0)) for own in self.values) < 0


def _has_categories(series: Series) -> bool:
    """Tell if a series has static columns, or a column with several categories."""
    return bool(series.static) or any(len(labels) > 1 for labels in series.labels.values())


def _are_holidays(frequency: str, absent: Sequence[np.ndarray[Any, np.dtype[np.bool_]]]) -> bool:
    """Tell if rows that are absent (T,) are days without trade: few, and in short runs."""
    if frequency != BUSINESS_DAYS or not any(gaps.any() for gaps in absent):
        return False
    share = sum(int(gaps.sum()) for gaps in absent) / sum(map(len, absent))
    return share <= HOLIDAYS and max(map(_longest_run, absent)) <= LONGEST_BREAK


def _longest_run(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """Return the length of the longest run of True.

    >>> _longest_run(np.array([True, False, True, True]))
    2
    """
    borders = np.flatnonzero(~np.concatenate([[False], flags, [False]]))
    return int(np.diff(borders).max() - 1)


@dataclass(frozen=True)
class Choice:
    """A setting by its dotted key, and why it is chosen."""

    key: str
    value: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.key} = {toml(self.value)}: {self.reason}"


def observed_days(facts: Facts) -> Sequence[Choice]:
    """Choose the days of the file as its frequency, if business days lack holidays."""
    if not facts.holidays:
        return []
    return [Choice("data.frequency", OBSERVED, f"{facts.holidays:,} business days have no row, as holidays have none")]
