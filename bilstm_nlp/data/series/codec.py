"""Between series and tensors: the forecasting codec, learnt from training rows only, and the batches it makes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.data.series.baselines import LinearMap
from bilstm_nlp.data.series.calendar import calendar_features, parse_frequency, season
from bilstm_nlp.data.series.series import Floats, Ints, Parts, Scaler, ScalerKind, Series, SeriesSet
from bilstm_nlp.data.series.windows import Panel, Values, Windows
from bilstm_nlp.errors import DataError, InputError, RunError
from bilstm_nlp.metrics.forecasts import seasonal_naive_error

logger = logging.getLogger(__name__)

Calendar = Literal["none", "scaled", "cyclic"]
Normalisation = Literal["none", "last", "standard"]

BLOCK = 256
"""Windows gathered at a time where no gradient is needed."""


@dataclass(frozen=True)
class Columns:
    """What each column is for."""

    targets: tuple[str, ...]
    """Forecast."""
    observed: tuple[str, ...] = ()
    """Read over the look-back."""
    known: tuple[str, ...] = ()
    """Read over look-back and horizon."""

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.targets, *self.observed, *self.known)


@dataclass(frozen=True, eq=False)
class SeriesCodec:
    """Scalers and baselines of the training rows, and how windows are cut and normalised."""

    columns: Columns
    calendar: Calendar
    normalisation: Normalisation
    look_back: int
    horizon: int
    frequency: str
    season: int
    """Rows after which the seasonal naive forecast repeats."""
    scalers: dict[str, Scaler]
    """Series → scaler of `columns.all`."""
    naive_errors: dict[str, Floats]
    """Series → (C,) error of the seasonal naive forecast on its training rows, in its own units: the scale of MASE."""
    deviations: dict[str, Floats]
    """Series → (C,) standard deviation of its scaled training rows."""
    linear: LinearMap
    """The baseline fitted to the training windows, in scaled units."""

    @classmethod
    def fit(
        cls,
        found: SeriesSet,
        parts: Sequence[Parts],
        columns: Columns,
        *,
        calendar: Calendar,
        normalisation: Normalisation,
        scaler: ScalerKind,
        look_back: int,
        horizon: int,
        season_length: int | None,
    ) -> SeriesCodec:
        """From the training rows of each series. Raises `InputError` where they have no room for a window."""
        repeats = season_length or season(found.frequency)
        training = [one[part.train] for one, part in zip(found.series, parts, strict=True)]
        scalers = {one.id: Scaler.fit(scaler, one.select(columns.all)) for one in training}
        width = len(columns.targets)
        codec = cls(
            columns=columns,
            calendar=calendar,
            normalisation=normalisation,
            look_back=look_back,
            horizon=horizon,
            frequency=found.frequency,
            season=repeats,
            scalers=scalers,
            naive_errors={one.id: seasonal_naive_error(one.select(columns.targets), repeats) for one in training},
            deviations={
                one.id: scalers[one.id].transform(one.select(columns.all)).std(axis=0)[:width] for one in training
            },
            linear=LinearMap(np.zeros((look_back, horizon)), np.zeros(horizon)),
        )
        try:
            windows = codec.windows(training, [slice(0, len(one)) for one in training])
        except InputError as error:
            raise InputError(f"{found.source}, train part: {error}") from None
        blocks = ((block.past[..., :width], block.future) for block in windows.blocks(BLOCK))
        return cls(**{**vars(codec), "linear": LinearMap.fit(blocks)})

    # --- series to windows ---

    @property
    def known(self) -> int:
        """K: columns known ahead, those of the calendar included."""
        return len(self.columns.known) + int(self.features(pd.DatetimeIndex([])).shape[1])

    @property
    def inputs(self) -> int:
        """F: columns of a window's past."""
        return len(self.columns.targets) + len(self.columns.observed) + self.known

    def features(self, dates: pd.DatetimeIndex) -> Floats:
        """(T, …) what the calendar says of dates."""
        if self.calendar == "none":
            return np.empty((len(dates), 0))
        return calendar_features(dates, self.frequency, self.calendar)[0]

    def scaler(self, one: Series) -> Scaler:
        """The series' scaler: where training had one series it is that one's, whatever the file is called."""
        if len(self.scalers) == 1:
            (only,) = self.scalers.values()
            return only
        if one.id not in self.scalers:
            logger.warning("series %r was not in training: it is scaled by its own rows", one.id)
            return Scaler.fit(next(iter(self.scalers.values())).kind, one.select(self.columns.all))
        return self.scalers[one.id]

    def target_scaler(self, one: Series) -> Scaler:
        """The scaler of the targets alone."""
        return self.scaler(one).select(range(len(self.columns.targets)))

    def naive_error(self, one: Series) -> Floats:
        """(C,) of the series in training; zeros, which means none, for one that was not there."""
        return self.of_series(self.naive_errors, one, np.zeros(len(self.columns.targets)))

    def deviation(self, one: Series) -> Floats:
        """(C,) of the series in training; the mean of all for one that was not there."""
        return self.of_series(self.deviations, one, np.mean(list(self.deviations.values()), axis=0))

    def of_series(self, values: dict[str, Floats], one: Series, other: Floats) -> Floats:
        """What training said of a series: where it had one it is that one, whatever the file is called."""
        if len(values) == 1:
            (only,) = values.values()
            return only
        return values.get(one.id, other)

    def panel(self, series: Sequence[Series]) -> Panel:
        """Scaled values of all series, the calendar beside them, in single precision."""
        blocks: list[Values] = []
        for one in series:
            scaled = self.scaler(one).transform(one.select(self.columns.all))
            blocks.append(np.concatenate([scaled, self.features(one.dates)], axis=1).astype(np.float32))
        return Panel.stack(blocks, len(self.columns.targets), self.known)

    def windows(self, series: Sequence[Series], parts: Sequence[slice], stride: int = 1) -> Windows:
        """The windows of one part of each series. Raises `InputError` if there is none at all."""
        return Windows.over(self.panel(series), parts, self.look_back, self.horizon, stride)

    def check_frequency(self, found: SeriesSet) -> SeriesSet:
        """The same series. Raises `DataError` if they come at another frequency than those in training."""
        if found.frequency != self.frequency:
            expected = f"series of frequency {self.frequency}, as in training"
            raise DataError(found.source, expected, found.frequency)
        return found

    # --- windows to tensors ---

    def collate(self, past: Values, known: Values, future: Values | None = None) -> WindowBatch[NDArray[Any]]:
        """(B, L, F) past, (B, H, K) known ahead, (B, H, C) future → a batch, each window normalised by itself."""
        width = len(self.columns.targets)
        past = past.astype(np.float32)
        targets = past[..., :width]
        level, scale = np.zeros_like(targets[:, :1]), np.ones_like(targets[:, :1])
        if self.normalisation == "last":
            level = targets[:, -1:].copy()
        elif self.normalisation == "standard":
            level = targets.mean(axis=1, keepdims=True)
            # As in Kim et al. 2022: a window that stands still must not be divided by nothing.
            scale = np.sqrt(targets.var(axis=1, keepdims=True) + 1e-5)
        past[..., :width] = (targets - level) / scale
        return WindowBatch(
            past=past,
            level=level,
            scale=scale,
            known=known,
            future=future,
        )

    def batch(self, windows: Windows, chosen: Ints) -> WindowBatch[NDArray[Any]]:
        """The windows `chosen`, in this order."""
        found = windows.gather(chosen)
        return self.collate(found.past, found.known, found.future)

    # --- on disk ---

    def to_json(self) -> dict[str, Any]:
        return {
            "targets": self.columns.targets,
            "observed": self.columns.observed,
            "known": self.columns.known,
            "calendar": self.calendar,
            "normalisation": self.normalisation,
            "look_back": self.look_back,
            "horizon": self.horizon,
            "frequency": self.frequency,
            "season": self.season,
            "scalers": {name: scaler.to_json() for name, scaler in self.scalers.items()},
            "naive_errors": {name: errors.tolist() for name, errors in self.naive_errors.items()},
            "deviations": {name: deviations.tolist() for name, deviations in self.deviations.items()},
        }

    def tensors(self) -> dict[str, NDArray[np.float64]]:
        return {
            "linear.weights": self.linear.weights,
            "linear.bias": self.linear.bias,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> SeriesCodec:
        """Undo `to_json` and `tensors`. Raises `RunError` when something is missing or of the wrong kind."""
        try:
            codec = cls(
                columns=Columns(*(tuple(values[name]) for name in ("targets", "observed", "known"))),
                calendar=values["calendar"],
                normalisation=values["normalisation"],
                look_back=values["look_back"],
                horizon=values["horizon"],
                frequency=values["frequency"],
                season=values["season"],
                scalers={name: Scaler.from_json(scaler) for name, scaler in values["scalers"].items()},
                naive_errors={name: np.array(errors, np.float64) for name, errors in values["naive_errors"].items()},
                deviations={name: np.array(found, np.float64) for name, found in values["deviations"].items()},
                linear=LinearMap(tensors["linear.weights"], tensors["linear.bias"]),
            )
            codec.check()
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RunError(f"codec.json: expected a forecaster's codec, found {error!r}") from None
        return codec

    def check(self) -> None:
        """Raises `ValueError` where parts of a saved codec don't go together, or are not what they should be."""
        names, width = self.columns.all, len(self.columns.targets)
        if not width or {*map(type, names)} != {str} or len(set(names)) != len(names):
            raise ValueError(f"columns {names}")
        for value, choices in ((self.calendar, get_args(Calendar)), (self.normalisation, get_args(Normalisation))):
            if value not in choices:
                raise ValueError(f"{value!r} for one of {', '.join(choices)}")
        sizes = (self.look_back, self.horizon, self.season)
        if any(type(size) is not int or size < 1 for size in sizes):
            raise ValueError(f"sizes {sizes}")
        if type(self.frequency) is not str:
            raise ValueError(f"the frequency {self.frequency!r}")
        parse_frequency(self.frequency)
        wanted = {"linear.weights": (self.look_back, self.horizon), "linear.bias": (self.horizon,)}
        shapes = {"linear.weights": self.linear.weights.shape, "linear.bias": self.linear.bias.shape}
        if shapes != wanted or not self.linear.weights.dtype == self.linear.bias.dtype == np.float64:
            raise ValueError(f"a linear map of shapes {shapes}")
        if not self.scalers or not self.scalers.keys() == self.naive_errors.keys() == self.deviations.keys():
            raise ValueError("figures of other series than those that have scalers")
        for series, scaler in self.scalers.items():
            found = (scaler.centre.shape, self.naive_errors[series].shape, self.deviations[series].shape)
            if found != ((len(names),), (width,), (width,)):
                raise ValueError(f"figures of shapes {found} for series {series!r}")
