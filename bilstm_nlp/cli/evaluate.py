"""`bilstm-nlp evaluate` and `bilstm-nlp backtest`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import (
    AsJson,
    Baselines,
    Combined,
    DataSettings,
    Encoding,
    Horizon,
    JobsOfBaselines,
    Levels,
    Output,
    Runs,
    Static,
    Verbosity,
    combination,
)
from bilstm_nlp.cli.output import write
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.request import settings_of

if TYPE_CHECKING:
    from bilstm_nlp.data.series.method_forecasts import Methods


def evaluate(
    runs: Runs,
    data: Annotated[
        str | None, typer.Option(help="A file with gold tags or a series. Default: the test data of the config.")
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write wrong entities, classes or labels of steps to this HTML file, most certain first.",
        ),
    ] = None,
    overrides: DataSettings = None,
    encoding: Encoding = None,
    static: Static = None,
    combine: Combined = None,
    baselines: Baselines = None,
    stride: Annotated[
        int | None,
        typer.Option(metavar="N", help="Rows from one origin of a forecaster to the next. Default: 1.", min=1),
    ] = None,
    jobs: JobsOfBaselines = None,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """Score a trained run on data, or several together."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs import ensemble, evaluate
    from bilstm_nlp.runs.load import open_run

    combined, settings = combination(runs, combine), settings_of(overrides, encoding)
    with Activity(f"evaluating {', '.join(map(str, runs))}") as activity:
        methods = _methods(baselines, jobs, activity)
        if len(runs) == 1:
            trained = open_run(runs[0], settings)
            results = evaluate.evaluate(trained, data, errors, methods=methods, stride=stride, static=static)
            config = trained.config
        else:
            config, results = ensemble.evaluate(
                runs, combined, data, errors, methods=methods, stride=stride, static=static, settings=settings
            )
    console.print_result(as_json, results, evaluate.sections(config, {"evaluation": results}))


def backtest(
    runs: Runs,
    data: Annotated[str | None, typer.Option(help="A file of series. Default: that of the config.")] = None,
    windows: Annotated[
        int, typer.Option(metavar="N", help="Number of origins, the last ones with a full horizon after them.", min=1)
    ] = 8,
    step: Annotated[int, typer.Option(metavar="N", help="Rows from one origin to the next.", min=1)] = 1,
    refit: Annotated[bool, typer.Option("--refit", help="Train anew at each origin, on the rows before it.")] = False,
    static: Static = None,
    levels: Levels = None,
    horizon: Horizon = None,
    combine: Combined = None,
    baselines: Baselines = None,
    jobs: JobsOfBaselines = None,
    output: Output = None,
    verbosity: Verbosity = None,
) -> None:
    """Forecast from rolling origins, and print forecasts beside the actual values. The output is one CSV table with
    prediction intervals."""
    from bilstm_nlp.runs import backtest

    combined = combination(runs, combine)
    with Activity(f"backtesting {', '.join(map(str, runs))}") as activity:
        table = backtest.backtest(
            runs,
            data,
            combine=combined,
            windows=windows,
            step=step,
            refit=refit,
            static=static,
            levels=levels or None,
            horizon=horizon,
            watch=activity.show,
            methods=_methods(baselines, jobs, activity),
        )
        write(table, output, activity)


def _methods(baselines: str | None, jobs: int | None, activity: Activity) -> Methods | None:
    """Return the methods of statistics that are asked for; `None` for those of the config.

    Raises `InputError` for a name that is none of theirs.
    """
    if baselines is None:
        if jobs is not None:
            raise InputError("--jobs: expected --baselines beside it, found none")
        return None
    from bilstm_nlp.data.series.method_forecasts import Methods  # imports pandas
    from bilstm_nlp.data.series.statistical import method_names

    names = [] if baselines.strip() == "none" else [name.strip() for name in baselines.split(",")]
    return Methods(method_names(names), jobs, activity.show)
