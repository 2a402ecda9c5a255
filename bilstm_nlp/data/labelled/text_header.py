"""The header line of a table of texts, told by its names or because its cells are unlike all below."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_names import is_name, is_text_name
from bilstm_nlp.data.labelled.text_rows import Row

NAME = re.compile(r"[^\W\d][\w.-]{0,29}( [\w.-]{1,20})?")
"""A cell that can be the name of a column: a word or two, and no number."""
GENERIC = re.compile(r"(v|x|col|column|field|unnamed:)[ _]?\d+", re.IGNORECASE)
"""A name that programs give to a column without one."""
ROWS = 6
"""Fewest rows below a header that no known name tells."""
FEWEST_WORDS = 2
"""The fewest words of most texts below such a header."""


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
    if not filled or len(set(filled)) < len(filled) or any(cell in format.known for cell in filled):
        return False, None
    # Files that are joined have several header lines. Rows may have fewer cells than the first, or more.
    others = [row.cells for row in rows[1:] if row.cells != rows[0].cells]
    below = [[cells[index].strip() for cells in others if index < len(cells)] for index in range(len(first))]
    recurring = {cell for cell, column in zip(first, below, strict=True) if cell and cell in column}
    named = sum(map(is_name, filled))
    like_names = all(NAME.fullmatch(cell) for cell in filled)
    if named >= 2 and all(is_text_name(cell) for cell in recurring):  # a text may be a word such as "text"
        return True, None
    if recurring:
        return False, None
    said = f"the first line, {' '.join(filled)!r}, names the columns; data.header = false makes it a text"
    if named and like_names:
        return True, said if len(others) < ROWS else None
    if all(GENERIC.fullmatch(cell) for cell in filled):
        return True, said
    texts = [sum(len(cell.split()) >= FEWEST_WORDS for cell in column) for column in below]
    one_word = all(len(cell.split()) == 1 for cell in filled)
    if like_names and one_word and len(others) == len(rows) - 1 and 2 * max(texts) > len(others):
        if len(others) >= ROWS:
            return True, said
        return False, f"the first line, {' '.join(filled)!r}, is a text; data.header = true makes it a header"
    return False, None
