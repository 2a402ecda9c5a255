"""Every wrong label of a labeller as one page of HTML: recordings drawn, and a table of wrong stretches.

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

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.labelled.sequence import LabelledSequence
from bilstm_nlp.metrics.segments import Segments
from bilstm_nlp.reports.characters import shown
from bilstm_nlp.reports.html import policy, table_style, template
from bilstm_nlp.tasks import pages
from bilstm_nlp.tasks.labelling.evaluation import Evaluation
from bilstm_nlp.tasks.labelling.stretches import KINDS, WrongStretch, most_confident_first, wrong_stretches
from bilstm_nlp.tasks.request import ErrorsPage

PAIRS_SHOWN = 30
"""Pairs of labels in the table of confusions, at most."""
DRAWN, DRAWN_SEGMENTS = 50, 1000
"""Recordings that are drawn, and segments of each, at most."""
COLOURS = 7
"""Colours of labels in `reports/web/base.css`."""


class Bar(NamedTuple):
    """A segment of a drawing: steps start..start+steps-1."""

    label: str
    start: int
    steps: int
    colour: str


class Drawing(NamedTuple):
    """A recording with gold and predicted segments, one above the other."""

    name: str
    place: str
    steps: int
    wrong: int
    gold: Sequence[Bar]
    predicted: Sequence[Bar]
    marks: Sequence[tuple[int, int]]
    """(start, steps) of wrong steps in a row."""


class Count(NamedTuple):
    """The wrong steps and stretches of a pair of labels, by kind."""

    gold: str
    predicted: str
    steps: int
    kinds: Sequence[int]


def mistakes(evaluation: Evaluation) -> list[WrongStretch]:
    """List the wrong stretches of all sequences, the most confident first."""
    parts = zip(
        evaluation.part.sequences,
        evaluation.gold,
        evaluation.predicted,
        evaluation.decoded.marginals(),
        strict=True,
    )
    wrong = [stretch for part in parts for stretch in wrong_stretches(*part, evaluation.names)]
    return most_confident_first(wrong)


def write(request: ErrorsPage, evaluation: Evaluation) -> None:
    """Write the page of an evaluation. Raises `InputError` if that is not possible."""
    pages.write(request.path, request.runs, lambda links: page(evaluation, links))


def page(evaluation: Evaluation, runs: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page of an evaluation. `runs` are pairs (name, URL) of the runs that predicted."""
    return page_of(
        mistakes(evaluation),
        steps=len(evaluation.correct),
        sequences=len(evaluation.gold),
        source=evaluation.part.source,
        drawings=drawings(evaluation),
        labels=evaluation.names,
        runs=runs,
    )


def page_of(
    wrong: Sequence[WrongStretch],
    *,
    steps: int,
    sequences: int,
    source: str,
    drawings: Sequence[Drawing] = (),
    labels: Sequence[str] = (),
    title: str = "Wrong labels",
    runs: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page of wrong stretches among so many steps and sequences. `labels` are those of the drawings."""
    look = table_style((files(__package__) / "web" / "errors.css").read_text(encoding="utf-8"))
    wrong_steps = sum(stretch.steps for stretch in wrong)
    facts = [
        ("recordings", f"{sequences:,}"),
        ("steps", f"{steps:,}"),
        ("right", f"{1 - wrong_steps / steps:.2%}" if steps else "undefined"),
        ("date", date.today().isoformat()),
    ]
    touched = len({(stretch.source, stretch.sequence) for stretch in wrong})
    return template(
        (files(__package__) / "web" / "errors.html").read_text(encoding="utf-8"),
        {"shown": shown, "probability": lambda value: f"{value:.2f}", "kind": lambda kind: KINDS[kind]},
    ).render(
        policy=policy(look, ""),
        style=look,
        source=source,
        title=title,
        facts=facts,
        runs=runs,
        summary=f"{wrong_steps:,} steps have a wrong label, in {len(wrong):,} stretches of {touched:,} recordings",
        kinds=list(KINDS.values()),
        pairs=_counted(wrong),
        legend=[(label, _colour(number)) for number, label in enumerate(labels)] if drawings else [],
        drawings=drawings,
        undrawn=touched - len(drawings),
        rows=wrong,
    )


def drawings(evaluation: Evaluation, most: int = DRAWN, segments: int = DRAWN_SEGMENTS) -> list[Drawing]:
    """Draw the recordings with the most wrong steps. Recordings with more than `segments` segments are left out."""
    wrong = [int((own != labels).sum()) for own, labels in zip(evaluation.gold, evaluation.predicted, strict=True)]
    order = sorted((index for index, count in enumerate(wrong) if count), key=lambda index: -wrong[index])
    drawn = []
    for index in order:
        gold, predicted = evaluation.gold[index], evaluation.predicted[index]
        if max(len(Segments.of(gold)), len(Segments.of(predicted))) <= segments:
            drawn.append(_drawing(evaluation.part.sequences[index], gold, predicted, evaluation.names))
    return drawn[:most]


def _drawing(sequence: LabelledSequence, gold: Ints, predicted: Ints, names: Sequence[str]) -> Drawing:
    """Draw a recording with labels (T,), numbers into `names`."""
    differs = Segments.of((gold != predicted).astype(np.int64))
    runs = zip(differs.labels.tolist(), differs.starts.tolist(), differs.ends.tolist(), strict=True)
    return Drawing(
        name=sequence.name,
        place=f"{sequence.source}:{sequence.line}",
        steps=len(sequence),
        wrong=int((gold != predicted).sum()),
        gold=_bars(gold, names),
        predicted=_bars(predicted, names),
        marks=[(start, end - start) for differing, start, end in runs if differing],
    )


def _bars(labels: Ints, names: Sequence[str]) -> list[Bar]:
    """Return the segments of labels (T,)."""
    segments = Segments.of(labels)
    return [
        Bar(names[label], start, end - start, _colour(label))
        for label, start, end in zip(
            segments.labels.tolist(), segments.starts.tolist(), segments.ends.tolist(), strict=True
        )
    ]


def _colour(number: int) -> str:
    """Return the class of a label's colour."""
    return f"k{number % COLOURS}"


def _counted(wrong: Sequence[WrongStretch]) -> list[Count]:
    """Count wrong steps by pairs of labels, the most frequent first, and the stretches of each kind."""
    steps: Counter[tuple[str, str]] = Counter()
    stretches = Counter((stretch.gold, stretch.predicted, stretch.kind) for stretch in wrong)
    for stretch in wrong:
        steps[stretch.gold, stretch.predicted] += stretch.steps
    return [
        Count(gold, predicted, count, [stretches[gold, predicted, kind] for kind in KINDS])
        for (gold, predicted), count in steps.most_common(PAIRS_SHOWN)
    ]
