"""Columns of text and class, told by their cells: classes are few, short, and repeat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from bilstm_nlp.data.labelled.class_values import NO, YES

LONGEST_CLASS = 60
"""Characters of a class, for a column whose name does not tell."""
NUMBER = re.compile(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?")
SIGNS = frozenset("+-")
"""Classes without a letter or digit."""


@dataclass(frozen=True)
class ColumnFigures:
    """The cells of a column, in figures."""

    index: int
    values: Counter[str]
    cells: int
    characters: float
    """Mean number of a cell."""
    words: float
    """Mean number of a cell."""
    varies: bool
    """Cells have different numbers of words."""

    @classmethod
    def of(cls, index: int, cells: Sequence[str], separator: str | None = None) -> ColumnFigures:
        """Count the cells of a column, or the classes in them if a separator parts them."""
        if separator is not None:
            cells = [part for cell in cells for part in cell.split(separator)]
        values = Counter(cell.strip() for cell in cells)
        total = max(len(cells), 1)
        words = {value: len(value.split()) for value in values}
        return cls(
            index,
            values,
            len(cells),
            sum(len(value) * count for value, count in values.items()) / total,
            sum(words[value] * count for value, count in values.items()) / total,
            len(set(words.values())) > 1,
        )

    @cached_property
    def distinct(self) -> int:
        """The number of different values."""
        return len(self.values)

    @cached_property
    def are_classes(self) -> bool:
        """Tell whether the values can be classes: short, with a letter or digit, and none of them missing in most."""
        return self.values[""] * 2 <= self.cells and all(
            len(value) <= LONGEST_CLASS and (value in SIGNS or not value or any(map(str.isalnum, value)))
            for value in self.values
        )

    @cached_property
    def repeats(self) -> bool:
        """Tell whether the values repeat as classes do: two or more, and at most half of them only once."""
        single = sum(count == 1 for count in self.values.values())
        few = self.distinct <= self.cells / (2 if self.cells >= 20 else 1) and self.distinct < self.cells
        return self.are_classes and self.distinct >= 2 and few and 2 * single <= self.distinct

    @cached_property
    def are_numbers(self) -> bool:
        """Tell whether all values are numbers."""
        return all(NUMBER.fullmatch(value) for value in self.values)

    @cached_property
    def are_flags(self) -> bool:
        """Tell whether all values are 0 or 1, as in a column for a single class."""
        return {value.lower() for value in self.values} <= YES | NO

    @property
    def is_constant(self) -> bool:
        """Tell whether all cells have the same value, as a file of a single class has."""
        return self.are_classes and self.distinct == 1 and self.cells >= 2 and "" not in self.values

    def known(self, classes: Set[str]) -> float:
        """Return the share of cells that are known classes."""
        return sum(count for value, count in self.values.items() if value in classes) / max(self.cells, 1)


@dataclass(frozen=True)
class Choice:
    """Columns that could be that of the class, the most likely first."""

    columns: tuple[ColumnFigures, ...]
    sure: bool
    """False if only a guess is possible."""

    @property
    def tied(self) -> bool:
        """Tell whether the first two are equally likely."""
        return len(self.columns) > 1


def class_choice(columns: Sequence[ColumnFigures], classes: Set[str], *, weak: bool) -> Choice | None:
    """Choose the column of the class. `classes` are those known. Return None if no column can be it.

    `weak`: a column whose values don't repeat is accepted if its cells are single words and those of others are longer.

    >>> figures = [ColumnFigures.of(0, "a b a b".split()), ColumnFigures.of(1, ["x y", "z", "u", "v"])]
    >>> class_choice(figures, frozenset(), weak=False).columns[0].index
    0
    """
    known = [column for column in columns if column.known(classes) >= 0.5]
    if known:
        best = max(column.known(classes) for column in known)
        return Choice(tuple(column for column in known if column.known(classes) == best), sure=True)
    repeating = sorted((column for column in columns if column.repeats), key=lambda column: column.distinct)
    if len(repeating) > 1 and len(columns) == 2 and 2 * repeating[0].distinct <= repeating[1].distinct:
        repeating = repeating[:1]
    if len(repeating) > 1 and len(columns) == 2:  # both repeat: texts are longer
        short, long = sorted(repeating, key=lambda column: column.words)
        if 2 * short.words <= long.words:
            return Choice((short,), sure=False)
    if repeating:
        return Choice(tuple(repeating), sure=True)
    if weak and len(columns) == 2:
        constant = [column for column in columns if column.is_constant]
        if len(constant) == 1:
            return Choice(tuple(constant), sure=False)
        short, long = sorted(columns, key=lambda column: column.words)
        if short.are_classes and "" not in short.values and short.words <= 2 and long.words >= short.words + 1:
            return Choice((short,), sure=False)
    return None


def text_choice(columns: Sequence[ColumnFigures]) -> list[ColumnFigures]:
    """Choose the columns of the text: the longest, and others of several words, in the order of the file.

    >>> title, body = ColumnFigures.of(0, ["a b c", "d e f g"]), ColumnFigures.of(1, ["a b c d e", "f g h i"])
    >>> [column.index for column in text_choice([title, body])]
    [0, 1]
    """
    if not columns:
        return []
    longest = max([column for column in columns if column.varies] or columns, key=lambda column: column.characters)
    return [
        column
        for column in columns
        if column is longest or (column.words >= 3 and column.varies and 2 * column.distinct > column.cells)
    ]
