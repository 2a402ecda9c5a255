"""Classes as files spell them: cells, numbers with names, lists, and values of JSON."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.errors import DataError, excerpt

YES, NO = frozenset({"1", "1.0", "true"}), frozenset({"0", "0.0", "false"})
"""What columns of 0 and 1 hold, in lower case."""


class ClassReader:
    """A reader of the classes of a source. Its methods raise `DataError` for values that are no classes."""

    def __init__(self, name: str, format: TextFormat) -> None:
        self.name, self.format = name, format
        self.names = format.names_of_classes

    def of_cell(self, cell: str, line: int) -> tuple[str, ...] | None:
        """Read the classes of a cell: of a list in brackets, or parted as the settings say. None for an empty cell."""
        cell = cell.strip()
        if not cell:
            return None
        if (values := _list_of(cell)) is not None:
            return self.of_value(values, line)
        separator = self.format.label_separator
        if separator is None:
            return (self.named(cell, line),)
        parts = [part.strip() for part in cell.split(separator)]
        if not all(parts):
            raise DataError(self.name, f"classes parted by {separator!r}, none of them empty", repr(cell), line)
        return self.distinct([self.named(part, line) for part in parts], line)

    def of_value(self, value: Any, line: int) -> tuple[str, ...] | None:
        """Read the classes of a value of JSON: a string, a whole number, a boolean, or a list of them.

        An object has 0 or 1 for each class, as in spaCy.
        """
        if value is None:
            return None
        if isinstance(value, str):
            return self.of_cell(value, line)
        if isinstance(value, list | tuple):
            names = [self.named(self.spelling(item, line), line) for item in value]
            return self.distinct(names, line)
        if isinstance(value, Mapping):  # spaCy's cats
            return self.of_flags(value, line)
        return (self.named(self.spelling(value, line), line),)

    def of_flags(self, flags: Mapping[str, Any], line: int) -> tuple[str, ...]:
        """Read columns of 0 and 1, each for the class that it names."""
        chosen = []
        for name, value in flags.items():
            spelled = str(value).strip().lower()
            if spelled not in YES | NO:
                shown = excerpt(repr(value))
                raise DataError(self.name, f"0 or 1 in {name}, a column of data.label_column", shown, line)
            if spelled in YES:
                chosen.append(self.named(name, line))
        return tuple(chosen)

    def spelling(self, value: Any, line: int) -> str:
        """Spell a value of JSON as a class."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        shown = excerpt(json.dumps(value, ensure_ascii=False, default=str))
        raise DataError(self.name, "a class: a string, a whole number, a boolean, or a list of them", shown, line)

    def named(self, spelled: str, line: int) -> str:
        """Return the name of a class, if classes have names."""
        if not self.names:
            return spelled
        key = spelled.removesuffix(".0")
        if key in self.names:
            return self.names[key]
        if spelled in self.names.values():
            return spelled
        shown = ", ".join(list(self.names)[:10])
        raise DataError(self.name, f"a class of data.label_names, one of {shown}", excerpt(repr(spelled)), line)

    def distinct(self, names: list[str], line: int) -> tuple[str, ...]:
        """Return the classes of a text. Raises `DataError` for a class that it has twice."""
        twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if twice is not None:
            raise DataError(self.name, "each class of a text once", f"{twice!r} twice", line)
        return tuple(names)


def _list_of(cell: str) -> list[Any] | None:
    """Parse a list as JSON or Python writes it; None for another cell.

    >>> _list_of("['a', 'b']"), _list_of("[1]"), _list_of("[sic]")
    (['a', 'b'], [1], None)
    """
    if not (cell.startswith("[") and cell.endswith("]")):
        return None
    try:
        values = ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return values if isinstance(values, list) else None
