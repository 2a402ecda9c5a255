"""Files that are written whole or not at all, and JSON that can be written again."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bilstm_nlp.errors import OutputError
from bilstm_nlp.system.json_values import json_text


def partial_of(path: Path) -> Path:
    """The temporary file that is to become `path`: all that a process leaves that is killed while it writes."""
    return path.with_name(f".{path.name}.partial")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step.

    Raises `OutputError` for what the system refuses; nothing is left of it then.
    """
    partial = partial_of(path)
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
    write_whole(path, text_to(text))


def write_json(path: Path, value: object) -> None:
    """`json_text`, in a file."""
    write_text(path, json_text(value))


def text_to(text: str) -> Callable[[Path], object]:
    """Path → the text in it, as UTF-8."""
    return lambda path: path.write_bytes(text.encode())
