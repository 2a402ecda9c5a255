"""Sequences from long tables: a row for each step, with the name of the sequence, numbers, and a label."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles, SequenceFormat, SequenceSet
from bilstm_nlp.data.labelled.sequence_roles import ID_NAMES, LABEL_NAMES, roles_of, spellings
from bilstm_nlp.data.labelled.step_order import check_order, gaps_of, order_of
from bilstm_nlp.data.lines import Complain, check_encoding, numbered_lines
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.data.series.frames import numbered
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.numbers import parse_numbers
from bilstm_nlp.data.series.table_files import cells_of
from bilstm_nlp.errors import DataError, listed

FRACTION = re.compile(r"[+-]?[0-9]*\.[0-9]*[1-9][0-9]*(?:[eE][+-]?[0-9]+)?")
"""A number that is not whole."""
MANY_LABELS = 50
"""Labels from which on numbers with fractions are measurements."""
NAMELESS = "sequence"
"""The name of a sequence that is read from standard input."""


def read_table(source: str, format: SequenceFormat, complain: Complain, note: Note) -> SequenceSet:
    """Read the sequences of a .csv, .csv.gz or .parquet file, of `sample:NAME`, or of CSV on standard input (`-`).

    Missing values stay NaN. Raises `DataError` if the file can't be read or lacks a column.
    """
    layout = _layout(format)
    name, frame, has_lines, notes = _cells(source, layout)
    for text in notes:
        note(Remark(name, None, "separators", text))
    roles = _roles(name, frame, format, layout, note, 1 if has_lines else None)
    if roles.label is not None and roles.label not in layout.categorical and has_lines and source != "-":
        # The text of a label such as "None" is an empty cell unless the column is known before.
        frame = _cells(source, _layout(format, roles.label))[1]
    return _sequences(name, frame, has_lines, roles, format, complain, note)


def table_of_frame(
    name: str, frame: pd.DataFrame, format: SequenceFormat, complain: Complain, note: Note
) -> SequenceSet:
    """Read the sequences of a frame. `name` stands for the file. Raises `DataError` as `read_table` does."""
    frame = numbered(name, frame)
    roles = _roles(name, frame, format, _layout(format), note, None)
    return _sequences(name, frame, False, roles, format, complain, note)


def _roles(
    name: str, frame: pd.DataFrame, format: SequenceFormat, layout: TableFormat, note: Note, line: int | None
) -> Roles:
    """Find the columns. `line` is that of the header, if there is one.

    Raises `DataError` if a column is missing, or a name comes twice.
    """
    header = [str(column) for column in frame.columns]
    if (twice := next((column for number, column in enumerate(header) if column in header[:number]), None)) is not None:
        raise DataError(name, "names that differ for all columns", f"{twice!r} twice")
    return roles_of(name, frame, format, layout, lambda kind, message: note(Remark(name, None, kind, message)), line)


def _sequences(
    name: str,
    frame: pd.DataFrame,
    has_lines: bool,
    roles: Roles,
    format: SequenceFormat,
    complain: Complain,
    note: Note,
) -> SequenceSet:
    """Parse the cells of each sequence, and check their order."""
    table = Table(name, frame, frame.index.to_numpy(np.int64), has_lines, roles.step, roles.id, roles.values)
    values, unusable, said = parse_numbers(table, roles.values, _layout(format), complain)
    for text in said:
        note(Remark(name, None, "numbers", text))
    labels = _labels(table, roles, format, complain, note)
    names, groups = _groups(table, roles, format, complain, note)
    order = order_of(table, complain)
    uneven = list[str]()
    steps = None if roles.step is None else _text(frame[roles.step])
    sequences = []
    for own, rows in zip(names, groups, strict=True):
        check_order(table, own, rows, order, complain)
        uneven += gaps_of(table, own, rows, order)
        sequences.append(
            LabelledSequence(
                name=own,
                source=name,
                line=int(table.rows[rows[0]]),
                values=values[rows],
                labels=None if labels is None else _of_sequence(table, own, labels, rows, format, complain),
                rows=table.rows[rows],
                steps=None if steps is None else tuple(steps[rows].tolist()),
                unusable=unusable[rows] if unusable[rows].any() else None,
            )
        )
    for text in uneven:
        note(Remark(name, None, "gaps between steps, read as neighbours", text))
    return SequenceSet(name, sequences, roles)


def _cells(source: str, layout: TableFormat) -> tuple[str, pd.DataFrame, bool, list[str]]:
    """Read the cells as `cells_of` does. Raises `DataError` with the line of bytes that are no text."""
    if source.endswith((".csv", ".gz")):
        check_encoding(source, layout.encoding)
    try:
        return cells_of(source, layout)
    except DataError as error:
        if error.line is None and error.expected.endswith(" text") and source != "-":
            deque(numbered_lines(source, layout.encoding), maxlen=0)
        raise


def _layout(format: SequenceFormat, label: str | None = None) -> TableFormat:
    """Return the layout of the cells, of which names, steps and labels are read as they are spelt."""
    verbatim = (*spellings(ID_NAMES), *spellings(LABEL_NAMES), format.id_column, format.label_column, label)
    return TableFormat(
        id_column=format.id_column or "unique_id",
        date_column=format.step_column,
        names=format.names,
        decimal=format.decimal,
        thousands=format.thousands,
        largest=format.largest,
        encoding=format.encoding,
        categorical=tuple(name for name in verbatim if name is not None and name not in (format.values or ())),
        decided=True,
    )


def _text(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Spell the cells of a column (N,); whole numbers of a column of decimals as whole numbers, empty cells as ""."""
    if pd.api.types.is_float_dtype(column.dtype):
        cells = [
            ""
            if np.isnan(value)
            else str(int(value))
            if value == np.floor(value) and abs(value) < 1e15
            else repr(value)
            for value in column.to_numpy(np.float64, na_value=np.nan).tolist()
        ]
    else:
        cells = ["" if empty else str(cell).strip() for cell, empty in zip(column, column.isna(), strict=True)]
    return np.array(cells, dtype=object)


def _spelt(value: float) -> str:
    """Spell a number as a name: a whole number without a point, NaN as nothing."""
    if np.isnan(value):
        return ""
    return str(int(value)) if value == np.floor(value) and abs(value) < 1e15 else repr(value)


def _labels(
    table: Table, roles: Roles, format: SequenceFormat, complain: Complain, note: Note
) -> np.ndarray[tuple[int], np.dtype[np.object_]] | None:
    """Read the labels (N,). Complains of rows without one, and of numbers that are no classes."""
    if roles.label is None or format.reading == "none":
        return None
    column = table.frame[roles.label]
    labels = _text(column)
    empty = labels == ""
    if empty.any():
        complain(table.problem(f"a label in column {roles.label!r}", "nothing", table.rows[empty.astype(bool)]))
    fractions = np.array([FRACTION.fullmatch(label) is not None for label in labels.tolist()], bool)
    if fractions.any():
        example, distinct = labels[fractions.argmax()], len(set(labels.tolist()))
        if distinct > MANY_LABELS:
            shown = f"the number {example}, one of {distinct:,}; data.label_column names another column"
            complain(table.problem(f"a label in column {roles.label!r}", shown, table.rows[fractions]))
        else:
            note(
                Remark(table.source, None, "labels that are numbers with fractions", f"{example}, of {distinct} labels")
            )
    return labels


def _groups(
    table: Table, roles: Roles, format: SequenceFormat, complain: Complain, note: Note
) -> tuple[list[str], list[Ints]]:
    """Return the names of the sequences and their rows, in the order of the file. Without ids the file is one.

    Complains of rows without a name, and, without a column of steps, of a sequence that comes again.
    """
    if roles.id is None:
        if not len(table.frame):
            return [], []
        name = Path(table.source.removeprefix("sample:")).name.partition(".")[0]
        if format.values is None:  # a file to train on
            advice = "data.id_column names the column with the names of several"
            note(Remark(table.source, None, "files read as a single sequence", advice))
        return [NAMELESS if table.source == "standard input" else name], [np.arange(len(table.frame))]
    ids = _text(table.frame[roles.id])
    unnamed = (ids == "").astype(bool)
    if unnamed.any():
        complain(table.problem(f"the name of a sequence in column {roles.id!r}", "nothing", table.rows[unnamed]))
    named = np.flatnonzero(~unnamed)
    codes, names = pd.factorize(ids[named])
    order = np.argsort(codes, kind="stable")
    groups = np.split(named[order], np.cumsum(np.bincount(codes))[:-1]) if len(named) else []
    apart = [number for number, rows in enumerate(groups) if rows[-1] - rows[0] + 1 != len(rows)]
    if apart and roles.step is None:
        first = groups[apart[0]]
        again = first[int(np.flatnonzero(np.diff(first) != 1)[0]) + 1 :]
        shown = f"more after rows of another; {len(apart)} such sequences; data.step_column tells the order of steps"
        complain(table.problem(f"the rows of sequence {names[apart[0]]!r} together", shown, table.rows[again]))
    elif apart:
        shown = listed([str(names[number]) for number in apart])
        note(Remark(table.source, None, "sequences whose rows are not together, joined", shown))
    _remark_single_steps(table, names.tolist(), groups, roles.id, note)
    return [str(name) for name in names], groups


def _remark_single_steps(table: Table, names: list[str], groups: list[Ints], column: str, note: Note) -> None:
    """Remark sequences of a single step. Raises `DataError` if there are several sequences and no longer one."""
    single = [number for number, rows in enumerate(groups) if len(rows) == 1]
    if len(single) == len(groups) > 1:
        shown = f"{len(groups)} names for as many rows; data.id_column names another column"
        raise DataError(table.source, f"sequences of several steps by column {column!r}", shown, 1)
    for number in single:
        line = int(table.rows[groups[number][0]])
        note(Remark(table.source, line, "sequences of a single step", names[number]))


def _of_sequence(
    table: Table,
    name: str,
    labels: np.ndarray[tuple[int], np.dtype[np.object_]],
    rows: Ints,
    format: SequenceFormat,
    complain: Complain,
) -> tuple[str, ...]:
    """Return the labels of a sequence's steps, or its class. Complains of a class that changes."""
    own = labels[rows]
    if format.reading == "steps":
        return tuple(own.tolist())
    first = next(filter(None, own.tolist()), "")  # rows without a label were complained of
    other = ((own != first) & (own != "")).astype(bool)
    if other.any():
        shown = f"{own[other.argmax()]!r} after {first!r}"
        advice = 'task = "labelling" learns a label for each step'
        complain(table.problem(f"a single class in sequence {name!r}", shown, table.rows[rows[other]], advice))
    return (str(first),)
