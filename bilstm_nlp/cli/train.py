"""`bilstm-nlp train`"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.options import Overrides
from bilstm_nlp.system import processes


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A TOML file, such as configs/ner/sample.toml.")],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="The run directory; by default runs/CONFIG's name.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
) -> None:
    """Train a model into a run directory."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.progress import TrainingProgress
    from bilstm_nlp.config import load
    from bilstm_nlp.runs import evaluate
    from bilstm_nlp.runs import train as experiment
    from bilstm_nlp.runs.directory import RunDirectory
    from bilstm_nlp.training.interruption import Interruption
    from bilstm_nlp.training.state import Paused

    checked = load(config, overrides or [])
    path = out or Path("runs") / config.stem
    leads = processes.rank() == 0
    with (
        Interruption() as interruption,
        TrainingProgress(checked.training.epochs, quiet=not leads) as progress,
    ):
        try:
            for epoch in experiment.train(
                checked, path, resume=resume, force=force, watch=progress.watch, stopping=interruption
            ):
                progress.epoch(epoch)
        except (Paused, KeyboardInterrupt) as stopped:
            kept = "batches" if isinstance(stopped, Paused) else "epochs"
            sets = [part for override in overrides or [] for part in ("--set", override)]
            again = shlex.join(["bilstm-nlp", "train", str(config), *sets, "--out", str(path), "--resume"])
            if leads:
                console.note(f"stopped; finished {kept} are kept. To go on: {again}")
            raise typer.Exit(interruption.status) from None
    if not leads:
        return
    console.print_sections(evaluate.sections(checked, RunDirectory.open(path).read_json("metrics.json")))
    console.note(f"saved in {path}: bilstm-nlp predict {path} FILE, bilstm-nlp evaluate {path} --data FILE")
