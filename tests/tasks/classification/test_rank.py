"""Texts that a classifier is least sure of: measures against all answers, and the order of the output."""

from __future__ import annotations

import csv
import io
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import bilstm_nlp
from bilstm_nlp.runs.load import load
from bilstm_nlp.tasks.classification.predictor import Classified
from bilstm_nlp.tasks.classification.rank import uncertainty

MESSAGES = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "messages.dev.csv"


def test_measures_of_several_classes_are_those_of_all_answers():
    """Every set of classes is an answer, whose probability is a product over the classes."""
    generator = np.random.default_rng(0)
    for _ in range(20):
        values = sorted(generator.random(4), reverse=True)
        answer = Classified(
            tuple(str(n) for n, value in enumerate(values) if value >= 0.5),
            {str(n): float(value) for n, value in enumerate(values)},
        )
        sets = list(product([False, True], repeat=4))
        products = [np.prod(np.where(flags, values, 1 - np.array(values))) for flags in sets]
        likely = sorted(products, reverse=True)
        assert uncertainty(answer, "least-certain", several=True) == pytest.approx(1 - likely[0] ** 0.25)
        assert uncertainty(answer, "margin", several=True) == pytest.approx(likely[0] - likely[1])
        errors = sum(min(value, 1 - value) for value in values)
        assert uncertainty(answer, "errors", several=True) == pytest.approx(errors)


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
