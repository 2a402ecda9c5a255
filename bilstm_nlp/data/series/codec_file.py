"""The codec's part of codec.json: its schema, writing and reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from bilstm_nlp.data.series.calendar import Calendar
from bilstm_nlp.data.series.categories import Labels
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.covariates import StaticCodec
from bilstm_nlp.data.series.frequencies import parse_frequency
from bilstm_nlp.data.series.leads import ROWS, leads_from, leads_json
from bilstm_nlp.data.series.normalisation import Normalisation, Theta
from bilstm_nlp.data.series.recognition import Ends, Excerpt
from bilstm_nlp.data.series.scale import Scale, ScalerKind
from bilstm_nlp.data.series.series import Columns
from bilstm_nlp.data.series.transform import Curve, TransformKind
from bilstm_nlp.system.json_values import checked


class ScaleFile(BaseModel):
    """A scale in codec.json."""

    model_config = ConfigDict(strict=True)

    kind: ScalerKind
    centre: list[float]
    scale: list[PositiveFloat]


class ExcerptFile(BaseModel):
    """An excerpt in codec.json."""

    model_config = ConfigDict(strict=True)

    date: str
    rows: PositiveInt
    digest: str


class EndsFile(BaseModel):
    """The last dates of a series' parts in codec.json."""

    model_config = ConfigDict(strict=True)

    train: str | None
    validation: str | None
    test: str | None


class CurveFile(BaseModel):
    """A curve in codec.json."""

    model_config = ConfigDict(strict=True)

    power: list[Annotated[float, Field(ge=0, le=1)]]
    shift: list[float]


class ThetaFile(BaseModel):
    """The settings of the normalisation `theta` in codec.json."""

    model_config = ConfigDict(strict=True)

    season: PositiveInt
    damping: Annotated[float, Field(ge=0, le=1)]
    trend_smoothing: Annotated[float, Field(ge=0, le=1)] = 0.0


class LeadsFile(BaseModel):
    """The leads in codec.json, coefficients by target."""

    model_config = ConfigDict(strict=True)

    limits: list[Annotated[float, Field(ge=0)]]
    coefficients: dict[str, list[list[float]]] = Field(min_length=1)


class StaticFile(BaseModel):
    """The static columns in codec.json."""

    model_config = ConfigDict(strict=True)

    numbers: list[str]
    centre: list[float]
    scale: list[PositiveFloat]
    categories: list[str]
    values: dict[str, dict[str, list[str | float | None]]]

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """Check that every number has a unit, and every series a value of every column."""
        if not len(self.numbers) == len(self.centre) == len(self.scale):
            raise ValueError(f"expected centre and scale of {len(self.numbers)} static columns, found others")
        names = {*self.numbers, *self.categories}
        if not all(values.keys() == names for values in self.values.values()):
            raise ValueError(f"expected values of the static columns {', '.join(sorted(names))}, found others")
        return self


class CodecFile(BaseModel):
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
    scalers: dict[str, ScaleFile] = Field(min_length=1)
    deviations: dict[str, list[float]]
    levels: list[float] = []
    ends: dict[str, EndsFile] = {}
    excerpts: list[ExcerptFile] = []
    timezone: str | None = None
    transform: TransformKind = "none"
    curves: dict[str, CurveFile] = {}
    lower: float | None = None
    theta: ThetaFile | None = None
    min_past: PositiveInt | None = None
    encoder_rows: PositiveInt | None = None
    categories: dict[str, list[str]] = {}
    static: StaticFile | None = None
    effects: list[list[float]] | None = None
    leads: LeadsFile | None = None
    idle: list[str] = []

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """Check that columns differ, and that every series has figures for every column."""
        names = [*self.targets, *self.observed, *self.known]
        if len(set(names)) < len(names):
            raise ValueError(f"expected columns that differ, found {', '.join(names)}")
        if self.deviations.keys() != self.scalers.keys():
            raise ValueError("expected deviations of the series that have scalers, found others")
        if self.levels and self.ends.keys() != self.scalers.keys():
            raise ValueError("expected ends of the series that have scalers, found others")
        if not all(0 < level < 1 for level in self.levels):
            raise ValueError(f"expected levels between 0 and 1, found {self.levels}")
        static = [] if self.static is None else self.static.categories
        if not self.categories.keys() <= {*self.known, *static}:
            raise ValueError(f"expected categories of known and static columns, found {', '.join(self.categories)}")
        coded = [name for name in self.known if name in self.categories]
        if self.known[len(self.known) - len(coded) :] != coded or not self.categories.keys() >= set(static):
            raise ValueError("expected known columns of categories as the last, and labels of all, found others")
        if not set(self.idle) <= set(self.known):
            raise ValueError(f"expected idle columns among those known ahead, found {', '.join(self.idle)}")
        shape = (len(set(self.known) - {*coded, *self.idle}), len(self.targets))
        if self.effects is not None and [len(row) for row in self.effects] != [shape[1]] * shape[0]:
            raise ValueError(f"expected effects of {shape[0]} known columns on {shape[1]} targets, found others")
        self._check_leads()
        if self.static is not None and self.static.values.keys() != self.scalers.keys():
            raise ValueError("expected static values of the series that have scalers, found others")
        expected_curves = self.scalers.keys() if self.transform in ("log1p", "box-cox") else set()
        if self.curves.keys() != expected_curves:
            raise ValueError(f"expected curves of the series that have scalers for {self.transform}, found others")
        for name, curve in self.curves.items():
            if not len(curve.power) == len(curve.shift) == len(self.targets):
                raise ValueError(f"expected curves of {len(self.targets)} columns for series {name!r}, found others")
        for name, scaler in self.scalers.items():
            sizes = (len(scaler.centre), len(scaler.scale), len(self.deviations[name]))
            if sizes != (len(names), len(names), len(self.targets)):
                expected = f"centre, scale and deviations of {len(names)}, {len(names)} and {len(self.targets)} columns"
                raise ValueError(f"expected {expected} for series {name!r}, found {', '.join(map(str, sizes))}")
        return self

    def _check_leads(self) -> None:
        """Raise `ValueError` for leads of other columns, or of another number of inputs or steps."""
        if self.leads is None:
            return
        columns = len(self.targets) + len(self.observed)
        sizes = [[len(row) for row in rows] for rows in self.leads.coefficients.values()]
        fit = all(each == [self.horizon] * (ROWS * columns) for each in sizes)
        if not fit or len(self.leads.limits) != columns or not self.leads.coefficients.keys() <= set(self.targets):
            expected = f"{columns} limits, and {ROWS * columns} rows of {self.horizon} each"
            raise ValueError(f"expected leads of targets, {expected}, found others")


def codec_json(codec: SeriesCodec) -> dict[str, Any]:
    """Return the codec's part of codec.json."""
    since_0_2 = {
        "levels": list(codec.levels),
        "ends": {name: asdict(ends) for name, ends in codec.ends.items()},
        "excerpts": [asdict(excerpt) for excerpt in codec.excerpts],
        "timezone": codec.timezone,
        "transform": codec.transform,
        "curves": {
            name: {"power": curve.power.tolist(), "shift": curve.shift.tolist()} for name, curve in codec.curves.items()
        },
        "lower": codec.lower,
        "theta": None if codec.theta is None else asdict(codec.theta),
        "min_past": codec.min_past,
        "encoder_rows": codec.encoder_rows,
        "categories": {name: list(labels) for name, labels in codec.categories.items()},
        "static": None if codec.static is None else _static_json(codec.static),
        **({} if codec.effects is None else {"effects": codec.effects.tolist()}),
        **({} if codec.leads is None else {"leads": leads_json(codec.leads, codec.columns.targets)}),
        **({"idle": list(codec.columns.idle)} if codec.columns.idle else {}),
    }
    return {
        "targets": list(codec.columns.targets),
        "observed": list(codec.columns.observed),
        "known": list(codec.columns.known),
        "calendar": codec.calendar,
        "normalisation": codec.normalisation,
        "look_back": codec.look_back,
        "horizon": codec.horizon,
        "frequency": codec.frequency,
        "scalers": {
            name: {"kind": codec.kind, "centre": scale.centre.tolist(), "scale": scale.size.tolist()}
            for name, scale in codec.scales.items()
        },
        "deviations": {name: deviations.tolist() for name, deviations in codec.deviations.items()},
        **(since_0_2 if codec.levels else {}),
    }


def _static_json(static: StaticCodec) -> dict[str, Any]:
    """Return the static columns as in codec.json."""
    return {
        "numbers": list(static.numbers),
        "centre": static.scale.centre.tolist(),
        "scale": static.scale.size.tolist(),
        "categories": list(static.categories),
        "values": {
            series: {name: list(cells) for name, cells in values.items()} for series, values in static.values.items()
        },
    }


def _static_of(file: StaticFile, labels: Mapping[str, Labels]) -> StaticCodec:
    """Undo `_static_json`, given the labels of each column of categories."""
    return StaticCodec(
        tuple(file.numbers),
        Scale(np.array(file.centre), np.array(file.scale)),
        {name: labels[name] for name in file.categories},
        {series: {name: tuple(cells) for name, cells in values.items()} for series, values in file.values.items()},
    )


def codec_of(values: dict[str, Any]) -> SeriesCodec:
    """Undo `codec_json`. Raises `RunError` for values that are missing, wrong or do not fit together."""
    file = checked(CodecFile, values, "codec.json")
    parse_frequency(file.frequency)
    categories = {name: tuple(labels) for name, labels in file.categories.items()}
    static = None if file.static is None else _static_of(file.static, categories)
    columns = Columns(
        tuple(file.targets),
        tuple(file.observed),
        tuple(file.known),
        () if static is None else tuple(next(iter(static.values.values()))),
        tuple(categories),
        tuple(file.idle),
    )
    return SeriesCodec(
        columns=columns,
        calendar=file.calendar,
        normalisation=file.normalisation,
        look_back=file.look_back,
        horizon=file.horizon,
        frequency=file.frequency,
        kind=next(iter(file.scalers.values())).kind,
        scales={name: Scale(np.array(of.centre), np.array(of.scale)) for name, of in file.scalers.items()},
        deviations={name: np.array(deviations) for name, deviations in file.deviations.items()},
        levels=tuple(file.levels),
        ends={name: Ends(of.train, of.validation, of.test) for name, of in file.ends.items()},
        excerpts=tuple(Excerpt(of.date, of.rows, of.digest) for of in file.excerpts),
        timezone=file.timezone,
        transform=file.transform,
        curves={name: Curve(np.array(of.power), np.array(of.shift)) for name, of in file.curves.items()},
        lower=file.lower,
        theta=None if file.theta is None else Theta(file.theta.season, file.theta.damping, file.theta.trend_smoothing),
        min_past=file.min_past,
        encoder_rows=file.encoder_rows,
        categories=categories,
        static=static,
        effects=None if file.effects is None else np.array(file.effects).reshape(-1, len(file.targets)),
        leads=None if file.leads is None else leads_from(file.leads.limits, file.leads.coefficients, file.targets),
    )
