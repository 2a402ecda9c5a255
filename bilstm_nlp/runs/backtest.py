"""Rolling origins of a trained forecaster."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.series import SeriesSet
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import config_of, load
from bilstm_nlp.tasks.forecasting.predictor import Forecaster, as_csv
from bilstm_nlp.tasks.registry import forecasting
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit


def backtest(path: Path, source: str | None, *, windows: int, step: int, refit: bool) -> Iterator[bytes]:
    """Forecasts of a trained run from rolling origins, beside what came, as CSV; `refit` trains anew at each origin.

    Raises `RunError` for a run that is no forecaster's.
    """
    config = config_of(RunDirectory.open(path))
    if not isinstance(config, ForecastingConfig):
        raise RunError(f"{path}: expected a forecaster's run, found one of the task {config.task}")
    forecaster = load(path)
    assert isinstance(forecaster, Forecaster)
    again = partial(refitted, config) if refit else None
    table = forecaster.backtest(source or config.data.file, windows=windows, step=step, refit=again)
    yield as_csv(table)


def refitted(config: ForecastingConfig, found: SeriesSet) -> Forecaster:
    """A forecaster trained on these series alone, as the config says; the last rows are its validation part."""
    task = forecasting(config)
    data = task.without_test(found)
    torch.manual_seed(config.seed)
    codec, model = task.fit(data)
    best: dict[str, torch.Tensor] = {}
    for epoch in fit(model, task.batches(data, codec), task.scorer(data, codec), settings(config)):
        best = epoch.weights if epoch.report.best else best
    model.load_state_dict(best)
    task.calibrate(model, data, codec)
    return Forecaster(model, codec, task.format, config.interval)
