"""The forecasting task: series in, codec and model, scores out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

import numpy as np
import pandas as pd
import torch
from torch import nn

from bilstm_nlp.config.forecasting import CountsSplit, DatesSplit, ForecastingConfig, FractionsSplit
from bilstm_nlp.data.batches import EpochBatches
from bilstm_nlp.data.folds import count_of
from bilstm_nlp.data.series.codec import Columns, SeriesCodec
from bilstm_nlp.data.series.series import (
    Parts,
    Series,
    SeriesSet,
    positions,
    split_counts,
    split_dates,
    split_fractions,
)
from bilstm_nlp.data.series.table_files import TableFormat
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.nn.model import Model
from bilstm_nlp.reports import plots
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.forecasting import report as forecasting_report
from bilstm_nlp.tasks.forecasting.backtest import leakage
from bilstm_nlp.tasks.forecasting.evaluation import (
    ForecastingModel,
    calibrate,
    evaluate,
    forecast,
    forecast_blocks,
    head_of,
)
from bilstm_nlp.tasks.forecasting.inspection import SeriesInspection, inspect_series
from bilstm_nlp.tasks.forecasting.measurement import measure
from bilstm_nlp.tasks.measurement import Measurement, spread
from bilstm_nlp.training.protocols import Batches, Score

logger = logging.getLogger(__name__)

EXAMPLES = 4
"""Windows of the validation part that a run carries."""


@dataclass(frozen=True)
class SeriesParts:
    """All series of a file, what their columns are for, and the three parts of each."""

    found: SeriesSet
    columns: Columns
    parts: list[Parts]

    def of(self, part: str) -> list[slice]:
        """The rows of one part of each series."""
        return [getattr(parts, part) for parts in self.parts]


class ForecastingTask:
    """Numbers over time, and the numbers that follow."""

    def __init__(
        self,
        config: ForecastingConfig,
        format: TableFormat,
        model: Callable[[SeriesCodec], ForecastingModel],
    ) -> None:
        """`format`: how files are read; `model`: codec → the untrained model."""
        self.config, self.format, self.model = config, format, model

    # --- data ---

    def load(self) -> SeriesParts:
        """Read the series and split each. Raises `InputError` for what can't be read or split."""
        return self.parts(read(self.config.data.file, self.format))

    def parts(self, found: SeriesSet) -> SeriesParts:
        """Split each series. Raises `InputError` for one that can't be split."""
        data = self.config.data
        logger.info("%s: %d series, frequency %s", data.file, len(found.series), found.frequency)
        for cells in found.filled:
            logger.warning(
                "%s: %d values of column %s of series %s were missing, the first at %s; filled by %s",
                *(data.file, cells.count, cells.column, cells.series, cells.first, data.missing),
            )
        if data.validate_on == "test":
            logger.warning(
                'data.validate_on = "test": the test part chooses the epoch and the width of the intervals, so its '
                "figures are better than those on new data would be"
            )
        return SeriesParts(found, self.columns(found), [self.split_named(one, found.source) for one in found.series])

    def split_named(self, one: Series, source: str) -> Parts:
        """`split` and `share`, whose error names file and series."""
        try:
            return self.share(self.split(one))
        except InputError as error:
            raise InputError(f"{source}, series {one.id!r}: {error}") from None

    def share(self, parts: Parts) -> Parts:
        """The parts with the most recent training rows alone, as many as `data.fraction` says."""
        fraction, rows = self.config.data.fraction, parts.train.stop - parts.train.start
        count = count_of(fraction, rows)
        if count == 0:
            raise InputError(f"data.fraction: expected a share with a row of the {rows} in training, found {fraction}")
        return replace(parts, train=slice(parts.train.stop - count, parts.train.stop))

    def columns(self, found: SeriesSet) -> Columns:
        """What each column of the file is for. Raises `ConfigError` for a column that is not there or has two roles."""
        data = self.config.data
        others = (*data.observed, *data.known)
        targets = data.targets or tuple(name for name in found.columns if name not in others)
        names = (*targets, *others)
        problems = [
            f"data: expected columns among {', '.join(found.columns)}, found {name!r}"
            for name in names
            if name not in found.columns
        ]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems += [f"data: expected each column in one role, found {name!r} in two" for name in twice]
        if problems or not targets:
            raise ConfigError(data.file, problems or ["data.targets: expected a column to forecast, found none left"])
        return Columns(targets, data.observed, data.known)

    def split(self, one: Series) -> Parts:
        """The three parts of a series. Raises `InputError` if they don't fit into it."""
        match self.config.data.split:
            case FractionsSplit(train=train, validation=validation, test=test):
                return split_fractions(len(one), (train, validation, test))
            case CountsSplit(train=train, validation=validation, test=test):
                return split_counts(len(one), (train, validation, test))
            case DatesSplit(validation=validation, test=test, end=end):
                borders = (pd.Timestamp(validation), pd.Timestamp(test), None if end is None else pd.Timestamp(end))
                return split_dates(one.dates, *borders)
            case unknown:
                assert_never(unknown)

    def without_test(self, found: SeriesSet) -> SeriesParts:
        """For training on all there is: the last rows, as many as the config's split gives, are for validation."""
        parts = []
        for one in found.series:
            validation = self.split(one).validation
            border = len(one) - (validation.stop - validation.start)
            parts.append(self.share(Parts.from_borders(border, len(one), len(one))))
        return SeriesParts(found, self.columns(found), parts)

    def inspect(self, path: str | None = None) -> SeriesInspection:
        """What is in the file, and what is wrong with it."""
        data = self.config.data
        return inspect_series(
            path or data.file, self.format, self.split, look_back=data.look_back, horizon=data.horizon
        )

    # --- codec and model ---

    def fit(self, data: SeriesParts) -> tuple[SeriesCodec, ForecastingModel]:
        """Scalers and baselines from the training rows, and the untrained model."""
        settings = self.config.data
        try:
            codec = SeriesCodec.fit(
                data.found,
                data.parts,
                data.columns,
                calendar=settings.calendar,
                normalisation=self.config.input.normalisation,
                scaler=settings.scaler,
                look_back=settings.look_back,
                horizon=settings.horizon,
                season_length=settings.season,
            )
        except InputError as error:
            if settings.fraction == 1:
                raise
            raise InputError(f"{error}, as data.fraction = {settings.fraction} leaves them") from None
        return codec, self.model(codec)

    # --- training ---

    def windows(self, data: SeriesParts, codec: SeriesCodec, part: str, stride: int = 1) -> Windows:
        """The windows of one part. Raises `InputError` if it has none; series without any are named."""
        rows = data.of(part)
        if part == "train":
            # Look-backs reach into the rows before a part, but training has no rows before its share of them.
            rows = [slice(one.start + codec.look_back, one.stop) for one in rows]
        try:
            windows = codec.windows(data.found.series, rows, stride)
        except InputError as error:
            raise InputError(f"{data.found.source}, {part} part: {error}") from None
        without = [one.id for one, count in zip(data.found.series, windows.counts, strict=True) if count == 0]
        if without:
            logger.warning("%s: no %s window in %d series: %s", data.found.source, part, len(without), without[:5])
        return windows

    def batches(self, data: SeriesParts, codec: SeriesCodec) -> Callable[[int], Batches]:
        """Epoch → batches of windows, drawn anew each epoch from the seed and its number."""
        windows = self.windows(data, codec, "train", self.config.data.stride)
        size = self.config.training.batch_size

        def of_epoch(epoch: int) -> Batches:
            order = np.random.default_rng([self.config.seed, epoch]).permutation(len(windows))
            chosen = [order[start : start + size] for start in range(0, len(order), size)]
            return EpochBatches(chosen, lambda numbers: codec.batch(windows, numbers))

        return of_epoch

    def scorer(self, data: SeriesParts, codec: SeriesCodec) -> Callable[[nn.Module], Score]:
        """Model → its objective's mean over the validation windows, in scaled units."""
        windows = self.windows(data, codec, self.config.data.validate_on)

        def score(model: nn.Module) -> Score:
            assert isinstance(model, Model)
            objective = head_of(model).objective
            total = squared = absolute = 0.0
            for _, block, found in forecast_blocks(model, codec, windows):
                error = (found.point - block.future).astype(np.float64)
                squared, absolute = squared + float((error**2).sum()), absolute + float(np.abs(error).sum())
                total += float(objective.loss(torch.from_numpy(found.quantiles), torch.from_numpy(block.future)))
            count = len(windows) * codec.horizon * len(codec.columns.targets)
            figures: dict[str, float | None] = {"mse": squared / count, "mae": absolute / count}
            return Score(self.config.head.objective.kind, total / count, False, figures)

        return score

    # --- results ---

    def finish(self, model: ForecastingModel, data: SeriesParts, codec: SeriesCodec) -> dict[str, Any]:
        """Calibrate the intervals on the validation part, then score validation and test part."""
        self.calibrate(model, data, codec)
        parts = dict.fromkeys((self.config.data.validate_on, "test"))
        return {part: self.part_results(model, data, codec, part) for part in parts}

    def calibrate(self, model: ForecastingModel, data: SeriesParts, codec: SeriesCodec) -> None:
        """Set the margins of the intervals by the validation part."""
        windows = self.windows(data, codec, self.config.data.validate_on)
        calibrate(model, codec, data.found.series, windows, self.config.interval)

    def part_results(self, model: ForecastingModel, data: SeriesParts, codec: SeriesCodec, part: str) -> dict[str, Any]:
        windows = self.windows(data, codec, part)
        results = evaluate(model, codec, data.found.series, windows, self.config.interval)
        return {"source": data.found.source, **results, "leakage": self.probe(model, data, codec, windows)}

    def probe(self, model: ForecastingModel, data: SeriesParts, codec: SeriesCodec, windows: Windows) -> float:
        """By how much the first forecast moves when all targets after its origin are changed: 0, or something leaks."""
        one = data.found.series[int(windows.series[0])]
        row = int(windows.rows[0])

        known = positions(codec.columns.known, one.columns)

        def forecast_from(values: Any) -> Any:
            # What is known ahead may be seen: it stays as it was.
            values[:, known] = one.values[:, known]
            seen = codec.windows([replace(one, values=values)], [slice(row, row + codec.horizon)])
            with torch.random.fork_rng():
                torch.manual_seed(0)  # the same initial state, where it is a random one
                return forecast(model, codec.batch(seen, np.array([0]))).point

        return leakage(forecast_from, one.values.copy(), row, np.random.default_rng(0))

    def examples(self, data: SeriesParts, codec: SeriesCodec) -> list[Any]:
        """Windows: what is known of each, scaled."""
        windows = self.windows(data, codec, self.config.data.validate_on)
        found = windows.gather(spread(len(windows), EXAMPLES))
        past, known = (shortest(values.astype(np.float32)) for values in (found.past, found.known))
        return [{"past": one, "known": other} for one, other in zip(past, known, strict=True)]

    def evaluate(
        self, model: ForecastingModel, codec: SeriesCodec, source: str | None, errors: Path | None = None
    ) -> dict[str, Any]:
        """Scores on the test part of the config's file, or on every window of another file; has no page of errors."""
        if errors is not None:
            raise InputError("--errors: not for a forecaster")
        if source is None:
            return self.part_results(model, self.load(), codec, "test")
        found = codec.check_frequency(read(source, self.format))
        whole = [Parts(*[slice(0, len(one))] * 3) for one in found.series]
        return self.part_results(model, SeriesParts(found, codec.columns, whole), codec, "test")

    def measure(self, model: ForecastingModel, data: SeriesParts, codec: SeriesCodec) -> Measurement:
        """What a comparison needs to know of the model on the windows that chose its epoch."""
        windows = self.windows(data, codec, self.config.data.validate_on)
        whole = [slice(0, parts.train.stop) for parts in data.parts]
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)  # the same initial states, where they are random
            return measure(model, codec, data.found.series, windows, whole)

    def plot(self, model: ForecastingModel, codec: SeriesCodec, results: dict[str, Any], folder: Path) -> None:
        """Error and coverage by step."""
        by_step = results["test"]["by_step"]
        plots.by_step(
            [step["mse"] for step in by_step],
            [step["coverage"] for step in by_step],
            self.config.interval,
            folder / "steps.png",
        )

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Results for people: a section for each part."""
        return forecasting_report.sections(parts)
