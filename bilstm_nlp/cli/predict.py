"""`bilstm-nlp predict`"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.options import Output, Run
from bilstm_nlp.errors import InputError, OutputError
from bilstm_nlp.tasks.request import Format, Reads, Request


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
        from bilstm_nlp.runs import load

        write(load.predictions(run, request), output)
    else:
        # Without torch, which only the workers need.
        from bilstm_nlp.serving import pool

        write(pool.predictions(run, request), output)


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
