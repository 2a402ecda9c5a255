"""`bilstm-nlp check`"""

from __future__ import annotations

from typing import Annotated

import typer

from bilstm_nlp.cli.options import AsJson, Overrides


def check(
    source: Annotated[str, typer.Argument(metavar="CONFIG|FILE", help="A TOML file, or a file of data.")],
    overrides: Overrides = None,
    most: Annotated[int, typer.Option("--show", help="Show so many complaints of a kind; --json has all.", min=0)] = 5,
    as_json: AsJson = False,
) -> None:
    """Say what is in the data and what is wrong with it. Best before training; exit status 2 where something is."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs import evaluate
    from bilstm_nlp.tasks.inspection import as_json as everything
    from bilstm_nlp.tasks.inspection import complaint_sections, is_wrong

    inspection = evaluate.inspect(source, overrides or [])
    if as_json:
        console.print_json(everything(inspection))
    else:
        console.print_sections([*inspection.sections(), *complaint_sections(inspection.complaints, most)])
    if is_wrong(inspection):
        raise typer.Exit(2)
