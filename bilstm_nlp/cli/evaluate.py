"""`bilstm-nlp evaluate` and `bilstm-nlp backtest`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import AsJson, Horizon, Levels, Output, Run, Verbosity
from bilstm_nlp.cli.output import write


def evaluate(
    run: Run,
    data: Annotated[
        str | None, typer.Option(help="A file with gold tags or a series. Default: the test data of the config.")
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a tagger's wrong entities to this HTML file, most certain first."),
    ] = None,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """Score a trained run on data."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs import evaluate
    from bilstm_nlp.runs.load import open_run

    with Activity(f"evaluating {run}"):
        trained = open_run(run)
        results = evaluate.evaluate(trained, data, errors)
    console.print_result(as_json, results, evaluate.sections(trained.config, {"evaluation": results}))


def backtest(
    run: Run,
    data: Annotated[str | None, typer.Option(help="A file of series. Default: that of the config.")] = None,
    windows: Annotated[
        int, typer.Option(metavar="N", help="Number of origins, the last ones with a full horizon after them.", min=1)
    ] = 8,
    step: Annotated[int, typer.Option(metavar="N", help="Rows from one origin to the next.", min=1)] = 1,
    refit: Annotated[bool, typer.Option("--refit", help="Train anew at each origin, on the rows before it.")] = False,
    levels: Levels = None,
    horizon: Horizon = None,
    output: Output = None,
    verbosity: Verbosity = None,
) -> None:
    """Forecast from rolling origins, and print forecasts beside the actual values. The output is one CSV table with
    prediction intervals."""
    from bilstm_nlp.runs import backtest

    with Activity(f"backtesting {run}") as activity:
        table = backtest.backtest(
            run, data, windows=windows, step=step, refit=refit, levels=levels or None, horizon=horizon
        )
        write(table, output, activity)
