"""Classified series as rows of CSV and lines of JSON. Knows no torch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles
from bilstm_nlp.tasks.request import Request

if TYPE_CHECKING:
    from bilstm_nlp.tasks.classification.predictor import Classified

OutputFormat = Literal["csv", "jsonl"]
JOINED = ", "
"""Text between several classes."""


def names_of(roles: Roles, request: Request) -> list[str]:
    """Name the columns of CSV."""
    top = [name for number in range(1, request.nbest + 1) for name in (f"class_{number}", f"probability_{number}")]
    return [roles.id or "series", "class", *(["confidence"] if request.confidence else []), *top]


def cells_of(sequence: LabelledSequence, answer: Classified, request: Request) -> list[str]:
    """Return the cells of a series with its classes."""
    own = [answer.probabilities[name] for name in answer.classes]
    cells = [sequence.name, JOINED.join(answer.classes)]
    cells += [JOINED.join(f"{value:.6g}" for value in own)] if request.confidence else []
    top = list(answer.probabilities.items())[: request.nbest]
    cells += [cell for name, value in top for cell in (name, f"{value:.6g}")]
    return [*cells, *[""] * 2 * (request.nbest - len(top))]


def values_of(sequence: LabelledSequence, answer: Classified, request: Request) -> dict[str, Any]:
    """Return the JSON object of a series with its classes."""
    values: dict[str, Any] = {"series": sequence.name, "line": sequence.line, "classes": list(answer.classes)}
    if request.confidence:
        values["confidence"] = [float(f"{answer.probabilities[name]:.6g}") for name in answer.classes]
    if request.nbest:
        top = list(answer.probabilities.items())[: request.nbest]
        values["top"] = [[name, float(f"{value:.6g}")] for name, value in top]
    if request.attention and answer.weights is not None:
        values["attention"] = [float(f"{value:.6g}") for value in answer.weights]
    return values


def row(cells: Sequence[str]) -> bytes:
    """Write a row of CSV.

    >>> row(["a", "b, c"])
    b'a,"b, c"\\n'
    """
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerow(cells)
    return output.getvalue().encode()


def line(values: Mapping[str, Any]) -> bytes:
    """Write a line of JSON.

    >>> line({"series": "é"}).decode()
    '{"series": "é"}\\n'
    """
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"
