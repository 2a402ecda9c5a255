"""Files that are written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bilstm_nlp.errors import OutputError


def partial_of(path: Path) -> Path:
    """Name the temporary file that becomes `path`. A process that is killed while it writes leaves only this file."""
    return path.with_name(f".{path.name}.partial")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary file beside `path`, then rename the file to `path`.

    A reader finds the old content or the new content, never a part of it.
    Raises `OutputError` if the system refuses to write; the temporary file is removed.
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


def write_cache(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file as `write_whole` does, but one that may be lost and that several processes may write at once.

    Each process has a temporary file of its own, and the disk is not waited for. Raises `OutputError` if the system
    refuses; the temporary file is removed whatever happens.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    except OSError as error:
        raise OutputError(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, with the line ends that it has."""
    write_whole(path, text_to(text))


def write_json(path: Path, value: object) -> None:
    """Write `json_text(value)`."""
    from bilstm_nlp.system.json_values import json_text  # here: it imports numpy, which the command line does without

    write_text(path, json_text(value))


def text_to(text: str) -> Callable[[Path], object]:
    """Make a function for `write_whole` that writes `text` as UTF-8."""
    return lambda path: path.write_bytes(text.encode())
