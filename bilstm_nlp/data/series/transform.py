"""Transforms of a target's values before they are scaled: for growth, for signs, and for bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints, Values
from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.errors import InputError

TransformKind = Literal["none", "log1p", "box-cox", "ratio"]

LARGEST = 650.0
"""The largest logarithm that is taken back, so that a wild forecast is large, not infinite."""
POWERS = np.linspace(0, 1, 21)
"""Candidates for the power of a Box-Cox transform. Below 0, a forecast could have no inverse."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The transform of Box and Cox (1964), ((x + shift)^power − 1) / power, or log(x + shift) for a power of 0.

    >>> curve = Curve(np.array([0.0]), np.array([1.0]))
    >>> curve.undo(curve.apply(np.array([[0.0], [9.0]]))).ravel().round(6).tolist()
    [0.0, 9.0]
    """

    power: Floats
    """(C,); (S, C) for S series, (B, 1, C) for B windows."""
    shift: Floats
    """As `power`."""

    @classmethod
    def fit(cls, kind: Literal["log1p", "box-cox"], values: Floats, observed: Bools) -> Curve:
        """Fit the curve to (T, C) training rows.

        `log1p` has power 0 and shift 1. `box-cox` has the power with the largest likelihood, and shift 1 for a column
        that has a 0.
        """
        width = values.shape[1]
        match kind:
            case "log1p":
                return cls(np.zeros(width), np.ones(width))
            case "box-cox":
                columns = [column[seen] for column, seen in zip(values.T, observed.T, strict=True)]
                shifts = [1.0 if len(column) and column.min() == 0 else 0.0 for column in columns]
                powers = [_power(column + shift) for column, shift in zip(columns, shifts, strict=True)]
                return cls(np.array(powers), np.array(shifts))
            case unknown:
                assert_never(unknown)

    def apply(self, values: Values) -> Floats:
        """(…, C) own units → (…, C) transformed. Values must lie above −shift."""
        base = values + self.shift
        power = np.where(self.power > 0, self.power, 1.0)
        transformed: Floats = np.where(self.power > 0, (base**power - 1) / power, np.log(base))
        return transformed

    def undo(self, values: Values) -> Floats:
        """(…, C) transformed → (…, C) own units. A value below the least transformed value is undone as that value."""
        power = np.where(self.power > 0, self.power, 1.0)
        base = np.clip(values * power + 1, 0.0, np.exp(LARGEST * power))
        own: Floats = np.where(self.power > 0, base ** (1 / power), np.exp(np.minimum(values, LARGEST))) - self.shift
        return own

    @classmethod
    def stack(cls, curves: Sequence[Curve]) -> Curve:
        """Stack the curves (C,) of S series: (S, C)."""
        return cls(np.stack([curve.power for curve in curves]), np.stack([curve.shift for curve in curves]))

    def of_windows(self, series: Ints) -> Curve:
        """From a stack (S, C), take the curve (B, 1, C) of B windows, given the series (B,) of each."""
        return Curve(self.power[series, None], self.shift[series, None])

    @classmethod
    def of(cls, curves: Mapping[str, Curve], name: str | None) -> Curve | None:
        """Return the curve of a series, by its name in training; None if there are no curves."""
        if not curves:
            return None
        return cls.median(curves) if name is None else curves[name]

    @classmethod
    def median(cls, curves: Mapping[str, Curve]) -> Curve:
        """Return the curve of a series that was not in training: the median power, the largest shift."""
        stacked = cls.stack(list(curves.values()))
        return cls(np.median(stacked.power, axis=0), stacked.shift.max(axis=0))

    def check(self, series: Series, columns: Sequence[str]) -> None:
        """Raise `InputError` for an observed value that has no transform, with its line."""
        below = (series.select(columns) <= -self.shift) & series.observed_of(columns)
        if below.any():
            row, index = (int(number) for number in np.argwhere(below)[0])
            bound, value = -self.shift[index] + 0.0, series.select(columns)[row, index]
            raise _outside(series, columns[index], row, f"above {bound:g} for data.transform", value)


@dataclass(frozen=True, eq=False)
class Units:
    """The way from scaled values of windows back to own units: scale, curve, and lower bound."""

    scale: Scale
    """(B, 1, C)"""
    curve: Curve | None = None
    """(B, 1, C)"""
    lower: float | None = None

    def apply(self, own: Values) -> Floats:
        """(B, H, C) own units → (B, H, C) scaled values. A value without a transform becomes the least that has one."""
        curve = self.curve
        values = own if curve is None else curve.apply(np.maximum(own, np.nextafter(-curve.shift, np.inf)))
        scaled: Floats = self.scale.apply(values)
        return scaled

    def undo(self, values: Values) -> Floats:
        """(B, H, C) scaled values → (B, H, C) own units, not below the lower bound"""
        own = self.scale.undo(values)
        if self.curve is not None:
            own = self.curve.undo(own)
        return own if self.lower is None else np.maximum(own, self.lower)


def check_lower(lower: float, series: Series, columns: Sequence[str]) -> None:
    """Raise `InputError` for an observed value below the lower bound, with its line."""
    below = (series.select(columns) < lower) & series.observed_of(columns)
    if below.any():
        row, index = (int(number) for number in np.argwhere(below)[0])
        raise _outside(series, columns[index], row, f"of at least data.lower = {lower:g}", series.values[row, index])


def _outside(series: Series, column: str, row: int, rule: str, value: float) -> InputError:
    place = f"series {series.id!r}, column {column!r}, {series.dates[row]}"
    line = f" (line or row {series.rows[row]})" if series.rows[row] else ""
    return InputError(f"{place}{line}: expected values {rule}, found {value:g}")


def _power(values: Floats) -> float:
    """Return the candidate with the largest likelihood for values above 0; 1 if they are too few or all equal."""
    if len(values) < 3 or values.min() <= 0 or np.ptp(values) == 0:
        return 1.0
    logs = np.log(values)
    best, best_likelihood = 1.0, -np.inf
    for power in POWERS:
        transformed = logs if power == 0 else (values**power - 1) / power
        variance = transformed.var()
        if variance <= 0:
            continue
        likelihood = (power - 1) * logs.sum() - len(values) / 2 * np.log(variance)
        if likelihood > best_likelihood:
            best, best_likelihood = float(power), likelihood
    return best
