"""Files that are written whole or not at all, and JSON that can be written again."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.errors import OutputError

MOST_LEVELS = 100
"""Brackets in brackets; no file of ours has ten."""


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
    """`as_json`, in a file."""
    write_text(path, as_json(value))


def text_to(text: str) -> Callable[[Path], object]:
    """Path → the text in it, as UTF-8."""
    return lambda path: path.write_bytes(text.encode())


def as_json(value: object) -> str:
    """Indented by one blank; a number that JSON does not have is a ValueError."""
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def value_of(text: str) -> Any:
    """The value of a text in JSON: what `write_json` can write, and nothing else.

    Raises `ValueError` for other text, NaN and infinities, numbers of too many digits, halves of surrogate pairs and
    what is nested too deep to be walked.
    """
    too_deep = ValueError(f"brackets more than {MOST_LEVELS} deep")
    try:
        value = json.loads(text, parse_constant=finite, parse_float=finite)
    except RecursionError:
        raise too_deep from None
    if len(list(levels(value, MOST_LEVELS + 1))) > MOST_LEVELS:
        raise too_deep
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # an error of encoding is a ValueError too
    return value


def finite(text: str) -> float:
    """A number. Raises `ValueError` for one that JSON does not have."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number that JSON does not have, {text[:20]}")
    return number


def levels(value: Any, most: int) -> Iterator[list[Any]]:
    """What is nested in lists and tables, level by level, down to so many; nobody's stack is too small for it."""
    level = [value]
    for _ in range(most):
        if not level:
            return
        yield level
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = list(chain.from_iterable(inner))


def shortest(values: NDArray[np.float32]) -> Any:
    """Numbers as lists, each with as few digits as make the same float32 again: a third of the file."""
    return values.astype(str).astype(np.float64).tolist()
