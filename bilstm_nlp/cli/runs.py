"""`bilstm-nlp info`, `verify` and `reproduce`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import AsJson, Run, Verbosity


def info(run: Run, as_json: AsJson = False, verbosity: Verbosity = None) -> None:
    """Show the results, configuration, origin and files of a run."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs.directory import RunDirectory

    summary = RunDirectory.open(run).summary()
    console.print_result(as_json, summary, [console.run_section(summary)])


def verify(run: Run, as_json: AsJson = False, verbosity: Verbosity = None) -> None:
    """Check the files and the answers of a finished run. Each file must have its saved digest, and the model must
    answer saved inputs as it did when it was saved. The exit status is 1 if an answer differs."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.runs import verify as verification

    with Activity(f"verifying {run}"):
        result = verification.verify(run)
    console.print_result(as_json, result.as_json(), result.sections())
    if not result.same:
        raise typer.Exit(1)


def reproduce(
    run: Run,
    out: Annotated[
        Path | None, typer.Option(metavar="DIRECTORY", help="Keep the new run here. Default: delete the new run.")
    ] = None,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """Train a finished run again and compare the two bit by bit. The exit status is 1 if they differ; the first step
    that differs is named."""
    from tempfile import TemporaryDirectory

    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.progress import TrainingProgress
    from bilstm_nlp.runs import reproduce as reproduction

    first = reproduction.begin(run)
    with TemporaryDirectory() as folder, TrainingProgress(first.config.training.epochs) as progress:
        again = out or Path(folder) / "run"
        for epoch in reproduction.reproduce(first, again, watch=progress.watch):
            progress.epoch(epoch)
        result = reproduction.compare(first, again)
    console.print_result(as_json, result.as_json(), result.sections())
    if not result.identical:
        raise typer.Exit(1)
