"""Every wrong class as one page of HTML.

The page works without scripts and loads nothing from outside. `web/errors.html` is its template; this module computes
the values that the template shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from bilstm_nlp.reports.characters import shown
from bilstm_nlp.reports.html import policy, table_style, template
from bilstm_nlp.tasks import pages
from bilstm_nlp.tasks.classification.decoding import names
from bilstm_nlp.tasks.classification.evaluation import Evaluation
from bilstm_nlp.tasks.request import ErrorsPage

PAIRS_SHOWN = 30
"""Pairs of classes in the table of confusions, at most."""


class Mistake(NamedTuple):
    """A sequence with a wrong class."""

    place: str
    """File and line."""
    text: str
    gold: str
    predicted: str
    confidence: float
    """The probability of what was predicted; where nothing was, of the most probable class."""
    likely: float
    """The probability of the gold class; of several, the least."""


def mistakes(evaluation: Evaluation) -> list[Mistake]:
    """List the wrong answers, the most confident first."""
    gold, predicted, values = evaluation.gold, evaluation.predicted, evaluation.probabilities()
    wrong = np.flatnonzero((gold != predicted).any(1)).tolist()
    classes = evaluation.codec.classes
    listed = [
        Mistake(
            place=f"{evaluation.part.examples[row].source}:{evaluation.part.examples[row].line}",
            text=evaluation.end.shown(evaluation.part.examples[row].input),
            gold=", ".join(names(classes, gold[row])) or "none",
            predicted=", ".join(names(classes, predicted[row])) or "none",
            confidence=float(values[row].max()),
            likely=float(values[row][gold[row]].min(initial=1.0)),
        )
        for row in wrong
    ]
    return sorted(listed, key=lambda mistake: -mistake.confidence)


def write(request: ErrorsPage, evaluation: Evaluation) -> None:
    """Write the page of an evaluation. Raises `InputError` if that is not possible."""
    pages.write(request.path, request.runs, lambda links: page(evaluation, links))


def page(evaluation: Evaluation, runs: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page of an evaluation. `runs` are pairs (name, URL) of the runs that predicted."""
    return page_of(mistakes(evaluation), len(evaluation.gold), evaluation.part.source, evaluation.end.units, runs=runs)


def page_of(
    wrong: Sequence[Mistake],
    total: int,
    source: str,
    units: str,
    title: str = "Wrong classes",
    runs: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page of wrong answers among a total number."""
    look = table_style()
    facts = [
        (units, f"{total:,}"),
        ("right", f"{1 - len(wrong) / total:.2%}" if total else "undefined"),
        ("date", date.today().isoformat()),
    ]
    pairs = Counter((mistake.gold, mistake.predicted) for mistake in wrong)
    return template(
        (files(__package__) / "web" / "errors.html").read_text(encoding="utf-8"),
        {"shown": shown, "probability": lambda value: f"{value:.2f}"},
    ).render(
        policy=policy(look, ""),
        style=look,
        source=source,
        units=units,
        title=title,
        facts=facts,
        runs=runs,
        summary=f"{len(wrong):,} of {total:,} {units} have a wrong class",
        pairs=[(gold, predicted, f"{count:,}") for (gold, predicted), count in pairs.most_common(PAIRS_SHOWN)],
        rows=wrong,
    )
