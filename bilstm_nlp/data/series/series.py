"""Series on a regular grid of dates, their chronological split, and the scaler fitted on training rows.

Needs pandas for type checking only: who reads files or makes dates imports `tables` or `calendar`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.errors import InputError, RunError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Series:
    """T consecutive rows of C columns; every value is finite and no date of the grid is missing."""

    id: str
    dates: pd.DatetimeIndex
    """(T,) ascending; a time zone stays what it was."""
    values: Floats
    """(T, C)"""
    columns: tuple[str, ...]
    rows: Ints
    """(T,) line of the file, or row where it has no lines, both from 1; 0 where a gap was filled."""

    def __post_init__(self) -> None:
        expected = (len(self.dates), len(self.columns))
        if self.values.shape != expected or self.rows.shape != expected[:1]:
            raise ValueError(f"expected values {expected} and rows, found {self.values.shape} and {self.rows.shape}")

    def __len__(self) -> int:
        return len(self.dates)

    def __getitem__(self, part: slice) -> Series:
        """Some of the rows, as views."""
        return dataclasses.replace(self, dates=self.dates[part], values=self.values[part], rows=self.rows[part])

    def select(self, columns: Sequence[str]) -> Floats:
        """(T, len(columns)) these columns in this order. Raises `InputError` for one that is not there."""
        return self.values[:, positions(columns, self.columns)]


def positions(chosen: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Where the chosen columns are. Raises `InputError` for one that is not there."""
    for name in chosen:
        if name not in columns:
            raise InputError(f"expected one of the columns {', '.join(columns)}, found {name!r}")
    return [columns.index(name) for name in chosen]


@dataclass(frozen=True)
class Filled:
    """How many values of a series' column were missing and have been filled in, and the date of the first."""

    series: str
    column: str
    count: int
    first: pd.Timestamp


@dataclass(frozen=True, eq=False)
class SeriesSet:
    """Series of one file: the same columns and frequency, lengths of their own."""

    source: str
    series: list[Series]
    columns: tuple[str, ...]
    frequency: str
    """A pandas alias: h, D, B, MS, 15min …"""
    filled: tuple[Filled, ...] = ()
    """What was not in the file; empty where missing values are errors."""


# --- the chronological split ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """Rows of the three parts, one after the other; what comes after the test part is unused."""

    train: slice
    validation: slice
    test: slice

    @classmethod
    def from_borders(cls, *borders: int) -> Parts:
        """From the rows where training ends, validation ends and the test part ends."""
        train, validation, test = borders
        return cls(slice(0, train), slice(train, validation), slice(validation, test))


def split_counts(length: int, counts: tuple[int, int, int]) -> Parts:
    """So many rows for each part. Raises `InputError` if there are fewer, or if the training part is empty."""
    if min(counts) < 0 or counts[0] == 0 or sum(counts) > length:
        found = "/".join(map(str, counts))
        raise InputError(f"split: expected a training part and at most {length} rows in all, found counts {found}")
    return Parts.from_borders(counts[0], counts[0] + counts[1], sum(counts))


def split_fractions(length: int, fractions: tuple[float, float, float]) -> Parts:
    """Shares of the rows: training and test are rounded down, validation takes what rounding leaves over.

    Raises `InputError` if the shares are negative or more than 1 together, or if the training part is empty.
    """
    if min(fractions) < 0 or sum(fractions) > 1 + 1e-9:
        found = "/".join(map(str, fractions))
        raise InputError(f"split: expected fractions from 0 to 1 that add up to at most 1, found {found}")
    # 0.29 · 100 is 28.999…96, and a row must not be lost to that.
    train, test, end = (math.floor(share * length + 1e-9) for share in (fractions[0], fractions[2], sum(fractions)))
    return split_counts(length, (train, end - train - test, test))


def split_dates(
    dates: pd.DatetimeIndex, validation: pd.Timestamp, test: pd.Timestamp, end: pd.Timestamp | None = None
) -> Parts:
    """The validation part begins at `validation`, the test part at `test`; rows from `end` on are unused.

    Dates without a time zone are read in that of the series. Raises `InputError` if they are not in this order, or if
    the training part is empty.
    """
    moments = [validation, test] if end is None else [validation, test, end]
    zoned = [moment.tz_localize(dates.tz) if moment.tz is None else moment for moment in moments]
    if dates.tz is None and any(moment.tz is not None for moment in zoned):
        raise InputError("split: expected dates without a time zone, as the series has none, found one with it")
    borders = [int(dates.searchsorted(moment)) for moment in zoned]
    if zoned != sorted(zoned) or borders[0] == 0:
        found = ", ".join(map(str, moments))
        raise InputError(f"split: expected ascending dates after {dates[0]}, found {found}")
    return Parts.from_borders(*borders, *([len(dates)] if end is None else []))


# --- scaling --------------------------------------------------------------------------------------------------------

ScalerKind = Literal["standard", "robust", "min-max", "none"]


@dataclass(frozen=True, eq=False)
class Scaler:
    """(value − centre) / scale for each column; a column that never changed has scale 1."""

    kind: ScalerKind
    centre: Floats
    """(C,)"""
    scale: Floats
    """(C,) above 0"""

    @classmethod
    def fit(cls, kind: ScalerKind, values: Floats) -> Scaler:
        """From (T, C) training rows: mean and standard deviation, median and interquartile range, or the range.

        The standard deviation is that of the rows themselves (divided by T), as in the literature on ETT.
        """
        if len(values) == 0:
            raise ValueError("expected training rows to fit a scaler to, found none")
        match kind:
            case "standard":
                centre, scale = values.mean(axis=0), values.std(axis=0)
            case "robust":
                low, centre, high = np.percentile(values, [25, 50, 75], axis=0)
                scale = high - low
            case "min-max":
                centre = values.min(axis=0)
                scale = values.max(axis=0) - centre
            case "none":
                centre, scale = np.zeros(values.shape[1]), np.ones(values.shape[1])
        # A constant column's deviation is not exactly 0 where its mean is not exact.
        flat = scale <= 10 * np.finfo(np.float64).eps * np.abs(values).max(axis=0)
        return cls(kind, centre, np.where(flat, 1.0, scale))

    def transform(self, values: Floats) -> Floats:
        """(…, C) → (…, C)"""
        return (values - self.centre) / self.scale

    def inverse(self, values: Floats) -> Floats:
        """(…, C) → (…, C), undoing `transform`."""
        return values * self.scale + self.centre

    def select(self, columns: Sequence[int]) -> Scaler:
        """The scaler of some of the columns, in this order."""
        return Scaler(self.kind, self.centre[list(columns)], self.scale[list(columns)])

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "centre": self.centre.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Scaler:
        """Undo `to_json`, exactly. Raises `RunError` when something is missing or of the wrong kind."""
        try:
            centre, scale = (np.array(values[name], np.float64) for name in ("centre", "scale"))
            if centre.ndim != 1 or centre.shape != scale.shape or not np.all(scale > 0):
                raise ValueError("centre and scale of each column")
            if values["kind"] not in get_args(ScalerKind):
                raise ValueError(values["kind"])
            return cls(values["kind"], centre, scale)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise RunError(f"codec.json: expected a scaler, found {error!r}") from None
