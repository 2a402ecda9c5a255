"""A classifier's results, as saved in metrics.json, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bilstm_nlp.reports.sections import Picture, Row, Section, Table, number
from bilstm_nlp.tasks import report_tables

CLASSES_SHOWN = 100
"""Classes in the report; metrics.json has all."""


def sections(parts: Mapping[str, dict[str, Any]]) -> list[Section]:
    """Make a section for each part of the data, from its results by name."""
    return [_section(name, results) for name, results in parts.items()]


def _section(name: str, results: dict[str, Any]) -> Section:
    """Make the section of one part, with all its results."""
    title = f"{name}: {results['source']}, {results['sequences']:,} {results['input']}"
    calibration, confusion = results["calibration"], results["confusion"]
    section = Section(title, [_scores(results), *_classes(results)])
    if confusion is not None:
        section.parts.extend(report_tables.confusions(confusion, results["input"]))
    section.parts.extend(
        [
            report_tables.reliability(calibration["after"], "answers"),
            report_tables.calibration_error(calibration, "probabilities", results["input"]),
        ]
    )
    if name == "dev" and confusion is not None:
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
