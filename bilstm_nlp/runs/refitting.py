"""A forecaster trained anew on the rows before an origin, without a run directory."""

from __future__ import annotations

from collections.abc import Callable

import torch

from bilstm_nlp.data.series.series import SeriesSet
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.task import ForecastingTask
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit


def refitted(
    task: ForecastingTask, series_set: SeriesSet, watch: Callable[[str], None] | None = None, name: str = "training"
) -> Forecaster:
    """Train a forecaster on these series alone, as the config says; the last rows are its validation part.

    `watch` is told the `name` of the training and its epoch after each epoch.
    """
    prepared = task.prepare_without_test(series_set)
    best: dict[str, torch.Tensor] = {}
    for epoch in fit(prepared.model, prepared.batches, prepared.scorer(), settings(task.config)):
        best = epoch.weights if epoch.report.best else best
        if watch is not None:
            watch(f"{name}, epoch {epoch.report.epoch} of {task.config.training.epochs}")
    prepared.model.load_state_dict(best)
    prepared.calibrate()
    return prepared.predictor()
