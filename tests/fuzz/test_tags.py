"""Tag schemes: any strings at all have a reading, and conversion does what a slow twin does token by token."""

from __future__ import annotations

from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.tags import (
    ROLES,
    SCHEMES,
    Scheme,
    Span,
    convert,
    detect,
    encode,
    legal_transitions,
    parse,
    repair,
    spans,
    tag_set,
    violations,
)
from bilstm_nlp.tags.detection import is_bare, is_mixed

schemes = st.sampled_from(SCHEMES)
KINDS = ["X", "Y-Z", "-", "B-X", "O", "\u2028", "字", "\ud800", "X "]
TAGS = st.one_of(
    st.sampled_from([f"{letter}-{kind}" for letter in "BIESMLUO" for kind in KINDS[:3]]),
    st.sampled_from(["O", "O", "O", "", "-", "B", "B-", "-X", "o", "b-X", "\0", "B\u2010X"]),
    st.builds("{}{}{}".format, st.sampled_from("BIESMLUOx"), st.sampled_from(["-", "", "_"]), st.sampled_from(KINDS)),
    st.text(max_size=4),
)
SEQUENCES = st.lists(TAGS, max_size=12)


def slow(tags: list[str], source: Scheme, target: Scheme) -> list[str]:
    """Tags converted one by one, each by its two neighbours alone.

    Whether an entity goes on from a token to the next is asked of the pair; whether a token is its entity's first or
    last, or right after another of its type, follows.
    """
    letters = {meaning: letter for letter, meaning in ROLES[target].items()}

    def read(index: int) -> tuple[str, str]:
        if not 0 <= index < len(tags):
            return "O", ""
        letter, dash, kind = tags[index].partition("-")
        return (ROLES[source][letter], kind) if letter in ROLES[source] and bool(dash) == bool(kind) else ("O", "")

    def goes_on(index: int) -> bool:
        """From the token to the next one."""
        (role, kind), (next_role, next_kind) = read(index), read(index + 1)
        return role in ("B", "I") and next_role in ("I", "E") and kind == next_kind

    converted = []
    for index in range(len(tags)):
        role, kind = read(index)
        if role == "O":
            converted.append("O")
            continue
        first, last = not goes_on(index - 1), not goes_on(index)
        if target == "IOB1":
            letter = "B" if first and read(index - 1)[0] != "O" and read(index - 1)[1] == kind else "I"
        elif first and last and "S" in letters:
            letter = letters["S"]
        elif first:
            letter = letters["B"]
        else:
            letter = letters["E"] if last and "E" in letters else letters["I"]
        converted.append(f"{letter}-{kind}" if kind else letter)
    return converted


@given(SEQUENCES, schemes, schemes)
def test_any_tags_are_converted_as_by_a_slow_converter(tags, source, target):
    converted = convert(tags, source, target)
    assert converted == slow(tags, source, target)
    assert violations(converted, target) == []
    assert spans(converted, target) == spans(tags, source)


@given(SEQUENCES, schemes)
def test_any_tags_are_read_checked_and_repaired(tags, scheme):
    entities = spans(tags, scheme)
    assert all(0 <= each.start < each.end <= len(tags) for each in entities)
    assert all(each.type or is_bare(tags[each.start]) for each in entities)
    assert all(each.end <= other.start for each, other in pairwise(entities))
    broken = violations(tags, scheme)
    assert [each.tag for each in broken] == [tags[each.index] for each in broken]
    assert {index for index, tag in enumerate(tags) if parse(tag, scheme) is None} <= {each.index for each in broken}
    repaired = repair(tags, scheme)
    assert repair(repaired, scheme) == repaired
    # IOB1 lets B- stand where it is not needed: CoNLL-2003 has it after an entity of another type.
    assert broken or repaired == tags or scheme == "IOB1"


@given(st.lists(SEQUENCES, max_size=4))
def test_any_corpus_has_a_scheme(corpus):
    detection = detect(corpus)
    legal = {scheme for scheme in SCHEMES if not any(violations(tags, scheme) for tags in corpus)}
    # Segments with types and without are no scheme together.
    expected = set() if is_mixed(chain.from_iterable(corpus)) else legal
    assert set(detection.candidates) - {"plain"} == expected
    assert detection.explanation.startswith(detection.scheme)


@st.composite
def entities(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Entities that don't overlap, in order, and the number of tokens."""
    length = draw(st.integers(0, 12))
    borders = sorted(draw(st.sets(st.integers(0, length))))
    pairs = [pair for pair in pairwise(borders) if draw(st.booleans())]
    return [Span(draw(st.sampled_from(KINDS)), *pair) for pair in pairs], length


@given(entities(), st.lists(schemes, min_size=1, max_size=6))
def test_entities_survive_any_round_through_the_schemes(case, round_trip):
    drawn, length = case
    first = tags = encode(drawn, length, round_trip[0])
    for source, target in zip(round_trip, [*round_trip[1:], round_trip[0]], strict=True):
        tags = convert(tags, source, target)
    assert tags == first
    assert spans(tags, round_trip[0]) == drawn


@given(entities(), schemes)
def test_encoded_entities_are_legal_paths_of_a_chain(case, scheme):
    drawn, length = case
    tags = encode(drawn, length, scheme)
    names = tag_set(KINDS, scheme)
    legality = legal_transitions(names, scheme)
    rows = [names.index(tag) for tag in tags]
    assert all(legality.start[rows[:1]])
    assert all(legality.end[rows[-1:]])
    assert all(legality.transitions[row, following] for row, following in pairwise(rows))
