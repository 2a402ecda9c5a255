"""Pages of wrong predictions: written where they are asked for, with links to the runs that predicted."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from bilstm_nlp.errors import InputError, OutputError
from bilstm_nlp.system.files import write_text

Links = Sequence[tuple[str, str]]
"""(name, URL) of runs."""


def write(path: Path, runs: Sequence[Path], page: Callable[[Links], str]) -> None:
    """Write the page that `page` makes of links to run directories.

    Raises `InputError` if that is not possible.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: expected a file to write to, found what is none")
    links = [(str(run), _link(run / "report.md", path.parent)) for run in runs]
    try:
        write_text(path, page(links))
    except OutputError as error:
        raise InputError(f"{path}: expected a file that can be written, found {error.reason}") from None


def _link(target: Path, folder: Path) -> str:
    """Return the relative URL of a file for a page in `folder`. On another drive, it is absolute."""
    try:
        return quote(Path(os.path.relpath(target, folder)).as_posix())
    except ValueError:
        return target.absolute().as_uri()
