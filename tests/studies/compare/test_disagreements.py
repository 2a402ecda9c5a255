"""Disagreements of a comparison: as many as reports hold, the largest first, none of a single variant."""

from __future__ import annotations

from bilstm_nlp.studies.compare.disagreements import LIMIT, disagreements
from tests.studies.trials import tagged, trial, windows


def test_at_most_200_disagreements_are_kept():
    more = LIMIT + 5
    trials = [
        trial(name, 1, 0.8, examples=tagged(*[types] * more)) for name, types in [("crf", "P---"), ("gru", "O---")]
    ]
    kept = disagreements(trials, "f1")
    assert [disagreement.tokens[0] for disagreement in kept] == [str(index) for index in range(200)]


def test_the_largest_disagreement_comes_first():
    trials = [trial(name, 1, 0.8, examples=windows(1.0, worst, 1.0)) for name, worst in [("a", 1.0), ("b", 9.0)]]
    assert disagreements(trials, "mse")[0].origin == "day 1"


def test_a_single_variant_has_no_disagreements():
    assert disagreements([trial("crf", 1, 0.8, examples=tagged("P---"))], "f1") == ()
    assert disagreements([], "f1") == ()


def test_a_task_without_examples_has_no_disagreements():
    assert disagreements([trial("crf", 1, 0.8), trial("gru", 1, 0.8)], "f1") == ()
