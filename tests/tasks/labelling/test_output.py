"""Labels of steps as CSV, JSON Lines and frames."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from bilstm_nlp.data.labelled.sequence import Roles
from bilstm_nlp.tasks.labelling.output import LabelledSteps, csv_header, csv_lines, json_line, table_of
from tests.tasks.labelling.machines import a_sequence

ROLES = Roles("recording", "minute", "state", ("speed",))


def labelled(name: str, labels: str, rows: list[int], steps: tuple[str, ...] | None) -> LabelledSteps:
    sequence = replace(a_sequence([[0.0]] * len(labels), labels, name), rows=np.array(rows), steps=steps)
    return LabelledSteps(sequence, list(labels), np.linspace(0.5, 1.0, len(labels)))


# Two sequences whose rows take turns in the file.
INTERLEAVED = [labelled("a", "xy", [2, 4], ("0.10", "0.20")), labelled("b,c", "zz", [3, 5], ("0.1", "0.3"))]


def test_csv_has_the_rows_of_the_file_in_their_order():
    lines = csv_header(ROLES, confidence=True) + b"".join(csv_lines(INTERLEAVED, confidence=True))
    assert lines.decode().splitlines() == [
        "recording,minute,state,confidence",
        "a,0.10,x,0.5000",
        '"b,c",0.1,z,0.5000',
        "a,0.20,y,1.0000",
        '"b,c",0.3,z,1.0000',
    ]


def test_steps_without_a_column_are_numbered():
    lines = csv_header(Roles(None, None, None, ("a",)), confidence=False)
    lines += b"".join(csv_lines([labelled("m", "xx", [2, 3], None)], confidence=False))
    assert lines.decode().splitlines() == ["sequence,step,label", "m,1,x", "m,2,x"]


def test_json_lines_have_a_sequence_each():
    first, second = (json.loads(json_line(each, confidence=True)) for each in INTERLEAVED)
    assert first == {
        "sequence": "a",
        "line": 2,
        "labels": ["x", "y"],
        "steps": ["0.10", "0.20"],
        "confidences": [0.5, 1.0],
    }
    assert second["labels"] == ["z", "z"]


def test_frame_has_the_columns_of_training():
    frame = table_of(INTERLEAVED, ROLES)
    assert frame.columns.tolist() == ["recording", "minute", "state", "confidence"]
    assert frame["state"].tolist() == ["x", "z", "y", "z"]
