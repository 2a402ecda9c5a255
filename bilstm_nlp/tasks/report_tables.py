"""Parts that the reports of several tasks have: reliability, calibration and confusions. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.reports.sections import Row, Table, number

CONFUSIONS_SHOWN = 15


def confusions(confusion: Mapping[str, Any], units: str) -> Iterator[Table]:
    """List the pairs of labels that are confused most often, from their matrix in metrics.json.

    >>> list(confusions({"labels": ["off", "on"], "counts": [[5, 2], [0, 3]]}, "steps"))[0].rows
    [('off', 'on', '2')]
    """
    names = confusion["labels"]
    pairs = [
        (count, row, column)
        for row, counts in enumerate(confusion["counts"])
        for column, count in enumerate(counts)
        if count and row != column
    ]
    pairs.sort(key=lambda pair: -pair[0])
    if pairs:
        rows: list[Row] = [(names[row], names[column], f"{count:,}") for count, row, column in pairs[:CONFUSIONS_SHOWN]]
        yield Table("The most frequent confusions", ("gold", "predicted", units), rows)


def reliability(figures: Mapping[str, Any], units: str) -> Table:
    """Show how often answers of a confidence are right, from a reliability diagram of metrics.json.

    `units`: the answers in the plural, such as steps.
    """
    edges = figures["edges"]
    rows: list[Row] = [
        (
            f"{edges[i]:.2f}–{edges[i + 1]:.2f}",
            f"{count:,}",
            number(figures["mean_confidence"][i], 3),
            number(figures["accuracy"][i], 3),
        )
        for i, count in enumerate(figures["counts"])
        if count
    ]
    return Table("Reliability", ("confidence", units, "mean confidence", "right"), rows)


def calibration_error(figures: Mapping[str, Any], of: str, sequences: str) -> str:
    """Say the calibration error before and after calibration, from metrics.json.

    `of`: what is predicted, such as "entity probabilities". `sequences`: what the halves consist of.
    """
    return (
        f"Expected calibration error of {of}: {number(figures['before']['ece'])} raw, "
        f"{number(figures['after']['ece'])} at temperature {figures['temperature']:.3f}, "
        f"{number(figures['ece_cross_fitted'])} cross-fitted (temperature from one half of these {sequences}, measured "
        "on the other)."
    )


def most_frequent(confusion: Mapping[str, Any], limit: int) -> tuple[list[str], NDArray[np.int64]]:
    """Return the labels and the (L, L) counts of a confusion matrix, the `limit` most frequent in their order.

    >>> labels, counts = most_frequent({"labels": ["a", "b", "c"], "counts": [[5, 0, 1], [0, 1, 0], [0, 0, 9]]}, 2)
    >>> labels, counts.tolist()
    (['a', 'c'], [[5, 1], [0, 9]])
    """
    counts = np.array(confusion["counts"], np.int64)
    rows = np.sort(np.argsort(-counts.sum(1), kind="stable")[:limit])
    return [confusion["labels"][row] for row in rows.tolist()], counts[np.ix_(rows, rows)]
