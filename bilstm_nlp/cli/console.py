"""Results and notes on the terminal."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bilstm_nlp.cli.options import is_quiet
from bilstm_nlp.config import flat
from bilstm_nlp.reports.sections import Row, Section, Table

if TYPE_CHECKING:
    from os import PathLike


def print_result(as_json: bool, values: object, sections: Iterable[Section]) -> None:
    """Print a result on standard output: its values with --json, its sections without."""
    if as_json:
        # A terminal that is not UTF-8 gets escapes, so that the text stays JSON.
        escape = not (sys.stdout.encoding or "ascii").lower().startswith("utf")
        print(json.dumps(values, ensure_ascii=escape, allow_nan=False))
    else:
        print_sections(sections)


def print_sections(sections: Iterable[Section]) -> None:
    """Print sections on standard output."""
    from bilstm_nlp.cli import tables  # imports rich

    tables.print_sections(sections)


def run_section(summary: Mapping[str, Any]) -> Section:
    """Return the `summary` of a run directory as a section."""
    origin = summary["origin"]
    state = "finished" if summary["finished"] else "unfinished (train --resume goes on with it)"
    made = {key: origin[key] for key in ("command", "began", "commit") if key in origin}
    tables = [
        *(Table(part, ("", "value"), _pairs(results)) for part, results in summary["results"].items()),
        Table("Training", ("", "value"), _pairs(summary["training"])),
        Table("Configuration", ("key", "value"), _pairs(flat(summary["config"]))),
        Table("Made", ("", "value"), _pairs(made)),
        Table("Machine", ("", "value"), _pairs(origin.get("machine", {}))),
        Table("Data", ("file", "SHA-256"), _pairs(origin.get("data", {}))),
        Table("Versions", ("package", "version"), _pairs(origin.get("versions", {}))),
        Table("Files", ("name", "bytes"), [(name, f"{size:,}") for name, size in summary["files"].items()]),
    ]
    title = f"{summary['run']}: {state}, epochs so far: {summary['epochs']}"
    return Section(title, [table for table in tables if table.rows])


def _pairs(values: Mapping[str, Any]) -> list[Row]:
    """Return names and values as cells; fractions have four digits."""
    return [(name, f"{value:.4f}" if isinstance(value, float) else str(value)) for name, value in values.items()]


def note(message: str) -> None:
    """Print a line on standard error, unless --quiet was given."""
    if not is_quiet():
        print(message, file=sys.stderr)


def shell(*arguments: str | PathLike[str]) -> str:
    """Return a command as it is typed in a shell, with quotes where they are needed.

    >>> shell("bilstm-nlp", "predict", "my runs/ner")
    "bilstm-nlp predict 'my runs/ner'"
    """
    return shlex.join(map(str, arguments))


def command_again() -> str:
    """Return the command of this process as it is typed in a shell."""
    return shell("bilstm-nlp", *sys.argv[1:])
