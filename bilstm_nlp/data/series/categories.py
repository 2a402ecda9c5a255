"""Categories: cells of text as codes. Code 0 is none of the labels, code n is label n − 1.

A series has the labels of its file. A codec has those of the training rows, and translates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.data.series.csv_cells import EMPTY
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.numbers import parsed_cells, spelling_advice
from bilstm_nlp.errors import listed

Labels = tuple[str, ...]


def parse_categories(table: Table, format: TableFormat) -> tuple[dict[str, tuple[Floats, Labels]], list[str]]:
    """Parse the value columns that are categories: codes (N,) and labels by column. Also returns notes for the user.

    Columns known ahead are categories if the format says so, or if they are text.
    """
    coded: dict[str, tuple[Floats, Labels]] = {}
    notes = list[str]()
    for name in table.columns:
        is_named = name in format.categorical
        if not is_named and (format.decided or name not in format.ahead or not is_text(table.frame[name], format)):
            continue
        cells = labels_of(table.frame[name])
        labels, codes = np.unique(cells.astype(str), return_inverse=True)
        coded[name] = codes.ravel().astype(np.float64) + 1, tuple(map(str, labels))
        if not is_named:
            notes.append(f"column {name!r} is text and read as {shown_labels(coded[name][1])}")
        if (empty := int((cells == "").sum())) and not format.decided:
            notes.append(f"column {name!r}: {empty} empty cells are a category of their own")
    return coded, notes


def labels_of(column: pd.Series) -> NDArray[np.object_]:
    """Return the text (N,) of a column's cells, without blanks around it; an empty cell has empty text.

    Whole numbers are spelt alike, whether a file or a frame has them.

    >>> labels_of(pd.Series(["north ", None, 3.0])).tolist()
    ['north', '', '3']
    """
    column = column.astype(object)
    text = column.map(lambda cell: re.sub(r"^([+-]?\d+)\.0*$", r"\1", str(cell).strip()), na_action="ignore")
    labels: NDArray[np.object_] = text.mask(column.isna(), "").to_numpy(object)
    return labels


def is_text(column: pd.Series, format: TableFormat) -> bool:
    """Tell if a column has cells of text, and none that is a number. Numbers in another spelling are none.

    >>> is_text(pd.Series(["Easter", ""]), TableFormat()), is_text(pd.Series(["1", "12x"]), TableFormat())
    (True, False)
    >>> is_text(pd.Series(["1,25", "0,5"]), TableFormat())
    False
    """
    if column.dtype.kind in "iufbM":
        return False
    column = column.astype(object)
    filled = column[column.notna() & ~column.map(lambda cell: isinstance(cell, str) and cell.strip() in EMPTY)]
    return len(filled) > 0 and bool(parsed_cells(filled, format)[1].all()) and not spelling_advice(filled)


def translation(labels: Sequence[str], known: Sequence[str]) -> Ints:
    """Return the code among the `known` labels for each code (len(labels) + 1,) of other labels; 0 for unknown ones.

    >>> translation(["a", "b"], known=["b", "c"]).tolist()
    [0, 0, 1]
    """
    codes = {label: number for number, label in enumerate(known, 1)}
    return np.array([0, *(codes.get(label, 0) for label in labels)])


def recoded(codes: Floats, labels: Sequence[str], others: Labels) -> tuple[Floats, Labels]:
    """Return codes (N,) of these labels as codes of `others`, and the others with the labels that they lack.

    >>> recoded(np.array([1.0, 2.0]), ["b", "c"], others=("a", "b"))
    (array([2., 3.]), ('a', 'b', 'c'))
    """
    joined = tuple(dict.fromkeys((*others, *labels)))
    return translation(labels, joined)[codes.astype(np.int64)].astype(np.float64), joined


def seen_labels(labels: Sequence[str], codes: Sequence[Floats]) -> set[str]:
    """Return the labels that have a code among arrays of codes."""
    numbers = set().union(*(np.unique(block).astype(int).tolist() for block in codes))
    return {labels[number - 1] for number in numbers if number > 0}


def shown_labels(labels: Sequence[str]) -> str:
    """Return the number of categories and the first of them, for a message.

    >>> shown_labels(["north", "south"])
    "2 categories: 'north', 'south'"
    """
    noun = "category" if len(labels) == 1 else "categories"
    return f"{len(labels)} {noun}: {listed([repr(label) for label in labels])}"


def divided(values: Values, codes: int) -> tuple[Values, Ints | None]:
    """Divide columns (B, …, F) into numbers and the codes of the last columns; `None` if there are no codes."""
    if codes == 0:
        return values, None
    numbers = values.shape[-1] - codes
    return values[..., :numbers], np.nan_to_num(values[..., numbers:]).astype(np.int64)
