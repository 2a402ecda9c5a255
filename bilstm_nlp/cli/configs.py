"""`bilstm-nlp init` and `bilstm-nlp schema`"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bilstm_nlp.cli.options import Overrides, Verbosity


def init(
    kind: Annotated[
        Literal["ner", "classification", "labelling", "forecasting"],
        typer.Argument(metavar="KIND", help="The kind of model.", show_default=False),
    ],
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="A .csv or .parquet file of series: all settings are chosen from it.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Argument(metavar="OUT", help="The file to write, or - to print. Default: KIND.toml.")
    ] = None,
    overrides: Overrides = None,
    verbosity: Verbosity = None,
) -> None:
    """Write a commented starter config for your own files. An existing file is never replaced. For a file of series,
    all settings are chosen from the data, each with its reason."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.config.shipped import STARTERS
    from bilstm_nlp.errors import InputError, OutputError
    from bilstm_nlp.tasks.registry import is_data, starter

    if file is not None and not is_data(file):
        if out is not None:
            raise InputError(f"FILE: expected a .csv, .csv.gz or .parquet file of series, found {file}")
        file, out = None, file
    if file is None and overrides:
        raise InputError("--set: expected with a file of series, found none")
    if file is None:
        text = (STARTERS / f"{kind}.toml").read_text(encoding="utf-8")
    else:
        text = starter(kind, file, overrides or [])
    if out == "-":
        sys.stdout.write(text)
        return
    path = Path(out or f"{kind}.toml")
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError(f"{path}: expected the name of a new file, found one that exists") from None
    except OSError as error:
        raise OutputError(path, error) from error
    todo = "Put your files in it, then" if file is None else "Edit it, then"
    console.note(f"wrote {path}. {todo}: {console.shell('bilstm-nlp', 'check', path)}")


def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a reference of all keys instead.")] = False,
    verbosity: Verbosity = None,
) -> None:
    """Print the JSON Schema of a config. Editors complete and check TOML files with it."""
    from bilstm_nlp.config import reading, reference

    sys.stdout.write(reference.markdown() if markdown else reading.schema())
