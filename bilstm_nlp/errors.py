"""Errors that a user can cause or meet.

    Exception
     ├── InputError               wrong input: exit status 2
     │    ├── ConfigError         problems of a configuration, all at once
     │    ├── DataError           a file with other content than expected
     │    └── RunError            an unusable run directory
     ├── DivergenceError          training without a finite loss
     ├── MemoryNeeded             out of memory
     ├── WorkerError              a dead worker process
     └── OutputError              a file that cannot be written

The command line prints the message alone. It exits with status 2 for an `InputError`, and with 1 for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "ConfigError",
    "DataError",
    "DivergenceError",
    "InputError",
    "MemoryNeeded",
    "OutputError",
    "RunError",
    "WorkerError",
    "excerpt",
    "in_line",
    "listed",
]


def in_line(text: str) -> str:
    r"""Escape every character that is not printable, line ends included, as Python does.

    Messages quote files, and a file may hold characters that move a cursor or turn the direction of writing.

    >>> print(in_line("one\ntwo\x1b[31m"))
    one\ntwo\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def excerpt(text: str, longest: int = 60) -> str:
    """Cut long text for a message.

    >>> excerpt("a line of text", longest=6)
    'a line…'
    """
    return text if len(text) <= longest else text[:longest] + "…"


def listed(texts: Sequence[str], separator: str = ", ", most: int = 5) -> str:
    """Join the first texts for a message, and count the others.

    >>> listed(["a", "b", "c", "d"], most=2), listed(["a", "b", "c"], "; ", 2), listed(["a", "b"])
    ('a, b and 2 more', 'a; b; and 1 more', 'a, b')
    """
    shown = separator.join(texts[:most])
    if len(texts) <= most:
        return shown
    return f"{shown}{'' if separator == ', ' else separator.rstrip()} and {len(texts) - most:,} more"


class InputError(Exception):
    """Wrong input. The message tells the place, what was expected and what was found."""

    def __init__(self, message: str) -> None:
        # Only problems of a configuration take several lines.
        super().__init__("\n".join(map(in_line, message.split("\n"))))


class ConfigError(InputError):
    """All problems of a configuration, one line each, with their dotted keys.

    >>> print(ConfigError("my.toml", ["seed: expected a whole number, found 'x'"]))
    my.toml: 1 problem in the configuration
      seed: expected a whole number, found 'x'
    """

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = [in_line(problem) for problem in problems]
        source = in_line(source)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            "\n".join([f"{source}: {count} in the configuration", *(f"  {line}" for line in self.problems)])
        )


class DataError(InputError):
    """A file with other content than expected. Lines are counted from 1; None stands for the whole file.

    >>> print(DataError("train.conll", "2 columns", "3: 'EU NNP B-ORG'", line=7))
    train.conll:7: expected 2 columns, found 3: 'EU NNP B-ORG'
    """

    def __init__(self, path: str | Path, expected: str, found: str, line: int | None = None) -> None:
        self.path, self.expected, self.found, self.line = str(path), expected, found, line
        place = self.path if line is None else f"{self.path}:{line}"
        super().__init__(in_line(f"{place}: expected {expected}, found {found}"))


class RunError(InputError):
    """An unusable run directory: missing, unfinished, damaged, locked or of another version."""

    def __init__(self, message: str) -> None:
        super().__init__(in_line(message))


class DivergenceError(Exception):
    """The training loss or the gradient is not finite."""


class MemoryNeeded(Exception):
    """Out of memory."""


class WorkerError(Exception):
    """A worker process died."""


class OutputError(Exception):
    """A file that cannot be written: the disk is full, or the directory is gone. An earlier file is left unchanged."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        self.reason = error.strerror or str(error)
        super().__init__(f"{path}: could not be written: {self.reason}")
