"""Units on which the variants of a comparison disagree, as their task finds them."""

from __future__ import annotations

from collections.abc import Sequence

from bilstm_nlp.studies.engines.trial import Trial
from bilstm_nlp.tasks.comparison import Disagreement

LIMIT = 200
"""Disagreements in report.json and report.html."""


def disagreements(trials: Sequence[Trial], measure: str) -> Sequence[Disagreement]:
    """Return at most `LIMIT` units on which the variants disagree, the largest disagreement first.

    `trials` has one trial for each variant, all with the same `measured_on`.
    """
    if len(trials) < 2:
        return ()
    return trials[0].examples.disagreements({trial.variant: trial.examples for trial in trials}, measure, LIMIT)
