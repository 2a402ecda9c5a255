"""The command line: parse, call, print. Torch is imported inside commands only, so that --help is instant."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from bilstm_nlp import processes
from bilstm_nlp.errors import DivergenceError, InputError, MemoryNeeded, OutputError, WorkerError
from bilstm_nlp.inference.request import Format, Reads, Request

app = typer.Typer(
    help="Train, score and use Bi-LSTM taggers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # to import rich would take as long as all the rest of --help
)

Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the config; repeatable.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


Output = Annotated[Path | None, typer.Option(help="Write to this file instead of to standard output.")]


def main() -> None:
    """Run the command line; what a user's input did wrong becomes one message and exit status 2."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("bilstm_nlp").setLevel(logging.INFO if processes.rank() == 0 else logging.ERROR)
    # Else the interpreter looks for garbage again and again among all that imports make, an eighth of their time, and
    # once more before it ends: a third of a second.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    try:
        app()
    except InputError as error:
        # Processes of one machine that train together find the same wrong.
        if processes.rank() == 0 or os.environ.get("LOCAL_RANK") == "0":
            print(f"bilstm-nlp: {error}", file=sys.stderr)
        sys.exit(2)
    except (DivergenceError, MemoryNeeded, OutputError, WorkerError) as error:
        print(f"bilstm-nlp: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output has left
        drop_output()
        sys.exit(1)
    except OSError as error:
        drop_output()
        # A file has its name in the error; without one it is what is printed that finds no room.
        named = f"{error.filename}: {error.strerror}" if error.filename else OutputError("standard output", error)
        print(f"bilstm-nlp: {named}", file=sys.stderr)
        sys.exit(1)


def drop_output() -> None:
    """Standard output takes no more; Python would complain of that once more when it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A TOML file, such as configs/ner/sample.toml.")],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="The run directory; by default runs/CONFIG's name.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a run that is there.")] = False,
) -> None:
    """Train a model into a run directory."""
    from bilstm_nlp import experiment, report
    from bilstm_nlp.checkpoint import RunDirectory
    from bilstm_nlp.config import load
    from bilstm_nlp.epochs import Paused
    from bilstm_nlp.interruption import Interruption

    checked = load(config, overrides or [])
    path = out or Path("runs") / config.stem
    leads = processes.rank() == 0
    with Interruption() as interruption, report.TrainingProgress(checked.training.epochs, quiet=not leads) as progress:
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
                report.note(f"stopped; finished {kept} are kept. To go on: {again}")
            raise typer.Exit(interruption.status) from None
    if not leads:
        return
    report.print_sections(experiment.sections(path, RunDirectory.open(path).read_json("metrics.json")))
    report.note(f"saved in {path}: bilstm-nlp predict {path} FILE, bilstm-nlp evaluate {path} --data FILE")


@app.command()
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
    from bilstm_nlp import experiment, report

    results = experiment.evaluate(run, data, errors)
    if as_json:
        report.print_json(results)
    else:
        report.print_sections(experiment.sections(run, {"evaluation": results}))


@app.command()
def predict(
    run: Run,
    source: Annotated[str, typer.Argument(metavar="[INPUT]", help="A file, or - for standard input.")] = "-",
    output: Output = None,
    kind: Annotated[
        Format | None, typer.Option("--format", help="text, conll, jsonl, csv of a tagger; csv, json, parquet else.")
    ] = None,
    reads: Annotated[
        Reads,
        typer.Option(
            "--input", help="How a tagger reads; auto: - and .txt are text, .jsonl and .json jsonl, the rest conll."
        ),
    ] = "auto",
    confidence: Annotated[bool, typer.Option("--confidence", help="Give each entity its exact probability.")] = False,
    nbest: Annotated[int, typer.Option(help="Give so many of the most probable tag sequences.", min=0)] = 0,
    known: Annotated[str | None, typer.Option(help="A forecaster's columns known ahead, for the rows to come.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a forecast, or --attention, to this PNG file.")] = None,
    attention: Annotated[
        bool, typer.Option("--attention", help="Say how much each token reads of each, in jsonl; --plot draws it.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Processes that share a tagger's stream and the cores.", min=1)] = 1,
) -> None:
    """Tag text, or forecast what follows a file of series. Text has a sentence a line; columns and JSONL will do."""
    request = Request(source, kind, reads, confidence, nbest, known, plot, attention, jobs)
    if jobs == 1:
        from bilstm_nlp import prediction

        write(prediction.predictions(run, request), output)
    else:
        # Without torch, which only the workers need.
        from bilstm_nlp.inference import workers

        write(workers.predictions(run, request), output)


@app.command()
def backtest(
    run: Run,
    data: Annotated[str | None, typer.Option(help="A file of series; by default the config's own.")] = None,
    windows: Annotated[int, typer.Option(help="Origins, the last ones with a whole horizon after them.", min=1)] = 8,
    step: Annotated[int, typer.Option(help="Rows from one origin to the next.", min=1)] = 1,
    refit: Annotated[bool, typer.Option("--refit", help="Train anew at each origin, on the rows before it.")] = False,
    output: Output = None,
) -> None:
    """Forecast from rolling origins, beside what came. One table (CSV), with intervals."""
    from bilstm_nlp import experiment

    write(experiment.backtest(run, data, windows=windows, step=step, refit=refit), output)


@app.command()
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
    from bilstm_nlp import report
    from bilstm_nlp.comparison import compare as comparison
    from bilstm_nlp.comparison.markdown import sections
    from bilstm_nlp.comparison.runner import Engine, LocalProcesses

    path = out or comparison.default_out(grid)
    chosen: Engine
    if engine == "ray":
        from bilstm_nlp.comparison.ray_engine import RayCluster

        chosen = RayCluster(ray_address, jobs, threads or 1, ray_gpus)
    else:
        chosen = LocalProcesses(jobs, threads)
    try:
        answer = comparison.compare(
            grid, path, overrides=overrides or [], engine=chosen, watch=report.ComparisonProgress().watch
        )
    except KeyboardInterrupt:
        report.note(f"stopped; finished runs are kept. To go on: {shlex.join(['bilstm-nlp', *sys.argv[1:]])}")
        raise typer.Exit(130) from None
    # The figures; all the rest is in the reports.
    report.print_sections(sections(answer)[:3])
    report.note(f"reports: {path}/report.html, {path}/report.md, {path}/report.json")
    failed = [run for run in answer.runs if run.status != "finished"]
    if failed:
        report.note(f"{len(failed)} of {len(answer.runs)} runs failed; the same command tries them again:")
        for run in failed:
            report.note(f"  {path / run.folder}: {run.error}")
        raise typer.Exit(1)


@app.command()
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
    from bilstm_nlp import auditing, report
    from bilstm_nlp.comparison.runner import LocalProcesses

    path = out or auditing.default_out(config)
    try:
        found = auditing.audit(
            config,
            path,
            folds=folds,
            overrides=overrides or [],
            engine=LocalProcesses(jobs, threads),
            watch=report.ComparisonProgress().watch,
        )
    except KeyboardInterrupt:
        report.note(f"stopped; finished runs are kept. To go on: {shlex.join(['bilstm-nlp', *sys.argv[1:]])}")
        raise typer.Exit(130) from None
    if as_json:
        report.print_json(found.as_json())
    else:
        report.print_sections(found.sections(most))
    report.note(f"all of them: {path}/audit.html, {path}/audit.json")


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="CONFIG|FILE", help="A TOML file, or a file of data.")],
    overrides: Overrides = None,
    most: Annotated[int, typer.Option("--show", help="Show so many complaints of a kind; --json has all.", min=0)] = 5,
    as_json: AsJson = False,
) -> None:
    """Say what is in the data and what is wrong with it. Best before training; exit status 2 where something is."""
    from bilstm_nlp import experiment, report
    from bilstm_nlp.tasks.inspection import as_json as everything
    from bilstm_nlp.tasks.inspection import complaint_sections, is_wrong

    inspection = experiment.inspect(source, overrides or [])
    if as_json:
        report.print_json(everything(inspection))
    else:
        report.print_sections([*inspection.sections(), *complaint_sections(inspection.complaints, most)])
    if is_wrong(inspection):
        raise typer.Exit(2)


@app.command()
def info(run: Run, as_json: AsJson = False) -> None:
    """Say what a run holds: results, configuration, what it was made of, files."""
    from bilstm_nlp import report
    from bilstm_nlp.checkpoint import RunDirectory

    summary = RunDirectory.open(run).summary()
    if as_json:
        report.print_json(summary)
    else:
        report.print_sections([report.run_section(summary)])


@app.command()
def verify(run: Run, as_json: AsJson = False) -> None:
    """Check every file of a finished run, and ask it again what it answered when it was saved. Exit status 1 where it
    answers otherwise."""
    from bilstm_nlp import report, verification

    found = verification.verify(run)
    if as_json:
        report.print_json(found.as_json())
    else:
        report.print_sections(found.sections())
    if not found.same:
        raise typer.Exit(1)


@app.command()
def reproduce(
    run: Run,
    out: Annotated[Path | None, typer.Option(help="Keep the new run here; by default it is thrown away.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a finished run again, and say whether it came out the same, or which step was the first to differ. Exit
    status 1 where one did."""
    from tempfile import TemporaryDirectory

    from bilstm_nlp import report, reproduction

    first = reproduction.begin(run)
    with TemporaryDirectory() as folder, report.TrainingProgress(reproduction.epochs(first)) as progress:
        again = out or Path(folder) / "run"
        for epoch in reproduction.reproduce(first, again, watch=progress.watch):
            progress.epoch(epoch)
        found = reproduction.compare(first, again)
    if as_json:
        report.print_json(found.as_json())
    else:
        report.print_sections(found.sections())
    if not found.identical:
        raise typer.Exit(1)


def write(pieces: Iterable[bytes], output: Path | None) -> None:
    """Pieces of output to a file or to standard output, as they come.

    Only a whole file gets the name asked for; what was written before an error stays beside it. Raises `OutputError`
    where the file can't be written.
    """
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(output.name + ".partial")
    try:
        with partial.open("wb") as stream:
            stream.writelines(pieces)
    except InputError as error:
        if partial.stat().st_size == 0:
            partial.unlink()
            raise
        raise InputError(f"{error} (what came before it is in {partial})") from error
    except OSError as error:
        raise OutputError(partial, error) from None
    partial.replace(output)
