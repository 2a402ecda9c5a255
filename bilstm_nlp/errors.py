"""What can go wrong for a user. `cli` prints the message alone, and exits with 2 for an `InputError`, else with 1."""

from __future__ import annotations

from pathlib import Path


def in_line(text: str) -> str:
    """Text that stays in its line on any terminal: what is not to be printed, line ends among it, as Python writes it.

    Messages quote files, and a file may hold all that moves a cursor or turns the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class InputError(Exception):
    """Something given from outside is wrong; the message alone tells what, where and what was expected."""

    def __init__(self, message: str) -> None:
        # Only of problems of a configuration are there several, a line each.
        super().__init__("\n".join(map(in_line, message.split("\n"))))


class ConfigError(InputError):
    """Every problem of a configuration at once, one line each, with its dotted key."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = [in_line(problem) for problem in problems]
        source = in_line(source)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            "\n".join([f"{source}: {count} in the configuration", *(f"  {line}" for line in self.problems)])
        )


class DataError(InputError):
    """A file that can't be read as what it should be: file, line (1-based, where there is one), expected, found."""

    def __init__(self, path: str | Path, expected: str, found: str, line: int | None = None) -> None:
        self.path, self.expected, self.found, self.line = str(path), expected, found, line
        place = self.path if line is None else f"{self.path}:{line}"
        super().__init__(in_line(f"{place}: expected {expected}, found {found}"))


class RunError(InputError):
    """A run directory that can't be used: missing, unfinished, damaged, taken or of another version."""

    def __init__(self, message: str) -> None:
        super().__init__(in_line(message))


class DivergenceError(Exception):
    """The training loss is no longer a number."""


class MemoryNeeded(Exception):
    """More memory was asked for than there is."""


class WorkerError(Exception):
    """A process that was to work for this one and has died."""


class OutputError(Exception):
    """Something can't be written: the disk is full, say, or the directory gone. What was there before is as it was."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        self.reason = error.strerror or str(error)
        super().__init__(f"{path}: could not be written: {self.reason}")
