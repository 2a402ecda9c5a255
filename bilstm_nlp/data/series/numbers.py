"""Numbers from the cells of a table, in any spelling that the format names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.batch import Bools, Floats
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.series.csv_cells import EMPTY
from bilstm_nlp.data.series.layout import LARGEST, Table, TableFormat

LARGE_NUMBER = r"[+-]?[0-9]+\.?[0-9]*(?:[eE]\+?[0-9]+)?"
"""A number that pandas may leave as text, as it exceeds all floats: 1e400, or 400 digits."""
SPELLINGS = ((",", None), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"))
"""Decimal separator and separator of thousands, as people write them."""
BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})
"""Characters of typographers, and those of keyboards in their place."""


def parse_numbers(
    table: Table, columns: Sequence[str], format: TableFormat, complain: Complain
) -> tuple[Floats, Bools, list[str]]:
    """Parse these columns (N, C); an empty cell is NaN, an unusable one 0. Also returns which those are, and notes.

    Complains once for each column: of text, and of numbers too large to train on. Notes are for the user.
    """
    values, notes = np.empty((len(table.frame), len(columns))), list[str]()
    unusable = np.zeros(values.shape, bool)
    for index, name in enumerate(columns):
        column = table.frame[name]
        parsed, is_text = parsed_cells(column, format)
        if is_text.any():
            shown = repr(str(column.iloc[int(is_text.argmax())]))
            advices = spelling_advice(column[is_text]), _category_advice(table, name, is_text, format)
            advice = "; ".join(filter(None, advices))
            complain(table.problem(f"a number in column {name!r}", shown, table.rows[is_text], advice))
        elif format.thousands is None and _may_be_thousands(column):
            example = next(cell for cell in column.dropna().astype(str) if "." in cell)
            notes.append(
                f"column {name!r}: {example} is read with a decimal point; "
                'if the point parts thousands, data.thousands = "." and data.decimal = ","'
            )
        parsed = np.where(is_text, 0.0, parsed)
        too_large = np.isfinite(parsed) & (np.abs(parsed) > format.largest)
        if too_large.any():
            shown = f"{parsed[too_large.argmax()]:g}"
            advice = 'other scalers than "none" take larger numbers' if format.largest < LARGEST else ""
            rule = f"a number within ±{format.largest:.3g} in column {name!r}"
            complain(table.problem(rule, shown, table.rows[too_large], advice))
        parsed = np.where(too_large, 0.0, parsed)
        largest = np.abs(parsed[np.isfinite(parsed)]).max(initial=0.0)
        if 0 < largest < 1 / format.largest:
            notes.append(
                f"column {name!r}: numbers up to ±{largest:g} are too small to train on; other units have larger ones"
            )
        values[:, index], unusable[:, index] = parsed, is_text | too_large
    return values, unusable, notes


def parsed_cells(column: pd.Series, format: TableFormat) -> tuple[Floats, NDArray[np.bool_]]:
    """Parse a column (N,), and tell which cells are text; those are NaN, as empty cells are."""
    if column.dtype.kind in "iufb" and not pd.api.types.is_extension_array_dtype(column.dtype):
        return column.to_numpy(np.float64, copy=True), np.zeros(len(column), bool)
    if column.dtype == object or pd.api.types.is_string_dtype(column.dtype):
        column = _in_plain_spelling(column, format)
    try:
        converted = pd.to_numeric(column, errors="coerce")
    except OverflowError:  # integers beyond all floats, which are infinite when parsed as text
        converted = pd.to_numeric(column.map(str, na_action="ignore"), errors="coerce")
    parsed = converted.to_numpy(np.float64, na_value=np.nan, copy=True)
    is_text = np.isnan(parsed) & column.notna().to_numpy()
    # pandas 2 does not parse text to the nearest float.
    exact = np.isfinite(parsed) & column.map(lambda cell: isinstance(cell, str)).to_numpy(bool)
    if exact.any():
        parsed[exact] = column[exact].map(float).to_numpy(np.float64)
    if is_text.any():  # pandas 2 leaves infinite numbers as text
        text = column[is_text].map(str)
        parsed[is_text] = text.where(text.str.fullmatch(LARGE_NUMBER), "nan").astype(np.float64)
        is_text &= ~np.isinf(parsed)
    return parsed, is_text


def _in_plain_spelling(column: pd.Series, format: TableFormat) -> pd.Series:
    """Return a column whose empty text is missing, and whose numbers are spelt as in programs.

    A number in another spelling than the format's becomes text that is no number.
    """
    is_text = column.map(lambda cell: isinstance(cell, str)).to_numpy(bool)
    if not is_text.any():
        return column
    text = column[is_text].map(lambda cell: cell.strip())
    plain = text.mask(text.isin(EMPTY))
    if format.decimal != "." or format.thousands is not None:
        plain = plain.map(lambda cell: _respelt(cell, format.decimal, format.thousands), na_action="ignore")
    result = column.astype(object)
    result[is_text] = plain.astype(object)
    return result


def _respelt(cell: str, decimal: str, thousands: str | None) -> str:
    """Spell a number as in programs: thousands in groups of three are joined. Other text stays, marked as text.

    >>> _respelt("1.234,5", ",", "."), _respelt("12.5", ",", ".")
    ('1234.5', "'12.5'")
    """
    cell = cell.translate(BLANKS)
    part = re.escape("" if thousands is None else thousands.translate(BLANKS))
    grouped = rf"|[0-9]{{1,3}}(?:{part}[0-9]{{3}})+" if part else ""
    pattern = rf"([+-]?)((?:[0-9]+{grouped})?)(?:{re.escape(decimal)}([0-9]*))?((?:[eE][+-]?[0-9]+)?)"
    match = re.fullmatch(pattern, cell)
    if match is None or not (match[2] or match[3]):
        return cell if cell.lower().lstrip("+-") in ("inf", "infinity") else repr(cell)
    whole = re.sub(r"[^0-9]", "", match[2])
    return f"{match[1]}{whole or '0'}.{match[3] or '0'}{match[4]}"


def spelling_advice(text: pd.Series) -> str:
    """Return advice for cells that are numbers in another spelling; nothing if they are none."""
    cells = [str(cell).strip().translate(BLANKS) for cell in text[:1000]]
    alternatives = []
    for decimal, thousands in SPELLINGS:
        is_spelling = all(not _respelt(cell, decimal, thousands).startswith(("'", '"')) for cell in cells)
        if is_spelling and (thousands is None or any(thousands in cell for cell in cells)):
            settings = [f'data.decimal = "{decimal}"'] if decimal != "." else []
            settings += [f'data.thousands = "{thousands}"'] if thousands is not None else []
            alternatives.append(" with ".join(settings))
    return f"{', or '.join(alternatives[:2])} reads it" if alternatives else ""


def _category_advice(table: Table, name: str, is_text: NDArray[np.bool_], format: TableFormat) -> str:
    """Return advice for text that may be meant as categories."""
    if format.decided:
        return ""
    column = table.frame[name]
    if not column.map(pd.api.types.is_hashable).all():  # lists or objects, which are no categories
        return ""
    if name in format.may_be_text:
        return f'data.categorical = ["{name}"] reads it as categories'
    begins_as_number = column[is_text].map(str).str.match(r"\s*[+-]?\.?[0-9]")
    if begins_as_number.any() or not is_text[column.notna().to_numpy()].all():
        return ""
    if table.id is not None and int(column.groupby(table.frame[table.id]).nunique().max()) <= 1:
        return f'data.static = ["{name}"] reads it as a category of each series'
    comes_again = column.nunique() <= len(column) // 2
    return f'data.known = ["{name}"] reads it as categories that are known ahead' if comes_again else ""


def _may_be_thousands(column: pd.Series) -> bool:
    """Tell if all points of a column that was left as text are followed by three digits, as thousands are."""
    if column.dtype.kind in "iufb" or column.dtype.kind == "M":
        return False
    text = column.dropna().map(str).str.strip()
    text = text[~text.isin(EMPTY)]
    grouped = text.str.fullmatch(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
    return len(text) > 1 and bool(grouped.any() and (grouped | text.str.fullmatch(r"[+-]?[0-9]{1,3}")).all())
