"""Answers: the figures of hand-made trials, the sentences about them, and what is missing."""

from __future__ import annotations

import json
import math
import random

import pytest

from bilstm_nlp.studies.compare.results import answer
from bilstm_nlp.studies.compare.setup import Run
from tests.studies.trials import MSE, question, runs, tagged, trial, trials_of, windows


def test_the_order_of_trials_does_not_matter():
    trials = trials_of({"crf": [0.80, 0.82, 0.87], "gru": [0.90, 0.92, 0.94], "x": [0.7, 0.9, 0.8]})
    first = answer(question("crf", "gru", "x"), trials, runs(trials)).as_json()
    mixed = random.Random(0).sample(trials, len(trials))
    assert answer(question("crf", "gru", "x"), mixed, runs(trials)).as_json() == first


def test_learning_curves_have_a_point_for_each_trained_fraction():
    trials = [
        *trials_of({"crf": [0.6, 0.7], "gru": [0.5]}, fraction=0.1),
        *trials_of({"crf": [0.8, 0.8], "gru": [0.9, 0.9]}, fraction=1.0),
    ]
    report = answer(question("crf", "gru", "lost", seeds=(1, 2), fractions=(1.0, 0.1)), trials, runs(trials))
    crf, gru, lost = report.learning_curves
    assert [(point.fraction, point.runs) for point in crf.points] == [(0.1, 2), (1.0, 2)]
    assert (crf.points[0].mean, crf.points[1].mean) == pytest.approx((0.65, 0.8))
    assert (gru.points[0].mean, gru.points[0].low, gru.points[0].runs) == (pytest.approx(0.5), None, 1)
    assert lost.points == []
    assert {variant.name: variant.mean for variant in report.variants if variant.mean} == pytest.approx(
        {"crf": 0.8, "gru": 0.9}
    )
    assert len(report.curves) == 7
    assert (report.curves[0].fraction, report.curves[0].losses) == (0.1, [2.0, 1.0])


def test_a_single_variant_is_an_answer_too():
    trials = trials_of({"crf": [0.8, 0.9]})
    report = answer(question("crf", seeds=(1, 2)), trials, runs(trials))
    assert [(variant.name, variant.rank, variant.on_front) for variant in report.variants] == [("crf", 1, True)]
    assert len(report.words) == 1
    assert not report.disagreements


def test_no_trial_at_all_is_an_answer_too():
    planned = [Run("crf", 1, 1.0, "crf-1", "missing"), Run("gru", 1, 1.0, "gru-1", "missing")]
    report = answer(question("crf", "gru", seeds=(1,)), [], planned)
    assert report.words == ["crf, the baseline, has no finished run", "gru has no finished run"]


# --- disagreements ---------------------------------------------------------------------------------------------------


def test_the_first_seed_that_most_variants_finished_is_looked_at():
    examples = {seed: tagged(f"{seed}---") for seed in (1, 2, 3)}
    trials = [trial("gru", seed, 0.8, examples=examples[seed]) for seed in (1, 2, 3)]
    trials += [trial("crf", seed, 0.8, examples=tagged("P---")) for seed in (2, 3)]
    largest, *_ = answer(question("crf", "gru"), trials, runs(trials)).disagreements
    assert largest.found["gru"] == (("2", 0, 1),)


# --- report.json -----------------------------------------------------------------------------------------------------


def test_the_json_has_exactly_the_agreed_keys():
    trials = trials_of({"crf": [0.8, 0.81], "gru": [0.9, math.nan]}, examples=tagged("P---"))
    planned = [*runs(trials), Run("gru", 3, 1.0, "gru-3", "failed", error="diverged")]
    whole = json.loads(json.dumps(answer(question("crf", "gru"), trials, planned).as_json(), allow_nan=False))
    assert list(whole) == [
        *("name", "task", "subject", "command", "measure", "baseline", "level", "seeds", "fractions", "environment"),
        *("methods", "variants", "words", "learning_curves", "curves", "runs", "disagreements"),
    ]
    assert whole["measure"] == {"name": "f1", "part": "dev", "higher_is_better": True, "scale": 100}
    assert whole["environment"] == {"cores": 2, "jobs": 1, "threads": 2, "versions": {"torch": "2.7"}}
    assert set(whole["variants"][0]) == {
        *("name", "changes", "rank", "runs", "failed", "mean", "deviation", "best", "worst", "low", "high"),
        *("parameters", "training_seconds", "training_speed", "prediction_speed", "peak_memory_mb"),
        *("per_type", "on_front", "difference"),
    }
    assert whole["variants"][0]["changes"] == {"encoder.cell": "gru"}
    keys = {"mean", "low", "high", "p_value", "adjusted", "distinguishable", "mcnemar"}
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
    written = answer(question("crf", "gru", seeds=(1,)), trials, runs(trials)).as_json()["disagreements"]
    tokens = ["0", "a", "b", "c"]
    assert written == [{"tokens": tokens, "gold": [["PER", 0, 1]], "found": {"crf": [["P", 0, 1]], "gru": []}}]
    trials = [trial("crf", 1, 0.8, examples=windows(1.0)), trial("gru", 1, 0.8, examples=windows(2.0))]
    written = answer(question("crf", "gru", seeds=(1,), measure=MSE), trials, runs(trials)).as_json()["disagreements"]
    keys = {"series", "origin", "column", "past", "actual", "forecasts", "errors"}
    assert [set(disagreement) for disagreement in written] == [keys]
