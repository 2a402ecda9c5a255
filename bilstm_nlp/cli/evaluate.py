"""`bilstm-nlp evaluate` and `bilstm-nlp backtest`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import AsJson, Combined, Horizon, Levels, Output, Runs, Verbosity, combination
from bilstm_nlp.cli.output import write


def evaluate(
    runs: Runs,
    data: Annotated[
        str | None, typer.Option(help="A file with gold tags or a series. Default: the test data of the config.")
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a tagger's wrong entities to this HTML file, most certain first."),
    ] = None,
    combine: Combined = None,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """Score a trained run on data, or several together."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs import ensemble, evaluate
    from bilstm_nlp.runs.load import open_run

    combined = combination(runs, combine)
    with Activity(f"evaluating {', '.join(map(str, runs))}"):
        if len(runs) == 1:
            trained = open_run(runs[0])
            config, results = trained.config, evaluate.evaluate(trained, data, errors)
        else:
            config, results = ensemble.evaluate(runs, combined, data, errors)
    console.print_result(as_json, results, evaluate.sections(config, {"evaluation": results}))


def backtest(
    runs: Runs,
    data: Annotated[str | None, typer.Option(help="A file of series. Default: that of the config.")] = None,
    windows: Annotated[
        int, typer.Option(metavar="N", help="Number of origins, the last ones with a full horizon after them.", min=1)
    ] = 8,
    step: Annotated[int, typer.Option(metavar="N", help="Rows from one origin to the next.", min=1)] = 1,
    refit: Annotated[bool, typer.Option("--refit", help="Train anew at each origin, on the rows before it.")] = False,
    levels: Levels = None,
    horizon: Horizon = None,
    combine: Combined = None,
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
            levels=levels or None,
            horizon=horizon,
            watch=activity.show,
        )
        write(table, output, activity)
