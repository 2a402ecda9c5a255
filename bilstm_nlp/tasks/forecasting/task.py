"""The forecasting task: series in, codec and model, scores out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.series import SeriesSet, column_indices
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import observed_loss
from bilstm_nlp.reports import plots
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.system.json_values import as_json, shortest
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.forecasting import report, requirements
from bilstm_nlp.tasks.forecasting.backtest import leakage
from bilstm_nlp.tasks.forecasting.batches import epoch_batches
from bilstm_nlp.tasks.forecasting.codec import ForecastingCodec
from bilstm_nlp.tasks.forecasting.data import SeriesLoader, SeriesParts, table_format
from bilstm_nlp.tasks.forecasting.evaluation import evaluate
from bilstm_nlp.tasks.forecasting.forecasts import ForecastingModel, forecast, forecast_blocks, head_of
from bilstm_nlp.tasks.forecasting.inspection import SeriesInspection, inspect_series
from bilstm_nlp.tasks.forecasting.intervals import calibrate, levels_with
from bilstm_nlp.tasks.forecasting.measurement import measure
from bilstm_nlp.tasks.forecasting.model import model, theta
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.measurement import Measurement, evenly_spaced
from bilstm_nlp.training.protocols import Batches, Score

logger = logging.getLogger(__name__)

EXAMPLES = 4
"""Windows of the validation part that a run carries."""


class ForecastingTask:
    """The forecasting task: numbers over time, and the numbers that follow."""

    def __init__(self, config: ForecastingConfig) -> None:
        self.config = config
        self.format = table_format(config)
        self.loader = SeriesLoader(config.data, self.format)

    def prepare(self, trained: Predictor | None = None) -> PreparedForecasting:
        """Read the series, seed, fit the scalers and make the model; or take those of a trained forecaster."""
        data = self.loader.load()
        if trained is not None:
            assert isinstance(trained, Forecaster)
            return self._trained(data, trained)
        return self._fitted(data)

    def prepare_without_test(self, series_set: SeriesSet) -> PreparedForecasting:
        """Prepare a training on all rows of series that were read before; the last rows are the validation part."""
        return self._fitted(self.loader.without_test(series_set))

    def _fitted(self, data: SeriesParts) -> PreparedForecasting:
        """Seed, fit scalers and baselines to the training rows, and make the untrained model.

        Raises `InputError` if a part that is needed has no window, or too few to calibrate intervals.
        """
        requirements.check(self.config, data)
        torch.manual_seed(self.config.seed)
        with allocating("making the model", "size of the encoder or of the horizon"):
            codec = self._codec(data)
            prepared = PreparedForecasting(self.config, data, codec, model(self.config, codec.series))
        prepared.training_windows  # noqa: B018 (raises before anything is written)
        prepared.validation_windows  # noqa: B018
        return prepared

    def _trained(self, data: SeriesParts, forecaster: Forecaster) -> PreparedForecasting:
        """Put a trained forecaster in the place of the one that would be fitted."""
        codec = ForecastingCodec(forecaster.codec, forecaster.baselines())
        return PreparedForecasting(self.config, data, codec, forecaster.model)

    def _codec(self, data: SeriesParts) -> ForecastingCodec:
        """Fit scalers and baselines to the training rows."""
        config = self.config.data
        try:
            codec = SeriesCodec.fit(
                data.series_set,
                data.parts,
                data.columns,
                calendar=config.calendar,
                normalisation=self.config.input.normalisation,
                scaler=config.scaler,
                look_back=config.look_back,
                horizon=config.horizon,
                levels=levels_with(self.config.interval),
                transform=config.transform,
                lower=config.lower,
                theta=theta(self.config, data.series_set.frequency),
                min_past=config.min_past,
                encoder_rows=self.config.input.rows,
            )
            baselines = Baselines.fit(codec, data.series_set, data.parts, config.season)
        except InputError as error:
            if config.fraction == 1:
                raise
            raise InputError(f"{error}, as data.fraction = {config.fraction} leaves them") from None
        return ForecastingCodec(codec, baselines)

    def inspect(self, path: str | None = None) -> SeriesInspection:
        """Describe the config's file, or another file that is read in the same way."""
        data = self.config.data
        return inspect_series(
            path or data.file,
            self.format,
            self.loader.parts_of,
            partial(requirements.lacking, self.config, self.loader),
            look_back=data.least_past,
            horizon=data.horizon,
        )

    def evaluate(self, trained: Predictor, source: str | None, errors: Path | None = None) -> dict[str, Any]:
        """Score a forecaster on the test part of the config's file, or on every window of another file.

        Without a test part, the validation part is scored, and a warning says so.
        Raises `InputError` if `errors` is given: there is no such page.
        """
        if errors is not None:
            raise InputError("--errors: not for a forecaster")
        assert isinstance(trained, Forecaster)
        if source is None:
            prepared = self.prepare(trained)
            if not prepared.data.has_test:
                logger.warning("%s: no test part; these are the figures of the validation part", self.config.data.file)
            return prepared.results(prepared.scored_parts[-1])
        data = self.loader.load_whole(source, trained.codec)
        return self._trained(data, trained).results("test")

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each part into a section."""
        return report.sections(parts)


@dataclass(frozen=True)
class PreparedForecasting:
    """Series, codec and model of a forecaster."""

    config: ForecastingConfig
    data: SeriesParts
    codec: ForecastingCodec
    model: ForecastingModel

    def forecaster(self) -> Forecaster:
        """Return the forecaster, with the model's present weights."""
        codec, format = self.codec, table_format(self.config)
        return Forecaster(self.model, codec.series, format, self.config.interval, lambda: codec.baselines)

    # --- windows ---

    @cached_property
    def training_windows(self) -> Windows:
        """The windows to train on, `data.stride` rows apart."""
        return self.windows("train", self.config.data.stride)

    @cached_property
    def validation_windows(self) -> Windows:
        """The windows that choose the epoch and calibrate the intervals."""
        return self.windows(self.config.data.validate_on)

    def windows(self, part: str, stride: int = 1) -> Windows:
        """Return the windows of one part; a warning names the series without windows.

        Raises `InputError` if there is no window at all.
        """
        series_set, rows = self.data.series_set, self.data.rows(part)
        if part == "train":
            # Other parts' look-backs reach into the rows before the part; here those rows are not for training.
            rows = [slice(part_rows.start + self.config.data.least_past, part_rows.stop) for part_rows in rows]
        try:
            windows = self.codec.series.windows(series_set.series, rows, stride)
        except InputError as error:
            raise InputError(f"{series_set.source}, {part} part: {error}") from None
        without = [series.id for series, count in zip(series_set.series, windows.counts, strict=True) if count == 0]
        if without:
            logger.warning("%s: no %s window in %d series: %s", series_set.source, part, len(without), without[:5])
        return windows

    # --- training ---

    def batches(self, epoch: int) -> Batches:
        """Return batches of windows, drawn from the seed and the epoch's number."""
        return epoch_batches(self.config, self.codec.series, self.training_windows, epoch)

    def scorer(self) -> Callable[[nn.Module], Score]:
        """Return a function that scores a model by its objective's mean over the validation windows, scaled."""
        windows, codec = self.validation_windows, self.codec.series

        def score(model: nn.Module) -> Score:
            assert isinstance(model, Model)
            objective = head_of(model).objective
            total = squared = absolute = count = 0.0
            for _, block, forecasts in forecast_blocks(model, codec, windows):
                observed = ~np.isnan(block.future)
                error = (forecasts.point[observed] - block.future[observed]).astype(np.float64)
                squared, absolute = squared + float((error**2).sum()), absolute + float(np.abs(error).sum())
                loss = observed_loss(objective, torch.from_numpy(forecasts.quantiles), torch.from_numpy(block.future))
                total, count = total + float(loss.total), count + float(loss.weight)
            figures: dict[str, float | None] = {"mse": squared / count, "mae": absolute / count}
            return Score(self.config.head.objective.kind, total / count, False, figures)

        return score

    # --- results ---

    def finish(self) -> dict[str, Any]:
        """Calibrate the intervals on the validation part, then score validation and test part."""
        self.calibrate()
        return {part: self.results(part) for part in self.scored_parts}

    @property
    def scored_parts(self) -> list[str]:
        """The parts that are scored after training: without test rows, the validation part alone."""
        return list(dict.fromkeys((self.config.data.validate_on, *(("test",) if self.data.has_test else ()))))

    def calibrate(self) -> None:
        """Set the margins of the intervals by the validation part."""
        series = self.data.series_set.series
        calibrate(self.model, self.codec.series, series, self.validation_windows, self.config.interval)

    def results(self, part: str) -> dict[str, Any]:
        """Return the scores on one part."""
        windows, series_set = self.windows(part), self.data.series_set
        codec, level = self.codec, self.config.interval
        results = evaluate(self.model, codec.series, codec.baselines, series_set.series, windows, level)
        missing = self.missing(part)
        unscored = {"missing": missing, "windows_left_out": int(windows.left_out.sum())}
        return {"source": series_set.source, **results.to_json(), **unscored, "leakage": self.probe(windows)}

    def missing(self, part: str) -> int:
        """Count the targets in the rows of a part that the file lacks: they are filled, and not scored."""
        targets, rows = self.codec.series.columns.targets, self.data.rows(part)
        series = zip(self.data.series_set.series, rows, strict=True)
        return sum(int((~each[part_rows].observed_of(targets)).sum()) for each, part_rows in series)

    def probe(self, windows: Windows) -> float:
        """Change all targets after the first window's origin, and return by how much its forecast changes.

        Anything but 0 is a leak.
        """
        codec = self.codec.series
        series = self.data.series_set.series[int(windows.series[0])]
        row = int(windows.rows[0])
        known = column_indices(codec.columns.known, series.columns)

        def forecast_from(values: Any) -> Any:
            # Columns known ahead may be seen: they keep their values.
            values[:, known] = series.values[:, known]
            window = codec.windows([replace(series, values=values)], [slice(row, row + codec.horizon)])
            with torch.random.fork_rng():
                torch.manual_seed(0)  # the same initial state, if it is drawn
                return forecast(self.model, codec.batch(window, np.array([0]))).point

        return leakage(forecast_from, series.values.copy(), row, np.random.default_rng(0))

    def examples(self) -> list[Any]:
        """Return windows: the scaled past, and the scaled columns known ahead."""
        windows = self.validation_windows
        arrays = windows.gather(evenly_spaced(len(windows), EXAMPLES))
        # JSON has no NaN: padded rows are null.
        past, known = as_json(shortest(arrays.past)), shortest(arrays.known)
        assert isinstance(past, list)
        return [
            {"past": window_past, "known": window_known} for window_past, window_known in zip(past, known, strict=True)
        ]

    def measure(self) -> Measurement:
        """Measure the forecaster on each window that chose its epoch."""
        training = [slice(0, parts.train.stop) for parts in self.data.parts]
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)  # the same initial states, if they are drawn
            return measure(
                self.model, self.codec.series, self.data.series_set.series, self.validation_windows, training
            )

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw error and coverage by step."""
        by_step = results[self.scored_parts[-1]]["by_step"]
        plots.by_step(
            [step["mse"] for step in by_step],
            [step["coverage"] for step in by_step],
            self.config.interval,
            folder / "steps.png",
        )
