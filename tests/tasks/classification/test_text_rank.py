"""Texts that a classifier is least sure of: the order of the output, in all formats."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import bilstm_nlp
from bilstm_nlp.runs.load import load
from bilstm_nlp.tasks.classification.uncertainty import uncertainty

MESSAGES = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "messages.dev.csv"


@pytest.mark.torch
@pytest.mark.parametrize(("by", "sign"), [("least-certain", -1), ("margin", 1), ("errors", -1)])
def test_ranked_texts_are_in_order_with_their_lines(classifier_run, call, by, sign):
    result = call("rank", classifier_run, MESSAGES, "--top", "7", "--by", by, "--format", "jsonl")
    assert result.status == 0, result.err
    records = [json.loads(line) for line in result.out.splitlines()]
    places = [record["ranking"] for record in records]
    scores = [place["score"] for place in places]
    assert scores == sorted(scores, key=lambda score: sign * score)
    assert [(place["rank"], place["by"]) for place in places] == [(rank, by) for rank in range(1, 8)]
    texts = [row["message"] for row in csv.DictReader(io.StringIO(MESSAGES.read_text()))]
    everything = load(classifier_run).classify(texts)
    expected = sorted((uncertainty(answer, by, several=False) for answer in everything), key=lambda score: sign * score)
    np.testing.assert_allclose(scores, expected[:7], atol=1e-6)
    for record in records:
        assert texts[record["ranking"]["line"] - 2] == record["text"]
    lines = call("rank", classifier_run, MESSAGES, "--top", "7", "--by", by).out.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        [f"{place['score']:.6f}", str(place["line"])] for place in places
    ]
    written = call("rank", classifier_run, MESSAGES, "--top", "7", "--by", by, "--format", "csv").out
    table = list(csv.DictReader(io.StringIO(written)))
    assert [(row["rank"], row["line"], row["text"]) for row in table] == [
        (str(record["ranking"]["rank"]), str(record["ranking"]["line"]), record["text"]) for record in records
    ]
