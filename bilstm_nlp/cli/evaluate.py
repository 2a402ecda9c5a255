"""`bilstm-nlp evaluate` and `bilstm-nlp backtest`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.options import AsJson, Output, Run
from bilstm_nlp.cli.predict import write


def evaluate(
    run: Run,
    data: Annotated[str | None, typer.Option(help="A corpus with gold tags; by default the config's own.")] = None,
    errors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a tagger's wrong entities to this HTML file, the most sure first."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on a corpus."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs import evaluate
    from bilstm_nlp.runs.load import open_run

    trained = open_run(run)
    results = evaluate.evaluate(trained, data, errors)
    if as_json:
        console.print_json(results)
    else:
        console.print_sections(evaluate.sections(trained.config, {"evaluation": results}))


def backtest(
    run: Run,
    data: Annotated[str | None, typer.Option(help="A file of series; by default the config's own.")] = None,
    windows: Annotated[int, typer.Option(help="Origins, the last ones with a whole horizon after them.", min=1)] = 8,
    step: Annotated[int, typer.Option(help="Rows from one origin to the next.", min=1)] = 1,
    refit: Annotated[bool, typer.Option("--refit", help="Train anew at each origin, on the rows before it.")] = False,
    output: Output = None,
) -> None:
    """Forecast from rolling origins, beside what came. One table (CSV), with intervals."""
    from bilstm_nlp.runs import backtest

    write(backtest.backtest(run, data, windows=windows, step=step, refit=refit), output)
