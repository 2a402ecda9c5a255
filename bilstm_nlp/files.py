"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bilstm_nlp.errors import OutputError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step.

    Raises `OutputError` for what the system refuses; nothing is left of it then.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        with partial.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise OutputError(path, error) from error


def write_text(path: Path, text: str) -> None:
    """UTF-8, with the line ends that the text has."""

    def write(partial: Path) -> None:
        partial.write_text(text, encoding="utf-8", newline="\n")

    write_whole(path, write)


def write_json(path: Path, value: object) -> None:
    """Indented by one blank; a number that JSON does not have is a ValueError."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
