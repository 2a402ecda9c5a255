"""The command line: parse, call, print. Commands import torch when they run, so that --help is instant."""

from __future__ import annotations

import atexit
import gc
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from bilstm_nlp.cli import check, configs, evaluate, export, predict, rank, runs, studies, train
from bilstm_nlp.cli.options import Verbosity
from bilstm_nlp.errors import DivergenceError, InputError, MemoryNeeded, OutputError, WorkerError
from bilstm_nlp.system import processes

COMMANDS = (
    (train.train, "bilstm-nlp train sample:ner --set training.epochs=5 --out runs/ner"),
    (evaluate.evaluate, "bilstm-nlp evaluate runs/ner --data test.conll"),
    (predict.predict, "bilstm-nlp predict runs/ner news.txt --format jsonl --confidence"),
    (rank.rank, "bilstm-nlp rank runs/ner unlabelled.txt --top 200 --by margin"),
    (evaluate.backtest, "bilstm-nlp backtest runs/energy --windows 30 --step 24"),
    (studies.compare, "bilstm-nlp compare sample:compare --jobs 2 --out runs/comparison"),
    (studies.audit, "bilstm-nlp audit sample:ner --folds 5 --show 10"),
    (check.check, "bilstm-nlp check train.conll"),
    (configs.init, "bilstm-nlp init ner my-config.toml"),
    (configs.schema, "bilstm-nlp schema > bilstm-nlp.schema.json"),
    (export.export, "bilstm-nlp export runs/ner exported/ner --int8"),
    (runs.info, "bilstm-nlp info runs/ner"),
    (runs.verify, "bilstm-nlp verify runs/ner"),
    (runs.reproduce, "bilstm-nlp reproduce runs/ner"),
)
"""Each command and its example, in the order of the help."""


def print_version(wanted: bool) -> None:
    """Print the version and exit, if `wanted`."""
    if wanted:
        from bilstm_nlp import __version__

        print(f"bilstm-nlp {__version__}")
        raise typer.Exit


def bilstm_nlp(
    verbosity: Verbosity = None,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Train, score and use Bi-LSTM models: taggers of words, classifiers of texts and forecasters of time series."""


def application(commands: Sequence[tuple[Callable[..., None], str]]) -> typer.Typer:
    """Return the command line with some commands, each with its example."""
    made = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # importing rich would double the time of --help
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Example: bilstm-nlp train sample:ner, then bilstm-nlp COMMAND --help for an example of each command.",
    )
    made.callback()(bilstm_nlp)
    for function, example in commands:
        # Without a short help, it is the first sentence cut to what fits in a line.
        short = (function.__doc__ or "").partition(".")[0] + "."
        made.command(short_help=short, epilog=f"Example: {example}")(function)
    return made


app = application(COMMANDS)


def application_of(arguments: Sequence[str]) -> typer.Typer:
    """Return the command line for some arguments: of the command that comes first alone, otherwise of all.

    typer reads the signature of each command that it has, which takes longer than to tag a sentence.
    """
    first = [(function, example) for function, example in COMMANDS if [function.__name__] == [*arguments[:1]]]
    return application(first) if first else app


def main() -> None:
    """Run the command line.

    A mistake in the user's input becomes one message and exit status 2, any other expected failure status 1.
    """
    prepare_streams()
    # On a terminal, a message first clears the line of progress that it overwrites.
    clear = "\x1b[K" if sys.stderr.isatty() else ""
    logging.basicConfig(level=logging.WARNING, format=f"{clear}%(message)s", stream=sys.stderr)
    logging.getLogger("bilstm_nlp").setLevel(logging.INFO if processes.rank() == 0 else logging.ERROR)
    # With the default threshold, garbage collection takes an eighth of the time of all imports. With 50,000, it takes
    # 4 % of a first prediction, whose vocabulary is 100,000 objects. Freezing before the exit saves another third of
    # a second.
    gc.set_threshold(200_000)
    # To look for plugins, pydantic reads the metadata of all installed distributions, a fifteenth of a first
    # prediction. No schema here is for plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    atexit.register(gc.freeze)
    try:
        application_of(sys.argv[1:])(prog_name="bilstm-nlp")
    except InputError as error:
        # Processes of one machine that train together all find the same mistake.
        if processes.rank() == 0 or os.environ.get("LOCAL_RANK") == "0":
            print_error(str(error))
        sys.exit(2)
    except (DivergenceError, MemoryNeeded, OutputError, WorkerError) as error:
        print_error(str(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "bilstm_nlp"):
            raise
        print_error(f"{package}: expected this package for the command, found none; pip install bilstm-nlp brings it")
        sys.exit(1)
    except MemoryError as error:
        reason = " ".join(str(error).split())
        print_error("out of memory" + (f" ({reason[:200]})" if reason else ""))
        sys.exit(1)
    except BrokenPipeError:  # the reader of the output has left
        drop_output()
        sys.exit(1)
    except OSError as error:
        drop_output()
        # An error of a file names the file. An error without a name is one of standard output.
        print_error(
            f"{error.filename}: {error.strerror}" if error.filename else str(OutputError("standard output", error))
        )
        sys.exit(1)


def prepare_streams() -> None:
    """Replace characters that the terminal can't encode, so that no result is lost to a UnicodeEncodeError."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_error(message: str) -> None:
    """Print a message on standard error; with --verbose, the traceback of the error that is being handled follows."""
    print(f"bilstm-nlp: {message}", file=sys.stderr)
    logging.getLogger("bilstm_nlp").debug("traceback, because of --verbose:", exc_info=True)


def drop_output() -> None:
    """Send the rest of standard output nowhere, or Python reports the same error again when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
