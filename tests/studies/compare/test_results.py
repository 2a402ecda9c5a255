"""Answers: the figures of hand-made trials, the sentences about them, and what is missing."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest

from bilstm_nlp.studies.compare import disagreements as rooms
from bilstm_nlp.studies.compare.results import answer
from bilstm_nlp.studies.compare.setup import Run
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples
from bilstm_nlp.tasks.tagging.comparison import SentenceExamples
from tests.studies.trials import MSE, question, runs, trial


def grid(scores, *, speeds=None, **kinds):
    """Trials of {variant: its score with seeds 1, 2, …}."""
    return [
        trial(name, seed, value, speed=(speeds or {}).get(name, 100.0), **kinds)
        for name, values in scores.items()
        for seed, value in enumerate(values, 1)
    ]


def said(found, name):
    """The sentence about a variant."""
    return found.words[[one.name for one in found.variants].index(name)]


# --- figures ---------------------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_seeds():
    trials = grid({"crf": [0.80, 0.82, 0.87], "gru": [0.90, 0.92, 0.94]}, speeds={"gru": 50.0})
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


def test_for_an_error_less_is_better():
    trials = grid({"base": [0.30, 0.32], "linear": [0.40, 0.44]}, speeds={"linear": 50.0}, lag=3)
    best, worst = answer(question("base", "linear", seeds=(1, 2), measure=MSE), trials, runs(trials)).variants
    assert (best.name, best.best, best.worst) == ("base", pytest.approx(0.30), pytest.approx(0.32))
    assert (worst.name, worst.best, worst.worst) == ("linear", pytest.approx(0.40), pytest.approx(0.44))
    assert (best.on_front, worst.on_front) == (True, False)
    assert worst.difference is not None
    assert worst.difference.mean == pytest.approx(0.11)


def test_p_values_are_raised_for_the_number_of_comparisons():
    trials = grid({"crf": [0.8, 0.8], "a": [0.812, 0.812], "b": [0.85, 0.851], "c": [0.801, 0.8]})
    found = {
        one.name: one for one in answer(question("crf", "a", "b", "c", seeds=(1, 2)), trials, runs(trials)).variants
    }
    p = {name: found[name].difference.p_value for name in "abc"}
    assert p["b"] < p["a"] < p["c"]
    adjusted = [found[name].difference.adjusted for name in "bac"]
    assert adjusted == pytest.approx([min(1, 3 * p["b"]), min(1, 2 * p["a"]), p["c"]])


def test_the_order_of_trials_does_not_matter():
    trials = grid({"crf": [0.80, 0.82, 0.87], "gru": [0.90, 0.92, 0.94], "x": [0.7, 0.9, 0.8]})
    first = answer(question("crf", "gru", "x"), trials, runs(trials)).as_json()
    mixed = random.Random(0).sample(trials, len(trials))
    assert answer(question("crf", "gru", "x"), mixed, runs(trials)).as_json() == first


def test_another_variant_changes_nothing_for_the_others():
    trials = grid({"crf": [0.80, 0.82, 0.87], "gru": [0.90, 0.92, 0.94], "x": [0.7, 0.9, 0.8]})
    alone = answer(question("crf", "gru"), trials[:6], []).variants[0].difference
    beside = answer(question("crf", "x", "gru"), trials, []).variants[0].difference
    assert alone is not None
    assert beside is not None
    assert (beside.low, beside.high, beside.p_value) == (alone.low, alone.high, alone.p_value)


def test_learning_curves_have_a_point_for_each_part_that_was_trained_on():
    trials = [
        *grid({"crf": [0.6, 0.7], "gru": [0.5]}, fraction=0.1),
        *grid({"crf": [0.8, 0.8], "gru": [0.9, 0.9]}, fraction=1.0),
    ]
    found = answer(question("crf", "gru", "lost", seeds=(1, 2), fractions=(1.0, 0.1)), trials, runs(trials))
    crf, gru, lost = found.learning_curves
    assert [(point.fraction, point.runs) for point in crf.points] == [(0.1, 2), (1.0, 2)]
    assert (crf.points[0].mean, crf.points[1].mean) == pytest.approx((0.65, 0.8))
    assert (gru.points[0].mean, gru.points[0].low, gru.points[0].runs) == (pytest.approx(0.5), None, 1)
    assert lost.points == []
    assert {one.name: one.mean for one in found.variants if one.mean} == pytest.approx({"crf": 0.8, "gru": 0.9})
    assert len(found.curves) == 7
    assert (found.curves[0].fraction, found.curves[0].losses) == (0.1, [2.0, 1.0])


# --- words -----------------------------------------------------------------------------------------------------------


def test_a_difference_is_told_with_its_direction_and_interval():
    trials = grid({"crf": [0.80, 0.80, 0.80], "gru": [0.9, 0.902, 0.898]}, speeds={"gru": 118.0}, spread=0.05)
    found = answer(question("crf", "gru"), trials, runs(trials))
    difference = found.variants[0].difference
    low, high = (f"{100 * border:.1f}" for border in (difference.low, difference.high))
    assert said(found, "gru") == (
        f"gru is 18 % faster in training than crf; its F1 is better by 10.0 ({low} to {high}): "
        "distinguishable with 3 seeds"
    )
    assert 0 < float(low) < 10 < float(high)
    assert said(found, "crf") == "crf, the baseline, has an F1 of 80.0 (80.0 to 80.0) with 3 seeds"


def test_a_lower_error_is_better_and_a_higher_one_worse():
    trials = grid({"base": [0.5, 0.5], "low": [0.3, 0.301], "high": [0.7, 0.701]}, spread=0.01, speeds={"low": 50.0})
    found = answer(question("base", "low", "high", seeds=(1, 2), measure=MSE), trials, runs(trials))
    assert said(found, "low").startswith("low is 50 % slower in training than base; its MSE is better by 0.1995 (0.1")
    assert said(found, "high").startswith("high is as fast in training as base; its MSE is worse by 0.2005 (0.1")
    for name in ("low", "high"):
        low, high = said(found, name).split("(")[1].split(")")[0].split(" to ")
        assert float(low) < float(high)


def test_chance_is_not_called_a_difference():
    trials = grid({"crf": [0.80, 0.83, 0.81], "gru": [0.82, 0.80, 0.81]})
    found = answer(question("crf", "gru"), trials, runs(trials))
    difference = found.variants[-1].difference
    low, high = f"−{-100 * difference.low:.1f}", f"+{100 * difference.high:.1f}"
    assert said(found, "gru") == (
        f"gru is as fast in training as crf; its F1 differs by −0.3 ({low} to {high}): not distinguishable with 3 seeds"
    )


def test_what_many_comparisons_take_back_is_said():
    scores = {"crf": [0.8] * 5, "a": [0.807, 0.8071, 0.8072, 0.8073, 0.8074], **{name: [0.8] * 5 for name in "bcdefg"}}
    trials = grid(scores)
    found = answer(question(*scores, seeds=(1, 2, 3, 4, 5)), trials, runs(trials))
    difference = found.variants[0].difference
    assert difference.p_value < 0.05 < difference.adjusted
    assert said(found, "a").endswith("not distinguishable among 7 comparisons with 5 seeds")


def test_one_seed_measures_no_noise_between_seeds_and_says_so():
    trials = grid({"crf": [0.8], "gru": [0.95], "x": [0.8001]})
    found = answer(question("crf", "gru", "x", seeds=(1,)), trials, runs(trials))
    gru = found.variants[0]
    assert (gru.deviation, gru.low, gru.high) == (None, None, None)
    assert gru.difference.distinguishable
    tail = "distinguishable with 1 seed; the noise between seeds is then not measured"
    assert said(found, "gru").endswith(f": {tail}")
    assert said(found, "x").endswith(f": not {tail}")
    assert "F1 of 80.0 with 1 seed; the noise between seeds is then not measured" in said(found, "crf")


def test_fewer_seeds_are_paired_with_the_same_seeds_of_the_baseline():
    trials = grid({"crf": [0.80, 0.50, 0.80], "gru": [0.9, 0.9, 0.9]})
    kept = [one for one in trials if (one.variant, one.seed) != ("gru", 2)]
    planned = [*runs(kept), Run("gru", 2, 1.0, "gru-2", "failed", error="diverged")]
    found = answer(question("crf", "gru"), kept, planned)
    gru = found.variants[0]
    assert (gru.runs, gru.failed) == (2, 1)
    assert gru.difference.mean == pytest.approx(0.1)
    assert said(found, "gru").endswith("with 2 seeds (1 and 3, all that both have); 1 of its runs failed")


def test_what_has_no_run_is_said_to_have_none():
    trials = grid({"crf": [0.8, 0.8], "gru": [0.9, 0.9]})
    planned = [*runs(trials), *(Run("x", seed, 1.0, f"x-{seed}", "failed", error="no") for seed in (1, 2))]
    found = answer(question("crf", "x", "gru", seeds=(1, 2)), trials, planned)
    last = found.variants[-1]
    assert (last.name, last.rank, last.mean, last.parameters, last.runs, last.failed) == ("x", None, None, None, 0, 2)
    assert said(found, "x") == "x has no finished run; 2 of its runs failed"
    without = answer(question("x", "crf", "gru", seeds=(1, 2)), trials, planned)
    assert all(one.difference is None for one in without.variants)
    assert said(without, "gru").endswith("there is nothing to compare it with: x has no finished run")
    assert said(without, "x") == "x, the baseline, has no finished run; 2 of its runs failed"


def test_no_common_seed_and_no_units_are_said():
    trials = [trial("crf", 1, 0.8), trial("gru", 2, 0.9)]
    found = answer(question("crf", "gru", seeds=(1, 2)), trials, runs(trials))
    assert said(found, "gru").endswith("its F1 can't be compared: there is no seed with which both it and crf have one")
    trials = grid({"crf": [0.8, 0.8], "gru": [0.9, 0.9]}, units=1)
    found = answer(question("crf", "gru", seeds=(1, 2)), trials, runs(trials))
    assert said(found, "gru").endswith("can't be compared: the dev part is too small to say how chance moves it")


def test_an_undefined_score_is_null_and_is_not_compared():
    trials = grid({"crf": [0.8, 0.8], "gru": [0.9, 0.9]})
    for one in trials[2:]:
        one.denominator[:] = 0
    planned = runs(trials)
    found = answer(question("crf", "gru", seeds=(1, 2)), trials, planned)
    gru = found.variants[-1]
    assert (gru.name, gru.rank, gru.mean, gru.best, gru.difference, gru.runs) == ("gru", None, None, None, None, 2)
    assert said(found, "gru") == "the F1 of gru is undefined in 2 finished runs"
    assert [run.score for run in found.runs] == [pytest.approx(0.8), pytest.approx(0.8), None, None]


def test_a_single_variant_is_an_answer_too():
    trials = grid({"crf": [0.8, 0.9]})
    found = answer(question("crf", seeds=(1, 2)), trials, runs(trials))
    assert [(one.name, one.rank, one.on_front) for one in found.variants] == [("crf", 1, True)]
    assert len(found.words) == 1
    assert not found.disagreements


def test_no_trial_at_all_is_an_answer_too():
    planned = [Run("crf", 1, 1.0, "crf-1", "missing"), Run("gru", 1, 1.0, "gru-1", "missing")]
    found = answer(question("crf", "gru", seeds=(1,)), [], planned)
    assert found.words == ["crf, the baseline, has no finished run", "gru has no finished run"]


# --- disagreements ---------------------------------------------------------------------------------------------------


def tagged(*found):
    """Sentences of four tokens; what was found in each: letters of types, a place a token."""
    return SentenceExamples(
        tokens=[(f"{index}", "a", "b", "c") for index in range(len(found))],
        gold=[(Span("PER", 0, 1),)] * len(found),
        found=[
            tuple(Span(kind, token, token + 1) for token, kind in enumerate(types) if kind != "-") for types in found
        ],
    )


def windows(*errors):
    count = len(errors)
    return WindowExamples(
        series=["s"] * count,
        origins=[f"day {index}" for index in range(count)],
        columns=["OT"] * count,
        past=np.tile(np.arange(3.0), (count, 1)),
        actual=np.zeros((count, 2)),
        forecast=np.repeat(np.array(errors)[:, None], 2, axis=1),
        errors={"mse": np.array(errors)},
    )


def test_no_more_than_200_are_kept():
    more = rooms.LIMIT + 5
    trials = [
        trial(name, 1, 0.8, examples=tagged(*[types] * more)) for name, types in [("crf", "P---"), ("gru", "O---")]
    ]
    found = rooms.disagreements(trials, "f1")
    assert [one.tokens[0] for one in found] == [str(index) for index in range(200)]


def test_the_first_seed_that_most_variants_finished_is_looked_at():
    examples = {seed: tagged(f"{seed}---") for seed in (1, 2, 3)}
    trials = [trial("gru", seed, 0.8, examples=examples[seed]) for seed in (1, 2, 3)]
    trials += [trial("crf", seed, 0.8, examples=tagged("P---")) for seed in (2, 3)]
    found = answer(question("crf", "gru"), trials, runs(trials)).disagreements
    assert found[0].found["gru"] == (("2", 0, 1),)


# --- report.json -----------------------------------------------------------------------------------------------------


def test_the_json_has_exactly_the_agreed_keys():
    trials = grid({"crf": [0.8, 0.81], "gru": [0.9, math.nan]}, examples=tagged("P---"))
    planned = [*runs(trials), Run("gru", 3, 1.0, "gru-3", "failed", error="diverged")]
    whole = json.loads(json.dumps(answer(question("crf", "gru"), trials, planned).as_json(), allow_nan=False))
    assert list(whole) == [
        *("name", "task", "subject", "command", "measure", "baseline", "level", "seeds", "fractions", "environment"),
        *("variants", "words", "learning_curves", "curves", "runs", "disagreements"),
    ]
    assert whole["measure"] == {"name": "f1", "part": "dev", "higher_is_better": True, "scale": 100}
    assert whole["environment"] == {"cores": 2, "jobs": 1, "threads": 2, "versions": {"torch": "2.7"}}
    assert set(whole["variants"][0]) == {
        *("name", "changes", "rank", "runs", "failed", "mean", "deviation", "best", "worst", "low", "high"),
        *("parameters", "training_seconds", "training_speed", "prediction_speed", "peak_memory_mb"),
        *("per_type", "on_front", "difference"),
    }
    assert whole["variants"][0]["changes"] == {"encoder.cell": "gru"}
    keys = {"mean", "low", "high", "p_value", "adjusted", "distinguishable"}
    assert set(whole["variants"][0]["difference"]) == keys
    assert whole["variants"][1]["difference"] is None
    assert set(whole["learning_curves"][0]) == {"variant", "points"}
    assert set(whole["learning_curves"][0]["points"][0]) == {"fraction", "mean", "low", "high", "runs"}
    assert set(whole["curves"][0]) == {"variant", "seed", "fraction", "losses", "scores"}
    keys = {"variant", "seed", "fraction", "folder", "status", "score", "seconds", "error"}
    assert set(whole["runs"][0]) == keys
    assert [run["score"] for run in whole["runs"]] == [
        pytest.approx(0.8),
        pytest.approx(0.81),
        pytest.approx(0.9),
        None,
        None,
    ]


def test_disagreements_are_json_as_agreed():
    trials = [trial("crf", 1, 0.8, examples=tagged("P---")), trial("gru", 1, 0.8, examples=tagged("----"))]
    found = answer(question("crf", "gru", seeds=(1,)), trials, runs(trials)).as_json()["disagreements"]
    tokens = ["0", "a", "b", "c"]
    assert found == [{"tokens": tokens, "gold": [["PER", 0, 1]], "found": {"crf": [["P", 0, 1]], "gru": []}}]
    trials = [trial("crf", 1, 0.8, examples=windows(1.0)), trial("gru", 1, 0.8, examples=windows(2.0))]
    found = answer(question("crf", "gru", seeds=(1,), measure=MSE), trials, runs(trials)).as_json()["disagreements"]
    keys = {"series", "origin", "column", "past", "actual", "forecasts", "errors"}
    assert [set(one) for one in found] == [keys]
