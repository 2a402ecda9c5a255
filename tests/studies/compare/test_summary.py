"""Figures of hand-made trials over seeds, and their differences from the baseline."""

from __future__ import annotations

import math

import pytest

from bilstm_nlp.studies.compare.results import answer
from bilstm_nlp.studies.compare.summary import mean, paired_seeds, score
from tests.studies.trials import F1, MSE, question, runs, trial, trials_of


def test_figures_are_those_of_the_seeds():
    trials = trials_of({"crf": [0.80, 0.82, 0.87], "gru": [0.90, 0.92, 0.94]}, speeds={"gru": 50.0})
    gru, crf = answer(question("crf", "gru"), trials, runs(trials)).variants
    assert (gru.name, gru.rank, gru.runs, gru.failed, crf.name, crf.rank) == ("gru", 1, 3, 0, "crf", 2)
    assert (gru.mean, gru.deviation, gru.best, gru.worst) == pytest.approx((0.92, 0.02, 0.94, 0.90))
    half = 4.302653 * 0.02 / math.sqrt(3)  # t(0.975, 2)
    assert (gru.low, gru.high) == pytest.approx((0.92 - half, 0.92 + half))
    assert (gru.parameters, gru.training_seconds, gru.training_speed, gru.prediction_speed) == (1000, 60, 50, 500)
    assert gru.per_type == {"PER": pytest.approx(0.92), "ORG": None}
    assert (gru.on_front, crf.on_front) == (True, True)
    assert crf.difference is None
    assert gru.difference is not None
    assert gru.difference.mean == pytest.approx(0.09)
    assert gru.difference.adjusted == gru.difference.p_value


@pytest.mark.parametrize(
    ("measure", "scores", "interval"),
    [
        (F1, [0.7, 0.9], (0.0, 1.0)),
        (MSE, [0.7, 0.9], (0.0, 0.8 + 12.7062 * 0.1)),
        (F1, [0.80, 0.81], (0.741469, 0.868531)),
    ],
)
def test_an_interval_stays_within_the_scores_that_can_be(measure, scores, interval):
    trials = trials_of({"crf": scores})
    report = answer(question("crf", seeds=(1, 2), fractions=(1.0,), measure=measure), trials, runs(trials))
    (variant,) = report.variants
    assert (variant.low, variant.high) == pytest.approx(interval, abs=1e-4)
    ((point,),) = (curve.points for curve in report.learning_curves)
    assert (point.low, point.high) == (variant.low, variant.high)


def test_the_lowest_error_is_ranked_first():
    trials = trials_of({"base": [0.30, 0.32], "linear": [0.40, 0.44]}, speeds={"linear": 50.0}, lag=3)
    best, worst = answer(question("base", "linear", seeds=(1, 2), measure=MSE), trials, runs(trials)).variants
    assert (best.name, best.best, best.worst) == ("base", pytest.approx(0.30), pytest.approx(0.32))
    assert (worst.name, worst.best, worst.worst) == ("linear", pytest.approx(0.40), pytest.approx(0.44))
    assert (best.on_front, worst.on_front) == (True, False)
    assert worst.difference is not None
    assert worst.difference.mean == pytest.approx(0.11)


def test_p_values_are_raised_for_the_number_of_comparisons():
    trials = trials_of({"crf": [0.8, 0.8], "a": [0.812, 0.812], "b": [0.85, 0.851], "c": [0.801, 0.8]})
    by_name = {
        variant.name: variant
        for variant in answer(question("crf", "a", "b", "c", seeds=(1, 2)), trials, runs(trials)).variants
    }
    p = {name: by_name[name].difference.p_value for name in "abc"}
    assert p["b"] < p["a"] < p["c"]
    adjusted = [by_name[name].difference.adjusted for name in "bac"]
    assert adjusted == pytest.approx([min(1, 3 * p["b"]), min(1, 2 * p["a"]), p["c"]])


def test_another_variant_changes_no_other_difference():
    trials = trials_of({"crf": [0.80, 0.82, 0.87], "gru": [0.90, 0.92, 0.94], "x": [0.7, 0.9, 0.8]})
    alone = answer(question("crf", "gru"), trials[:6], []).variants[0].difference
    beside = answer(question("crf", "x", "gru"), trials, []).variants[0].difference
    assert alone is not None
    assert beside is not None
    assert (beside.low, beside.high, beside.p_value) == (alone.low, alone.high, alone.p_value)


def test_seeds_are_paired_if_both_variants_have_a_score():
    undefined = trial("gru", 2, 0.9)
    undefined.denominator[:] = 0
    first = [trial("gru", 1, 0.9), undefined, trial("gru", 3, 0.9)]
    assert paired_seeds(first, [trial("crf", seed, 0.8) for seed in (3, 2, 1)]) == [1, 3]
    assert paired_seeds(first, [trial("crf", 2, 0.8)]) == []


def test_a_score_that_is_not_finite_is_none():
    assert score(trial("crf", 1, 0.8)) == pytest.approx(0.8)
    assert score(trial("crf", 1, math.inf)) is None


def test_a_mean_is_of_the_defined_values():
    assert mean([1.0, None, 2.0]) == 1.5
    assert mean([None]) is None
