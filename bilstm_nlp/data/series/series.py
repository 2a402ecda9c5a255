"""Series on a regular grid of dates, and their chronological split.

Imports pandas for type checking only. `tables` reads files, `calendar` makes dates.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints
from bilstm_nlp.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd


StaticCell = str | float | None
"""The value of a static column: a category, a number, or None if it is missing."""


@dataclass(frozen=True, eq=False)
class Series:
    """A series of T consecutive rows and C columns: every value is finite, no date of the grid is missing.

    Values that the file lacks have been filled. `observed` tells them from the others.

    Raises `ValueError` for arrays of other shapes.

    >>> import numpy as np
    >>> import pandas as pd
    >>> dates = pd.date_range("2024-01-01", periods=3, freq="D")
    >>> series = Series("shop", dates, np.array([[1.0], [2.0], [4.0]]), ("sales",), np.array([2, 3, 4]))
    >>> len(series), series[1:].values.tolist()
    (3, [[2.0], [4.0]])
    """

    id: str
    dates: pd.Index
    """(T,) ascending: dates in the time zone of the file, or whole numbers at the frequency `step`."""
    values: Floats
    """(T, C)"""
    columns: tuple[str, ...]
    rows: Ints
    """(T,) line in the file, or row if the file has no lines, both from 1; 0 at filled gaps."""
    observed: Bools | None = None
    """(T, C) False where a value was filled; None if the file has every value."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column of categories → its labels: value n stands for label n − 1, and value 0 for none of them."""
    static: Mapping[str, tuple[StaticCell, ...]] = field(default_factory=dict)
    """Static column → its value, or a value for each target."""

    def __post_init__(self) -> None:
        expected = (len(self.dates), len(self.columns))
        if self.values.shape != expected or self.rows.shape != expected[:1]:
            raise ValueError(f"expected values {expected} and rows, found {self.values.shape} and {self.rows.shape}")
        if self.observed is not None and self.observed.shape != expected:
            raise ValueError(f"expected observed {expected}, found {self.observed.shape}")

    def __len__(self) -> int:
        return len(self.dates)

    def __getitem__(self, part: slice) -> Series:
        """Return a part of the rows, as views."""
        observed = None if self.observed is None else self.observed[part]
        return dataclasses.replace(
            self, dates=self.dates[part], values=self.values[part], rows=self.rows[part], observed=observed
        )

    def select(self, columns: Sequence[str]) -> Floats:
        """Return the values (T, len(columns)) of these columns, in this order.

        Raises `InputError` for a column that the series lacks.
        """
        return self.values[:, column_indices(columns, self.columns)]

    def observed_of(self, columns: Sequence[str]) -> Bools:
        """Tell of each value (T, len(columns)) of these columns if the file has it.

        Raises `InputError` for a column that the series lacks.
        """
        indices = column_indices(columns, self.columns)
        if self.observed is None:
            return np.ones((len(self), len(indices)), dtype=np.bool_)
        return self.observed[:, indices]


def column_indices(names: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Return the index of each name among the columns. Raises `InputError` for a missing column.

    >>> column_indices(["c", "a"], ["a", "b", "c"])
    [2, 0]
    """
    for name in names:
        if name not in columns:
            raise InputError(f"expected one of the columns {', '.join(columns)}, found {name!r}")
    return [columns.index(name) for name in names]


FILLED_NAMED = 10
"""Columns whose filled values are described one by one."""


@dataclass(frozen=True)
class Columns:
    """A division of the columns by role."""

    targets: tuple[str, ...]
    """Columns to forecast."""
    observed: tuple[str, ...] = ()
    """Further columns of the look-back."""
    known: tuple[str, ...] = ()
    """Further columns of look-back and horizon; columns of categories are the last."""
    static: tuple[str, ...] = ()
    """Columns that are constant within each series."""
    categorical: tuple[str, ...] = ()
    """Columns, known or static, whose values are categories."""
    idle: tuple[str, ...] = ()
    """Known columns that have one value in all training rows. No model reads them."""

    @property
    def all(self) -> tuple[str, ...]:
        """All columns of rows: targets, observed, known."""
        return (*self.targets, *self.observed, *self.known)

    @property
    def coded(self) -> tuple[str, ...]:
        """The known columns of categories, the last of all columns."""
        return tuple(name for name in self.known if name in self.categorical)

    @property
    def read(self) -> Columns:
        """The columns that a model reads."""
        return replace(self, known=tuple(name for name in self.known if name not in self.idle), idle=())


@dataclass(frozen=True)
class Filled:
    """A count of the values that were missing in one column of a series and have been filled."""

    series: str
    column: str
    count: int
    first: pd.Timestamp | int
    """Date of the first filled value."""
    by: str = ""
    """The source of the values: "interpolate", "ffill", or "the last value" for those after it."""

    def described(self) -> str:
        """Describe the values, for a message."""
        of = f"column {self.column} of series {self.series}"
        return f"{self.count} values of {of} were missing, the first at {self.first}; filled by {self.by}"


@dataclass(frozen=True, eq=False)
class SeriesSet:
    """A set of series from one file. They share columns and frequency, their lengths differ."""

    source: str
    series: list[Series]
    columns: tuple[str, ...]
    frequency: str
    """A pandas alias such as h, D, B, MS or 15min, or a frequency of `frequencies`: step, month-15 …"""
    filled: tuple[Filled, ...] = ()
    """Values that the file lacked; empty if missing values are errors."""
    ahead: tuple[Series, ...] = ()
    """For each series, the columns known ahead in the rows after its last value; empty if the file has no such rows."""
    notes: tuple[str, ...] = ()
    """Decisions made while reading, each to be said once."""

    def of_frequency(self, trained: str) -> SeriesSet:
        """Return the series. Raises `DataError` if they have another frequency than those in training."""
        if self.frequency != trained:
            raise DataError(self.source, f"series of frequency {trained}, as in training", self.frequency)
        return self

    def remarks(self) -> list[str]:
        """Describe the decisions made while reading, and the filled values: one line for each column, at most ten."""
        lines = [f"{self.source}: {note}" for note in self.notes]
        lines += [f"{self.source}: {cells.described()}" for cells in self.filled[:FILLED_NAMED]]
        if rest := self.filled[FILLED_NAMED:]:
            count = sum(cells.count for cells in rest)
            lines.append(f"{self.source}: {count} values of {len(rest)} more columns were missing and have been filled")
        return lines


# --- the chronological split ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """A split of rows into three consecutive parts. Rows after the test part are unused."""

    train: slice
    validation: slice
    test: slice

    @classmethod
    def from_borders(cls, train_end: int, validation_end: int, test_end: int) -> Parts:
        """Make the parts from the row where each ends."""
        return cls(slice(0, train_end), slice(train_end, validation_end), slice(validation_end, test_end))


def split_counts(length: int, counts: tuple[int, int, int]) -> Parts:
    """Split by the number of rows in each part.

    Raises `InputError` if there are fewer rows, or if the training part is empty.

    >>> split_counts(10, (6, 2, 2)).test
    slice(8, 10, None)
    """
    if min(counts) < 0 or counts[0] == 0 or sum(counts) > length:
        shown = "/".join(map(str, counts))
        raise InputError(f"split: expected a training part and at most {length} rows in all, found counts {shown}")
    return Parts.from_borders(counts[0], counts[0] + counts[1], sum(counts))


def split_last(length: int, validation: int, test: int) -> Parts:
    """Split off validation and test part at the end.

    Raises `InputError` if no row is left for training.

    >>> split_last(10, validation=3, test=2).validation
    slice(5, 8, None)
    """
    if length <= validation + test:
        expected = f"more than {validation + test} rows, as validation = {validation} and test = {test} take"
        raise InputError(f"split: expected {expected}, found {length}")
    return Parts.from_borders(length - validation - test, length - test, length)


def split_fractions(length: int, fractions: tuple[float, float, float]) -> Parts:
    """Split by fractions of the rows. Training and test are rounded down, validation takes the remainder.

    Raises `InputError` if a fraction is negative, if they exceed 1 together, or if the training part is empty.

    >>> split_fractions(100, (0.7, 0.1, 0.2)).validation
    slice(70, 80, None)
    """
    if min(fractions) < 0 or sum(fractions) > 1 + 1e-9:
        shown = "/".join(map(str, fractions))
        raise InputError(f"split: expected fractions from 0 to 1 that add up to at most 1, found {shown}")
    # 0.29 · 100 is 28.999…96: without the tolerance a row would be lost.
    train, test, end = (
        math.floor(fraction * length + 1e-9) for fraction in (fractions[0], fractions[2], sum(fractions))
    )
    return split_counts(length, (train, end - train - test, test))


def split_dates(
    dates: pd.Index, validation: pd.Timestamp, test: pd.Timestamp, end: pd.Timestamp | None = None
) -> Parts:
    """Split at dates: `validation` and `test` begin these parts, rows from `end` on are unused.

    A date without a time zone is read in the series' time zone. Raises `InputError` if the dates do not ascend, or if
    the training part is empty.
    """
    if not hasattr(dates, "tz"):
        raise InputError(f"split: expected a series with dates, found one of steps from {dates[0]} to {dates[-1]}")
    borders = [validation, test] if end is None else [validation, test, end]
    zoned = [border.tz_localize(dates.tz) if border.tz is None else border for border in borders]
    if dates.tz is None and any(border.tz is not None for border in zoned):
        raise InputError("split: expected dates without a time zone, as the series has none, found one with it")
    rows = [int(dates.searchsorted(border)) for border in zoned]
    if zoned != sorted(zoned) or rows[0] == 0:
        shown = ", ".join(map(str, borders))
        raise InputError(f"split: expected ascending dates after {dates[0]}, found {shown}")
    return Parts.from_borders(rows[0], rows[1], len(dates) if end is None else rows[2])
