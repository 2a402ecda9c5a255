"""The units of series: fitted to training rows, applied before the model, undone after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values

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
    def fit(cls, kind: ScalerKind, values: Floats) -> Scale:
        """Fit a scale to (T, C) training rows. A constant column gets size 1.

        `standard`: mean and standard deviation, divided by T as in the literature on ETT. `robust`: median and
        interquartile range. `min-max`: minimum and range. `none`: 0 and 1. Raises `ValueError` without rows.
        """
        if len(values) == 0:
            raise ValueError("expected training rows to fit a scale to, found none")
        match kind:
            case "standard":
                centre, size = values.mean(axis=0), values.std(axis=0)
            case "robust":
                low, centre, high = np.percentile(values, [25, 50, 75], axis=0)
                size = high - low
            case "min-max":
                centre = values.min(axis=0)
                size = values.max(axis=0) - centre
            case "none":
                centre, size = np.zeros(values.shape[1]), np.ones(values.shape[1])
        # A constant column's deviation is not exactly 0 if its mean is not exact.
        constant = size <= 10 * np.finfo(np.float64).eps * np.abs(values).max(axis=0)
        return cls(centre, np.where(constant, 1.0, size))

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

    @classmethod
    def stack(cls, scales: Sequence[Scale]) -> Scale:
        """Stack the scales (C,) of S series into one (S, C)."""
        return cls(np.stack([scale.centre for scale in scales]), np.stack([scale.size for scale in scales]))

    def of_windows(self, series: Ints) -> Scale:
        """From a stack (S, C), take the scale (B, 1, C) of B windows, given the series (B,) of each."""
        return Scale(self.centre[series, None], self.size[series, None])

    def relative_to(self, other: Scale) -> Scale:
        """Return the scale whose `undo` takes values in these scaled units to the scaled units of `other`.

        >>> celsius, kelvin = Scale(np.array([0.0]), np.array([1.0])), Scale(np.array([-273.15]), np.array([1.0]))
        >>> celsius.relative_to(kelvin).undo(np.array([20.0]))
        array([293.15])
        """
        return Scale((self.centre - other.centre) / other.size, self.size / other.size)
