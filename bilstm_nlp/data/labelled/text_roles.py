"""The roles of the columns of a table: those of the text, and those of the class."""

from __future__ import annotations

import difflib
from collections.abc import Sequence, Set
from dataclasses import dataclass

from bilstm_nlp.data.labelled.labelled_text import Column, TextFormat
from bilstm_nlp.data.labelled.text_columns import ColumnFigures, class_choice, text_choice
from bilstm_nlp.data.labelled.text_names import Ambiguous, class_name, several_classes, text_names
from bilstm_nlp.data.labelled.text_rows import Row
from bilstm_nlp.errors import DataError, listed

SURE = 0.9
"""The least share of known classes in a column of classes, where none is needed."""


@dataclass(frozen=True)
class Roles:
    """Indices of columns."""

    text: tuple[int, ...] = ()
    label: tuple[int, ...] = ()
    """None if the file has no classes."""
    flags: bool = False
    """The columns of the classes hold 0 or 1."""
    doubts: tuple[str, ...] = ()
    """Guesses, each with the setting that says otherwise."""


def roles_of(
    name: str, names: Sequence[str] | None, rows: Sequence[Row], format: TextFormat, needs_class: bool, *, weak: bool
) -> Roles | None:
    """Find the columns of text and class: as set, by the names of the header, or by the cells.

    `weak` accepts a guess from few rows. Return None if no column can be that of the class. Raises `DataError` for a
    column that is not there, and `Ambiguous` for columns that can't be told apart.
    """
    width = len(rows[0].cells) if rows else len(names or ())
    text = [_index_of(name, column, names, width, "data.text_column") for column in format.text_columns]
    label = [
        _index_of(name, column, names, width, "data.label_column")
        for column in format.label_columns
        if needs_class or column in (names or range(width))
    ]
    both = set(text) & set(label)
    if both:
        expected = "another column in data.label_column than in data.text_column"
        raise DataError(name, expected, str(names[min(both)] if names else min(both)))
    flags = isinstance(format.label, tuple) and bool(label)
    shown = list(names or map(str, range(width)))
    doubts: list[str] = []
    if names and not label:
        chosen = _class_name([column for index, column in enumerate(names) if index not in text], needs_class)
        label = [] if chosen is None else [list(names).index(chosen)]
    if names and not text:
        texts = text_names([column for index, column in enumerate(names) if index not in label])
        text = [list(names).index(column) for column in texts]
    figures = [ColumnFigures.of(index, [row.cells[index] for row in rows]) for index in range(width)]
    if not label and (needs_class or format.known):
        others = [
            ColumnFigures.of(index, [row.cells[index] for row in rows], format.label_separator)
            for index in range(width)
            if index not in text
        ]
        choice = class_choice(others, format.known, weak=weak)
        if choice is None and needs_class and not (names and text):
            return None
        if choice is None or len(choice.columns) > 1:
            several = [shown[column.index] for column in choice.columns] if choice else shown
            if needs_class:
                flags_of = [shown[column.index] for column in others if names and column.are_flags]
                raise several_classes("one column of classes", several, flags_of)
        elif needs_class or choice.columns[0].known(format.known) >= 0.5:
            label = [choice.columns[0].index]
            if not choice.sure:
                doubts.append(f"the class is in column {shown[label[0]]}; data.label_column names another")
    if not text:
        columns_of_text = text_choice([column for column in figures if column.index not in label])
        if needs_class and rows and all(column.are_numbers for column in columns_of_text):
            expected = "texts, or data.text_column to name them"
            raise DataError(name, expected, f"only numbers in {listed([shown[of.index] for of in columns_of_text])}")
        text = [column.index for column in columns_of_text]
        columns = listed([shown[index] for index in text], most=10)
        if len(text) > 1:
            doubts.append(f"columns {columns} are joined as text; data.text_column names others")
        elif names or len(text) + len(label) < sum(set(column.values) != {""} for column in figures):
            doubts.append(f"the text is in column {columns}; data.text_column names others")
    return Roles(tuple(text), tuple(label), flags, tuple(doubts)) if text else None


def _class_name(names: Sequence[str], needs_class: bool) -> str | None:
    """Choose the column of the class by its name. If none is needed, columns that can't be told apart are none."""
    try:
        return class_name(names)
    except Ambiguous:
        if needs_class:
            raise
        return None


def known_column(rows: Sequence[Row], classes: Set[str]) -> bool:
    """Tell whether a column has known classes, two or more."""
    figures = (
        ColumnFigures.of(index, cells) for index, cells in enumerate(zip(*(row.cells for row in rows), strict=True))
    )
    return any(column.known(classes) >= SURE and column.distinct > 1 for column in figures)


def _index_of(name: str, column: Column, names: Sequence[str] | None, width: int, key: str) -> int:
    """Find a column that is set. Raises `DataError` if it is not there, or there twice."""
    if isinstance(column, int):
        if not -width <= column < width:
            raise DataError(name, f"column {column}, as {key} says", f"columns 0 to {width - 1}")
        return column % width
    columns = list(names or ())
    if columns.count(column) != 1:
        near = difflib.get_close_matches(column, columns, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DataError(name, f"one column {column!r}, as {key} says", f"{listed(columns, most=10)}{hint}", 1)
    return columns.index(column)
