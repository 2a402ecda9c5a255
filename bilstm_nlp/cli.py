"""The command line: parse, call, print. Torch is imported inside commands only, so that --help is instant."""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bilstm_nlp.errors import DivergenceError, InputError

# typer offers these choices; `data.tagged` and `data.corpus` say what they mean.
OutputFormat = Literal["text", "conll", "jsonl", "csv"]
InputFormat = Literal["auto", "text", "conll", "jsonl"]

app = typer.Typer(
    help="Train, score and use Bi-LSTM taggers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the config; repeatable.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def main() -> None:
    """Run the command line; what a user's input did wrong becomes one message and exit status 2."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("bilstm_nlp").setLevel(logging.INFO)
    try:
        app()
    except InputError as error:
        print(f"bilstm-nlp: {error}", file=sys.stderr)
        sys.exit(2)
    except DivergenceError as error:
        print(f"bilstm-nlp: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output has left; Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


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

    checked = load(config, overrides or [])
    path = out or Path("runs") / config.stem
    with report.TrainingProgress(checked.training.epochs) as progress:
        try:
            for epoch in experiment.train(checked, path, resume=resume, force=force, watch=progress.watch):
                progress.epoch(epoch)
        except KeyboardInterrupt:
            sets = [part for override in overrides or [] for part in ("--set", override)]
            again = shlex.join(["bilstm-nlp", "train", str(config), *sets, "--out", str(path), "--resume"])
            report.note(f"stopped; finished epochs are kept. To go on: {again}")
            raise typer.Exit(130) from None
    report.print_sections(experiment.sections(path, RunDirectory.open(path).read_json("metrics.json")))
    report.note(f"saved in {path}: bilstm-nlp predict {path} FILE, bilstm-nlp evaluate {path} --data FILE")


@app.command()
def evaluate(
    run: Run,
    data: Annotated[str | None, typer.Option(help="A corpus with gold tags; by default the config's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on a corpus."""
    from bilstm_nlp import experiment, report

    results = experiment.evaluate(run, data)
    if as_json:
        print(json.dumps(results, ensure_ascii=False, allow_nan=False))
    else:
        report.print_sections(experiment.sections(run, {"evaluation": results}))


@app.command()
def predict(
    run: Run,
    source: Annotated[str, typer.Argument(metavar="[INPUT]", help="A file, or - for standard input.")] = "-",
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of to standard output.")] = None,
    kind: Annotated[OutputFormat, typer.Option("--format", help="How to write.")] = "text",
    reads: Annotated[
        InputFormat,
        typer.Option("--input", help="How to read; auto: - and .txt are text, .jsonl is jsonl, the rest conll."),
    ] = "auto",
    confidence: Annotated[bool, typer.Option("--confidence", help="Give each entity its exact probability.")] = False,
    nbest: Annotated[int, typer.Option(help="Give so many of the most probable tag sequences.", min=0)] = 0,
) -> None:
    """Tag text, one sentence a line, or the tokens of a column file or of JSONL."""
    from bilstm_nlp import experiment

    pieces = experiment.predictions(run, source, kind, reads, confidence=confidence, alternatives=nbest)
    if output is None:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
        return
    # Only a whole file gets the name asked for; what was written before an error stays beside it.
    partial = output.with_name(output.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(pieces)
    except InputError as error:
        raise InputError(f"{error} (what came before it is in {partial})") from error
    partial.replace(output)


@app.command()
def info(run: Run, as_json: AsJson = False) -> None:
    """Say what a run directory holds: results, configuration, versions, files."""
    from bilstm_nlp import report
    from bilstm_nlp.checkpoint import RunDirectory

    summary = RunDirectory.open(run).summary()
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, allow_nan=False))
    else:
        report.print_sections([report.run_section(summary)])
