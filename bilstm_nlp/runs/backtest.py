"""Forecasts of a trained run from rolling origins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from bilstm_nlp.data.series.series import SeriesSet
from bilstm_nlp.runs.ensemble import open_ensemble
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.forecasting.output import as_csv
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.task import ForecastingTask
from bilstm_nlp.tasks.registry import forecasting
from bilstm_nlp.tasks.request import Combine
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit


def backtest(
    paths: Sequence[Path],
    source: str | None,
    *,
    windows: int,
    step: int,
    refit: bool,
    combine: Combine = "mean",
    levels: Sequence[float] | None = None,
    horizon: int | None = None,
) -> Iterator[bytes]:
    """Forecast from rolling origins with trained runs, and yield forecasts beside true values, as CSV.

    The forecasts of several runs are combined. With `refit`, new models are trained at each origin.
    Raises `InputError` for a run that is no forecaster's.
    """
    if len(paths) == 1:
        run = open_run(paths[0])
        task = forecasting(run.config, str(paths[0]))
        assert isinstance(run.predictor, Forecaster)
        table = run.predictor.backtest(
            source or task.config.data.file,
            windows=windows,
            step=step,
            refit=partial(refitted, task) if refit else None,
            levels=levels,
            horizon=horizon,
        )
    else:
        ensemble, runs = open_ensemble(paths, combine)
        tasks = [forecasting(run.config, str(run.directory.path)) for run in runs]
        table = ensemble.backtest(
            source or tasks[0].config.data.file,
            windows=windows,
            step=step,
            refit=(lambda past: Ensemble([refitted(task, past) for task in tasks], combine)) if refit else None,
            levels=levels,
            horizon=horizon,
        )
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
