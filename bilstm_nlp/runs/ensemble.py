"""Several trained runs as one: their common predictor and its scores."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bilstm_nlp.config import Config
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs import tagger_ensemble
from bilstm_nlp.runs.load import PathLike, Run, open_run, path_of
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.system.memory import keep_few_kernels
from bilstm_nlp.tasks.registry import forecasting
from bilstm_nlp.tasks.request import Combine, Request

if TYPE_CHECKING:
    from bilstm_nlp.data.series.method_forecasts import Methods
    from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
    from bilstm_nlp.tasks.tagging.ensemble import TaggerEnsemble

logger = logging.getLogger(__name__)


def load_ensemble(paths: Sequence[PathLike], combine: Combine = "mean") -> Ensemble | TaggerEnsemble:
    """Load several trained runs as one: taggers by the mean of their marginals, forecasters by mean or median.

        bilstm_nlp.load_ensemble(["runs/a", "runs/b"]).forecast(frame)
        bilstm_nlp.load_ensemble(["runs/c", "runs/d"]).tag("EU rejects German call.")

    Forecasters agree in data file, split, targets, horizon and frequency. Their look-backs may differ. Taggers agree
    in tags and schemes. Their vocabularies and layers may differ.
    Raises `InputError` for runs that differ, for a run that is given twice, and for runs of different tasks.
    """
    runs = _open(paths)
    if tagger_ensemble.are_taggers(runs):
        return tagger_ensemble.taggers(runs, combine)
    return _forecasters(runs, combine)


def evaluate(
    paths: Sequence[PathLike],
    combine: Combine,
    source: str | None,
    errors: Path | None = None,
    *,
    methods: Methods | None = None,
    stride: int | None = None,
    static: str | None = None,
) -> tuple[Config, dict[str, Any]]:
    """Score an ensemble on data, by default on the test part of the runs' file. Return also the config of a run.

    If `errors` is given, the wrong entities of taggers are written to this HTML page. `methods`, `stride` and `static`
    are as in `runs.evaluate`, for forecasters.
    Raises `InputError` as `load_ensemble` does, if runs name different data by default, and for an option of another
    task.
    """
    runs = _open(paths)
    if tagger_ensemble.are_taggers(runs):
        if methods is not None or stride is not None or static is not None:
            raise InputError("--baselines, --stride, --static: not for taggers")
        return runs[0].config, tagger_ensemble.evaluate(runs, combine, source, errors)
    if errors is not None:
        raise InputError("--errors: not for a forecaster")
    ensemble = _forecasters(runs, combine)
    first = runs[ensemble.members.index(ensemble.first)]
    task = forecasting(first.config, str(first.directory.path))
    return first.config, task.evaluate_ensemble(ensemble, source, methods, stride or 1, static)


def predictions(paths: Sequence[PathLike], combine: Combine, request: Request) -> Iterator[bytes]:
    """Predict with an ensemble, and yield the output."""
    keep_few_kernels()
    return load_ensemble(paths, combine).predictions(request)


def open_forecasters(paths: Sequence[PathLike], combine: Combine) -> tuple[Ensemble, list[Run]]:
    """Open runs of forecasters as an ensemble. Return also the runs in their order.

    Raises `InputError` as `load_ensemble` does, and for runs of another task.
    """
    runs = _open(paths)
    return _forecasters(runs, combine), runs


def _open(paths: Sequence[PathLike]) -> list[Run]:
    """Open different runs. Raises `InputError` for a run that is given twice, and for none."""
    if isinstance(paths, str | Path):
        raise InputError(f"paths: expected a list of run directories, found {paths!r}")
    opened = [path_of(path) for path in paths]
    if not opened:
        raise InputError("paths: expected directories of trained runs, found none")
    resolved = [path.resolve() for path in opened]
    for number, path in enumerate(opened):
        if resolved[number] in resolved[:number]:
            raise InputError(f"{path}: expected different runs, found the same twice")
    return [open_run(path) for path in opened]


def _forecasters(runs: Sequence[Run], combine: Combine) -> Ensemble:
    """Make the ensemble of forecasters' runs. Raises `InputError` for runs that differ."""
    from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
    from bilstm_nlp.tasks.forecasting.predictor import Forecaster

    forecasters: list[Forecaster] = []
    for run in runs:
        data = forecasting(run.config, str(run.directory.path)).config.data
        first = forecasting(runs[0].config).config.data
        if (data.file, data.validate_on) != (first.file, first.validate_on):
            expected = (
                f"the data file {first.file} and validate_on {first.validate_on}, as {runs[0].directory.path} has"
            )
            raise InputError(f"{run.directory.path}: expected {expected}, found {data.file} and {data.validate_on}")
        assert isinstance(run.predictor, Forecaster)
        forecasters.append(run.predictor)
    ensemble = Ensemble(forecasters, combine, [str(run.directory.path) for run in runs], partial(_warn_of_values, runs))
    _warn_of_levels(runs, ensemble)
    _warn_of_reading(runs, runs[forecasters.index(ensemble.first)])
    return ensemble


def _warn_of_levels(runs: Sequence[Run], ensemble: Ensemble) -> None:
    """Say which run gives the level of intervals, if the runs have several."""
    levels = [f"{run.directory.path} has {each.level:g}" for run, each in zip(runs, ensemble.members, strict=True)]
    if len({each.level for each in ensemble.members}) > 1:
        first = runs[ensemble.members.index(ensemble.first)].directory.path
        logger.warning(
            "intervals of the level %g, that of %s: %s; --level chooses others",
            *(ensemble.level, first, ", ".join(levels)),
        )


def _warn_of_reading(runs: Sequence[Run], first: Run) -> None:
    """Name the settings by which runs read the same cells differently: those of the first member are used."""
    used = forecasting(first.config).config.data
    for run in runs:
        data = forecasting(run.config).config.data
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
                    *(key, expected, first.directory.path, other, run.directory.path),
                )


def _warn_of_values(runs: Sequence[Run]) -> None:
    """Name the runs that were trained on another content of the data file than the present one."""
    file = forecasting(runs[0].config).config.data.file
    now = digest(file)
    others = [run.directory.path for run in runs if run.directory.origin().get("data", {}).get(file) != now]
    if now is not None and others:
        logger.warning(
            "%s: changed since the training of %s; its present values calibrate the ensemble's intervals",
            *(file, ", ".join(map(str, others))),
        )
