"""The sentence about each variant claims no more than its runs show."""

from __future__ import annotations

import pytest

from bilstm_nlp.studies.compare.results import answer
from bilstm_nlp.studies.compare.sentences import counted, signed
from bilstm_nlp.studies.compare.setup import Run
from tests.studies.trials import F1, MSE, question, runs, sentence_about, trial, trials_of


def test_a_difference_has_its_direction_and_interval():
    trials = trials_of({"crf": [0.80, 0.80, 0.80], "gru": [0.9, 0.902, 0.898]}, speeds={"gru": 118.0}, spread=0.05)
    report = answer(question("crf", "gru"), trials, runs(trials))
    difference = report.variants[0].difference
    low, high = (f"{100 * border:.1f}" for border in (difference.low, difference.high))
    assert sentence_about(report, "gru") == (
        f"gru is 18 % faster in training than crf; its F1 is better by 10.0 ({low} to {high}): "
        "distinguishable with 3 seeds"
    )
    assert 0 < float(low) < 10 < float(high)
    assert sentence_about(report, "crf") == "crf, the baseline, has an F1 of 80.0 (80.0 to 80.0) with 3 seeds"


def test_a_lower_error_is_called_better():
    trials = trials_of(
        {"base": [0.5, 0.5], "low": [0.3, 0.301], "high": [0.7, 0.701]}, spread=0.01, speeds={"low": 50.0}
    )
    report = answer(question("base", "low", "high", seeds=(1, 2), measure=MSE), trials, runs(trials))
    assert sentence_about(report, "low").startswith(
        "low is 50 % slower in training than base; its MSE is better by 0.1995 (0.1"
    )
    assert sentence_about(report, "high").startswith(
        "high is as fast in training as base; its MSE is worse by 0.2005 (0.1"
    )
    for name in ("low", "high"):
        low, high = sentence_about(report, name).split("(")[1].split(")")[0].split(" to ")
        assert float(low) < float(high)


def test_chance_is_not_called_a_difference():
    trials = trials_of({"crf": [0.80, 0.83, 0.81], "gru": [0.82, 0.80, 0.81]})
    report = answer(question("crf", "gru"), trials, runs(trials))
    difference = report.variants[-1].difference
    low, high = f"−{-100 * difference.low:.1f}", f"+{100 * difference.high:.1f}"
    assert sentence_about(report, "gru") == (
        f"gru is as fast in training as crf; its F1 differs by −0.3 ({low} to {high}): not distinguishable with 3 seeds"
    )


def test_a_difference_lost_among_many_comparisons_says_so():
    scores = {"crf": [0.8] * 5, "a": [0.807, 0.8071, 0.8072, 0.8073, 0.8074], **{name: [0.8] * 5 for name in "bcdefg"}}
    trials = trials_of(scores)
    report = answer(question(*scores, seeds=(1, 2, 3, 4, 5)), trials, runs(trials))
    difference = report.variants[0].difference
    assert difference.p_value < 0.05 < difference.adjusted
    assert sentence_about(report, "a").endswith("not distinguishable among 7 comparisons with 5 seeds")


def test_one_seed_says_that_noise_is_not_measured():
    trials = trials_of({"crf": [0.8], "gru": [0.95], "x": [0.8001]})
    report = answer(question("crf", "gru", "x", seeds=(1,)), trials, runs(trials))
    gru = report.variants[0]
    assert (gru.deviation, gru.low, gru.high) == (None, None, None)
    assert gru.difference.distinguishable
    tail = "distinguishable with 1 seed; the noise between seeds is then not measured"
    assert sentence_about(report, "gru").endswith(f": {tail}")
    assert sentence_about(report, "x").endswith(f": not {tail}")
    assert "F1 of 80.0 with 1 seed; the noise between seeds is then not measured" in sentence_about(report, "crf")


def test_fewer_seeds_are_paired_with_those_of_the_baseline():
    trials = trials_of({"crf": [0.80, 0.50, 0.80], "gru": [0.9, 0.9, 0.9]})
    kept = [trial for trial in trials if (trial.variant, trial.seed) != ("gru", 2)]
    planned = [*runs(kept), Run("gru", 2, 1.0, "gru-2", "failed", error="diverged")]
    report = answer(question("crf", "gru"), kept, planned)
    gru = report.variants[0]
    assert (gru.runs, gru.failed) == (2, 1)
    assert gru.difference.mean == pytest.approx(0.1)
    assert sentence_about(report, "gru").endswith("with 2 seeds (1 and 3, all that both have); 1 of its runs failed")


def test_a_variant_without_runs_says_so():
    trials = trials_of({"crf": [0.8, 0.8], "gru": [0.9, 0.9]})
    planned = [*runs(trials), *(Run("x", seed, 1.0, f"x-{seed}", "failed", error="no") for seed in (1, 2))]
    report = answer(question("crf", "x", "gru", seeds=(1, 2)), trials, planned)
    last = report.variants[-1]
    assert (last.name, last.rank, last.mean, last.parameters, last.runs, last.failed) == ("x", None, None, None, 0, 2)
    assert sentence_about(report, "x") == "x has no finished run; 2 of its runs failed"
    without = answer(question("x", "crf", "gru", seeds=(1, 2)), trials, planned)
    assert all(variant.difference is None for variant in without.variants)
    assert sentence_about(without, "gru").endswith("there is nothing to compare it with: x has no finished run")
    assert sentence_about(without, "x") == "x, the baseline, has no finished run; 2 of its runs failed"


def test_variants_without_common_seeds_or_units_say_so():
    trials = [trial("crf", 1, 0.8), trial("gru", 2, 0.9)]
    report = answer(question("crf", "gru", seeds=(1, 2)), trials, runs(trials))
    assert sentence_about(report, "gru").endswith(
        "its F1 can't be compared: there is no seed with which both it and crf have one"
    )
    trials = trials_of({"crf": [0.8, 0.8], "gru": [0.9, 0.9]}, units=1)
    report = answer(question("crf", "gru", seeds=(1, 2)), trials, runs(trials))
    assert sentence_about(report, "gru").endswith(
        "can't be compared: the dev part is too small to say how chance moves it"
    )


def test_an_undefined_score_is_null_and_is_not_compared():
    trials = trials_of({"crf": [0.8, 0.8], "gru": [0.9, 0.9]})
    for undefined in trials[2:]:
        undefined.denominator[:] = 0
    planned = runs(trials)
    report = answer(question("crf", "gru", seeds=(1, 2)), trials, planned)
    gru = report.variants[-1]
    assert (gru.name, gru.rank, gru.mean, gru.best, gru.difference, gru.runs) == ("gru", None, None, None, None, 2)
    assert sentence_about(report, "gru") == "the F1 of gru is undefined in 2 finished runs"
    assert [run.score for run in report.runs] == [pytest.approx(0.8), pytest.approx(0.8), None, None]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "+1.2"), (-0.0123, "−1.2"), (0.0001, "0.0"), (-0.0001, "0.0"), (0.0, "0.0")]
)
def test_a_sign_is_left_out_of_a_rounded_zero(value, text):
    assert signed(value, F1) == text


def test_a_count_has_a_plural_unless_it_is_one():
    assert [counted(count, "run") for count in (0, 1, 1234)] == ["0 runs", "1 run", "1,234 runs"]
