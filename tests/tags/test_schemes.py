"""Tag schemes against a plain conlleval, against seqeval, and against every sequence written out."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from bilstm_nlp.tags import (
    PREFERENCE,
    ROLES,
    SCHEMES,
    Span,
    Violation,
    continuing,
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

every_scheme = pytest.mark.parametrize("scheme", SCHEMES)
schemes = st.sampled_from(SCHEMES)
TYPES = ("X", "Y-Z")  # a type may have a dash


@st.composite
def entities(draw, longest: int = 8) -> tuple[list[Span], int]:
    """Entities that do not overlap, in order, and the number of tokens."""
    length, drawn, position = draw(st.integers(0, longest)), [], 0
    while position < length:
        width = draw(st.integers(0, length - position))
        if width:
            drawn.append(Span(draw(st.sampled_from(TYPES)), position, position + width))
        position += max(width, 1)
    return drawn, length


def any_tags(scheme: str) -> st.SearchStrategy[list[str]]:
    """Tags of the scheme in any order, most of it broken."""
    return st.lists(st.sampled_from(tag_set(TYPES, scheme)), max_size=8)


# --- slow twins ---


def conlleval(tags: list[str], scheme: str) -> list[Span]:
    """conlleval's two functions, rule by rule, S standing alone as its brackets do; E and S also where B comes next."""

    def start_of_chunk(previous: str, tag: str, previous_type: str, kind: str) -> bool:
        return (
            (previous, tag) in {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I")}
            or (previous, tag) in {("E", "E"), ("E", "I"), ("E", "B"), ("O", "E")}
            or (tag != "O" and previous_type != kind)
            or tag == "S"
            or (previous == "S" and tag != "O")
        )

    def end_of_chunk(previous: str, tag: str, previous_type: str, kind: str) -> bool:
        return (
            (previous, tag) in {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O")}
            or (previous, tag) in {("E", "E"), ("E", "I"), ("E", "O"), ("E", "B")}
            or (previous != "O" and previous_type != kind)
            or previous == "S"
            or (previous != "O" and tag == "S")
        )

    chunks, start, previous, previous_type = [], 0, "O", ""
    for index, tag in enumerate([*tags, "O"]):
        letter, _, kind = tag.partition("-")
        role = {"O": "O", **ROLES[scheme]}[letter]
        if end_of_chunk(previous, role, previous_type, kind):
            chunks.append(Span(previous_type, start, index))
        if start_of_chunk(previous, role, previous_type, kind):
            start = index
        previous, previous_type = role, kind
    return chunks


def arrangements(length: int) -> list[list[Span]]:
    """Every set of entities of the types X and Y that do not overlap."""
    if length == 0:
        return [[]]
    lists = list(arrangements(length - 1))  # the last token is O
    for start in range(length):
        lists += [[*before, Span(kind, start, length)] for before in arrangements(start) for kind in "XY"]
    return lists


def tolerated(tags: tuple[str, ...]) -> tuple[str, ...]:
    """IOB1 as it is meant: B- after an entity of another type, which CoNLL-2003 has, is not needed there."""
    pairs = zip(("O", *tags), tags, strict=False)
    return tuple(
        "I" + tag[1:] if tag[0] == "B" and before != "O" and before[2:] != tag[2:] else tag for before, tag in pairs
    )


# --- reading ---


@every_scheme
@given(st.data())
def test_spans_are_those_of_conlleval(scheme, data):
    tags = data.draw(any_tags(scheme))
    assert spans(tags, scheme) == conlleval(tags, scheme)


@every_scheme
@given(st.data())
def test_spans_are_those_of_seqeval(scheme, data):
    tags = data.draw(any_tags(scheme))
    spelled = ["O" if tag == "O" else ROLES[scheme][tag[0]] + tag[1:] for tag in tags]
    assert spans(tags, scheme) == [Span(kind, start, last + 1) for kind, start, last in get_entities(spelled)]


@pytest.mark.parametrize("tag", ["", "-", "B-", "-X", "O-X", "b-X", "Z-X", "BX", "o"])
def test_text_that_is_no_tag_is_read_as_o(tag):
    assert parse(tag, "IOB2") is None
    assert spans(["B-X", tag, "I-X"], "IOB2") == [Span("X", 0, 1), Span("X", 2, 3)]
    first, second = violations(["B-X", tag, "I-X"], "IOB2")
    assert first == Violation(1, tag, f"{tag} is no tag of IOB2, which has O and B-, I- with a type")
    assert (second.index, second.tag) == (2, "I-X")


def test_a_tag_belongs_to_its_scheme():
    letters = {scheme: {tag[0] for tag in "OBIMELSU" if parse(f"{tag}-X", scheme)} for scheme in SCHEMES}
    assert letters == {
        "IOB1": set("BI"),
        "IOB2": set("BI"),
        "IOBES": set("BIES"),
        "BILOU": set("BILU"),
        "BMES": set("BMES"),
    }
    assert parse("B-Y-Z", "IOB2") == ("B", "Y-Z")


# --- writing ---


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", "I-X B-X I-X I-Y O I-X I-X I-X"),
        ("IOB2", "B-X B-X I-X B-Y O B-X I-X I-X"),
        ("IOBES", "S-X B-X E-X S-Y O B-X I-X E-X"),
        ("BILOU", "U-X B-X L-X U-Y O B-X I-X L-X"),
        ("BMES", "S-X B-X E-X S-Y O B-X M-X E-X"),
    ],
)
def test_each_scheme_spells_entities_its_own_way(scheme, tags):
    entities_of_x = [Span("X", 5, 8), Span("X", 1, 3), Span("Y", 3, 4), Span("X", 0, 1)]  # in any order
    assert encode(entities_of_x, 8, scheme) == tags.split()


@every_scheme
@given(entities())
def test_entities_survive_being_spelled(scheme, case):
    drawn, length = case
    tags = encode(drawn, length, scheme)
    assert len(tags) == length
    assert spans(tags, scheme) == drawn
    assert violations(tags, scheme) == []
    assert set(tags) <= set(tag_set(TYPES, scheme))


@given(entities(), schemes, schemes)
def test_conversion_is_a_change_of_spelling(case, source, target):
    drawn, length = case
    tags = encode(drawn, length, source)
    assert convert(tags, source, target) == encode(drawn, length, target)
    assert convert(convert(tags, source, target), target, source) == tags


@every_scheme
@given(st.data())
def test_repaired_tags_are_legal_and_spell_what_was_read(scheme, data):
    tags = data.draw(any_tags(scheme))
    mended = repair(tags, scheme)
    assert violations(mended, scheme) == []
    assert spans(mended, scheme) == spans(tags, scheme)
    assert repair(mended, scheme) == mended
    if not violations(tags, scheme) and scheme != "IOB1":
        assert mended == tags


# --- rules ---


@every_scheme
def test_legal_is_what_some_entities_spell(scheme):
    """All sequences of up to four tokens and two types; a CRF, which is told of neighbours, is told the same."""
    tags = tag_set("XY", scheme)
    legality = legal_transitions(tags, scheme)
    for length in range(1, 5 if len(tags) < 9 else 4):
        spelled = {tuple(encode(arrangement, length, scheme)) for arrangement in arrangements(length)}
        for path in product(range(len(tags)), repeat=length):
            sequence = tuple(tags[tag] for tag in path)
            allowed = (tolerated(sequence) if scheme == "IOB1" else sequence) in spelled
            assert (violations(sequence, scheme) == []) == allowed, sequence
            by_pairs = legality.start[path[0]] and legality.end[path[-1]]
            by_pairs = by_pairs and all(legality.transitions[a, b] for a, b in pairwise(path))
            assert by_pairs == allowed, sequence


@pytest.mark.parametrize(
    ("scheme", "tags", "index", "reason"),
    [
        ("IOB1", "O B-X", 1, "B-X follows O; in IOB1 only an entity right after another begins with B-"),
        ("IOB1", "B-X", 0, "B-X begins a sentence; in IOB1 only an entity right after another begins with B-"),
        ("IOB2", "O I-X", 1, "I-X follows O; in IOB2 an entity begins with B-X"),
        ("IOB2", "B-Y I-X", 1, "I-X follows B-Y; in IOB2 an entity begins with B-X"),
        ("IOB2", "I-X", 0, "I-X begins a sentence; in IOB2 an entity begins with B-X"),
        ("IOBES", "B-X O", 1, "O follows B-X; in IOBES this entity must go on or end with E-X"),
        ("BILOU", "I-X L-X", 0, "I-X begins a sentence; in BILOU an entity of several tokens begins with B-X"),
        ("BILOU", "B-X L-X L-X", 2, "L-X follows L-X; in BILOU an entity of several tokens begins with B-X"),
        ("BMES", "B-X M-X", 1, "a sentence ends with M-X; in BMES this entity must go on or end with E-X"),
        ("BMES", "B-X E-Y", 1, "E-Y follows B-X; in BMES this entity must go on or end with E-X"),
        ("IOBES", "U-X", 0, "U-X is no tag of IOBES, which has O and B-, I-, E-, S- with a type"),
    ],
)
def test_violations_name_tag_and_reason(scheme, tags, index, reason):
    tags = tags.split()
    assert violations(tags, scheme) == [Violation(index, tags[index], reason)]


@every_scheme
@given(st.data())
def test_continuing_is_what_lengthens_the_last_entity(scheme, data):
    tags = data.draw(any_tags(scheme).filter(len))
    following = data.draw(st.sampled_from(tag_set((*TYPES, "W"), scheme)))
    before, after = spans(tags, scheme), spans([*tags, following], scheme)
    longer = tags[-1] != "O" and after[-1] == before[-1]._replace(end=len(tags) + 1)
    assert (following in continuing(tags[-1], scheme)) == longer


def test_the_tag_set_is_o_and_then_type_by_type():
    assert tag_set(["B", "A"], "BMES") == ["O", "B-B", "M-B", "E-B", "S-B", "B-A", "M-A", "E-A", "S-A"]


# --- detection ---


@given(st.lists(entities(), max_size=6), schemes)
def test_the_scheme_of_tags_is_detected(corpus, scheme):
    """Every scheme that spells the corpus this way is a candidate, and only those; the most usual is taken."""
    detection = detect(encode(spanned, length, scheme) for spanned, length in corpus)
    alike = {
        other
        for other in SCHEMES
        if all(encode(spanned, length, other) == encode(spanned, length, scheme) for spanned, length in corpus)
    }
    assert set(detection.candidates) == alike
    assert detection.scheme == min(alike, key=PREFERENCE.index)
    if len(alike) == 1:
        assert detection.explanation == f"{scheme}: the only scheme that all tags keep to"
        return
    others = ", ".join(other for other in PREFERENCE if other in alike and other != detection.scheme)
    nothing = not any(spanned for spanned, _ in corpus)
    why = (
        "there are no entities, so any scheme would do"
        if nothing
        else "no entity here is long enough to tell them apart"
    )
    assert detection.explanation == f"{detection.scheme}, though {others} would do as well: {why}"


def test_short_entities_leave_two_schemes():
    detection = detect([["B-X", "E-X", "O", "S-X"]])
    assert (detection.scheme, detection.candidates) == ("IOBES", ("IOBES", "BMES"))


@pytest.mark.parametrize(
    ("corpus", "explanation"),
    [
        (
            [["B-X", "I-X"]] * 5 + [["I-X"]],
            "IOB2: no scheme admits all tags, and this one is broken the least, in 1 place of 17",
        ),
        (
            [["I-X"]] * 1100 + [["B-X", "O"]] * 2,
            "IOB1: no scheme admits all tags, and this one is broken the least, in 2 places of 2,206",
        ),
        (
            [["?"], ["O", "B-X", "L-X"], ["U-X"]],
            "BILOU: no scheme admits all tags, and this one is broken the least, in 1 place of 8",
        ),
    ],
)
def test_a_corpus_with_mistakes_has_the_least_broken_scheme(corpus, explanation):
    detection = detect(corpus)
    assert detection.explanation == explanation
    assert detection.scheme == explanation.split(":")[0]
    assert detection.candidates == ()
