"""The units of series: fitted to past rows, applied before the model, undone after it."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints, Values

ScalerKind = Literal["standard", "robust", "min-max", "none"]


@dataclass(frozen=True, eq=False)
class Scale:
    """A change of units: (value − centre) / size in each column.

    >>> scale = Scale(np.array([10.0]), np.array([2.0]))
    >>> scale.apply(np.array([[14.0]])), scale.undo(np.array([[2.0]]))
    (array([[2.]]), array([[14.]]))
    """

    centre: Floats
    """(C,); (S, C) for S series, (B, 1, C) for B windows."""
    size: Floats
    """As `centre`, above 0."""

    @classmethod
    def unit(cls, columns: int) -> Scale:
        """Return the scale that changes no value of so many columns."""
        return cls(np.zeros(columns), np.ones(columns))

    @classmethod
    def fit(cls, kind: ScalerKind, values: Floats, observed: Bools | None = None) -> Scale:
        """Fit a scale to (T, C) training rows, without values that are not `observed` (T, C).

        `standard`: mean and standard deviation, divided by T as in the literature on ETT. `robust`: median and
        interquartile range, or the standard deviation if that range is 0. `min-max`: minimum and range. `none`: 0 and
        1. A constant column gets size 1, a column without observed values centre 0 and size 1.
        Raises `ValueError` without rows.
        """
        if len(values) == 0:
            raise ValueError("expected training rows to fit a scale to, found none")
        if observed is not None and not observed.all():
            columns = [cls._of_column(kind, values[seen, [index]]) for index, seen in enumerate(observed.T)]
            return cls(*(np.concatenate(parts) for parts in zip(*columns, strict=True)))
        match kind:
            case "standard":
                centre, size = values.mean(axis=0), values.std(axis=0)
            case "robust":
                low, centre, high = np.percentile(values, [25, 50, 75], axis=0)
                size = np.where(high > low, high - low, values.std(axis=0))
            case "min-max":
                centre = values.min(axis=0)
                size = values.max(axis=0) - centre
            case "none":
                centre, size = np.zeros(values.shape[1]), np.ones(values.shape[1])
        return cls(centre, _above_zero(size, np.abs(values).max(axis=0)))

    @classmethod
    def _of_column(cls, kind: ScalerKind, values: Floats) -> tuple[Floats, Floats]:
        """Fit a column's observed values (N,); return centre and size, (1,) each."""
        if len(values) == 0:
            return np.zeros(1), np.ones(1)
        scale = cls.fit(kind, values[:, None])
        return scale.centre, scale.size

    @classmethod
    def expanding(cls, kind: ScalerKind, values: Floats, observed: Bools) -> Scale:
        """Fit a scale to the rows before each row: (T, C) values → (T + 1, C), where row t has seen rows 0 to t − 1.

        Values that are not `observed` (T, C) are left out. Before the first observed value, centre is 0 and size 1.
        Row t depends on no value from row t on, to the last bit.

        >>> seen = np.ones((3, 1), dtype=bool)
        >>> Scale.expanding("min-max", np.array([[1.0], [3.0], [2.0]]), seen).size.ravel().tolist()
        [1.0, 1.0, 2.0, 2.0]
        """
        columns = [_expanding(kind, column, seen) for column, seen in zip(values.T, observed.T, strict=True)]
        centre, size = (np.stack(parts, axis=1) for parts in zip(*columns, strict=True))
        return cls(centre, size)

    def apply(self, values: Values) -> Floats:
        """(…, C) own units → (…, C) scaled units"""
        scaled: Floats = (values - self.centre) / self.size
        return scaled

    def undo(self, values: Values) -> Floats:
        """(…, C) scaled units → (…, C) own units"""
        own: Floats = values * self.size + self.centre
        return own

    def select(self, columns: Sequence[int]) -> Scale:
        """Return the scale of some of the columns, in this order."""
        return Scale(self.centre[..., list(columns)], self.size[..., list(columns)])

    def with_last(self, last: Scale) -> Scale:
        """Return this scale (…, F) with the last K columns' scales replaced by `last` (K,)."""
        count = self.centre.shape[-1] - last.centre.shape[-1]
        centre, size = self.centre.copy(), self.size.copy()
        centre[..., count:], size[..., count:] = last.centre, last.size
        return Scale(centre, size)

    def with_first(self, first: Scale) -> Scale:
        """Return this scale (…, F) with the first C columns' scales replaced by `first` (…, C)."""
        count = first.centre.shape[-1]
        centre, size = self.centre.copy(), self.size.copy()
        centre[..., :count], size[..., :count] = first.centre, first.size
        return Scale(centre, size)

    def with_unscaled(self, count: int) -> Scale:
        """Return this scale (…, F) with `count` further columns that keep their units."""
        shape = (*self.centre.shape[:-1], count)
        centre, size = np.zeros(shape), np.ones(shape)
        return Scale(np.concatenate([self.centre, centre], axis=-1), np.concatenate([self.size, size], axis=-1))

    @classmethod
    def stack(cls, scales: Sequence[Scale]) -> Scale:
        """Stack the scales (C,) of S series into one (S, C)."""
        return cls(np.stack([scale.centre for scale in scales]), np.stack([scale.size for scale in scales]))

    def of_windows(self, series: Ints) -> Scale:
        """From a stack (S, C), take the scale (B, 1, C) of B windows, given the series (B,) of each."""
        return Scale(self.centre[series, None], self.size[series, None])


@dataclass(frozen=True, eq=False)
class OriginScales:
    """The scales of S series by origin.

    A series of the training has one scale. Any other series has a scale for each origin, from the rows before it.
    """

    scales: Scale
    """(M, F), the scales of all series one after another."""
    first: Ints
    """(S,) row of each series' first scale."""
    expanding: Bools
    """(S,) True for a series with a scale for each origin."""

    @classmethod
    def stack(cls, scales: Sequence[Scale]) -> OriginScales:
        """Stack each series' scale: (F,) for all origins, or (T + 1, F) for origins 0 to T."""
        blocks = [(np.atleast_2d(scale.centre), np.atleast_2d(scale.size)) for scale in scales]
        centres, sizes = zip(*blocks, strict=True)
        first = np.cumsum([0, *map(len, centres[:-1])], dtype=np.int64)
        expanding = np.array([scale.centre.ndim == 2 for scale in scales])
        return cls(Scale(np.concatenate(centres), np.concatenate(sizes)), first, expanding)

    def at(self, series: Ints, rows: Ints) -> Scale:
        """Return the scale (B, 1, F) of B windows, given the series (B,) and the origin (B,) of each."""
        return self.scales.of_windows(self.first[series] + self.expanding[series] * rows)


def _above_zero(size: Floats, largest: Floats) -> Floats:
    """Replace the sizes of constant columns by 1, given the largest absolute value in each column."""
    # A constant column's deviation is not exactly 0 if its mean is not exact.
    constant = size <= 10 * np.finfo(np.float64).eps * largest
    return np.where(constant, 1.0, size)


def _expanding(kind: ScalerKind, values: Floats, observed: Bools) -> tuple[Floats, Floats]:
    """Return centre and size (T + 1,) of one column, as `Scale.expanding` does."""
    seen = np.cumsum(observed)
    values = values[observed]
    match kind:
        case "standard":
            centre, size = _running_moments(values)
        case "robust":
            low, centre, high = _running_quartiles(values)
            size = np.where(high > low, high - low, _running_moments(values)[1])
        case "min-max":
            centre = np.minimum.accumulate(values)
            size = np.maximum.accumulate(values) - centre
        case "none":
            centre, size = np.zeros(len(values)), np.ones(len(values))
    size = _above_zero(size, np.maximum.accumulate(np.abs(values)))
    count = np.concatenate([[0], seen])
    return np.concatenate([[0.0], centre])[count], np.concatenate([[1.0], size])[count]


def _running_moments(values: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the values up to each value."""
    if len(values) == 0:
        return np.empty(0), np.empty(0)
    # Sums of squares lose digits if the values are far from 0; those of the differences to the first value do not.
    differences = values.astype(np.longdouble) - values[0]
    count = np.arange(1, len(values) + 1)
    mean = np.cumsum(differences) / count
    variance = np.maximum(np.cumsum(differences**2) / count - mean**2, 0)
    return (mean + values[0]).astype(np.float64), np.sqrt(variance).astype(np.float64)


def _running_quartiles(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the quartiles of the values up to each value, interpolated as `numpy.percentile` does."""
    ascending: list[float] = []
    quartiles = np.empty((3, len(values)))
    for index, value in enumerate(values.tolist()):
        insort(ascending, value)
        for row, share in enumerate((0.25, 0.5, 0.75)):
            below, rest = divmod(share * index, 1)
            lower, upper = ascending[int(below)], ascending[min(int(below) + 1, index)]
            quartiles[row, index] = lower + rest * (upper - lower)
    low, middle, high = quartiles
    return low, middle, high
