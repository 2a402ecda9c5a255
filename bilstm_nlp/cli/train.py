"""`bilstm-nlp train`"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.options import Overrides, Verbosity
from bilstm_nlp.system import processes


def train(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG|FILE",
            help="A TOML file, sample:NAME for a shipped config, or a .csv or .parquet file of series.",
            show_default=False,
        ),
    ],
    overrides: Overrides = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIRECTORY", help="The run directory. Default: runs/ and the name of the config."),
    ] = None,
    parent: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="A tagger's run to start from: its weights, vocabularies and architecture, on the data of CONFIG.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an unfinished run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing run.")] = False,
    verbosity: Verbosity = None,
) -> None:
    """Train a tagger, a classifier, a labeller or a forecaster. Weights, scores, plots and a report go to a run
    directory. Ctrl-C saves the state, and --resume continues from it. For a file of series, all settings are chosen
    from the data and shown."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.progress import TrainingProgress
    from bilstm_nlp.config.shipped import default_out
    from bilstm_nlp.runs import evaluate
    from bilstm_nlp.runs import train as experiment
    from bilstm_nlp.runs.directory import RunDirectory
    from bilstm_nlp.runs.models import located
    from bilstm_nlp.tasks.registry import load, verdict
    from bilstm_nlp.training.interruption import Interruption
    from bilstm_nlp.training.state import Paused

    start = [] if parent is None else [f"training.parent={json.dumps(str(located(parent)))}"]
    given = [*(overrides or []), *start]
    checked = load(str(config), given)
    path = out or default_out(config)
    leads = processes.rank() == 0
    with Interruption() as interruption, TrainingProgress(checked.training.epochs) as progress:
        try:
            for epoch in experiment.train_epochs(
                checked, path, resume=resume, force=force, watch=progress.watch, stopping=interruption
            ):
                progress.epoch(epoch)
        except (Paused, KeyboardInterrupt) as stopped:
            progress.stop()
            kept = "batches" if isinstance(stopped, Paused) else "epochs"
            sets = [part for override in given for part in ("--set", override)]
            again = console.shell("bilstm-nlp", "train", config, *sets, "--out", path, "--resume")
            if leads:
                console.note(f"stopped; finished {kept} are kept. To go on: {again}")
            raise typer.Exit(interruption.status) from None
    if not leads:
        return
    results = RunDirectory.open(path).read_json("metrics.json")
    console.print_sections(evaluate.sections(checked, results))
    predict, score = console.shell("bilstm-nlp", "predict", path), console.shell("bilstm-nlp", "evaluate", path)
    console.note(f"saved in {path}: {predict} FILE, {score} --data FILE")
    if (warning := verdict(checked, results)) is not None:
        console.note(warning)
