"""A tagger's results, as saved in metrics.json, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bilstm_nlp.reports.sections import Picture, Row, Section, Table, number

SCORE_HEADER = ("", "precision", "recall", "F1", "entities")


def sections(parts: Mapping[str, dict[str, Any]]) -> list[Section]:
    """Make a section for each corpus, from its results by name."""
    return [_section(name, results) for name, results in parts.items()]


def _section(name: str, results: dict[str, Any]) -> Section:
    """Make the section of one corpus, with all its results."""
    title = f"{name}: {results['source']}, {results['sentences']:,} sentences, {results['tokens']:,} tokens"
    section = Section(title, [*_score_tables(results), *_warnings(results), *_calibration(results["calibration"])])
    if name == "dev":
        section.parts.append(Picture("plots/confusion.png", "Types of entities"))
        section.parts.append(Picture("plots/transitions.png", "Transition scores"))
    return section


def _score_tables(results: dict[str, Any]) -> Iterator[Table]:
    readings: list[Row] = [
        ("conlleval", *(number(results[name]) for name in ("precision", "recall", "f1"))),
        ("strict", *(number(results[f"{name}_strict"]) for name in ("precision", "recall", "f1"))),
    ]
    yield Table("Entities", ("reading", "precision", "recall", "F1"), readings)
    macro: list[Row] = [("macro average", "", "", number(results["macro_f1"]), "")]
    yield Table("By type", SCORE_HEADER, [*_score_rows(results["per_type"]), *macro])
    yield Table("By whether training had the entity", SCORE_HEADER, list(_score_rows(results["by_novelty"])))
    yield Table("By length in tokens", SCORE_HEADER, list(_score_rows(results["by_length"])))


def _score_rows(groups: dict[str, dict[str, Any]]) -> Iterator[Row]:
    for name, scores in groups.items():
        figures = (number(scores[figure]) for figure in ("precision", "recall", "f1"))
        yield (name, *figures, f"{scores['support']:,}")


def _warnings(results: dict[str, Any]) -> Iterator[str]:
    """Warn, with the first spans, if the two readings of broken tag sequences differ."""
    disagreements = results["disagreements"]
    if disagreements:
        lines = [f"line {d['line']}: {d['side']} {d['type']} “{d['text']}”, {d['reading']} only" for d in disagreements]
        yield (
            "Warning: the conlleval and the strict reading differ, so figures counted in the two ways can't be "
            "compared. The first spans that only one of them counts: " + "; ".join(lines) + "."
        )


def _calibration(figures: dict[str, Any]) -> Iterator[Table | str]:
    """Show how often entities of a confidence are right, and the calibration error."""
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
    yield Table("Reliability", ("confidence", "entities", "mean confidence", "right"), rows)
    yield (
        f"Expected calibration error of entity probabilities: {number(figures['before']['ece'])} raw, "
        f"{number(after['ece'])} at temperature {figures['temperature']:.3f}, {number(figures['ece_cross_fitted'])} "
        "cross-fitted (temperature from one half of these sentences, measured on the other)."
    )
