"""Sentences of a comparison: there and back, and the order of disagreements."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from bilstm_nlp.system.json_values import as_json, json_text
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.comparison import StoredArrays
from bilstm_nlp.tasks.tagging.comparison import SentenceExamples

NO_ARRAYS = StoredArrays("trial.safetensors", {})


def tagged(*answers: str) -> SentenceExamples:
    """Sentences of four tokens; each answer has a letter of a type for each token, or - for none."""
    return SentenceExamples(
        tokens=[[f"{index}", "a", "b", "c"] for index in range(len(answers))],
        gold=[[Span("PER", 0, 1)]] * len(answers),
        found=[[Span(kind, token, token + 1) for token, kind in enumerate(types) if kind != "-"] for types in answers],
    )


def read(fields: object) -> SentenceExamples:
    return SentenceExamples.read(json.dumps(fields).encode(), NO_ARRAYS, "f1")


def test_sentences_come_back_from_json():
    examples = tagged("P-O-", "----")
    assert examples.arrays() == {}
    assert read(json.loads(json_text(as_json(examples.fields())))) == examples
    assert examples.units == [["0", "a", "b", "c"], ["1", "a", "b", "c"]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "sentences\n  Field required"),
        ({"sentences": []}, "at least 1 item"),
        ({"sentences": [{"tokens": "ab", "gold": [], "found": []}]}, "valid array"),
        ({"sentences": [{"tokens": ["a"], "gold": [["PER", 0, 2]], "found": []}]}, "one from 0 to 2"),
        ({"sentences": [{"tokens": ["a"], "gold": [], "found": [["PER", 0, 0]]}]}, "one from 0 to 0"),
        ({"sentences": [{"tokens": ["a"], "gold": [], "found": [["PER", "0", 1]]}]}, "valid integer"),
        ({"sentences": [{"tokens": ["a"], "gold": [], "found": []}], "more": 1}, "more\n  Extra inputs"),
    ],
)
def test_other_fields_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        read(fields)


def test_most_answers_come_first_then_most_disputed_spans():
    examples = {
        "crf": tagged("P---", "P---", "P---", "PPPP", "----"),
        "gru": tagged("P---", "O---", "O---", "OOOO", "----"),
        "x": tagged("P---", "O---", "L---", "PPPP", "--P-"),
    }
    disagreements = SentenceExamples.disagreements(examples, "f1", 10)
    # Three answers; two answers and eight spans; two and two; two and one. On the first sentence all agree.
    assert [sentence.tokens[0] for sentence in disagreements] == ["2", "3", "1", "4"]
    assert SentenceExamples.disagreements(examples, "f1", 2) == disagreements[:2]
    first = disagreements[0]
    assert first.gold == [("PER", 0, 1)]
    assert first.found == {"crf": [("P", 0, 1)], "gru": [("O", 0, 1)], "x": [("L", 0, 1)]}


def test_the_order_of_spans_is_no_disagreement():
    spans = [Span("P", 0, 1), Span("O", 2, 3)]
    crf, gru = (SentenceExamples([["a", "b", "c"]], [[]], [predicted]) for predicted in (spans, spans[::-1]))
    assert SentenceExamples.disagreements({"crf": crf, "gru": gru}, "f1", 10) == []


def test_a_table_has_a_row_for_each_variant():
    disagreements = SentenceExamples.disagreements({"crf": tagged("P---"), "gru": tagged("----")}, "f1", 10)
    (table,) = disagreements[0].tables(disagreements, "F1")
    assert table.title == "0 a b c"
    assert table.rows == [("gold", "PER “0”"), ("crf", "P “0”"), ("gru", "none")]
