"""Tables that the reports of several tasks have: reliability, and the most frequent confusions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

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


def calibration(figures: Mapping[str, Any], units: str, sequences: str) -> Iterator[Table | str]:
    """Show how often answers of a confidence are right, and the calibration error, from metrics.json.

    `units` are what is predicted, `sequences` what halves consist of.
    """
    after = figures["after"]
    edges = after["edges"]
    rows: list[Row] = [
        (
            f"{edges[i]:.2f}–{edges[i + 1]:.2f}",
            f"{count:,}",
            number(after["mean_confidence"][i], 3),
            number(after["accuracy"][i], 3),
        )
        for i, count in enumerate(after["counts"])
        if count
    ]
    yield Table("Reliability", ("confidence", units, "mean confidence", "right"), rows)
    yield (
        f"Expected calibration error of probabilities: {number(figures['before']['ece'])} raw, "
        f"{number(after['ece'])} at temperature {figures['temperature']:.3f}, {number(figures['ece_cross_fitted'])} "
        f"cross-fitted (temperature from one half of these {sequences}, measured on the other)."
    )
