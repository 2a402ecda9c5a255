"""A forecaster in training: its series, codec and model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.series import Columns, Series
from bilstm_nlp.data.series.statistical import title
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import observed_loss
from bilstm_nlp.reports import plots
from bilstm_nlp.system.draws import same_draws
from bilstm_nlp.system.json_values import as_json, shortest
from bilstm_nlp.tasks.forecasting.batches import epoch_batches
from bilstm_nlp.tasks.forecasting.calibration import calibrate
from bilstm_nlp.tasks.forecasting.codec import ForecastingCodec
from bilstm_nlp.tasks.forecasting.data import SeriesParts, table_format
from bilstm_nlp.tasks.forecasting.evaluation import method_blocks
from bilstm_nlp.tasks.forecasting.forecasts import forecast_blocks
from bilstm_nlp.tasks.forecasting.measurement import Blocks, measure
from bilstm_nlp.tasks.forecasting.origins import ModelForecasts
from bilstm_nlp.tasks.forecasting.part_windows import PartWindows
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.scoring import Scoring
from bilstm_nlp.tasks.forecasting.shrinkage import fit_shares
from bilstm_nlp.tasks.forecasting.torch_network import ForecastingModel, TorchNetwork, head_of
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

    @property
    def network(self) -> TorchNetwork:
        """The model as forecasts see it, with its present weights."""
        return TorchNetwork(self.model)

    @property
    def forecasts(self) -> ModelForecasts:
        """The model as a forecaster of windows."""
        return ModelForecasts(self.network, self.codec.series)

    @cached_property
    def windows(self) -> PartWindows:
        """The windows of each part."""
        return PartWindows(self.config, self.data, self.codec.series)

    @property
    def scoring(self) -> Scoring:
        """The model beside the data that it is scored on."""
        return Scoring(self.config, self.data, self.forecasts, self.codec.baselines)

    def predictor(self) -> Forecaster:
        """Return the forecaster, with the model's present weights."""
        codec, format = self.codec, table_format(self.config)

        def calibration(columns: Columns) -> tuple[Sequence[Series], Sequence[Windows]]:
            return self.data.series_set.series, self.windows.calibration

        level, baselines = self.config.interval, lambda: codec.baselines
        return Forecaster(self.network, codec.series, format, level, baselines, calibration=calibration)

    # --- training ---

    def batches(self, epoch: int) -> Batches:
        """Return batches of windows, drawn from the seed and the epoch's number."""
        return epoch_batches(self.config, self.codec.series, self.windows.training, epoch)

    def scorer(self) -> Callable[[nn.Module], Score]:
        """Return a function that scores a model by its objective's mean over the validation windows, scaled."""
        windows, codec = self.windows.validation, self.codec.series

        def score(model: nn.Module) -> Score:
            assert isinstance(model, Model)
            objective = head_of(model).objective
            total = squared = absolute = count = 0.0
            for _, block, forecasts in forecast_blocks(TorchNetwork(model), codec, windows):
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
        scoring = self.scoring
        return {part: scoring.results(part) for part in self.windows.scored}

    def calibrate(self) -> None:
        """Set the shares of shrunk forecasts, then the margins of the intervals."""
        codec, series = self.codec.series, self.data.series_set.series
        if head_of(self.model).shares is not None:
            shares = fit_shares(self.model, codec, self.windows.training, self.windows.validation)
            logger.info(
                "head.shrinkage: forecasts are the last value, %.0f %% of the way from it to each window's own level "
                "and trend, and %.0f %% of the rest of the way to the model's forecast",
                *(100 * share for share in shares),
            )
        calibrate(self.model, codec, series, self.windows.calibration, self.config.interval)

    def examples(self) -> list[Any]:
        """Return windows: the scaled past, the scaled columns known ahead, and facts of the series if there are any."""
        windows = self.windows.validation
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
        windows, codec = self.windows.validation, self.codec.series
        with same_draws(self.config.seed):  # the same initial states, if they are drawn
            return self._measured(lambda: forecast_blocks(self.network, codec, windows))

    def measure_methods(self, methods: Methods) -> dict[str, Measurement]:
        """Measure methods of statistics on the same windows, by their titles. Their speeds mean nothing."""
        windows, codec, series = self.windows.validation, self.codec.series, self.data.series_set.series
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
        return measure(forecast_all, self.codec.series, series, self.windows.validation, training)

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw error and coverage by step."""
        by_step = results[self.windows.scored[-1]]["by_step"]
        plots.by_step(
            [step["mse"] for step in by_step],
            [step["coverage"] for step in by_step],
            self.config.interval,
            folder / "steps.png",
        )
