"""Spans of characters: placed, trimmed, snapped and kept apart, each change with its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.text.formats.spans import (
    DROPPED,
    MERGED,
    SHIFTED,
    SHORTER,
    SNAPPED,
    TRIMMED,
    CharacterSpan,
    MalformedSpan,
    SpanReader,
    span_of,
)
from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.data.text.tokenizer import offsets
from bilstm_nlp.errors import DataError


def fitted(text: str, *spans: object, **settings) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (text of the tokens, type) of each span, and (kind, message) of each remark."""
    tokens, remarks = tuple(offsets(text)), []
    reader = SpanReader(
        text,
        tokens,
        ColumnFormat(**settings),
        lambda expected, problem, _: DataError("x", expected, problem, 1),
        lambda kind, message, _: remarks.append((kind, message)),
    )
    of_tokens = reader.spans_of_tokens([span_of(span) for span in spans])
    return [(text[tokens[span.start][0] : tokens[span.end - 1][1]], span.type) for span in of_tokens], remarks


def refusal(text: str, *spans: object, **settings) -> str:
    with pytest.raises(DataError) as error:
        fitted(text, *spans, **settings)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("Ann is", [0, 4, "X"], "X from 0 to 4, 'Ann ' becomes X from 0 to 3, 'Ann'"),
        ("is Ann", [2, 6, "X"], "X from 2 to 6, ' Ann' becomes X from 3 to 6, 'Ann'"),
        ("is\n Ann\u00a0 so", [2, 9, "X"], "X from 2 to 9, '\\n Ann\\xa0 ' becomes X from 4 to 7, 'Ann'"),
    ],
)
def test_blanks_at_the_edges_are_trimmed(text, span, shown):
    assert fitted(text, span) == ([("Ann", "X")], [(TRIMMED, shown)])


CUT = [
    ("Anna is", [0, 3, "X"], "Anna", "ends inside the token 'Anna'"),
    ("Anna is", [2, 4, "X"], "Anna", "begins inside the token 'Anna'"),
    ("so Anna is it", [4, 9, "X"], "Anna is", "begins inside the token 'Anna'"),
    ("e.g. Dr. No", [6, 10, "X"], "Dr. No", "begins inside the token 'Dr.'"),
]


@pytest.mark.parametrize(("text", "span", "whole", "where"), CUT)
def test_spans_that_cut_tokens_are_snapped_dropped_or_refused(text, span, whole, where):
    shown = f"X from {span[0]} to {span[1]}, {text[span[0] : span[1]]!r}"
    start = text.index(whole)
    moved = f"{shown} becomes X from {start} to {start + len(whole)}, {whole!r}"
    assert fitted(text, span, on_misaligned="snap") == ([(whole, "X")], [(SNAPPED, moved)])
    assert fitted(text, span, on_misaligned="drop") == ([], [(DROPPED, shown)])
    expected = 'expected spans that begin and end with tokens, or data.on_misaligned = "snap" or "drop"'
    assert refusal(text, span) == f"x:1: {expected}, found {shown}, which {where}"


def test_spans_of_blanks_are_dropped_or_refused():
    shown = "X from 1 to 3, '  ', only blanks"
    assert fitted("a  b", [1, 3, "X"], on_misaligned="drop") == ([], [(DROPPED, shown)])
    assert refusal("a  b", [1, 3, "X"]).endswith(f'or data.on_misaligned = "drop", found {shown}')


def test_doubles_are_merged_whatever_else_is_refused():
    spans, remarks = fitted("Ann Lee is", [0, 7, "X"], [0, 8, "X"], [0, 7, "X"])
    assert spans == [("Ann Lee", "X")]
    assert [kind for kind, _ in remarks] == [TRIMMED, MERGED, MERGED]


OVERLAPS = [
    ([[0, 8, "ORG"], [0, 4, "LOC"]], [("Bank of", "ORG")], 1),
    ([[0, 4, "LOC"], [0, 15, "ORG"], [8, 15, "LOC"]], [("Bank of England", "ORG")], 2),
    ([[0, 7, "A"], [5, 15, "B"]], [("of England", "B")], 1),
    ([[0, 4, "A"], [0, 4, "B"]], [("Bank", "A")], 1),
    ([[0, 7, "A"], [5, 15, "B"], [16, 18, "C"]], [("of England", "B"), ("is", "C")], 1),
]


@pytest.mark.parametrize(("spans", "kept", "dropped"), OVERLAPS)
def test_the_longest_of_overlapping_spans_is_kept(spans, kept, dropped):
    got, remarks = fitted("Bank of England is", *spans, on_overlap="longest", on_misaligned="snap")
    assert got == kept
    assert [kind for kind, _ in remarks if kind == SHORTER] == [SHORTER] * dropped


def test_overlapping_spans_are_refused_by_default():
    expected = 'expected spans that do not overlap, or data.on_overlap = "longest"'
    found = "found B from 5 to 15, 'of England', and A from 0 to 7, 'Bank of'"
    assert refusal("Bank of England", [5, 15, "B"], [0, 7, "A"]) == f"x:1: {expected}, {found}"


EMOJI = "I 😀 Ann Lee, 👩‍👩‍👧 so"


def in_units(text: str, own: str, unit: str, inclusive: bool) -> dict[str, object]:
    """Write a span as an annotator that counts in other units does."""
    encoding, size = {"utf-16": ("utf-16-le", 2), "bytes": ("utf-8", 1), "characters": ("utf-32-le", 4)}[unit]
    start = len(text[: text.index(own)].encode(encoding)) // size
    end = start + len(own.encode(encoding)) // size - inclusive
    return {"start": start, "end": end, "labels": ["X"], "text": own}


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("unit", ["characters", "utf-16", "bytes"])
@pytest.mark.parametrize(
    ("text", "own"), [(EMOJI, "Ann Lee"), (EMOJI, "so"), ("naïve Ümit Şen 𝒳 is", "Ümit Şen"), ("a b", "b")]
)
def test_offsets_are_read_in_the_unit_that_finds_the_text(text, own, unit, inclusive):
    span = in_units(text, own, unit, inclusive)
    spans, remarks = fitted(text, span)
    assert spans == [(own, "X")]
    at_once = (span["start"], span["end"]) == (text.index(own), text.index(own) + len(own))
    assert [kind.startswith(SHIFTED) for kind, _ in remarks] == ([] if at_once else [True])


def test_shifted_spans_say_how_they_are_read():
    _, remarks = fitted(EMOJI, in_units(EMOJI, "Ann Lee", "utf-16", True))
    assert remarks == [
        (f"{SHIFTED}: inclusive ends and offsets in utf-16", "X from 5 to 11 is read as X from 4 to 11, 'Ann Lee'")
    ]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ([13, 16, "X", "Bob"], []),
        ([11, 14, "X", "Bob"], ["line ends counted as one character"]),
        ([11, 13, "X", "Bob"], ["inclusive ends and line ends counted as one character"]),
        ([12, 15, "X", "Bob"], ["offsets in utf-16 and line ends counted as one character"]),
    ],
)
def test_line_ends_of_two_characters_may_count_as_one(span, said):
    text = "Ann 😀\r\n\r\nsay(Bob)\r\n"
    spans, remarks = fitted(text, span)
    assert spans == [("Bob", "X")]
    assert [kind for kind, _ in remarks] == [f"{SHIFTED}: {unit}" for unit in said]


def test_text_that_stands_nowhere_near_is_refused():
    message = refusal("Ann is here", {"start": 0, "end": 3, "label": "X", "text": "Bob"})
    assert message == "x:1: expected 'Bob', the span's own text, at X from 0 to 3, found 'Ann'"


def test_the_unit_of_offsets_can_be_set_and_is_suggested():
    span = in_units(EMOJI, "Lee", "utf-16", inclusive=False)
    bare = [span["start"], span["end"], "X"]
    assert fitted(EMOJI, bare, offsets="utf-16") == ([("Lee", "X")], [])
    assert 'data.offsets = "utf-16" would fit' in refusal(EMOJI, bare)
    # In characters, this one begins within a word and ends with a blank, which is trimmed.
    assert 'data.offsets = "utf-16" would fit' in refusal("Hi 😀 Ann Lee in Bonn", [6, 13, "X"])
    assert "between characters" in refusal("😀", [1, 2, "X"], offsets="utf-16")


@pytest.mark.parametrize(
    "value",
    [
        [2, 4, "X"],
        ["X", 2, 4],
        [2, 4, "X", "ab"],
        {"start": 2, "end": 4, "label": "X"},
        {"start_offset": 2, "end_offset": 4, "label": "X", "id": 7},
        {"startOffset": 2, "endOffset": 4, "labels": ["X"]},
        {"begin": 2, "end": 4, "type": "X", "text": "ab"},
        {"from": 2, "to": 4, "category": "X"},
        {"start": 2, "end": 4, "entity_group": "X", "score": 0.5},
        {"start": "2", "end": "4", "label": "X"},
        {"offset": 2, "length": 2, "category": "X"},
    ],
)
def test_spans_come_in_many_forms(value):
    own = "ab" if "ab" in (value if isinstance(value, list) else value.values()) else None
    assert span_of(value) == CharacterSpan(2, 4, "X", own)


@pytest.mark.parametrize("value", [None, 3, [], [1, 2], [1, 2, 3], [1.0, 2, "X"], {"start": 1}, {"labels": ["X", "Y"]}])
def test_other_values_are_no_spans(value):
    with pytest.raises(MalformedSpan):
        span_of(value)


WORDS = st.lists(st.sampled_from(["Ann", "😀", "is", "U.S.", "a-b", "é"]), min_size=1, max_size=6)


@given(WORDS, st.data(), st.sampled_from(["snap", "drop"]))
def test_any_spans_become_disjoint_tokens(words, data, policy):
    text = " ".join(words)
    edges = st.integers(0, len(text) - 1)
    drawn = data.draw(st.lists(st.tuples(edges, edges, st.sampled_from("XY")), max_size=5))
    spans = [[min(a, b), max(a, b) + 1, kind] for a, b, kind in drawn]
    got, _ = fitted(text, *spans, on_misaligned=policy, on_overlap="longest")
    position = 0
    for own, _ in got:
        position = text.index(own, position) + len(own)
    assert len(got) <= len(spans)
    words_covered = any(text[start:end].strip() for start, end, _ in spans)
    assert policy == "drop" or bool(got) == words_covered


def test_spans_without_overlap_come_in_the_order_of_the_text():
    spans, remarks = fitted("Ann is Bob", [7, 10, "Y"], [0, 3, "X"])
    assert (spans, remarks) == ([("Ann", "X"), ("Bob", "Y")], [])


def test_spans_without_a_character_are_refused_or_dropped():
    expected = 'expected spans of words, or data.on_misaligned = "drop"'
    assert refusal("Ann Lee", [4, 4, "X"]) == f"x:1: {expected}, found X from 4 to 4, '', without a character"
    for policy in ("snap", "drop"):
        dropped = [("spans that cut tokens, dropped", "X from 4 to 4, '', without a character")]
        assert fitted("Ann Lee", [4, 4, "X"], on_misaligned=policy) == ([], dropped)
    assert "within the text's 7 characters" in refusal("Ann Lee", [8, 8, "X"], on_misaligned="drop")


@pytest.mark.parametrize(("text", "own"), [("Jose\u0301 is", "Jos\u00e9"), ("Jos\u00e9 is", "Jose\u0301")])
def test_own_text_may_compose_its_letters(text, own):
    end = text.index(" ")
    assert fitted(text, [0, end, "X", own]) == ([(text[:end], "X")], [])
