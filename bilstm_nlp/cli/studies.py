"""`bilstm-nlp compare` and `bilstm-nlp audit`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from bilstm_nlp.cli.options import AsJson, Jobs, Overrides, Verbosity


def compare(
    grid: Annotated[
        Path,
        typer.Argument(metavar="GRID", help="A TOML file of variants, or sample:compare.", show_default=False),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the base for all variants. Repeatable."),
    ] = None,
    jobs: Jobs = None,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", help="Threads of each training. Default: cores / jobs, or 1 with Ray.", min=1),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIRECTORY", help="For runs and reports. Default: runs/compare- and the name of the grid."
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Processes of this machine, or a Ray cluster.")
    ] = "local",
    ray_address: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="local starts a cluster on this machine; auto or HOST:PORT joins a cluster."
        ),
    ] = "local",
    ray_gpus: Annotated[
        float, typer.Option(metavar="X", help="GPUs of each training with Ray; fractions are allowed.", min=0)
    ] = 0,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """Train variants with several seeds, and test which differences are more than chance. Finished trainings are not
    repeated, so that an interrupted or extended comparison continues where it was."""
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
        _stop()
    # The first three sections are the figures. The reports have all sections.
    console.print_result(as_json, answer.as_json(), sections(answer)[:3])
    console.note(f"reports: {path}/report.html, {path}/report.md, {path}/report.json")
    failed = [run for run in answer.runs if run.status != "finished"]
    if failed:
        console.note(f"{len(failed)} of {len(answer.runs)} runs failed; the same command tries them again:")
        for run in failed:
            console.note(f"  {path / run.folder}: {run.error}")
        raise typer.Exit(1)


def audit(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG",
            help="TOML file of a tagger, classifier or labeller, or sample:NAME.",
            show_default=False,
        ),
    ],
    overrides: Overrides = None,
    folds: Annotated[int, typer.Option(metavar="N", help="Trainings, each without one part of the corpus.", min=2)] = 5,
    jobs: Jobs = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads of each training. Default: cores / jobs.", min=1)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIRECTORY", help="For runs and reports. Default: runs/audit- and the name of the config."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--show", metavar="N", help="Annotations to print; the reports have all.", min=0)
    ] = 20,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """List the annotations of a training corpus that are most likely wrong: labels of tokens or steps, or classes. Each
    part of the corpus is predicted by a model that was trained on the other parts."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.cli.progress import ComparisonProgress
    from bilstm_nlp.studies import audit as auditing
    from bilstm_nlp.studies.engines.local import LocalProcesses

    path = out or auditing.default_out(config)
    try:
        result = auditing.audit(
            config,
            path,
            folds=folds,
            overrides=overrides or [],
            engine=LocalProcesses(jobs, threads),
            watch=ComparisonProgress().watch,
        )
    except KeyboardInterrupt:
        _stop()
    console.print_result(as_json, result.as_json(), result.sections(limit))
    console.note(f"all of them: {path}/audit.html, {path}/audit.json")


def _stop() -> NoReturn:
    """Exit after Ctrl-C, and print how to continue."""
    from bilstm_nlp.cli import console

    console.note(f"stopped; finished runs are kept. To go on: {console.command_again()}")
    raise typer.Exit(130)
