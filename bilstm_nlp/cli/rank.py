"""`bilstm-nlp rank`"""

from __future__ import annotations

from typing import Annotated

import typer

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import DataSettings, Encoding, Output, Verbosity, divided
from bilstm_nlp.cli.output import write
from bilstm_nlp.cli.predict import (
    Confidence,
    InputOption,
    Language,
    RunsAndInput,
    Split,
    format_of,
    language_of_split,
)
from bilstm_nlp.data.pipes import standard_input_as_pipe
from bilstm_nlp.tasks.request import Format, Measure, Ranking, Request, settings_of


def rank(
    arguments: RunsAndInput,
    top: Annotated[int, typer.Option(metavar="N", help="Number of sentences, texts or series to give.", min=1)] = 100,
    by: Annotated[
        Measure,
        typer.Option(
            help="Order: 1 - P(best sequence)^(1/steps), or 1 - P(best class), the greatest first; the margin between "
            "the probabilities of the two best sequences or classes, the smallest first; or the expected number of "
            "wrong tags, labels or classes, the greatest first. A step is a token, or a row of a series.",
        ),
    ] = "least-certain",
    output: Output = None,
    kind: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Output format. Tagger: text (score, line and text, separated by tabs), conll, jsonl, csv, html, "
            "doccano, label-studio or spacy. Classifier: text, jsonl, csv, html; of series csv, jsonl. Labeller: csv, "
            "jsonl. JSON has the rank, the line and the score under `ranking`.",
        ),
    ] = None,
    reads: InputOption = "auto",
    overrides: DataSettings = None,
    encoding: Encoding = None,
    split: Split = False,
    language: Language = None,
    confidence: Confidence = False,
    verbosity: Verbosity = None,
) -> None:
    """Give the sentences, texts or series that a tagger, classifier or labeller is least sure of, to be annotated next.
    Memory holds no more sentences or texts than are asked for. A file of series is read whole."""
    from bilstm_nlp.runs import ensemble

    runs, source = divided(arguments)
    kind = format_of(kind, output)
    request = Request(
        source,
        format=kind,
        reads=reads,
        confidence=confidence,
        split=language_of_split(split, language),
        settings=settings_of(overrides, encoding),
    )
    with Activity(f"ranking {source}", shown=output is not None) as activity, standard_input_as_pipe():
        pieces = ensemble.ranked(runs, "mean", request, Ranking(top, by))
        write(pieces, output, activity, packed=kind == "docbin")
