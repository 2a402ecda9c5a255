"""Segments in brackets: their spans, and the first tag that breaks the rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.tags import Span, TagReading, encode, spans
from bilstm_nlp.tags.brackets import segments


@pytest.mark.parametrize(
    ("tags", "expected", "index", "rule"),
    [
        ("(A* (B* *)", [Span("A", 0, 1), Span("B", 1, 3)], 1, "'(B*' begins in another segment, A, that has not ended"),
        ("* *) (A)", [Span("A", 2, 3)], 1, "'*)' ends no segment"),
        ("* (A* *", [Span("A", 1, 3)], 1, "'(A*' begins a segment that has no end in its sentence"),
        ("(A* *B)", [Span("A", 0, 2)], 1, "'*B)' ends another type than A, which began"),
        ("(A) PER *", [Span("A", 0, 1)], 1, "'PER' has no brackets and is not *"),
    ],
)
def test_the_first_break_is_named_and_the_rest_is_read(tags, expected, index, rule):
    assert segments(tags.split()) == (expected, (index, rule))
    assert TagReading(format="brackets").problem(tags.split()) == (index, rule)


TYPES = st.sampled_from(["PER", "A-0", "x"])


@given(st.lists(st.tuples(st.one_of(st.none(), TYPES), st.integers(1, 3))))
def test_segments_spelled_in_brackets_are_read_as_they_are(parts):
    tags: list[str] = []
    expected: list[Span] = []
    for kind, length in parts:
        if kind is None:
            tags += ["*"] * length
            continue
        expected.append(Span(kind, len(tags), len(tags) + length))
        tags += [f"({kind}*)"] if length == 1 else [f"({kind}*", *["*"] * (length - 2), "*)"]
    read = TagReading(format="brackets").tags(tags)
    assert spans(read, "IOB2") == expected
    assert read == encode(expected, len(tags), "IOB2")
    assert TagReading(format="brackets").problem(tags) is None
