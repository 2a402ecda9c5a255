"""predict --min-confidence: entities below are left out of every format, and counted."""

from __future__ import annotations

import json

import pytest

TEXT = "Anna Keller met Ford in Basel .\nThe Bank of Norway and Peter Lee left Rome .\n"


@pytest.fixture
def source(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    return tmp_path / "a.txt"


def spans(out: str) -> list[tuple[int, int, int]]:
    lines = [json.loads(line) for line in out.splitlines()]
    return [(number, e["start"], e["end"]) for number, line in enumerate(lines) for e in line["entities"]]


def test_entities_below_are_left_out_and_counted(tagger_run, source, call, caplog):
    scored = call("predict", tagger_run, source, "--format", "jsonl", "--confidence").out
    lines = [json.loads(line) for line in scored.splitlines()]
    scores = sorted(entity["score"] for line in lines for entity in line["entities"])
    assert len(scores) > 2
    assert scores[0] < scores[-1]
    least = scores[len(scores) // 2]
    expected = [
        (number, entity["start"], entity["end"])
        for number, line in enumerate(lines)
        for entity in line["entities"]
        if entity["score"] >= least
    ]
    kept = call("predict", tagger_run, source, "--format", "jsonl", "--min-confidence", str(least))
    assert spans(kept.out) == expected
    count = len(scores) - len(expected)
    assert f"{count} of {len(scores)} entities have a confidence below" in caplog.text
    tags = [tag for line in kept.out.splitlines() for tag in json.loads(line)["tags"]]
    assert sum(tag.startswith("B-") for tag in tags) == len(expected)
    assert "score" not in kept.out
    columns = call("predict", tagger_run, source, "--format", "conll", "--min-confidence", str(least)).out
    assert sum(line.split()[-1].startswith("B-") for line in columns.splitlines() if line) == len(expected)


def test_zero_leaves_out_nothing_and_one_nearly_all(tagger_run, source, call, caplog):
    plain = call("predict", tagger_run, source, "--format", "jsonl").out
    assert call("predict", tagger_run, source, "--format", "jsonl", "--min-confidence", "0").out == plain
    assert "confidence below" not in caplog.text
    assert spans(call("predict", tagger_run, source, "--format", "jsonl", "--min-confidence", "1").out) == []
    count = len(spans(plain))
    assert f"{count} of {count} entities have a confidence below 1 and are left out" in caplog.text


@pytest.mark.slow
def test_several_processes_count_together(tagger_run, tmp_path, call, caplog):
    (tmp_path / "b.txt").write_text(TEXT * 1500)
    alone = call("predict", tagger_run, tmp_path / "b.txt", "--min-confidence", "0.6")
    said = [record.message for record in caplog.records if "confidence below" in record.message]
    caplog.clear()
    together = call("predict", tagger_run, tmp_path / "b.txt", "--min-confidence", "0.6", "--jobs", "2")
    assert together.out == alone.out
    assert [record.message for record in caplog.records if "confidence below" in record.message] == said


@pytest.mark.parametrize("value", ["1.5", "-0.1", "much"])
def test_a_number_that_is_no_probability_is_refused(tagger_run, source, call, value):
    assert call("predict", tagger_run, source, "--min-confidence", value).status == 2


def test_other_sequences_have_no_entities_to_leave_out(tagger_run, source, call):
    result = call("predict", tagger_run, source, "--min-confidence", "0.5", "--nbest", "2")
    assert result.status == 2
    assert "--min-confidence: expected no --nbest beside it" in result.err


def test_a_forecaster_has_no_entities(forecaster_run, call):
    result = call("predict", forecaster_run, "sample:energy.csv", "--min-confidence", "0.5")
    assert result.status == 2
    assert "--min-confidence: not for a forecaster" in result.err


def test_the_report_has_precision_and_recall_by_confidence(tagger_run):
    results = json.loads((tagger_run / "metrics.json").read_text())["dev"]
    thresholds = results["calibration"]["thresholds"]
    counts = [scores["predictions"] for scores in thresholds]
    assert counts == sorted(counts, reverse=True)
    correct = [round((scores["precision"] or 0) * scores["predictions"]) for scores in thresholds]
    gold = sum(scores["support"] for scores in results["per_type"].values())
    assert [scores["recall"] for scores in thresholds] == pytest.approx([count / gold for count in correct])
    assert thresholds[0]["confidence"] == 0
    assert thresholds[0]["precision"] == pytest.approx(results["precision"])
    assert thresholds[0]["recall"] == pytest.approx(results["recall"])
    assert "Without entities below a confidence" in (tagger_run / "report.md").read_text()
