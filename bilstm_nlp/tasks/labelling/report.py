"""A labeller's results, as saved in metrics.json, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bilstm_nlp.reports.sections import Picture, Row, Section, Table, number
from bilstm_nlp.tasks import report_tables

LABELS_SHOWN = 100
"""Labels in the report; metrics.json has all."""
SCORES = {
    "accuracy": "accuracy of steps",
    "macro_f1": "macro F1 of labels",
    "majority": "share of the most frequent label",
    "edit": "edit score of the order of segments",
}
"""Key of metrics.json → its name in the report."""


def sections(parts: Mapping[str, dict[str, Any]]) -> list[Section]:
    """Make a section for each part of the data, from its results by name."""
    return [_section(name, results) for name, results in parts.items()]


def _section(name: str, results: dict[str, Any]) -> Section:
    """Make the section of one part, with all its results."""
    title = f"{name}: {results['source']}, {results['sequences']:,} sequences, {results['steps']:,} steps"
    scores: list[Row] = [(title, number(results[key])) for key, title in SCORES.items()]
    section = Section(title, [Table("Steps", ("", ""), scores), _segments(results), *_labels(results)])
    section.parts.extend(
        [
            *report_tables.confusions(results["confusion"], "steps"),
            report_tables.reliability(results["calibration"]["after"], "steps"),
            report_tables.calibration_error(results["calibration"], "probabilities", "sequences"),
        ]
    )
    if name == "dev":
        section.parts.append(Picture("plots/confusion.png", "Labels of steps"))
        section.parts.append(Picture("plots/transitions.png", "Transition scores"))
    return section


def _segments(results: dict[str, Any]) -> Table:
    """Show the scores of segments, by what counts as right."""
    rows: list[Row] = []
    for key, scores in results["segments"].items():
        name = "with both ends" if key == "exact" else f"that overlap by {key.removeprefix('overlap_')} %"
        figures = (number(scores[figure]) for figure in ("precision", "recall", "f1"))
        rows.append((name, *figures, f"{scores['support']:,}"))
    return Table("Segments of equal labels", ("", "precision", "recall", "F1", "segments"), rows)


def _labels(results: dict[str, Any]) -> Iterator[Table]:
    """Show the scores of each label, the most frequent first."""
    labels = sorted(results["per_label"].items(), key=lambda item: -item[1]["support"])
    rows: list[Row] = []
    for name, scores in labels[:LABELS_SHOWN]:
        figures = (number(scores[figure]) for figure in ("precision", "recall", "f1"))
        rows.append((name, *figures, f"{scores['support']:,}"))
    beyond = f", the {LABELS_SHOWN} most frequent of {len(labels):,}" if len(labels) > LABELS_SHOWN else ""
    yield Table(f"By label{beyond}", ("", "precision", "recall", "F1", "steps"), rows)
