"""Column files whose columns are not those of the training files."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bilstm_nlp.data.text.formats.column_layout import counted, fields_of
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.data.text.vocabulary import UNKNOWN, WordTable

LOOKED_AT = 2000
"""Tokens that are looked at."""
MARGIN = 0.3
"""Fraction of tokens by which another column must have more words of the training data."""


def other_width(sentences: Sequence[Sentence], widths: Collection[int], format: ColumnFormat) -> str | None:
    """Describe a number of columns that no training file has, if that of the sentences' file is such a number.

    `widths` are those of the training files, none if they are unknown. A file to predict may lack the column of the
    tags, or have tokens alone, if its tokens stand where they stood at training. Columns by name may stand anywhere.
    """
    first = next((sentence for sentence in sentences if sentence.width), None)
    if first is None or not widths or first.width in widths or isinstance(format.token, str):
        return None
    token = format.token % first.width
    if format.tag is None:
        without_tags = (width for width in widths if first.width in (1, width - 1))
        if any(format.token % width == token for width in without_tags):
            return None
    trained = " or ".join(map(str, sorted(widths)))
    return (
        f"line {first.line}: {counted(first.width)}, where the training files have {trained}; column {token} is read "
        f"as the tokens, and data.token_column names another"
    )


def other_columns(sentences: Sequence[Sentence], words: WordTable, format: ColumnFormat) -> str | None:
    """Describe a column with more words of the training data than that of the tokens, if there is one.

    Sentences without rows, as of text, and those of dialects such as CoNLL-U are not looked at.
    """
    rows, tokens = _rows(sentences)
    if not rows or isinstance(format.token, str):
        return None
    columns = list(zip(*rows, strict=True))
    column = next((index for index, cells in enumerate(columns) if list(cells) == tokens), None)
    if column is None:
        return None
    known = [_fraction(words, cells) for cells in columns]
    better = known.index(max(known))
    if known[better] < known[column] + MARGIN:
        return None
    first = next(sentence.line for sentence in sentences if sentence.rows)
    return (
        f"line {first}: the columns look unlike those of the training files, whose words are {known[column]:.0%} of "
        f"the tokens in column {column}, and {known[better]:.0%} of column {better}; --set data.token_column={better} "
        f"reads column {better}"
    )


def _rows(sentences: Sequence[Sentence]) -> tuple[list[list[str]], list[str]]:
    """Return the cells and the tokens of the first rows, all of which have as many cells."""
    rows: list[list[str]] = []
    tokens: list[str] = []
    for sentence in sentences:
        if not (sentence.rows and sentence.width):
            continue
        for row in sentence.rows:
            last = row.rpartition("\n")[2]
            rows.append(last.split("\t") if "\t" in last else fields_of(last))
        tokens += sentence.tokens
        if len(rows) >= LOOKED_AT:
            break
    return (rows, tokens) if len({len(row) for row in rows}) == 1 else ([], [])


def _fraction(words: WordTable, cells: Sequence[str]) -> float:
    """Return the fraction of cells that are words of the tagger. Numbers are none: they may count the tokens."""
    return sum(words.id(cell) != UNKNOWN and any(map(str.isalpha, cell)) for cell in cells) / len(cells)
