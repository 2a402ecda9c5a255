"""A tagger's results, as saved in metrics.json, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from bilstm_nlp.reports.sections import Picture, Row, Section, Table, number
from bilstm_nlp.tasks import report_tables
from bilstm_nlp.tasks.tagging.words import ENTITIES, LABELS, Words

LABELS_SHOWN = 100
"""Labels in the report; metrics.json has all."""
SCORE_HEADER = ("", "precision", "recall", "F1", "entities")


def sections(parts: Mapping[str, dict[str, Any]]) -> list[Section]:
    """Make a section for each corpus, from its results by name."""
    return [_section(name, results) for name, results in parts.items()]


def _section(name: str, results: dict[str, Any]) -> Section:
    """Make the section of one corpus, with all its results."""
    title = f"{name}: {results['source']}, {results['sentences']:,} sentences, {results['tokens']:,} tokens"
    words = LABELS if "accuracy" in results else ENTITIES
    tables = _label_tables(results) if words is LABELS else chain(_score_tables(results), _warnings(results))
    section = Section(title, [*tables, *_calibration(results["calibration"], words), *_plain_text(results)])
    if name == "dev":
        section.parts.append(Picture("plots/confusion.png", f"{words.kind.capitalize()}s of {words.of}"))
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


def _label_tables(results: dict[str, Any]) -> Iterator[Table | str]:
    """Show the accuracy, by what training had of a word, and the scores and the confusions of labels."""
    rows: list[Row] = [
        ("accuracy", number(results["accuracy"])),
        ("accuracy on words that training does not have", number(results["accuracy_unknown"])),
        ("macro F1", number(results["macro_f1"])),
        ("sentences without a wrong label", number(results["sentence_accuracy"])),
    ]
    yield Table("Labels", ("", ""), rows)
    words: list[Row] = [
        (name, number(group["accuracy"]), f"{group['tokens']:,}") for name, group in results["by_word"].items()
    ]
    yield Table("By what training has of the word", ("", "accuracy", "tokens"), words)
    labels = sorted(results["per_label"].items(), key=lambda item: -item[1]["support"])
    yield Table(
        f"By label{_the_first(labels)}",
        ("", "precision", "recall", "F1", "tokens"),
        list(_score_rows(dict(labels[:LABELS_SHOWN]))),
    )
    yield from report_tables.confusions(results["confusion"], "tokens")


def _the_first(rows: Sequence[object]) -> str:
    """Say how many rows are shown, if some are not."""
    return f", the {LABELS_SHOWN} most frequent of {len(rows):,}" if len(rows) > LABELS_SHOWN else ""


def _score_rows(groups: dict[str, dict[str, Any]]) -> Iterator[Row]:
    for name, scores in groups.items():
        figures = (number(scores[figure]) for figure in ("precision", "recall", "f1"))
        yield (name, *figures, f"{scores['support']:,}")


def _plain_text(results: dict[str, Any]) -> Iterator[str]:
    """Warn if plain text is cut otherwise than the training data."""
    if "plain_text" in results:
        yield f"Warning: {results['plain_text']}. Give such text as tokens, or expect worse tags."


def _warnings(results: dict[str, Any]) -> Iterator[str]:
    """Warn if there are no entities, or, with the first spans, if the two readings of broken tag sequences differ."""
    if not any(scores["support"] for scores in results["per_type"].values()):
        yield "Warning: no entities are annotated here, so F1 tells nothing, and can't choose an epoch to keep."
    disagreements = results["disagreements"]
    if disagreements:
        lines = [f"line {d['line']}: {d['side']} {d['type']} “{d['text']}”, {d['reading']} only" for d in disagreements]
        yield (
            "Warning: the conlleval and the strict reading differ, so figures counted in the two ways can't be "
            "compared. The first spans that only one of them counts: " + "; ".join(lines) + "."
        )


def _calibration(figures: dict[str, Any], words: Words) -> Iterator[Table | str]:
    """Show how often entities or labels of a confidence are right, and the calibration error."""
    yield report_tables.reliability(figures["after"], words.many)
    yield from _thresholds(figures.get("thresholds", []), words)  # runs of 0.1.0 have none
    yield report_tables.calibration_error(figures, f"{words.one} probabilities", "sentences")


def _thresholds(thresholds: Sequence[dict[str, Any]], words: Words) -> Iterator[Table]:
    """Show precision and recall if predictions below a confidence are left out."""
    rows: list[Row] = []
    for scores in thresholds:
        figures = (number(scores[name]) for name in ("precision", "recall", "f1"))
        rows.append((f"{scores['confidence']:g}", *figures, f"{scores['predictions']:,}"))
    if rows:
        title = f"Without {words.many} below a confidence"
        yield Table(title, ("confidence", "precision", "recall", "F1", words.many), rows)
