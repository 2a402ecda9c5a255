"""`bilstm-nlp check`"""

from __future__ import annotations

from typing import Annotated

import typer

from bilstm_nlp.cli.options import AsJson, Overrides, Verbosity


def check(
    source: Annotated[
        str,
        typer.Argument(metavar="CONFIG|FILE", help="A TOML file, sample:NAME, or a file of data.", show_default=False),
    ],
    overrides: Overrides = None,
    limit: Annotated[
        int, typer.Option("--show", metavar="N", help="Complaints to show of each kind; --json has all.", min=0)
    ] = 5,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """Describe the data and list every mistake in it. Use it before training. The exit status is 2 if the data can't
    be trained on."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.activity import Activity
    from bilstm_nlp.runs import evaluate
    from bilstm_nlp.tasks.inspection import as_json as everything
    from bilstm_nlp.tasks.inspection import complaint_sections, is_wrong

    with Activity(f"checking {source}"):
        inspection = evaluate.inspect(source, overrides or [])
    sections = [*inspection.sections(), *complaint_sections(inspection.complaints, limit)]
    console.print_result(as_json, everything(inspection), sections)
    if is_wrong(inspection):
        raise typer.Exit(2)
