"""The command line: parse, call, print. Torch is imported inside commands only, so that --help is instant."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys

import typer

from bilstm_nlp.cli import data, evaluate, predict, runs, studies, train
from bilstm_nlp.errors import DivergenceError, InputError, MemoryNeeded, OutputError, WorkerError
from bilstm_nlp.system import processes

app = typer.Typer(
    help="Train, score and use Bi-LSTM taggers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # to import rich would take as long as all the rest of --help
)
for command in (
    train.train,
    evaluate.evaluate,
    predict.predict,
    evaluate.backtest,
    studies.compare,
    studies.audit,
    data.check,
    runs.info,
    runs.verify,
    runs.reproduce,
):
    app.command()(command)


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
