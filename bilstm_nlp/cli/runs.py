"""`bilstm-nlp info`, `verify` and `reproduce`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.options import AsJson, Run


def info(run: Run, as_json: AsJson = False) -> None:
    """Say what a run holds: results, configuration, what it was made of, files."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs.directory import RunDirectory

    summary = RunDirectory.open(run).summary()
    if as_json:
        console.print_json(summary)
    else:
        console.print_sections([console.run_section(summary)])


def verify(run: Run, as_json: AsJson = False) -> None:
    """Check every file of a finished run, and ask it again what it answered when it was saved. Exit status 1 where it
    answers otherwise."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs import verify as verification

    found = verification.verify(run)
    if as_json:
        console.print_json(found.as_json())
    else:
        console.print_sections(found.sections())
    if not found.same:
        raise typer.Exit(1)


def reproduce(
    run: Run,
    out: Annotated[Path | None, typer.Option(help="Keep the new run here; by default it is thrown away.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a finished run again, and say whether it came out the same, or which step was the first to differ. Exit
    status 1 where one did."""
    from tempfile import TemporaryDirectory

    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.progress import TrainingProgress
    from bilstm_nlp.runs import reproduce as reproduction

    first = reproduction.begin(run)
    with TemporaryDirectory() as folder, TrainingProgress(reproduction.epochs(first)) as progress:
        again = out or Path(folder) / "run"
        for epoch in reproduction.reproduce(first, again, watch=progress.watch):
            progress.epoch(epoch)
        found = reproduction.compare(first, again)
    if as_json:
        console.print_json(found.as_json())
    else:
        console.print_sections(found.sections())
    if not found.identical:
        raise typer.Exit(1)
