"""report.md: every figure is where it belongs, and what there is none of is left out."""

from __future__ import annotations

import itertools

import numpy as np

from bilstm_nlp.studies.compare.markdown import markdown
from bilstm_nlp.studies.compare.results import answer
from bilstm_nlp.studies.compare.setup import Run
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples
from bilstm_nlp.tasks.tagging.comparison import SentenceExamples
from tests.studies.trials import MSE, question, runs, trial


def tables(text):
    """{title: rows of cells, the header first}; a bar within a cell as ¦."""
    blocks = text.split("\n\n")
    rows_by_title = {}
    for title, block in itertools.pairwise(blocks):
        if block.startswith("|"):
            rows = [line.replace("\\|", "¦")[2:-2].split(" | ") for line in block.splitlines()]
            assert len(set(map(len, rows))) == 1, block
            rows_by_title[title.strip("*")] = [rows[0], *rows[2:]]
    return rows_by_title


def report(trials, asked, planned=None):
    return markdown(answer(asked, trials, runs(trials) if planned is None else planned))


def test_tables_hold_the_figures():
    trials = [trial("crf", seed, 0.8 + seed / 100, speed=100.0) for seed in (1, 2, 3)]
    trials += [trial("gru", seed, 0.9 + seed / 100, speed=50.0) for seed in (1, 2, 3)]
    text = report(trials, question("crf", "gru"))
    shown = tables(text)
    header, gru, crf = shown["Over seeds"]
    assert dict(zip(header, gru, strict=True)) == {
        "": "gru",
        "rank": "1",
        "F1": "92.00",
        "interval": "89.52 to 94.48",
        "deviation": "1.00",
        "best": "93.00",
        "worst": "91.00",
        "runs": "3",
    }
    assert crf[:3] == ["crf", "2", "82.00"]
    (row,) = shown["F1 minus that of crf"][1:]
    assert (row[0], row[1], row[-1]) == ("gru", "+10.0", "yes")
    assert shown["What variants take"][1] == ["gru", "1,000", "60.0", "50", "500", "500", "yes"]
    assert shown["Mean F1 over seeds"] == [["", "gru", "crf"], ["ORG", "–", "–"], ["PER", "92.00", "82.00"]]
    assert shown["What each variant changes in the base"][1] == ["gru", 'encoder.cell = "gru"']
    assert "    bilstm-nlp compare grid.toml" in text
    assert "2 cores, 1 run at a time with 2 threads each; torch 2.7" in text


def test_every_sentence_is_there():
    trials = [trial(name, seed, 0.8) for name in ("crf", "gru", "x") for seed in (1, 2)]
    comparison = answer(question("crf", "gru", "x", seeds=(1, 2)), trials, runs(trials))
    assert "## In words\n\n" + "\n".join(f"- {sentence}" for sentence in comparison.words) in markdown(comparison)


def test_what_there_is_none_of_is_left_out():
    trials = [trial("crf", 1, 0.8)]
    text = report(trials, question("crf", seeds=(1,)))
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles == [
        *("# a | b", "## In words", "## Scores", "## Cost", "## By type of entity", "## Changes"),
        "## How this was measured",
    ]
    assert "minus that of" not in text
    assert "There is one seed, so the noise between seeds is in none of the figures." in text


def test_two_seeds_are_called_too_few_for_an_interval():
    for seeds, is_said in ((1, False), (2, True), (3, False)):
        trials = [trial("crf", seed, 0.8) for seed in range(seeds)]
        text = report(trials, question("crf", seeds=tuple(range(seeds))))
        assert ("Two seeds are too few for an interval" in text) == is_said


def test_a_comparison_whose_runs_all_failed_is_a_report_too():
    text = report([], question("crf", seeds=(1,)), [Run("crf", 1, 1.0, "runs/crf", "failed", error="no")])
    assert "crf, the baseline, has no finished run; 1 of its runs failed" in text
    assert "## Cost" not in text
    assert tables(text)["They count in no figure"][1] == ["crf", "1", "1", "failed", "runs/crf", "no"]


def test_failed_runs_have_their_message_on_one_line():
    trials = [trial("crf", 1, 0.8)]
    planned = [*runs(trials), Run("gru", 1, 1.0, "runs/gru", "failed", error="cell:\n  expected a | b,\n  found c")]
    shown = tables(report(trials, question("crf", "gru", seeds=(1,)), planned))
    (row,) = shown["They count in no figure"][1:]
    assert row == ["gru", "1", "1", "failed", "runs/gru", "cell: expected a ¦ b, found c"]
    assert shown["Over seeds"][2] == ["gru", "–", "–", "–", "–", "–", "–", "0, 1 failed"]


def test_learning_curves_are_a_table():
    trials = [trial("crf", seed, fraction, fraction=fraction) for seed in (1, 2) for fraction in (0.25, 1.0)]
    shown = tables(report(trials, question("crf", seeds=(1, 2), fractions=(0.25, 1.0))))
    rows = shown["By how much of the training data was seen"][1:]
    assert [row[:3] + row[4:] for row in rows] == [["crf", "0.25", "25.00", "2"], ["crf", "1", "100.00", "2"]]


def test_sentences_that_differ_are_shown_with_what_was_found():
    tokens = ("Ada", "Lovelace", "wrote")
    examples = {"crf": (Span("PER", 0, 2),), "gru": (Span("PER", 0, 1), Span("ORG", 1, 2)), "x": ()}
    trials = [
        trial(name, 1, 0.8, examples=SentenceExamples([tokens] * 12, [(Span("PER", 0, 2),)] * 12, [spans] * 12))
        for name, spans in examples.items()
    ]
    text = report(trials, question("crf", "gru", "x", seeds=(1,)))
    assert tables(text)["Ada Lovelace wrote"][1:] == [
        ["gold", "PER “Ada Lovelace”"],
        ["crf", "PER “Ada Lovelace”"],
        ["gru", "PER “Ada”; ORG “Lovelace”"],
        ["x", "none"],
    ]
    assert text.count("**Ada Lovelace wrote**") == 10
    assert "The first 10 of 12 in report.json" in text


def test_windows_that_differ_are_shown_with_their_errors():
    numbers = np.zeros((3, 1, 2))
    trials = [
        trial(name, 1, 0.8, lag=1, examples=WindowExamples(["s"], ["2020-01-01"], ["OT"], *numbers, {"mse": error}))
        for name, error in (("base", np.array([0.25])), ("gru", np.array([1.5])))
    ]
    text = report(trials, question("base", "gru", seeds=(1,), measure=MSE))
    header, row = tables(text)["MSE of one column of a window"]
    assert header == ["series", "from", "column", "base", "gru"]
    assert row == ["s", "2020-01-01", "OT", "0.2500", "1.5000"]
    assert "## By column" in text
    assert tables(text)["Over seeds"][1][2] == "0.8000"
