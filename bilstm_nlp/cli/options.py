"""Arguments and options that several commands share."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.errors import InputError
from bilstm_nlp.system import processes
from bilstm_nlp.tasks.request import Combine


def set_verbosity(verbose: bool | None) -> None:
    """Choose which messages are shown: `True` all, `False` errors only, `None` leaves the choice as it was.

    The level of the package's logger is the only place where the choice is kept; `is_quiet` reads it.
    """
    if verbose is not None and processes.rank() == 0:
        logging.getLogger("bilstm_nlp").setLevel(logging.DEBUG if verbose else logging.ERROR)


def is_quiet() -> bool:
    """Return whether notes and progress are unwanted."""
    return not logging.getLogger("bilstm_nlp").isEnabledFor(logging.INFO)


Verbosity = Annotated[
    bool | None,
    typer.Option(
        "--verbose/--quiet",
        "-v/-q",
        callback=set_verbosity,
        expose_value=False,
        help="Show more messages, tracebacks included / show errors only.",
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the config. Repeatable.")
]
DataSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="data.KEY=VALUE",
        help="Override how a run reads files, such as data.token_column or data.on_invalid_tags of a tagger, "
        "data.label_column of a classifier, data.id_column of series. Repeatable.",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Character encoding of a tagger's input, such as latin-1; short for --set data.encoding=NAME. Default: "
        "utf-8 for text and standard input, otherwise that of the training files.",
    ),
]
Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory, or a model such as english.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of standard output."),
]
Jobs = Annotated[
    int | None, typer.Option(metavar="N", help="Trainings at a time. Default: the number of cores.", min=1)
]
Levels = Annotated[
    list[float] | None,
    typer.Option(
        "--level",
        metavar="LEVEL",
        help="Coverage of a forecaster's intervals, such as 0.8, as columns lower_80 and upper_80. Repeatable.",
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Steps to forecast. Default: those of the training. Steps beyond these are forecast from forecasts, "
        "with intervals that are extrapolated.",
        min=1,
    ),
]
Static = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Static columns of a forecaster's series that were not in training, a row for each. The input itself may "
        "have these columns.",
    ),
]
Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN...",
        help="Run directories. Several are combined: the marginals of taggers; the forecasts of forecasters, which "
        "have intervals of their own.",
        show_default=False,
    ),
]
Combined = Annotated[
    Combine | None,
    typer.Option(
        "--combine", metavar="mean|median", help="Combination of several runs. Default: mean, the only one for taggers."
    ),
]


Baselines = Annotated[
    str | None,
    typer.Option(
        metavar="METHODS",
        help="Methods of statistics to put beside a forecaster: ets, theta and arima, separated by commas, or none. "
        "Each is fitted at each origin to the rows before it. They need the extra baselines.",
    ),
]
JobsOfBaselines = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", help="Processes that fit baselines. Default: as many as their fits are worth.", min=1
    ),
]


def combination(runs: Sequence[Path], combine: Combine | None) -> Combine:
    """Return the combination of several runs. Raises `InputError` if one is asked for a single run."""
    if combine is not None and len(runs) == 1:
        raise InputError(f"--combine: expected several runs, found only {runs[0]}")
    return combine or "mean"


def divided(arguments: Sequence[Path]) -> tuple[list[Path], str]:
    """Divide the arguments RUN … [INPUT] of a command: runs, and the input.

    The last of several arguments is the input, unless it is a run directory or a model. Without an input it is `-`.
    """
    from bilstm_nlp.runs.models import is_run, located

    *before, last = arguments
    if not before or is_run(located(last)):
        return list(arguments), "-"
    return before, str(last)
