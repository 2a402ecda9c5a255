"""Files of sequences: long CSV or Parquet tables, and .ts files of the time-series archives.

Nothing is repaired silently: problems are reported with their lines, filled values are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.labelled.sequence import (
    LabelledSequence,
    NoSequences,
    SequenceFormat,
    SequenceSet,
)
from bilstm_nlp.data.labelled.sequence_tables import read_table, table_of_frame
from bilstm_nlp.data.labelled.ts_files import is_ts, read_ts
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.remarks import Note, Remark, warn
from bilstm_nlp.errors import DataError, listed


def read_sequences(
    source: str, format: SequenceFormat, complain: Complain = stop, note: Note | None = None
) -> SequenceSet:
    """Read the sequences of a .csv, .csv.gz, .parquet or .ts file, of `sample:NAME`, or of CSV on standard input.

    Every problem goes to `complain`, which by default raises the first. If it returns, unusable values become 0.
    Remarks go to `note`, by default to the log. Raises `NoSequences` if there are none.

    >>> read_sequences("sample:machine.train.csv", SequenceFormat("steps")).roles
    Roles(id='recording', step='minute', label='state', values=('temperature', 'vibration', 'current'))
    """
    if source.lower().endswith(".arff"):
        raise DataError(source, "a .csv, .csv.gz, .parquet or .ts file", "an .arff file; archives have a .ts too")
    remarks = list[Remark]()
    read = read_ts if is_ts(source) else read_table
    complete = _complete(
        read(source, format, complain, note or remarks.append), format, complain, note or remarks.append
    )
    warn(remarks)
    return complete


def read_frame(frame: pd.DataFrame, format: SequenceFormat) -> SequenceSet:
    """Read the sequences of a frame, with a row for each step. Raises `DataError` for the first problem.

    >>> frame = pd.DataFrame({"id": ["a", "a"], "speed": [1, 2], "state": ["on", "off"]})
    >>> read_frame(frame, SequenceFormat("steps")).sequences[0].labels
    ('on', 'off')
    """
    remarks = list[Remark]()
    complete = _complete(table_of_frame("frame", frame, format, stop, remarks.append), format, stop, remarks.append)
    warn(remarks)
    return complete


def read_all(
    sources: Sequence[str], format: SequenceFormat, complain: Complain = stop, note: Note | None = None
) -> SequenceSet:
    """Read the sequences of several files, which have the columns of the first. Raises as `read_sequences` does."""
    first, *others = sources
    sets = [read_sequences(first, format, complain, note)]
    same = format.with_roles(sets[0].roles)
    sets += [read_sequences(source, same, complain, note) for source in others]
    sequences = [sequence for each in sets for sequence in each.sequences]
    return SequenceSet(listed(tuple(sources)), sequences, sets[0].roles)


def _complete(unfilled: SequenceSet, format: SequenceFormat, complain: Complain, note: Note) -> SequenceSet:
    """Fill missing values within each sequence, and count them; or complain of them.

    Raises `NoSequences` if there are no sequences.
    """
    if not unfilled.sequences:
        raise NoSequences(unfilled.source, "sequences", "none")
    columns, counts, sequences = unfilled.roles.values, Counter[str](), []
    for sequence in unfilled.sequences:
        missing = ~np.isfinite(sequence.values)
        if missing.any():
            values, unusable = sequence.values.copy(), np.zeros(missing.shape, bool)
            for column in np.flatnonzero(missing.any(axis=0)).tolist():
                own = missing[:, column]
                if format.missing == "error" or own.all():
                    complain(_problem(sequence, columns[column], sequence.values[:, column], format.missing))
                    values[own, column], unusable[own, column] = 0.0, True
                else:
                    values[:, column] = _interpolated(values[:, column])
                    counts[columns[column]] += int(own.sum())
            unusable |= False if sequence.unusable is None else sequence.unusable
            sequence = replace(sequence, values=values, unusable=unusable if unusable.any() else None)
        sequences.append(sequence)
    for name, number in counts.items():
        note(Remark(unfilled.source, None, "columns with missing values, interpolated", f"{name!r}: {number:,} values"))
    return replace(unfilled, sequences=sequences)


def _problem(sequence: LabelledSequence, column: str, values: Floats, policy: str) -> DataError:
    """Make the error for missing values among those (T,) of a column of a sequence."""
    missing = ~np.isfinite(values)
    rows, steps = sequence.rows[missing], np.flatnonzero(missing) + 1
    cell = "nothing" if np.isnan(values[steps[0] - 1]) else "infinity"
    shown = f"{cell} at step {steps[0]} of sequence {sequence.name!r}"
    shown += f" (and {len(rows) - 1} more, the last at step {steps[-1]})" if len(rows) > 1 else ""
    if policy == "error":
        shown += '; data.missing = "interpolate" fills it from the steps around'
    else:
        shown += "; interpolation needs a value in each column of a sequence"
    return DataError(sequence.source, f"a number in column {column!r}", shown, int(rows[0]))


def _interpolated(values: Floats) -> Floats:
    """Draw lines between the values (T,) of a column; before the first and after the last, that value stays."""
    steps, present = np.arange(len(values)), np.isfinite(values)
    return np.interp(steps, steps[present], values[present])
