"""Labels of steps as CSV, JSON Lines and frames. Knows no torch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles

OutputFormat = Literal["csv", "jsonl"]
ROWS = 1000
"""Rows that are written at once."""
DIGITS = 4


@dataclass(frozen=True, eq=False)
class LabelledSteps:
    """A sequence with its predicted labels."""

    sequence: LabelledSequence
    labels: Sequence[str]
    """Of each step."""
    confidences: Floats
    """(T,) the calibrated probability of each label."""
    weights: NDArray[np.float32] | None = None
    """(heads, T, T) attention weights of each step (row) on each step (column); None if they were not asked for."""


def header_of(roles: Roles, *, confidence: bool) -> list[str]:
    """Name the columns of the output as those of the training file: sequence, step and label."""
    named = [roles.id or "sequence", roles.step or "step", roles.label or "label"]
    return [*named, "confidence"] if confidence else named


def csv_header(roles: Roles, *, confidence: bool, before: Sequence[str] = ()) -> bytes:
    """Return the line with the names of the columns. `before` names further columns, which come first."""
    return _csv([[*before, *header_of(roles, confidence=confidence)]])


def csv_lines(labelled: Sequence[LabelledSteps], *, confidence: bool, before: Sequence[str] = ()) -> Iterator[bytes]:
    """Yield a line for each step, in the order of the rows that were read. Each line begins with `before`."""
    rows = rows_of(labelled)
    for begin in range(0, len(rows), ROWS):
        part = rows[begin : begin + ROWS]
        yield _csv([[*before, *row, f"{value:.{DIGITS}f}"] if confidence else [*before, *row] for *row, value in part])


def json_line(each: LabelledSteps, *, confidence: bool, before: Mapping[str, object] | None = None) -> bytes:
    """Return the object of a sequence: its name, the line of its first step, its steps and their labels.

    Attention weights come last, if they were asked for. Keys of `before` come first.
    """
    sequence = each.sequence
    value = {**(before or {}), "sequence": sequence.name, "line": sequence.line, "labels": list(each.labels)}
    if sequence.steps is not None:
        value["steps"] = list(sequence.steps)
    if confidence:
        value["confidences"] = [round(float(number), DIGITS) for number in each.confidences]
    if each.weights is not None:
        value["attention"] = each.weights.astype(np.float64).round(DIGITS).tolist()
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def table_of(labelled: Sequence[LabelledSteps], roles: Roles) -> pd.DataFrame:
    """Return a row for each step, in the order of the rows that were read."""
    return pd.DataFrame(rows_of(labelled), columns=header_of(roles, confidence=True))


def rows_of(labelled: Sequence[LabelledSteps]) -> list[tuple[str, str | int, str, float]]:
    """Return name, step, label and confidence of each step, in the order of the rows that were read.

    Without a column of steps, they are numbered from 1.
    """
    rows = [
        (each.sequence.name, step, label, float(confidence))
        for each in labelled
        for step, label, confidence in zip(_steps(each.sequence), each.labels, each.confidences, strict=True)
    ]
    lines = np.concatenate([each.sequence.rows for each in labelled]) if labelled else np.empty(0)
    return [rows[index] for index in np.argsort(lines, kind="stable").tolist()]


def _steps(sequence: LabelledSequence) -> Sequence[str | int]:
    """Return the number or the time of each step."""
    return range(1, len(sequence) + 1) if sequence.steps is None else sequence.steps


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    """Write rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
