"""Evaluation of trained runs, results as sections, and the description of data before training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.runs.evaluate import evaluate, inspect, sections
from bilstm_nlp.runs.load import Run, open_run
from tests.samples import FORECASTER, SERIES, TAGGER


def results_of(path: Path) -> dict[str, dict[str, object]]:
    """Return the content of metrics.json."""
    return json.loads((path / "metrics.json").read_text())


def test_run_is_scored_on_its_test_part_by_default(tagger_run, forecaster_run):
    for path in (tagger_run, forecaster_run):
        assert evaluate(open_run(path)) == results_of(path)["test"]


def test_tagger_without_a_test_part_is_scored_on_development_data(tagger_run):
    run = open_run(tagger_run)
    data = run.config.data.model_copy(update={"test": None})
    without = Run(run.directory, run.config.model_copy(update={"data": data}), run.predictor)
    scores, expected = evaluate(without), results_of(tagger_run)["dev"]
    assert scores["f1"] == expected["f1"]
    assert scores["sentences"] == expected["sentences"] != results_of(tagger_run)["test"]["sentences"]


def test_named_source_is_scored_instead(tagger_run, tmp_path):
    run = open_run(tagger_run)
    (tmp_path / "x.conll").write_text("Nothing O\nhappened O\n. O\n\nzebra B-LOC\n")
    scores = evaluate(run, str(tmp_path / "x.conll"))
    assert (scores["sentences"], scores["tokens"]) == (2, 4)
    assert scores["per_type"]["LOC"]["support"] == 1


def test_errors_page_is_a_taggers_alone(tagger_run, forecaster_run, tmp_path):
    page = tmp_path / "errors.html"
    scores = evaluate(open_run(tagger_run), errors=page)
    assert scores == results_of(tagger_run)["test"]
    assert page.read_text().rstrip().endswith("</html>")
    with pytest.raises(InputError, match=r"^--errors: not for a forecaster$"):
        evaluate(open_run(forecaster_run), errors=page)


def test_sections_show_each_part_but_not_the_training(tagger_run, forecaster_run):
    for path, parts, measure in ((tagger_run, ["dev", "test"], "f1"), (forecaster_run, ["validation", "test"], "mse")):
        results = results_of(path)
        shown = sections(open_run(path).config, results)
        assert [section.title.split(":")[0].split(" ")[0] for section in shown] == parts
        assert shown == sections(open_run(path).config, {name: results[name] for name in parts})
        assert f"{results['test'][measure]:.4f}" in str(shown)


@pytest.mark.slow
def test_data_of_a_config_and_of_a_file_are_described():
    by_config = inspect(TAGGER).figures()["corpora"]
    assert list(by_config) == ["train", "dev", "test"]
    (by_file,) = inspect("sample:news.dev.conll").figures()["corpora"].values()
    assert by_file["entities"] == by_config["dev"]["entities"]
    assert (by_file["sentences"], by_file["tokens"]) == (115, 1793)
    (series,) = inspect(str(SERIES)).figures()["series"]
    assert series["rows"] == inspect(str(FORECASTER)).figures()["series"][0]["rows"] == 2880


def test_overrides_decide_about_a_file_of_data(tmp_path):
    (tmp_path / "x.data").write_text("date,a\n" + "".join(f"2020-01-{day:02},{day}\n" for day in range(1, 30)))
    with pytest.raises(ConfigError, match="task"):
        inspect(str(tmp_path / "x.data"), ["task=nothing"])
