"""The schema of the codec's part of codec.json."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from bilstm_nlp.data.series.normalisation import Normalisation
from bilstm_nlp.data.series.scale import ScalerKind
from bilstm_nlp.data.series.transform import TransformKind

Calendar = Literal["none", "scaled", "cyclic"]


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
