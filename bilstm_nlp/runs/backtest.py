"""Forecasts of a trained run from rolling origins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from bilstm_nlp.data.series.method_forecasts import NO_METHODS, Methods
from bilstm_nlp.data.series.series import SeriesSet
from bilstm_nlp.data.series.statistical import check_installed
from bilstm_nlp.runs.ensemble import open_members
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.forecasting.output import as_csv
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.table_forecasts import TableForecasts
from bilstm_nlp.tasks.registry import combined, forecasting
from bilstm_nlp.tasks.request import Combine


def backtest(
    paths: Sequence[Path],
    source: str | None,
    *,
    windows: int,
    step: int,
    refit: bool,
    static: str | None = None,
    combine: Combine = "mean",
    levels: Sequence[float] | None = None,
    horizon: int | None = None,
    watch: Callable[[str], None] | None = None,
    methods: Methods | None = None,
) -> Iterator[bytes]:
    """Forecast from rolling origins with trained runs, and yield forecasts beside true values, as CSV.

    The forecasts of several runs are combined. With `refit`, new models are trained at each origin. `watch` is told
    after each of their epochs how far the trainings are, such as "origin 2 of 8, epoch 3 of 30".
    `methods` of statistics forecast from the same origins, by default none.
    Raises `InputError` for a run that is no forecaster's.
    """
    methods = methods or NO_METHODS
    check_installed(methods.names)
    members = open_members(paths)
    tasks = [forecasting(member.config, member.name) for member in members]
    predictor = members[0].predictor if len(members) == 1 else combined(members, combine)
    assert isinstance(predictor, Forecaster | Ensemble)

    numbers = count(1)

    def trained(past: SeriesSet) -> TableForecasts:
        from bilstm_nlp.runs.refitting import refitted  # imports torch

        origin = next(numbers)
        forecasters = []
        for number, task in enumerate(tasks, 1):
            model = f", model {number} of {len(tasks)}" if len(tasks) > 1 else ""
            forecasters.append(refitted(task, past, watch, f"origin {origin} of {windows}{model}"))
        return forecasters[0].tables if len(forecasters) == 1 else Ensemble(forecasters, combine).tables

    past = predictor.inputs.past(source or tasks[0].config.data.file, static)
    with_refit = trained if refit else None
    yield as_csv(predictor.tables.backtest(past, windows, step, with_refit, levels, horizon, methods, predictor.season))
