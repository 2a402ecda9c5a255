"""Several trained runs as one: their common predictor and its scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bilstm_nlp.config import Config
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import PathLike, Run, config_of, open_run, path_of
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.system.memory import keep_few_kernels
from bilstm_nlp.tasks import registry
from bilstm_nlp.tasks.members import Member
from bilstm_nlp.tasks.request import Combine, Engine, Ranking, Request

if TYPE_CHECKING:
    from bilstm_nlp.data.series.method_forecasts import Methods
    from bilstm_nlp.tasks.classification.predictor import Classifier
    from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
    from bilstm_nlp.tasks.labelling.predictor import Labeller
    from bilstm_nlp.tasks.tagging.ensemble import TaggerEnsemble


def load_ensemble(
    paths: Sequence[PathLike], combine: Combine = "mean", settings: Sequence[str] = (), engine: Engine = "torch"
) -> Ensemble | TaggerEnsemble | Classifier | Labeller:
    """Load several trained runs as one, by the mean of what they say; forecasters also by the median.

    Taggers and labellers have marginals, classifiers probabilities, forecasters forecasts.

        bilstm_nlp.load_ensemble(["runs/a", "runs/b"]).forecast(frame)
        bilstm_nlp.load_ensemble(["runs/c", "runs/d"]).tag("EU rejects German call.")

    Forecasters agree in data file, split, targets, horizon and frequency. Their look-backs may differ. Taggers agree
    in tags and schemes, classifiers in classes, labellers in labels and columns. Their vocabularies and layers may
    differ. `settings`, each `KEY=VALUE`, change how files are read. `engine` is that of `open_run`.
    Raises `InputError` for runs that differ, for a run that is given twice, and for runs of different tasks.
    """
    return registry.combined(open_members(paths, settings, engine), combine)


def evaluate(
    paths: Sequence[PathLike],
    combine: Combine,
    source: str | None,
    errors: Path | None = None,
    *,
    methods: Methods | None = None,
    stride: int | None = None,
    static: str | None = None,
    settings: Sequence[str] = (),
) -> tuple[Config, dict[str, Any]]:
    """Score an ensemble on data, by default on the test part of the runs' file. Return also the config of a run.

    If `errors` is given, all wrong predictions are written to this HTML page. `methods`, `stride` and `static`
    are as in `runs.evaluate`, for forecasters. `settings`, each `KEY=VALUE`, change how taggers read the data.
    Raises `InputError` as `load_ensemble` does, if runs name different data by default, and for an option of another
    task.
    """
    members = open_members(paths, settings)
    return registry.evaluate_combined(members, combine, source, errors, methods, stride, static, settings)


def predictions(paths: Sequence[PathLike], combine: Combine, request: Request) -> Iterator[bytes]:
    """Predict with an ensemble, and yield the output."""
    keep_few_kernels()
    return load_ensemble(paths, combine, request.settings, request.engine).predictions(request)


def ranked(paths: Sequence[PathLike], combine: Combine, request: Request, ranking: Ranking) -> Iterator[bytes]:
    """Yield the sentences, texts or series of an input that a model, or several as one, are least sure of.

    Raises `InputError` for runs of forecasters.
    """
    keep_few_kernels()
    if len(paths) == 1:
        predictor: object = open_run(paths[0], request.settings).predictor
    else:
        predictor = load_ensemble(paths, combine, request.settings)
    return registry.ranked(predictor, request, ranking)


def open_members(paths: Sequence[PathLike], settings: Sequence[str] = (), engine: Engine = "torch") -> list[Member]:
    """Open different runs, to be combined. Raises `InputError` for a run that is given twice, and for none."""
    if isinstance(paths, str | Path):
        raise InputError(f"paths: expected a list of run directories, found {paths!r}")
    opened = [path_of(path) for path in paths]
    if not opened:
        raise InputError("paths: expected directories of trained runs, found none")
    resolved = [path.resolve() for path in opened]
    for number, path in enumerate(opened):
        if resolved[number] in resolved[:number]:
            raise InputError(f"{path}: expected different runs, found the same twice")
    return [_member(open_run(path, settings, engine)) for path in opened]


def _member(run: Run) -> Member:
    return Member(
        str(run.directory.path),
        config_of(run.directory),  # without other settings: the development section is read as it was at training
        run.predictor,
        lambda source: run.directory.origin().get("data", {}).get(source),
        digest,
    )
