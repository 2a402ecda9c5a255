"""Several trained forecasters as one: what they must share, and what is said where they differ."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from bilstm_nlp.config import Config
from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.task import ForecastingTask
from bilstm_nlp.tasks.members import Member
from bilstm_nlp.tasks.request import Combine

logger = logging.getLogger(__name__)


def evaluate(
    members: Sequence[Member],
    tasks: Sequence[ForecastingTask],
    combine: Combine,
    source: str | None,
    methods: Methods | None,
    stride: int,
    static: str | None,
) -> tuple[Config, dict[str, Any]]:
    """Score forecasters as one, as `ForecastingTask.evaluate` scores one. Return also the first forecaster's config.

    Raises `InputError` for members that differ.
    """
    ensemble = forecasters(members, tasks, combine)
    task = tasks[ensemble.members.index(ensemble.first)]
    return task.config, task.evaluate_ensemble(ensemble, source, methods, stride, static)


def forecasters(members: Sequence[Member], tasks: Sequence[ForecastingTask], combine: Combine) -> Ensemble:
    """Make the ensemble of forecasters' runs, whose tasks are given in the same order.

    Raises `InputError` for runs that differ.
    """
    predictors: list[Forecaster] = []
    first = tasks[0].config.data
    for member, task in zip(members, tasks, strict=True):
        data = task.config.data
        if (data.file, data.validate_on) != (first.file, first.validate_on):
            expected = f"the data file {first.file} and validate_on {first.validate_on}, as {members[0].name} has"
            raise InputError(f"{member.name}: expected {expected}, found {data.file} and {data.validate_on}")
        assert isinstance(member.predictor, Forecaster)
        predictors.append(member.predictor)
    ensemble = Ensemble(
        predictors, combine, [member.name for member in members], partial(_warn_of_values, members, first.file)
    )
    _warn_of_levels(members, ensemble)
    _warn_of_reading(members, tasks, predictors.index(ensemble.first))
    return ensemble


def _warn_of_levels(members: Sequence[Member], ensemble: Ensemble) -> None:
    """Say which run gives the level of intervals, if the runs have several."""
    levels = [f"{member.name} has {each.level:g}" for member, each in zip(members, ensemble.members, strict=True)]
    if len({each.level for each in ensemble.members}) > 1:
        first = members[ensemble.members.index(ensemble.first)].name
        logger.warning(
            "intervals of the level %g, that of %s: %s; --level chooses others",
            *(ensemble.level, first, ", ".join(levels)),
        )


def _warn_of_reading(members: Sequence[Member], tasks: Sequence[ForecastingTask], first: int) -> None:
    """Name the settings by which runs read the same cells differently: those of the member `first` are used."""
    used = tasks[first].config.data
    for member, task in zip(members, tasks, strict=True):
        data = task.config.data
        for key, expected, other in (
            ("missing", used.missing, data.missing),
            ("date_format", used.date_format, data.date_format),
            ("timezone", used.timezone, data.timezone),
            ("decimal", used.decimal, data.decimal),
            ("thousands", used.thousands, data.thousands),
        ):
            if expected != other:
                logger.warning(
                    "files are read with data.%s = %r, as %s says, not with %r, as %s says",
                    *(key, expected, members[first].name, other, member.name),
                )


def _warn_of_values(members: Sequence[Member], file: str) -> None:
    """Name the runs that were trained on another content of the data file than the present one."""
    now = members[0].digest(file)
    others = [member.name for member in members if member.digest_at_training(file) != now]
    if now is not None and others:
        logger.warning(
            "%s: changed since the training of %s; its present values calibrate the ensemble's intervals",
            *(file, ", ".join(others)),
        )
