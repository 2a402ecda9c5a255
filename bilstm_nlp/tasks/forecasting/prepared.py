"""A forecaster in training: its series, codec and model, the windows of each part, and its scores."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.leads import led_targets
from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.series import Columns, Series, column_indices
from bilstm_nlp.data.series.statistical import title
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import observed_loss
from bilstm_nlp.reports import plots
from bilstm_nlp.system.json_values import as_json, shortest
from bilstm_nlp.tasks.forecasting.backtest import leakage
from bilstm_nlp.tasks.forecasting.batches import epoch_batches
from bilstm_nlp.tasks.forecasting.codec import ForecastingCodec
from bilstm_nlp.tasks.forecasting.data import SeriesParts, table_format
from bilstm_nlp.tasks.forecasting.evaluation import evaluate, method_blocks
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.intervals import calibrate, training_part
from bilstm_nlp.tasks.forecasting.measurement import Blocks, measure
from bilstm_nlp.tasks.forecasting.origins import ModelForecasts, WindowForecaster
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.shrinkage import fit_shares
from bilstm_nlp.tasks.forecasting.torch_network import ForecastingModel, head_of
from bilstm_nlp.tasks.measurement import Measurement, evenly_spaced
from bilstm_nlp.training.protocols import Batches, Score

logger = logging.getLogger(__name__)

EXAMPLES = 4
"""Windows of the validation part that a run carries."""


@dataclass(frozen=True)
class PreparedForecasting:
    """Series, codec and model of a forecaster."""

    config: ForecastingConfig
    data: SeriesParts
    codec: ForecastingCodec
    model: ForecastingModel
    ensemble: WindowForecaster | None = None
    """The forecaster to score in the place of the model."""
    methods: Methods | None = None
    """Methods of statistics to score beside the forecaster; those of the config if `None`."""
    stride: int = 1
    """Rows between the origins to score."""

    @property
    def forecasts(self) -> WindowForecaster:
        """The forecaster to score."""
        return self.ensemble or ModelForecasts(self.model, self.codec.series)

    def predictor(self) -> Forecaster:
        """Return the forecaster, with the model's present weights."""
        codec, format = self.codec, table_format(self.config)

        def calibration(columns: Columns) -> tuple[Sequence[Series], Sequence[Windows]]:
            return self.data.series_set.series, self.calibration_windows

        level, baselines = self.config.interval, lambda: codec.baselines
        return Forecaster(self.model, codec.series, format, level, baselines, calibration=calibration)

    # --- windows ---

    @cached_property
    def training_windows(self) -> Windows:
        """The windows to train on, `data.stride` rows apart."""
        return self.windows("train", self.config.data.stride, self.config.data.min_future)

    @cached_property
    def validation_windows(self) -> Windows:
        """The windows that choose the epoch and calibrate the intervals."""
        return self.windows(self.config.data.validate_on)

    @property
    def calibration_windows(self) -> list[Windows]:
        """The windows that calibrate the intervals, part by part."""
        return [self.validation_windows, *training_part(self.config, self.codec.series, self.data)]

    def windows(self, part: str, stride: int = 1, min_future: int | None = None) -> Windows:
        """Return the windows of one part; a warning names the series without windows.

        `min_future`: the least number of targets in the part, by default all.
        Raises `InputError` if there is no window at all.
        """
        series_set, rows = self.data.series_set, self.data.rows(part)
        if part == "train":
            rows = self.data.training_rows(self.config.data.least_past)
        try:
            windows = self.codec.series.windows(series_set.series, rows, stride, min_future)
        except InputError as error:
            raise InputError(f"{series_set.source}, {part} part: {error}") from None
        if windows.left_out.any():
            logger.warning(
                "%s: %d %s windows are left out, as the file lacks all their targets or all their past",
                *(series_set.source, windows.left_out.sum(), part),
            )
        # A series outside of `data.validation_series` is to have none.
        spared = self.config.data.validation_series < 1 and part == "validation"
        without = [
            series.id
            for series, count, of in zip(series_set.series, windows.counts, rows, strict=True)
            if count == 0 and not (spared and of.start == of.stop)
        ]
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
        """Set the shares of shrunk forecasts, then the margins of the intervals."""
        codec, series = self.codec.series, self.data.series_set.series
        if head_of(self.model).shares is not None:
            shares = fit_shares(self.model, codec, self.training_windows, self.validation_windows)
            logger.info(
                "head.shrinkage: forecasts are the last value, %.0f %% of the way from it to each window's own level "
                "and trend, and %.0f %% of the rest of the way to the model's forecast",
                *(100 * share for share in shares),
            )
        calibrate(self.model, codec, series, self.calibration_windows, self.config.interval)

    def results(self, part: str) -> dict[str, Any]:
        """Return the scores on one part."""
        windows, series_set = self.windows(part, self.stride), self.data.series_set
        codec, level = self.codec, self.config.interval
        methods = Methods(self.config.baselines) if self.methods is None else self.methods
        results = evaluate(self.forecasts, codec.baselines, series_set.series, windows, level, methods)
        missing = self.missing(part)
        shares = None if self.ensemble is not None else head_of(self.model).shares
        shrunk: dict[str, Any] = {}
        if shares is not None:
            of_start, of_model = (round(share, 2) for share in shares.tolist())
            shrunk = {"shrinkage": {"towards": "last value", "share_of_start": of_start, "share": of_model}}
            led = led_targets(codec.series.leads, codec.series.columns.targets)
            shrunk["shrinkage"] |= {"led": led} if led else {}
        unscored = {"missing": missing, "windows_left_out": int(windows.left_out.sum()), "stride": self.stride}
        return {"source": series_set.source, **results.to_json(), **shrunk, **unscored, "leakage": self.probe(windows)}

    def last_results(self) -> dict[str, Any]:
        """Return the scores on the test part; without one, those on the validation part, and a warning says so."""
        if not self.data.has_test:
            source = self.data.series_set.source
            logger.warning("%s: no test part; these are the figures of the validation part", source)
        return self.results(self.scored_parts[-1])

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
        names = dict.fromkeys(name for each in self.forecasts.codecs for name in each.columns.known)
        known = column_indices(list(names), series.columns)

        def forecast_from(values: Any) -> Any:
            # Columns known ahead may be seen: they keep their values.
            values[:, known] = series.values[:, known]
            of_values = [replace(series, values=values)]
            window = codec.windows(of_values, [slice(row, row + codec.horizon)])
            with torch.random.fork_rng():
                torch.manual_seed(0)  # the same initial state, if it is drawn
                _, _, forecasts = next(self.forecasts.blocks(of_values, window))
                return forecasts.point

        return leakage(forecast_from, series.values.copy(), row, np.random.default_rng(0))

    def examples(self) -> list[Any]:
        """Return windows: the scaled past, the scaled columns known ahead, and facts of the series if there are any."""
        windows = self.validation_windows
        arrays = windows.gather(evenly_spaced(len(windows), EXAMPLES))
        # JSON has no NaN: padded rows are null.
        past, known = as_json(shortest(arrays.past)), shortest(arrays.known)
        assert isinstance(past, list)
        facts = [] if arrays.facts is None else shortest(arrays.facts)
        return [
            {"past": window_past, "known": window_known} | ({"facts": facts[number]} if facts else {})
            for number, (window_past, window_known) in enumerate(zip(past, known, strict=True))
        ]

    def measure(self) -> Measurement:
        """Measure the forecaster on each window that chose its epoch."""
        windows, codec = self.validation_windows, self.codec.series
        with torch.random.fork_rng():
            torch.manual_seed(self.config.seed)  # the same initial states, if they are drawn
            return self._measured(lambda: forecast_blocks(self.model, codec, windows))

    def measure_methods(self, methods: Methods) -> dict[str, Measurement]:
        """Measure methods of statistics on the same windows, by their titles. Their speeds mean nothing."""
        windows, codec, series = self.validation_windows, self.codec.series, self.data.series_set.series
        measured = {}
        with methods.fitter(len(windows) * len(codec.columns.targets), self.codec.baselines.season) as fitter:
            for method in methods.names:
                blocks = list(method_blocks(fitter, method, codec, series, windows))
                measured[title(method)] = self._measured(blocks.copy)
        return measured

    def _measured(self, forecast_all: Callable[[], Blocks]) -> Measurement:
        """Measure forecasts of the validation windows."""
        training = [slice(0, parts.train.stop) for parts in self.data.parts]
        series = self.data.series_set.series
        return measure(forecast_all, self.codec.series, series, self.validation_windows, training)

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw error and coverage by step."""
        by_step = results[self.scored_parts[-1]]["by_step"]
        plots.by_step(
            [step["mse"] for step in by_step],
            [step["coverage"] for step in by_step],
            self.config.interval,
            folder / "steps.png",
        )
