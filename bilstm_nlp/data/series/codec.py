"""The forecasting codec, fitted to the training rows: scales, calendar and normalisation of windows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from bilstm_nlp.batch import Floats, Ints, Values, WindowBatch
from bilstm_nlp.data.series.calendar import calendar_features, parse_frequency
from bilstm_nlp.data.series.scale import Scale, ScalerKind
from bilstm_nlp.data.series.series import Parts, Series, SeriesSet
from bilstm_nlp.data.series.windows import Panel, Windows
from bilstm_nlp.errors import DataError
from bilstm_nlp.system.json_values import checked

logger = logging.getLogger(__name__)

Calendar = Literal["none", "scaled", "cyclic"]
Normalisation = Literal["none", "last", "standard"]

BLOCK = 256
"""Windows gathered at a time where no gradient is needed."""


@dataclass(frozen=True)
class Columns:
    """A division of the columns by role."""

    targets: tuple[str, ...]
    """Columns to forecast."""
    observed: tuple[str, ...] = ()
    """Further columns of the look-back."""
    known: tuple[str, ...] = ()
    """Further columns of look-back and horizon."""

    @property
    def all(self) -> tuple[str, ...]:
        """All columns: targets, observed, known."""
        return (*self.targets, *self.observed, *self.known)


@dataclass(frozen=True, eq=False)
class SeriesCodec:
    """A codec between series and batches of windows."""

    columns: Columns
    calendar: Calendar
    normalisation: Normalisation
    look_back: int
    horizon: int
    frequency: str
    kind: ScalerKind
    scales: dict[str, Scale]
    """Series → scale of `columns.all`."""
    deviations: dict[str, Floats]
    """Series → (C,) standard deviation of its scaled training rows."""

    @classmethod
    def fit(
        cls,
        data: SeriesSet,
        parts: Sequence[Parts],
        columns: Columns,
        *,
        calendar: Calendar,
        normalisation: Normalisation,
        scaler: ScalerKind,
        look_back: int,
        horizon: int,
    ) -> SeriesCodec:
        """Fit the scales to the training rows of each series."""
        training = {series.id: series[part.train] for series, part in zip(data.series, parts, strict=True)}
        scales = {name: Scale.fit(scaler, series.select(columns.all)) for name, series in training.items()}
        scaled = {name: scales[name].apply(series.select(columns.all)) for name, series in training.items()}
        deviations = {name: values.std(axis=0)[: len(columns.targets)] for name, values in scaled.items()}
        return cls(
            columns=columns,
            calendar=calendar,
            normalisation=normalisation,
            look_back=look_back,
            horizon=horizon,
            frequency=data.frequency,
            kind=scaler,
            scales=scales,
            deviations=deviations,
        )

    # --- series to windows ---

    @property
    def known(self) -> int:
        """K: number of columns known ahead, with those of the calendar."""
        return len(self.columns.known) + int(self.features(pd.DatetimeIndex([])).shape[1])

    @property
    def inputs(self) -> int:
        """F: number of columns in a window's past."""
        return len(self.columns.targets) + len(self.columns.observed) + self.known

    def features(self, dates: pd.DatetimeIndex) -> Floats:
        """Compute the calendar's features (T, …) of T dates."""
        if self.calendar == "none":
            return np.empty((len(dates), 0))
        return calendar_features(dates, self.frequency, self.calendar)[0]

    def scale(self, series: Series) -> Scale:
        """Return the scale (F,) of a series' columns.

        If training had one series, its scale serves any series, as a file may go by another name. A series that was
        not in training is scaled by its own rows.
        """
        if len(self.scales) == 1:
            (only,) = self.scales.values()
            return only
        if series.id not in self.scales:
            logger.warning("series %r was not in training: it is scaled by its own rows", series.id)
            return Scale.fit(self.kind, series.select(self.columns.all))
        return self.scales[series.id]

    def target_scale(self, series: Series) -> Scale:
        """Return the scale (C,) of a series' targets."""
        return self.scale(series).select(range(len(self.columns.targets)))

    def known_scale(self, series: Series) -> Scale:
        """Return the scale of a series' columns known ahead, without those of the calendar."""
        count = len(self.columns.all)
        return self.scale(series).select(range(count - len(self.columns.known), count))

    def deviation(self, series: Series) -> Floats:
        """Return the deviation (C,) of a series' training rows: the mean of all series for one not in training.

        If training had one series, its deviation serves any series.
        """
        if len(self.deviations) == 1:
            (only,) = self.deviations.values()
            return only
        if series.id in self.deviations:
            return self.deviations[series.id]
        mean: Floats = np.mean(list(self.deviations.values()), axis=0)
        return mean

    def panel(self, series: Sequence[Series]) -> Panel:
        """Stack the scaled values of all series with the calendar's features, in single precision."""
        blocks: list[Values] = []
        for each in series:
            scaled = self.scale(each).apply(each.select(self.columns.all))
            blocks.append(np.concatenate([scaled, self.features(each.dates)], axis=1).astype(np.float32))
        return Panel.stack(blocks, len(self.columns.targets), self.known)

    def windows(self, series: Sequence[Series], parts: Sequence[slice], stride: int = 1) -> Windows:
        """Make the windows of one part of each series. Raises `InputError` if there is none."""
        return Windows.over(self.panel(series), parts, self.look_back, self.horizon, stride)

    def check_frequency(self, data: SeriesSet) -> SeriesSet:
        """Return the series. Raises `DataError` if they have another frequency than those in training."""
        if data.frequency != self.frequency:
            expected = f"series of frequency {self.frequency}, as in training"
            raise DataError(data.source, expected, data.frequency)
        return data

    # --- windows to batches ---

    def collate(self, past: Values, known: Values, future: Values | None = None) -> WindowBatch[NDArray[Any]]:
        """(B, L, F) past, (B, H, K) known ahead, (B, H, C) future → a batch, each window normalised by itself"""
        width = len(self.columns.targets)
        past = past.astype(np.float32)
        targets = past[..., :width]
        level, scale = np.zeros_like(targets[:, :1]), np.ones_like(targets[:, :1])
        if self.normalisation == "last":
            level = targets[:, -1:].copy()
        elif self.normalisation == "standard":
            level = targets.mean(axis=1, keepdims=True)
            # As in Kim et al. 2022: the scale of a constant window is not 0.
            scale = np.sqrt(targets.var(axis=1, keepdims=True) + 1e-5)
        past[..., :width] = (targets - level) / scale
        return WindowBatch(past=past, level=level, scale=scale, known=known, future=future)

    def batch(self, windows: Windows, numbers: Ints) -> WindowBatch[NDArray[Any]]:
        """Make a batch of the windows with these numbers, in this order."""
        arrays = windows.gather(numbers)
        return self.collate(arrays.past, arrays.known, arrays.future)

    # --- on disk ---

    def to_json(self) -> dict[str, Any]:
        """Return the codec's part of codec.json."""
        return {
            "targets": list(self.columns.targets),
            "observed": list(self.columns.observed),
            "known": list(self.columns.known),
            "calendar": self.calendar,
            "normalisation": self.normalisation,
            "look_back": self.look_back,
            "horizon": self.horizon,
            "frequency": self.frequency,
            "scalers": {
                name: {"kind": self.kind, "centre": scale.centre.tolist(), "scale": scale.size.tolist()}
                for name, scale in self.scales.items()
            },
            "deviations": {name: deviations.tolist() for name, deviations in self.deviations.items()},
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SeriesCodec:
        """Undo `to_json`. Raises `RunError` for values that are missing, wrong or do not fit together."""
        file = checked(_CodecFile, values, "codec.json")
        parse_frequency(file.frequency)
        return cls(
            columns=Columns(tuple(file.targets), tuple(file.observed), tuple(file.known)),
            calendar=file.calendar,
            normalisation=file.normalisation,
            look_back=file.look_back,
            horizon=file.horizon,
            frequency=file.frequency,
            kind=next(iter(file.scalers.values())).kind,
            scales={name: Scale(np.array(of.centre), np.array(of.scale)) for name, of in file.scalers.items()},
            deviations={name: np.array(deviations) for name, deviations in file.deviations.items()},
        )


class _ScaleFile(BaseModel):
    """A scale in codec.json."""

    model_config = ConfigDict(strict=True)

    kind: ScalerKind
    centre: list[float]
    scale: list[PositiveFloat]


class _CodecFile(BaseModel):
    """The codec's part of codec.json; the rest is for `Baselines`."""

    model_config = ConfigDict(strict=True)

    targets: list[str] = Field(min_length=1)
    observed: list[str]
    known: list[str]
    calendar: Calendar
    normalisation: Normalisation
    look_back: PositiveInt
    horizon: PositiveInt
    frequency: str
    scalers: dict[str, _ScaleFile] = Field(min_length=1)
    deviations: dict[str, list[float]]

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """Check that columns differ, and that every series has figures for every column."""
        names = [*self.targets, *self.observed, *self.known]
        if len(set(names)) < len(names):
            raise ValueError(f"expected columns that differ, found {', '.join(names)}")
        if self.deviations.keys() != self.scalers.keys():
            raise ValueError("expected deviations of the series that have scalers, found others")
        for name, scaler in self.scalers.items():
            sizes = (len(scaler.centre), len(scaler.scale), len(self.deviations[name]))
            if sizes != (len(names), len(names), len(self.targets)):
                expected = f"centre, scale and deviations of {len(names)}, {len(names)} and {len(self.targets)} columns"
                raise ValueError(f"expected {expected} for series {name!r}, found {', '.join(map(str, sizes))}")
        return self
