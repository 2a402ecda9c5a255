"""The page of a labeller's wrong steps: its drawings, its counts, and names that are no HTML."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bilstm_nlp.tasks.labelling.errors_page import drawings, mistakes, page, page_of
from bilstm_nlp.tasks.registry import build
from tests.tasks.labelling.machines import machine_config


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """An untrained labeller on its development part."""
    return build(machine_config(tmp_path_factory.mktemp("machine"))).prepare().evaluation()


def test_drawings_have_every_step_of_both_rows(evaluation):
    drawn = drawings(evaluation)
    assert drawn
    assert [each.wrong for each in drawn] == sorted((each.wrong for each in drawn), reverse=True)
    for each in drawn:
        for bars in (each.gold, each.predicted):
            assert [bar.start for bar in bars] == [0, *(bar.start + bar.steps for bar in bars[:-1])]
            assert bars[-1].start + bars[-1].steps == each.steps
        assert sum(steps for _, steps in each.marks) == each.wrong
    assert sum(each.wrong for each in drawn) == sum(wrong.steps for wrong in mistakes(evaluation))


def test_counts_of_pairs_add_up_to_all_wrong_steps(evaluation):
    text = page(evaluation)
    pairs = text.split('<table id="pairs">')[1].split("</table>")[0]
    counts = [[int(cell) for cell in re.findall(r"<td>(\d+)</td>", row)] for row in pairs.split("<tr>")[2:]]
    wrong = mistakes(evaluation)
    assert sum(row[0] for row in counts) == sum(each.steps for each in wrong)
    assert sum(sum(row[1:]) for row in counts) == len(wrong)
    assert text.count("<tr>") == 2 + len(counts) + len(wrong)


def test_recordings_that_are_not_drawn_are_counted(evaluation):
    wrong, (first,) = mistakes(evaluation), drawings(evaluation, most=1)
    assert first == drawings(evaluation)[0]
    text = page_of(wrong, steps=52, sequences=3, source="a.csv", drawings=[first])
    assert f"{len({each.sequence for each in wrong}) - 1} more recordings with wrong steps are not drawn." in text
    assert drawings(evaluation, segments=0) == []


def test_names_are_escaped_and_nothing_is_loaded(evaluation):
    (first, *_) = mistakes(evaluation)
    strange = replace(first, sequence="<script>", gold="\u202eb", predicted="<b>")
    text = page_of([strange], steps=5, sequences=1, source="<i>.csv", labels=["<b>"], runs=[("<run>", "run/report.md")])
    for raw in ("<script>", "<b>", "<i>", "<run>"):
        assert raw not in text
    assert "&lt;script&gt;" in text
    assert "U+202E" in text
    assert "default-src &#39;none&#39;" in text
    assert not re.search(r"\b(src|style)=", text)


def test_page_without_mistakes_says_so(evaluation):
    text = page_of([], steps=5, sequences=1, source="a.csv")
    assert "0 steps have a wrong label" in text
    assert "<table" not in text
