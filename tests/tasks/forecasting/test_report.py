"""Results of a forecaster as tables and sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bilstm_nlp.reports.sections import Picture, Table
from bilstm_nlp.tasks.forecasting.report import SERIES_SHOWN, STEPS_SHOWN, sections, verdict

RUN = Path(__file__).parent.parent.parent / "runs" / "0.1.0" / "forecaster"


@pytest.fixture
def results():
    """Return the results of a saved run on its test part."""
    return json.loads((RUN / "metrics.json").read_text(encoding="utf-8"))["test"]


def tables(results) -> dict[str, Table]:
    (section,) = sections({"test": results})
    return {part.title: part for part in section.parts if isinstance(part, Table)}


def test_the_model_stands_beside_every_baseline(results):
    table = tables(results)["In scaled units, beside the baselines on the same windows"]
    assert [row[0] for row in table.rows] == ["this model", *results["baselines"]]
    assert table.rows[0][1] == f"{results['mse']:.4f}"


@pytest.mark.parametrize(
    ("season", "own", "expected"),
    [
        (12, (0.4, 0.3), None),
        (1, (0.5, 0.4), None),
        (12, (0.5, 0.3), "the last 12 rows on the validation part: its mean absolute error is 0.5, against 0.5"),
        (1, (0.5, 0.8), "the last value on the validation part: its mean squared error is 0.8, against 0.5"),
        (1, (0.7, 0.8), "the last value on the validation part: its mean absolute error is 0.7, against 0.6, and its "),
    ],
)
def test_verdict_names_the_forecast_that_is_not_beaten(season, own, expected):
    value, seasonal = {"mae": 0.6, "mse": 0.5}, {"mae": 0.5, "mse": 0.4}
    baselines = {"naive": value, "seasonal naive": seasonal if season > 1 else value}
    sentence = verdict({"mae": own[0], "mse": own[1], "season": season, "baselines": baselines}, "validation")
    assert sentence is None if expected is None else sentence.startswith(f"this model LOSES to repeating {expected}")


def test_no_verdict_on_a_model_without_errors():
    constant = {"mae": 0.0, "mse": 0.0}
    assert verdict(constant | {"season": 1, "baselines": {"naive": constant}}, "validation") is None
    worse = {"mae": 0.1, "mse": 0.1, "season": 1, "baselines": {"naive": constant}}
    assert str(verdict(worse, "validation")).startswith("this model LOSES")


@pytest.mark.parametrize(("skill", "words"), [(0.25, "25.0% better"), (-0.5, "50.0% WORSE"), (None, "No skill can be")])
def test_skill_is_said_in_words(results, skill, words):
    section, _ = sections({"validation": results | {"skill": skill}, "test": results})
    assert words in section.parts[0]
    assert not any(isinstance(part, Picture) for part in section.parts)


@pytest.mark.parametrize(
    ("change", "words"), [(0.0, "a forecast does not move"), (0.5, "LEAKAGE: a forecast moves by 0.5")]
)
def test_leakage_is_said_in_words(results, change, words):
    (section,) = sections({"test": results | {"leakage": change}})
    assert words in section.parts[-2]
    assert section.parts[-1] == Picture("plots/steps.png", "Error and coverage by step")


def test_many_series_and_steps_are_thinned(results):
    (scores,) = list(results["by_series"].values())[:1]
    count = SERIES_SHOWN + 3
    by_series = {f"s{number}": scores | {"mse": float(number)} for number in range(count)}
    many = results | {"series": count, "by_series": by_series, "by_step": results["by_step"][:1] * (3 * STEPS_SHOWN)}
    shown = tables(many)
    worst = shown[f"By series, in scaled units, the {SERIES_SHOWN} worst of {count} (metrics.json has all)"]
    assert [row[0] for row in worst.rows] == [f"s{number}" for number in range(count - 1, 2, -1)]
    steps = shown[f"By step ahead, {STEPS_SHOWN} of {3 * STEPS_SHOWN} (metrics.json has all)"]
    assert [steps.rows[0][0], steps.rows[-2][0], steps.rows[-1][0]] == ["1", str(3 * STEPS_SHOWN), "all"]
    assert len(steps.rows) == STEPS_SHOWN + 1
