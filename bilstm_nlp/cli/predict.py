"""`bilstm-nlp predict`"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import (
    Combined,
    DataSettings,
    Encoding,
    Horizon,
    Levels,
    Output,
    Static,
    Verbosity,
    combination,
    divided,
)
from bilstm_nlp.cli.output import write, write_folder
from bilstm_nlp.data.pipes import standard_input_as_pipe
from bilstm_nlp.errors import InputError, OutputError
from bilstm_nlp.tasks.request import Engine, Format, Reads, Request, settings_of

RunsAndInput = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN... [INPUT]",
        help="Run directories. Several are combined: taggers and labellers by the mean of their marginals, "
        "classifiers by that of their probabilities, forecasters by that of their forecasts. Then a file, or - for "
        "standard input. The last of several arguments is the input "
        "unless it is a run directory.",
        show_default=False,
    ),
]
InputOption = Annotated[
    Reads,
    typer.Option(
        "--input",
        metavar="FORMAT",
        help="Input format of a tagger or a classifier: text (a text in each line), tokens (the same, already cut at "
        "blanks), conll (taggers only), jsonl or dataset. By default, a tagger reads - as text, .jsonl and .json as "
        "jsonl, and any other file as conll if its first lines look like columns, otherwise as text; a classifier also "
        "finds tables.",
    ),
]
Split = Annotated[
    bool,
    typer.Option(
        "--split", help="Cut each text into sentences, which a tagger reads one by one; places stay those in the text."
    ),
]
Language = Annotated[
    str | None,
    typer.Option(
        metavar="CODE", help="Language of --split, such as de: its abbreviations end no sentence. Default: en."
    ),
]
Confidence = Annotated[
    bool, typer.Option("--confidence", help="Add the exact probability of each entity, class or label to the output.")
]

EngineOption = Annotated[
    Literal["torch", "onnx", "auto"],
    typer.Option(
        metavar="torch|onnx|auto",
        help="Engine that computes. onnx makes a graph of the run's weights, keeps it in the run, and needs the extra "
        "export; auto is onnx if that is possible. Figures are the same within rounding, about 1e-6, which is why the "
        "default is torch. An exported folder has its own graph.",
    ),
]


def engine_of(wanted: Literal["torch", "onnx", "auto"], runs: Sequence[Path]) -> Engine:
    """Return the engine of some runs. Unless it is torch, each run has a graph afterwards.

    Raises `InputError` if ONNX Runtime is wanted, and missing or not possible.
    """
    if wanted == "torch":
        return "torch"
    from bilstm_nlp.runs import graphs
    from bilstm_nlp.runs.directory import finished
    from bilstm_nlp.tasks.graph_session import check_installed

    try:
        for run in runs:
            if not graphs.is_ready(finished(run)):
                check_installed("onnx")
                from bilstm_nlp.export import kept  # imports torch

                kept.keep(run)
    except (InputError, OutputError) as error:
        if wanted == "onnx":
            raise
        logging.getLogger(__name__).info("--engine auto: torch, because of this: %s", error)
        return "torch"
    return "onnx"


def language_of_split(split: bool, language: str | None) -> str | None:
    """Return the language in which sentences are cut, None without `--split`. Raises `InputError` for it alone."""
    if language is not None and not split:
        raise InputError(f"--language: expected --split beside it, found only {language}")
    return (language or "en") if split else None


def format_of(kind: Format | None, output: Path | None) -> Format | None:
    """Return the format to write: `spacy` is a DocBin in a file called .spacy. Raises `InputError` without spaCy."""
    if kind == "spacy" and output is not None and output.suffix == ".spacy":
        kind = "docbin"
    if kind == "docbin":
        from bilstm_nlp.data.text.docbin_file import check_spacy

        check_spacy()
    return kind


def predict(
    arguments: RunsAndInput,
    output: Output = None,
    kind: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Output format. Tagger: text, conll, jsonl, csv, html (a page); doccano, label-studio, spacy (JSON, "
            "or a DocBin if --output ends in .spacy) or brat (a folder), to be corrected by people. Classifier: text, "
            "jsonl, csv, html; of series csv, jsonl. Labeller: csv, jsonl. Forecaster: csv, json, parquet.",
        ),
    ] = None,
    reads: InputOption = "auto",
    overrides: DataSettings = None,
    encoding: Encoding = None,
    split: Split = False,
    language: Language = None,
    confidence: Confidence = False,
    min_confidence: Annotated[
        float,
        typer.Option(metavar="P", help="Leave out entities less probable than P, and count them.", min=0, max=1),
    ] = 0.0,
    nbest: Annotated[
        int,
        typer.Option(
            metavar="N", help="Add the N most probable tag sequences of each sentence, or classes of each text.", min=0
        ),
    ] = 0,
    known: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Future values of a forecaster's known columns, for the rows to forecast. The input itself may have "
            "these rows, with empty targets.",
        ),
    ] = None,
    static: Static = None,
    levels: Levels = None,
    horizon: Horizon = None,
    combine: Combined = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the forecast, or with --attention the weights, as PNG.")
    ] = None,
    attention: Annotated[
        bool, typer.Option("--attention", help="Add attention weights to the JSON Lines output.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Processes that share the input of a tagger, a classifier or a labeller, and the cores.",
            min=1,
        ),
    ] = 1,
    engine: EngineOption = "torch",
    verbosity: Verbosity = None,
) -> None:
    """Tag or classify text, label or classify series, or forecast the rows after their end. Each line of a slow input
    of text is answered at once."""
    runs, source = divided(arguments)
    combined = combination(runs, combine)
    kind = format_of(kind, output)
    request = Request(
        source,
        format=kind,
        reads=reads,
        confidence=confidence,
        nbest=nbest,
        known=known,
        static=static,
        plot=plot,
        attention=attention,
        jobs=jobs,
        levels=tuple(levels or ()),
        horizon=horizon,
        split=language_of_split(split, language),
        settings=settings_of(overrides, encoding),
        engine=engine_of(engine, runs),
        min_confidence=min_confidence,
    )
    if kind == "brat" and output is None:
        raise InputError("--format brat: expected --output with a folder for its files, found none")
    if source == "-" and sys.stdin.isatty() and output is None:
        from bilstm_nlp.cli import console

        console.note("reading standard input, a sentence or a text in each line; Ctrl-D ends it")
    # On one terminal, progress and output would overwrite each other.
    with Activity(f"predicting {source}", shown=output is not None) as activity, standard_input_as_pipe():
        if jobs > 1:
            # Without torch, which only the workers need.
            from bilstm_nlp.serving import pool

            pieces = pool.predictions(runs, combined, request)
        elif len(runs) > 1:
            from bilstm_nlp.runs import ensemble

            pieces = ensemble.predictions(runs, combined, request)
        else:
            from bilstm_nlp.runs import load

            pieces = load.predictions(runs[0], request)
        if kind == "brat" and output is not None:
            write_folder(pieces, output, activity)
        else:
            write(pieces, output, activity, packed=kind == "docbin")
