"""The config of a forecaster."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo

from bilstm_nlp.config.measures import Comparability, Measure, Subject
from bilstm_nlp.config.readers import PatchReaderConfig, StepReaderConfig
from bilstm_nlp.config.regression import RegressionHeadConfig
from bilstm_nlp.config.sections import (
    AttentionConfig,
    EncoderConfig,
    NoAttention,
    Positive,
    Probability,
    Section,
    Seed,
    Source,
    TrainingConfig,
)
from bilstm_nlp.config.splits import CountsSplit, DatesSplit, Fraction, FractionsSplit, LastSplit


def of_a_clock(name: str) -> str:
    """Return the name of a time zone. Raises `ValueError` if there is no such zone."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError("expected a time zone such as Europe/Berlin") from None
    return name


TimeZone = Annotated[str, AfterValidator(of_a_clock)]


def _within_look_back(rows: int | None, info: ValidationInfo) -> int | None:
    """Return the number of rows if the look-back has as many. Raises `ValueError` if not."""
    look_back = info.data.get("look_back")
    if rows is not None and look_back is not None and rows > look_back:
        raise ValueError(f"expected at most the rows of data.look_back, {look_back}")
    return rows


def _within_horizon(rows: int | None, info: ValidationInfo) -> int | None:
    """Return the number of rows if the horizon has as many. Raises `ValueError` if not."""
    horizon = info.data.get("horizon")
    if rows is not None and horizon is not None and rows > horizon:
        raise ValueError(f"expected at most the rows of data.horizon, {horizon}")
    return rows


def _of_theta(smoothing: float, info: ValidationInfo) -> float:
    """Return the part of smoothed trends. Raises `ValueError` if it is above 0 for another normalisation."""
    if smoothing > 0 and info.data.get("normalisation", "theta") != "theta":
        raise ValueError(f'expected 0 unless input.normalisation = "theta", found {smoothing:g}')
    return smoothing


class ForecastingData(Section):
    """The series, their columns and the split into parts."""

    file: Source
    """File of series: .csv, .csv.gz, .parquet or `sample:FILE`. Wide files have a date and a column for each variable;
    long files have an id, a date and the columns."""
    layout: Literal["auto", "wide", "long"] = "auto"
    """Layout of the file. `auto` reads a file with the id column as long."""
    columns: tuple[str, ...] | None = Field(None, min_length=2)
    """Names of all columns, for a CSV file without a header. Not set: the first line has the names."""
    date_column: str | None = None
    """Column of the date. Not set: `ds` in long files, `date` in wide files, else the only column that can be it."""
    date_format: str | None = None
    """Spelling of the dates, such as %d.%m.%Y. Not set: ISO 8601, or told from the file where it is unambiguous."""
    timezone: TimeZone | None = None
    """Time zone that dates are converted to, such as Europe/Berlin. Dates without a UTC offset are of this zone.
    Not set: the zone of the file."""
    decimal: Literal[".", ","] = "."
    """Decimal separator of a CSV file."""
    thousands: Literal[",", ".", " ", "'"] | None = None
    """Separator between groups of three digits in a CSV file, such as 1,234."""
    id_column: str = "unique_id"
    """Column with the name of the series, in long files."""
    targets: tuple[str, ...] | None = Field(None, min_length=1)
    """Columns to forecast. Not set: all columns that are neither `observed`, `known` nor `static`."""
    observed: tuple[str, ...] = ()
    """Columns whose past is read, but which are not forecast."""
    known: tuple[str, ...] = ()
    """Columns that are known ahead, such as holidays. Read over the look-back and over the horizon."""
    static: tuple[str, ...] = ()
    """Columns that are constant within each series, such as region or size. Not set: all columns of `static_file`."""
    static_file: Source | None = None
    """File of static columns: a row for each series, named by `id_column`. For a wide file, a row for each target."""
    categorical: tuple[str, ...] = ()
    """Columns among `known` and `static` whose numbers are categories. Columns of text are categories by themselves.
    A category that training has not seen is read as unknown, and said."""
    calendar: Literal["none", "scaled", "cyclic"] = "none"
    """Features of the dates, such as the hour. `scaled` maps each to [−0.5, 0.5], `cyclic` to sine and cosine."""
    frequency: str | None = None
    """Frequency of the rows as a pandas alias, such as h, D or 15min. `step`: rows are numbered, not dated.
    `observed`: only the dates of the file, as of trading days. Not set: inferred from the dates."""
    missing: Literal["error", "interpolate", "ffill"] = "error"
    """Treatment of gaps, empty cells and infinities. Filled values are counted and reported. `interpolate` draws lines
    between values; after the last value of a column, that value stays. Rows before the first value do not count."""
    split: FractionsSplit | CountsSplit | LastSplit | DatesSplit = Field(
        FractionsSplit.model_construct(), discriminator="kind"
    )
    """Training, validation and test parts, in this order."""
    validation_series: float = Field(1.0, gt=0, le=1)
    """Fraction of the series that have a validation part. The other series are trained on these rows, too, and share
    the intervals. For panels of short series; where series move together, the validation part is then no news."""
    fraction: float = Field(1.0, gt=0, le=1)
    """Fraction of the training rows to use, the most recent rows."""
    scaler: Literal["standard", "robust", "min-max", "none"] = "standard"
    """Scaling of each column of each series, fitted on the training rows."""
    transform: Literal["none", "log1p", "box-cox", "ratio"] = "none"
    """Transform of the targets before they are scaled. `log1p` and `box-cox` are for values that grow by percentages;
    they need values of at least 0. `ratio` divides each window by the mean size of its look-back, instead of `scaler`;
    it is for series of very different sizes."""
    lower: float | None = None
    """Least value that a target can have, such as 0. Forecasts and intervals do not go below it. Not set: no bound."""
    look_back: Positive = 96
    """Number of rows that a forecast is made from."""
    min_past: Annotated[Positive | None, AfterValidator(_within_look_back)] = None
    """Least number of rows before an origin, for series that are shorter than the look-back. Shorter pasts are padded,
    and the encoder reads which rows are real. Not set: the look-back."""
    horizon: Positive = 24
    """Number of rows that are forecast."""
    min_future: Annotated[Positive | None, AfterValidator(_within_horizon)] = None
    """Least number of training rows from an origin on, to train on windows that reach beyond the training part. What
    lies beyond is left out of the loss. With columns known ahead, no further than the file. Not set: the horizon."""
    stride: Positive = 1
    """Number of rows between the origins of training windows. Validation and test use every origin."""
    sampling: Literal["windows", "series"] = "windows"
    """Drawing of training windows. `windows`: each window once in a pass. `series`: for each place in a batch, first a
    series, then a window of it, so that long series do not outweigh short ones."""
    season: Positive | None = None
    """Period of the seasonal naive forecast in rows. Not set: derived from the frequency, such as 24 for hours."""
    validate_on: Literal["validation", "test"] = "validation"
    """Part that chooses the epoch to keep. `test` exists only to repeat published mistakes."""

    @property
    def least_past(self) -> int:
        """The least number of rows before an origin."""
        return self.look_back if self.min_past is None else self.min_past


class SeriesInput(Section):
    """The input of the encoder, made from a window of rows."""

    normalisation: Literal["none", "last", "standard", "theta"] = "last"
    """Normalisation of each window's targets. `last` subtracts the last value; `standard` subtracts the mean and
    divides by the standard deviation. `theta` subtracts season and level of the window, and adds their forecast, with
    the slope, to that of the encoder (Assimakopoulos and Nikolopoulos 2000); the encoder starts at that forecast."""
    damping: float = Field(0.5, ge=0, le=1)
    """Part of the window's slope that `theta` forecasts."""
    trend_smoothing: Annotated[float, Field(ge=0, le=1), AfterValidator(_of_theta)] = 0.0
    """Part of the forecast of `theta` that is made by exponential smoothing with a damped trend (Gardner and McKenzie
    1985), instead of level and slope. 0.5 is the mean of both."""
    effects: Literal["none", "linear"] = "none"
    """Effects of columns known ahead. `linear`: the effect of each numeric column is estimated on the training rows,
    subtracted from the targets before a window is normalised, and added to the forecast."""
    leads: Literal["none", "linear"] = "none"
    """Columns that lead others. `linear`: a ridge regression on the newest changes of all targets and observed columns
    is added to the forecast that the encoder starts at. A target has it only if it is clearly nearer with it, out of
    fold on the training rows and on the validation part."""
    rows: Positive | None = None
    """Number of the newest rows that the encoder reads. Not set: all of the look-back."""
    channels: Literal["joint", "independent"] = "independent"
    """`joint` reads all columns as one sequence, `independent` a sequence for each target with shared weights."""
    reader: PatchReaderConfig | StepReaderConfig = Field(PatchReaderConfig.model_construct(), discriminator="kind")
    """The time step of the encoder: a patch of rows, or a row."""


class ForecastingTraining(TrainingConfig):
    """The training loop."""

    batch_size: Positive = 64
    """Number of windows in a batch."""
    mirror: Probability = 0.0
    """Probability that a training window is mirrored: its targets are negated. For panels whose training rows grow or
    shrink by an accident of their years."""

    @property
    def batch_setting(self) -> str:
        """The setting that makes batches smaller, for messages."""
        return f"training.batch_size (now {self.batch_size})"


def _within_look_back_of_data(settings: SeriesInput, info: ValidationInfo) -> SeriesInput:
    """Return the settings if the look-back has as many rows as the encoder reads. Raises `ValueError` if not."""
    data = info.data.get("data")
    if data is not None and settings.rows is not None and settings.rows > data.look_back:
        raise ValueError(f"expected rows of at most data.look_back, {data.look_back}")
    return settings


class ForecastingConfig(Section):
    """A forecaster: the values of time series over a horizon, with prediction intervals."""

    task: Literal["forecasting"] = "forecasting"
    """The task."""
    seed: Seed = 1
    """Seed of the initial weights, dropout and the order of the windows."""
    data: ForecastingData
    """The series, their columns and the split into parts."""
    input: Annotated[SeriesInput, AfterValidator(_within_look_back_of_data)] = SeriesInput.model_construct()
    """The input of the encoder, made from a window of rows."""
    encoder: EncoderConfig = EncoderConfig.model_construct()
    """The recurrent layers."""
    attention: AttentionConfig = NoAttention.model_construct()
    """Attention over the whole sequence, between encoder and head."""
    head: RegressionHeadConfig = RegressionHeadConfig.model_construct()
    """The layer that turns states of the encoder into a forecast."""
    interval: Fraction = 0.9
    """Fraction of future values that prediction intervals should cover. Calibrated on the validation part."""
    calibration: Literal["validation", "training"] = "validation"
    """Windows that calibrate the intervals. `training`: those of the training part too, for a validation part of few
    windows. n independent windows of a series then widen its intervals by n / (n − 1)."""
    baselines: tuple[Literal["ets", "theta", "arima"], ...] = ()
    """Methods of statistics to score beside the forecaster on the same windows, each fitted anew at each origin. They
    need the extra `baselines`. Many series or origins take long. A comparison fits them once, not in each run."""
    training: ForecastingTraining = ForecastingTraining.model_construct()
    """The training loop."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are read."""
        static_file = self.data.static_file
        return (self.data.file,) if static_file is None else (self.data.file, static_file)

    @property
    def comparability(self) -> Comparability:
        """The rules by which forecasters are compared."""
        keys = ("file", "targets", "split", "validation_series", "horizon", "validate_on", "frequency", "missing")
        return Comparability(
            measures=[Measure(name, self.data.validate_on, higher_is_better=False, scale=1) for name in ("mse", "mae")],
            common=["task", *(f"data.{key}" for key in keys)],
            subject=Subject("windows", overlapping=self.data.horizon > 1, groups="column"),
        )
