"""A classifier's results, as saved in metrics.json, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bilstm_nlp.reports.sections import Picture, Row, Section, Table, number

CLASSES_SHOWN, CONFUSIONS_SHOWN = 100, 15
"""Classes and confusions in the report; metrics.json has all."""


def sections(parts: Mapping[str, dict[str, Any]]) -> list[Section]:
    """Make a section for each part of the data, from its results by name."""
    return [_section(name, results) for name, results in parts.items()]


def _section(name: str, results: dict[str, Any]) -> Section:
    """Make the section of one part, with all its results."""
    title = f"{name}: {results['source']}, {results['sequences']:,} {results['input']}"
    section = Section(title, [_scores(results), *_classes(results), *_confusions(results["confusion"])])
    section.parts.extend(_calibration(results["calibration"]))
    if name == "dev" and results["confusion"] is not None:
        section.parts.append(Picture("plots/confusion.png", "Classes"))
    return section


SCORES = {
    "accuracy": "accuracy",
    "f1": "F1 of all classes together",
    "exact_match": "sequences with exactly the gold classes",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "majority": "share of the most frequent class",
    "log_loss": "log loss",
}
"""Key of metrics.json → its name in the report."""


def _scores(results: dict[str, Any]) -> Table:
    """Show the scores of all classes together."""
    rows: list[Row] = [(title, number(results[key])) for key, title in SCORES.items() if key in results]
    return Table("Classes", ("", ""), rows)


def _classes(results: dict[str, Any]) -> Iterator[Table]:
    """Show the scores of each class, the most frequent first."""
    classes = sorted(results["per_class"].items(), key=lambda item: -item[1]["support"])
    rows: list[Row] = []
    for name, scores in classes[:CLASSES_SHOWN]:
        figures = ("precision", "recall", "f1", "roc_area", "precision_recall_area")
        rows.append((name, *(number(scores[figure]) for figure in figures), f"{scores['support']:,}"))
    beyond = f", the {CLASSES_SHOWN} most frequent of {len(classes):,}" if len(classes) > CLASSES_SHOWN else ""
    header = ("", "precision", "recall", "F1", "ROC area", "PR area", results["input"])
    yield Table(f"By class{beyond}", header, rows)


def _confusions(confusion: dict[str, Any] | None) -> Iterator[Table]:
    """List the pairs of classes that are confused most often."""
    if confusion is None:
        return
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
        yield Table("The most frequent confusions", ("gold", "predicted", "count"), rows)


def _calibration(figures: dict[str, Any]) -> Iterator[Table | str]:
    """Show how often classes of a confidence are right, and the calibration error."""
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
    yield Table("Reliability", ("confidence", "answers", "mean confidence", "right"), rows)
    yield (
        f"Expected calibration error of probabilities: {number(figures['before']['ece'])} raw, "
        f"{number(after['ece'])} at temperature {figures['temperature']:.3f}, {number(figures['ece_cross_fitted'])} "
        "cross-fitted (temperature from one half of these sequences, measured on the other)."
    )
