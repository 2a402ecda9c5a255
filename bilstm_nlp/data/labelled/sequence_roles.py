"""The columns of a table of sequences: name, step, label and numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from bilstm_nlp.data.labelled.sequence import NoSequences, Roles, SequenceFormat
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.numbers import parsed_cells, spelling_advice
from bilstm_nlp.data.series.roles import is_date_name
from bilstm_nlp.errors import DataError, listed

ID_NAMES = (
    *("unique_id", "sequence_id", "series_id", "sequence", "series", "recording_id", "recording", "session_id"),
    *("session", "trial_id", "trial", "case_id", "case", "sample_id", "utterance", "id"),
)
LABEL_NAMES = ("label", "labels", "class", "class_label", "activity", "state", "phase", "event", "target")
"""Names of columns, in lower case; the first that a file has is taken."""
STEP_NAMES = (
    *("step", "steps", "time_step", "timestep", "step_number", "t", "time", "timestamp", "ds", "datetime", "date"),
    *("frame", "frame_number", "minute", "second", "seconds", "ms", "tick"),
)
"""Names of columns with the number or time of a step, in lower case. Other names of dates come after them."""
ENOUGH_ROWS = 10
"""Rows of a file that are numbered by a column rather than by chance."""
LISTED = 20
"""Columns named in a message."""

Say = Callable[[str, str], None]
"""Called with the subject of a remark, and its text."""


def spellings(names: Sequence[str]) -> tuple[str, ...]:
    """Spell names in the three usual cases.

    >>> spellings(["label"])
    ('label', 'Label', 'LABEL')
    """
    return tuple(spelling for name in names for spelling in (name, name.capitalize(), name.upper()))


def roles_of(
    name: str, frame: pd.DataFrame, format: SequenceFormat, numbers: TableFormat, say: Say, line: int | None
) -> Roles:
    """Find the column of each role. `numbers` has the spelling of numbers.

    `name` stands for the file in messages, and `line` is that of the header, if there is one.

    Raises `DataError` if a column is missing, or if nothing tells the column of labels.
    """
    header = [str(column) for column in frame.columns]
    for column in (format.id_column, format.step_column, *(format.values or ())):
        _check(name, column, header, line)
    if frame.empty:
        raise NoSequences(name, "a row for each step", "a header alone")
    spoken_for = {format.step_column, format.label_column, *(format.values or ())}
    id_column = format.id_column or _named(header, ID_NAMES, spoken_for)
    others = {id_column, *spoken_for}
    dated = (column for column in header if is_date_name(column) and column not in others)
    step = format.step_column or _named(header, STEP_NAMES, others) or next(dated, None)
    taken = {id_column, step, *(format.values or ())}
    is_number = {column: _is_of_numbers(frame[column], numbers) for column in header if column not in taken}
    label = _label(name, header, is_number, format, taken, line)
    values = format.values
    if values is None:
        values = tuple(column for column, numeric in is_number.items() if numeric and column != label)
        counting = [column for column in values if _counts_rows(frame, column, id_column, numbers)]
        if counting:
            values = tuple(column for column in values if column not in counting)
            say("columns that count the rows, not read as numbers", listed([repr(column) for column in counting]))
            step = step or counting[0]
        left_out = [column for column, numeric in is_number.items() if not numeric and column != label]
        if left_out:
            say("columns of text, left out", listed([repr(column) for column in left_out], most=LISTED))
    roles = [column for column in (id_column, step, label) if column is not None]
    if not values:
        raise DataError(name, f"columns of numbers beside {', '.join(map(repr, roles))}", "none", line)
    for number, column in enumerate((*roles, *values)):
        if column in (*roles, *values)[:number]:
            raise DataError(name, "a column for each role", f"{column!r} for two", line)
    return Roles(id_column, step, label, values)


def _check(name: str, column: str | None, header: Sequence[str], line: int | None) -> None:
    """Raise `DataError` unless the header has a column once."""
    if column is not None and header.count(column) != 1:
        shown = f"{column!r} twice" if column in header else f"only {listed(header, most=LISTED)}"
        raise DataError(name, f"a column {column!r}", shown, line)


def _named(header: Sequence[str], names: Sequence[str], taken: set[str | None]) -> str | None:
    """Return the column with the first of these names that the header has."""
    plain = {column.lower(): column for column in reversed(header) if column not in taken}
    return next((plain[name] for name in names if name in plain), None)


def _label(
    name: str,
    header: Sequence[str],
    is_number: dict[str, bool],
    format: SequenceFormat,
    taken: set[str | None],
    line: int | None,
) -> str | None:
    """Return the column of labels: the format's, that of a usual name, or the only column of text.

    Raises `DataError` if labels are to be read and nothing tells their column.
    """
    if format.label_column is not None:
        if format.reading != "none":
            _check(name, format.label_column, header, line)
        return format.label_column if format.label_column in header else None
    usual = _named(header, LABEL_NAMES, taken)
    if usual is not None or format.reading == "none":
        return usual
    text = [column for column, numeric in is_number.items() if not numeric]
    if len(text) == 1:
        return text[0]
    shown = f"several of text: {listed(text)}" if text else f"none of text among {listed(header, most=LISTED)}"
    raise DataError(name, "a column of labels", f"{shown}; data.label_column names it", line)


def _counts_rows(frame: pd.DataFrame, column: str, id_column: str | None, format: TableFormat) -> bool:
    """Tell if a column counts the rows from 0 or 1: those of each sequence, or those of the file."""
    cells, is_text = parsed_cells(frame[column], format)
    if len(cells) < 5 or is_text.any() or cells[0] not in (0, 1):
        return False
    begins = np.zeros(len(cells), bool)
    if id_column is not None:
        ids = frame[id_column].astype(str).to_numpy()
        begins[1:] = ids[1:] != ids[:-1]
    ascends = np.diff(cells) == 1
    if ascends.all():
        return len(cells) >= ENOUGH_ROWS
    return bool((ascends | begins[1:]).all() and (cells[begins] == cells[0]).all())


def _is_of_numbers(column: pd.Series, format: TableFormat) -> bool:
    """Tell if most cells of a column that are not empty are numbers. A few that are none are then mistakes."""
    if column.dtype.kind in "Mm" or isinstance(column.dtype, pd.PeriodDtype):
        return False
    try:
        _, is_text = parsed_cells(column, format)
    except (TypeError, ValueError):  # lists and objects in a Parquet file
        return False
    cells = int(column.notna().sum())
    if not cells or int(is_text.sum()) * 2 < cells:
        return cells > 0
    # Numbers in another spelling, which parsing then refuses with the settings that read them.
    return spelling_advice(column[is_text]) != ""
