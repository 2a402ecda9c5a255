"""Sequences that comparisons show: stored, read back, and ranked by their disagreement."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from bilstm_nlp.tasks.comparison import StoredArrays
from bilstm_nlp.tasks.labelling.comparison import LabelDisagreement, LabelledExamples, StoredSequence, wrong_steps

GOLD = [("on", 3), ("off", 2)]


def examples(*predicted: list[tuple[str, int]]) -> LabelledExamples:
    return LabelledExamples(
        [StoredSequence("a.csv", f"s{number}", "00", GOLD, runs) for number, runs in enumerate(predicted)]
    )


def test_examples_come_back_from_their_fields():
    stored = examples(GOLD, [("on", 5)])
    again = LabelledExamples.read(json.dumps(stored.fields()).encode(), StoredArrays("trial", {}), "accuracy")
    assert again == stored
    assert again.units == stored.units


def test_damaged_fields_are_refused():
    fields = examples(GOLD).fields()
    fields["sequences"][0]["gold"] = [["on", 0]]
    with pytest.raises(ValidationError):
        LabelledExamples.read(json.dumps(fields).encode(), StoredArrays("trial", {}), "accuracy")


def test_sequences_with_the_largest_range_of_wrong_steps_come_first():
    one = examples(GOLD, [("on", 4), ("off", 1)], [("on", 5)])
    two = examples(GOLD, GOLD, [("off", 5)])
    found = LabelledExamples.disagreements({"one": one, "two": two}, "accuracy", 5)
    assert [(each.name, dict(each.wrong)) for each in found] == [
        ("s1", {"one": 1, "two": 0}),
        ("s2", {"one": 2, "two": 3}),
    ]
    (table, _) = LabelDisagreement.tables(found, "accuracy")
    assert table.rows[0] == ("gold", "", "on 3, off 2")
    assert table.rows[1] == ("one", "1", "on 4, off 1")


def test_wrong_steps_are_counted_across_borders():
    assert wrong_steps([("a", 2), ("b", 3)], [("b", 1), ("a", 2), ("b", 2)]) == 2
