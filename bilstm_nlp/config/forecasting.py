"""What a forecaster's config holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bilstm_nlp.config.measures import Comparability, Measure, Subject
from bilstm_nlp.config.sections import (
    AttentionConfig,
    EncoderConfig,
    NoAttention,
    Positive,
    Section,
    Seed,
    Source,
    TrainingConfig,
)

Share = Annotated[float, Field(gt=0, lt=1)]


class FractionsSplit(Section):
    kind: Literal["fractions"] = "fractions"
    train: Share = 0.7
    """Share of the rows, the oldest."""
    validation: Share = 0.1
    """Share of the rows that follow; chooses the epoch to keep and the width of the intervals."""
    test: Share = 0.2
    """Share of the rows after those."""


class CountsSplit(Section):
    kind: Literal["counts"] = "counts"
    train: Positive
    """Rows, the oldest."""
    validation: Positive
    """Rows that follow; they choose the epoch to keep and the width of the intervals."""
    test: Positive
    """Rows after those; what is left after them is not used."""


def at_midnight(day: datetime | date) -> datetime:
    """A date as the moment when it begins, which is all that JSON can tell of it."""
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)


Moment = Annotated[datetime | date, AfterValidator(at_midnight)]


class DatesSplit(Section):
    kind: Literal["dates"] = "dates"
    validation: Moment
    """First date of the validation part."""
    test: Moment
    """First date of the test part."""
    end: Moment | None = None
    """First date that is not used any more; by default all are."""


class ForecastingData(Section):
    file: Source
    """Series: .csv (.gz too) or .parquet, wide (a date and a column for each variable) or long, or `sample:FILE`."""
    layout: Literal["auto", "wide", "long"] = "auto"
    """`auto` takes a file with the id column for long."""
    date_column: str | None = None
    """Column of the date; by default `ds` in long files, `date` in wide ones."""
    id_column: str = "unique_id"
    """Column that tells the series of a long file apart."""
    targets: tuple[str, ...] | None = Field(None, min_length=1)
    """Columns to forecast; by default all that are neither `observed` nor `known`."""
    observed: tuple[str, ...] = ()
    """Columns whose past is read beside that of the targets, but which are not forecast."""
    known: tuple[str, ...] = ()
    """Columns known ahead, such as holidays: read over the look-back and over the horizon."""
    calendar: Literal["none", "scaled", "cyclic"] = "none"
    """Features of the dates (hour, weekday, …), known ahead: each a column on [−0.5, 0.5], or its sine and cosine."""
    frequency: str | None = None
    """A pandas alias (h, D, 15min); by default inferred from the dates."""
    missing: Literal["error", "interpolate", "ffill"] = "error"
    """What to do with gaps, empty cells and infinities; what is filled is counted and said."""
    split: FractionsSplit | CountsSplit | DatesSplit = Field(FractionsSplit(), discriminator="kind")
    """Training, validation and test rows, in this order."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Share of the training rows that is used, the most recent ones."""
    scaler: Literal["standard", "robust", "min-max", "none"] = "standard"
    """How each series' columns are scaled, by figures of their training rows."""
    look_back: Positive = 96
    """Rows that a forecast is made from."""
    horizon: Positive = 24
    """Rows that are forecast."""
    stride: Positive = 1
    """Rows between the origins of training windows; validation and test windows have every origin."""
    season: Positive | None = None
    """Rows after which the seasonal naive forecast repeats; by default that of the frequency (hourly 24, daily 7)."""
    validate_on: Literal["validation", "test"] = "validation"
    """Part that chooses the epoch to keep. `test` is there to repeat published mistakes."""


class StepReaderConfig(Section):
    kind: Literal["steps"] = "steps"


class PatchReaderConfig(Section):
    kind: Literal["patches"] = "patches"
    length: Positive = 24
    """Rows in a patch."""
    stride: Positive = 24
    """Rows from one patch to the next."""
    size: Positive = 128
    """Size of a patch's projection."""


class SeriesInput(Section):
    normalisation: Literal["none", "last", "standard"] = "last"
    """What each window's targets are freed of: nothing, their last value, or their mean and standard deviation."""
    channels: Literal["joint", "independent"] = "independent"
    """All columns in one sequence, or a sequence for each target with shared weights."""
    reader: PatchReaderConfig | StepReaderConfig = Field(PatchReaderConfig(), discriminator="kind")
    """What is a time step to the encoder: a patch of rows, or a row."""


class MseConfig(Section):
    kind: Literal["mse"] = "mse"


class MaeConfig(Section):
    kind: Literal["mae"] = "mae"


class HuberConfig(Section):
    kind: Literal["huber"] = "huber"
    delta: float = Field(1.0, gt=0)
    """Error up to which the loss is squared, in scaled units."""


def with_median(levels: tuple[float, ...]) -> tuple[float, ...]:
    """The levels, if they are ascending and there is a median between two others."""
    if list(levels) != sorted(set(levels)) or 0.5 not in levels[1:-1]:
        raise ValueError("expected ascending levels with 0.5 between two others")
    return levels


class QuantileConfig(Section):
    kind: Literal["quantile"] = "quantile"
    levels: Annotated[tuple[Share, ...], AfterValidator(with_median)] = (0.05, 0.5, 0.95)
    """Quantiles to forecast; the outermost make the interval, the median is the forecast."""


class NoBypass(Section):
    kind: Literal["none"] = "none"


class LinearBypassConfig(Section):
    kind: Literal["linear"] = "linear"


class RegressionHeadConfig(Section):
    pooling: Literal["last", "both-ends", "mean", "attention"] = "both-ends"
    """Which of the encoder's states the forecast is made from."""
    hidden: Positive | None = None
    """Size of a hidden layer with ReLU before all steps; by default the map to them is linear."""
    bypass: LinearBypassConfig | NoBypass = Field(NoBypass(), discriminator="kind")
    """What is added to it from the look-back itself, past the encoder: nothing, or a linear map."""
    objective: MseConfig | MaeConfig | HuberConfig | QuantileConfig = Field(MaeConfig(), discriminator="kind")
    """What training makes small."""


class ForecastingTraining(TrainingConfig):
    batch_size: Positive = 64
    """Windows in a batch."""

    @property
    def batch_setting(self) -> str:
        """What makes batches smaller, for a message."""
        return f"training.batch_size (now {self.batch_size})"


class ForecastingConfig(Section):
    """A forecaster: which series, what the encoder reads of them, which encoder, which head, how trained."""

    task: Literal["forecasting"] = "forecasting"
    """What is trained."""
    seed: Seed = 1
    """Decides the initial weights, dropout and the order of the windows."""
    data: ForecastingData
    """Which series, and how to read and split them."""
    input: SeriesInput = SeriesInput()
    """What the encoder reads of a window."""
    encoder: EncoderConfig = EncoderConfig()
    """The recurrent layers."""
    attention: AttentionConfig = NoAttention()
    """What lets every position read the whole sequence, between encoder and head."""
    head: RegressionHeadConfig = RegressionHeadConfig()
    """What makes a forecast of the encoder's states."""
    interval: Share = 0.9
    """Share of the future that prediction intervals are to cover; calibrated on the validation part."""
    training: ForecastingTraining = ForecastingTraining()
    """How the weights are found."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All files that are read."""
        return (self.data.file,)

    @property
    def comparability(self) -> Comparability:
        """How forecasters can be compared."""
        keys = ("file", "targets", "split", "horizon", "validate_on", "frequency", "missing")
        return Comparability(
            measures=[Measure(name, self.data.validate_on, higher_is_better=False, scale=1) for name in ("mse", "mae")],
            common=["task", *(f"data.{key}" for key in keys)],
            subject=Subject("windows", overlapping=self.data.horizon > 1, groups="column"),
        )
