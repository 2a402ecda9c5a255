"""`bilstm-nlp compare` and `bilstm-nlp audit`"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bilstm_nlp.cli.options import AsJson, Overrides


def compare(
    grid: Annotated[Path, typer.Argument(metavar="GRID", help="A TOML file, such as configs/compare/sample.toml.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the base for all variants; repeatable."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Runs at a time; by default as many as there are cores.", min=1)
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of a run; by default cores / jobs, 1 with Ray.", min=1)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Runs and reports; by default runs/compare-GRID's name.")] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Processes of this machine, or a Ray cluster.")
    ] = "local",
    ray_address: Annotated[
        str, typer.Option(help="local starts a cluster on this machine; auto or HOST:PORT joins one.")
    ] = "local",
    ray_gpus: Annotated[float, typer.Option(help="GPUs of a run with Ray, shares allowed.", min=0)] = 0,
) -> None:
    """Train variants, and say which differences are more than chance. Several seeds each; only what is missing."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.progress import ComparisonProgress
    from bilstm_nlp.studies.compare import compare as comparison
    from bilstm_nlp.studies.compare.markdown import sections
    from bilstm_nlp.studies.engines.base import Engine
    from bilstm_nlp.studies.engines.local import LocalProcesses

    path = out or comparison.default_out(grid)
    chosen: Engine
    if engine == "ray":
        from bilstm_nlp.studies.engines.ray_cluster import RayCluster

        chosen = RayCluster(ray_address, jobs, threads or 1, ray_gpus)
    else:
        chosen = LocalProcesses(jobs, threads)
    try:
        answer = comparison.compare(
            grid, path, overrides=overrides or [], engine=chosen, watch=ComparisonProgress().watch
        )
    except KeyboardInterrupt:
        console.note(f"stopped; finished runs are kept. To go on: {shlex.join(['bilstm-nlp', *sys.argv[1:]])}")
        raise typer.Exit(130) from None
    # The figures; all the rest is in the reports.
    console.print_sections(sections(answer)[:3])
    console.note(f"reports: {path}/report.html, {path}/report.md, {path}/report.json")
    failed = [run for run in answer.runs if run.status != "finished"]
    if failed:
        console.note(f"{len(failed)} of {len(answer.runs)} runs failed; the same command tries them again:")
        for run in failed:
            console.note(f"  {path / run.folder}: {run.error}")
        raise typer.Exit(1)


def audit(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A tagger's TOML file.")],
    overrides: Overrides = None,
    folds: Annotated[int, typer.Option(help="Trainings, each without one part of the corpus.", min=2)] = 5,
    jobs: Annotated[
        int | None, typer.Option(help="Trainings at a time; by default as many as there are cores.", min=1)
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of a training; by default cores / jobs.", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="Runs and reports; by default runs/audit-CONFIG's name.")] = None,
    most: Annotated[int, typer.Option("--show", help="Show so many; the reports have all.", min=0)] = 20,
    as_json: AsJson = False,
) -> None:
    """Say which annotations of the training corpus are most likely wrong, by taggers that have not seen them."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.progress import ComparisonProgress
    from bilstm_nlp.studies import audit as auditing
    from bilstm_nlp.studies.engines.local import LocalProcesses

    path = out or auditing.default_out(config)
    try:
        found = auditing.audit(
            config,
            path,
            folds=folds,
            overrides=overrides or [],
            engine=LocalProcesses(jobs, threads),
            watch=ComparisonProgress().watch,
        )
    except KeyboardInterrupt:
        console.note(f"stopped; finished runs are kept. To go on: {shlex.join(['bilstm-nlp', *sys.argv[1:]])}")
        raise typer.Exit(130) from None
    if as_json:
        console.print_json(found.as_json())
    else:
        console.print_sections(found.sections(most))
    console.note(f"all of them: {path}/audit.html, {path}/audit.json")
