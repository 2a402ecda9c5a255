"""JSON that can be written again is read, and no other."""

from __future__ import annotations

import pytest

from bilstm_nlp.system.json_values import json_text, value_of


def test_what_is_written_is_read():
    value = {"a": [1, 0.1 + 0.2, -0.0, 1e-320, None, True, "\u2028\0\U0001f600", {"": []}]}
    assert value_of(json_text(value)) == value
    assert value_of('"\\ud83d\\ude00"') == "\U0001f600"
    assert value_of("[" * 100 + "]" * 100)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value: line 1 column 1"),
        ("[NaN]", "a number that JSON does not have, NaN"),
        ("-Infinity", "a number that JSON does not have, -Infinity"),
        ("1e999", "a number that JSON does not have, 1e999"),
        ("9" * 5000, "Exceeds the limit"),
        ('"\\uD800"', "'utf-8' codec can't encode character"),
        ("[" * 101 + "]" * 101, "brackets more than 100 deep"),
        ("[" * 100_000, "brackets more than 100 deep"),
    ],
)
def test_what_can_not_be_written_is_refused(text, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        value_of(text)
