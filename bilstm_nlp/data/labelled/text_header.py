"""The header line of a table of texts, told by its names or because its cells are unlike all below."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_names import is_name
from bilstm_nlp.data.labelled.text_rows import Row

NAME = re.compile(r"[^\W\d][\w.-]{0,29}( [\w.-]{1,20})?")
"""A cell that can be the name of a column: a word or two, and no number."""
ROWS = 3
"""Fewest rows below a header that is told by them."""


def header_of(rows: Sequence[Row], format: TextFormat) -> tuple[bool, str | None]:
    """Tell whether the first row names the columns, and what is a guess about it.

    >>> rows = [Row(1, ["label", "text"]), Row(2, ["pos", "a good film"])]
    >>> header_of(rows, TextFormat())
    (True, None)
    """
    if format.header is not None:
        return format.header, None
    if any(isinstance(column, str) for column in (*format.text_columns, *format.label_columns)):
        return True, None
    first = [cell.strip() for cell in rows[0].cells]
    filled = [cell for cell in first if cell]
    if len(set(filled)) < len(filled) or any(cell in format.known for cell in filled):
        return False, None
    # Files that are joined have several header lines. Rows may have fewer cells than the first, or more.
    others = [row.cells for row in rows[1:] if row.cells != rows[0].cells]
    below = [[cells[index].strip() for cells in others if index < len(cells)] for index in range(len(first))]
    if any(cell and cell in column for cell, column in zip(first, below, strict=True)):
        return False, None
    named = sum(map(is_name, filled))
    like_names = all(NAME.fullmatch(cell) for cell in filled)
    if named >= 2 or (named and like_names):
        return True, None
    words = [len(cell.split()) for column in below for cell in column]
    if like_names and len(others) == len(rows) - 1 >= ROWS and 3 * len(rows) <= sum(words):
        return True, f"the first line, {' '.join(filled)!r}, names the columns; data.header = false makes it a text"
    return False, None
