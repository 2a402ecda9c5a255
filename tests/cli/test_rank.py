"""`bilstm-nlp rank`: the sentences to annotate next, in the formats of predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bilstm_nlp
from tests.samples import SERIES

TEST = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "news.test.conll"


@pytest.mark.parametrize(("by", "sign"), [("least-certain", -1), ("margin", 1), ("errors", -1)])
def test_ranked_sentences_are_in_order_with_their_lines(tagger_run, call, by, sign):
    result = call("rank", tagger_run, TEST, "--top", "7", "--by", by, "--format", "jsonl")
    assert result.status == 0, result.err
    records = [json.loads(line) for line in result.out.splitlines()]
    scores = [record["ranking"]["score"] for record in records]
    assert scores == sorted(scores, key=lambda score: sign * score)
    assert [record["ranking"]["rank"] for record in records] == list(range(1, 8))
    lines = TEST.read_text().splitlines()
    for record in records:
        first = record["ranking"]["line"] - 1
        assert [line.split(" ")[0] for line in lines[first : first + len(record["tokens"])]] == record["tokens"]
    text = call("rank", tagger_run, TEST, "--top", "7", "--by", by).out.splitlines()
    assert [line.split("\t")[:2] for line in text] == [
        [f"{record['ranking']['score']:.6f}", str(record["ranking"]["line"])] for record in records
    ]


def test_scores_of_margin_are_those_of_nbest(tagger_run, call):
    text = b"Ford rose in Paris .\n\nAngela Merkel left\n"
    result = call("rank", tagger_run, "-", "--by", "margin", "--format", "jsonl", stdin=text)
    ranked = {record["text"]: record["ranking"] for record in map(json.loads, result.out.splitlines())}
    result = call("predict", tagger_run, "-", "--nbest", "2", "--format", "jsonl", stdin=text)
    expected = {}
    for number, record in enumerate(map(json.loads, result.out.splitlines()), 1):
        if record["tokens"]:
            best, second = (alternative["probability"] for alternative in record["alternatives"])
            expected[record["text"]] = (number, pytest.approx(best - second, abs=1e-6))
    assert {text: (place["line"], place["score"]) for text, place in ranked.items()} == expected


def test_annotation_tools_get_the_ranked_sentences(tagger_run, call, tmp_path):
    (tmp_path / "x.jsonl").write_text('{"id": "a", "text": "Ford rose"}\n{"id": "b", "text": "Ann Lee left Bonn"}\n')
    jsonl = call("rank", tagger_run, tmp_path / "x.jsonl", "--format", "jsonl").out.splitlines()
    order = [json.loads(line)["id"] for line in jsonl]
    assert sorted(order) == ["a", "b"]
    tasks = json.loads(call("rank", tagger_run, tmp_path / "x.jsonl", "--format", "label-studio").out)
    assert [task["data"]["id"] for task in tasks] == order
    assert [task["data"]["ranking"]["rank"] for task in tasks] == [1, 2]
    best = call("rank", tagger_run, tmp_path / "x.jsonl", "--format", "doccano", "--top", "1").out
    assert json.loads(best)["id"] == order[0]


def test_an_ensemble_ranks_as_one(tagger_run, call, tmp_path):
    (tmp_path / "copy").mkdir()
    for path in tagger_run.iterdir():
        (tmp_path / "copy" / path.name).symlink_to(path)
    options = ["--top", "3", "--by", "errors", "--format", "jsonl"]
    alone = [json.loads(line) for line in call("rank", tagger_run, TEST, *options).out.splitlines()]
    result = call("rank", tagger_run, tmp_path / "copy", TEST, *options)
    together = [json.loads(line) for line in result.out.splitlines()]
    assert len(together) == 3
    # Two equal taggers have the same marginals. The best sequence may be another where tags outvote a sequence.
    assert together[0]["ranking"]["score"] == pytest.approx(alone[0]["ranking"]["score"], rel=0.2)


@pytest.mark.parametrize(
    ("fixture", "options", "message"),
    [
        ("forecaster_run", [], "rank: expected runs of taggers, classifiers or labellers, found a model of"),
        ("tagger_run", ["--format", "brat"], "--format: expected a format that keeps an order, found brat"),
        ("tagger_run", ["--format", "parquet"], "--format: expected text, conll, jsonl"),
        ("tagger_run", ["--input", "jsonl"], "energy.csv:1: expected a JSON object"),
    ],
)
def test_what_can_not_be_ranked_is_refused(request, call, fixture, options, message):
    refused = call("rank", request.getfixturevalue(fixture), SERIES, *options)
    assert refused.status == 2
    assert refused.out == ""
    assert message in refused.err
