"""Column files whose words are in another column than those of the training files."""

from __future__ import annotations

from collections.abc import Sequence

from bilstm_nlp.data.text.formats.column_layout import fields_of
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.data.text.vocabulary import UNKNOWN, WordTable

LOOKED_AT = 2000
"""Tokens that are looked at."""
MARGIN = 0.3
"""Fraction of tokens by which another column must have more words of the training data."""


def other_columns(sentences: Sequence[Sentence], words: WordTable, format: ColumnFormat) -> str | None:
    """Describe a column with more words of the training data than that of the tokens, if there is one.

    Sentences without rows, as of text, are not looked at.
    """
    rows = _rows(sentences)
    if not rows or not isinstance(format.token, int) or not -len(rows[0]) <= format.token < len(rows[0]):
        return None
    known = [_fraction(words, column) for column in zip(*rows, strict=True)]
    column, better = format.token % len(known), known.index(max(known))
    if known[better] < known[column] + MARGIN:
        return None
    first = next(sentence.line for sentence in sentences if sentence.rows)
    return (
        f"line {first}: the columns look unlike those of the training files, whose words are {known[column]:.0%} of "
        f"the tokens in column {column}, and {known[better]:.0%} of column {better}; --set data.token_column={better} "
        f"reads column {better}"
    )


def _rows(sentences: Sequence[Sentence]) -> list[list[str]]:
    """Return the cells of the first rows, all of which have as many."""
    rows: list[list[str]] = []
    for sentence in sentences:
        for row in sentence.rows:
            last = row.rpartition("\n")[2]
            rows.append(last.split("\t") if "\t" in last else fields_of(last))
        if len(rows) >= LOOKED_AT:
            break
    return rows if len({len(row) for row in rows}) == 1 else []


def _fraction(words: WordTable, cells: Sequence[str]) -> float:
    """Return the fraction of cells that are words of the tagger."""
    return sum(words.id(cell) != UNKNOWN for cell in cells) / len(cells)
