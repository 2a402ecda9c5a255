"""Forecasts of a trained run from rolling origins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from bilstm_nlp.data.series.series import SeriesSet
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.tasks.forecasting.output import as_csv
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.task import ForecastingTask
from bilstm_nlp.tasks.registry import forecasting
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit


def backtest(
    path: Path,
    source: str | None,
    *,
    windows: int,
    step: int,
    refit: bool,
    levels: Sequence[float] | None = None,
    horizon: int | None = None,
) -> Iterator[bytes]:
    """Forecast from rolling origins with a trained run, and yield forecasts beside true values, as CSV.

    With `refit`, a new model is trained at each origin.
    Raises `InputError` for a run that is no forecaster's.
    """
    run = open_run(path)
    task = forecasting(run.config, str(path))
    assert isinstance(run.predictor, Forecaster)
    refitted_at = partial(refitted, task) if refit else None
    file = source or task.config.data.file
    table = run.predictor.backtest(file, windows=windows, step=step, refit=refitted_at, levels=levels, horizon=horizon)
    yield as_csv(table)


def refitted(task: ForecastingTask, series_set: SeriesSet) -> Forecaster:
    """Train a forecaster on these series alone, as the config says; the last rows are its validation part."""
    prepared = task.prepare_without_test(series_set)
    best: dict[str, torch.Tensor] = {}
    for epoch in fit(prepared.model, prepared.batches, prepared.scorer(), settings(task.config)):
        best = epoch.weights if epoch.report.best else best
    prepared.model.load_state_dict(best)
    prepared.calibrate()
    return prepared.forecaster()
