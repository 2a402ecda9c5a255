"""Tags that are nearly those of a scheme: the lines that are offered, and the tags that they give."""

from __future__ import annotations

import tomllib

import pytest

from bilstm_nlp.tags import TagReading, detect, offered, violations

NEAR = [
    # tags as in a file, the offered line, the tags that it gives
    ("b-per i-per O b-loc", 'data.tag_map = { "b-*" = "B-*", "i-*" = "I-*" }', "B-per I-per O B-loc"),
    ("b-per i-per o", 'data.tag_map = { "b-*" = "B-*", "i-*" = "I-*", "o" = "O" }', "B-per I-per O"),
    ("B-PER i-PER O", 'data.tag_map = { "i-*" = "I-*" }', "B-PER I-PER O"),
    ("B_PER I_PER O B_LOC", 'data.tag_map = { "B_*" = "B-*", "I_*" = "I-*" }', "B-PER I-PER O B-LOC"),
    ("B:PER I:PER O", 'data.tag_map = { "B:*" = "B-*", "I:*" = "I-*" }', "B-PER I-PER O"),
    ("B-PER I_PER O B-LOC", 'data.tag_map = { "I_PER" = "I-PER" }', "B-PER I-PER O B-LOC"),
    ("B-PER I-Per O B-PER", 'data.tag_map = { "*-Per" = "*-PER" }', "B-PER I-PER O B-PER"),
    ("B\u2013PER I\u2013PER O", 'data.tag_map = { "B\u2013*" = "B-*", "I\u2013*" = "I-*" }', "B-PER I-PER O"),
    ("PER-B PER-I O LOC-B", 'data.tag_map = { "*-B" = "B-*", "*-I" = "I-*" }', "B-PER I-PER O B-LOC"),
    ("per_b per_i o", 'data.tag_map = { "*_b" = "B-*", "*_i" = "I-*", "o" = "O" }', "B-per I-per O"),
    ("B-PER I-PER 0 B-LOC", 'data.tag_map = { "0" = "O" }', "B-PER I-PER O B-LOC"),
    ("B-PER I-PER o B-LOC", 'data.tag_map = { "o" = "O" }', "B-PER I-PER O B-LOC"),
    ("B-PER I-PER \u041e B-LOC", 'data.tag_map = { "\u041e" = "O" }', "B-PER I-PER O B-LOC"),
    ("B-PER I-PER OTHER", 'data.tag_map = { "OTHER" = "O" }', "B-PER I-PER O"),
    ("B-PER E-PER O W-LOC", 'data.tag_map = { "W-*" = "S-*" }', "B-PER E-PER O S-LOC"),
    ("B-PER M-PER E-PER O W-LOC", 'data.tag_map = { "M-*" = "I-*", "W-*" = "S-*" }', "B-PER I-PER E-PER O S-LOC"),
    ("b m e s", 'data.tag_map = { "b" = "B", "e" = "E", "m" = "M", "s" = "S" }', "B M E S"),
    ("B I E W", 'data.tag_map = { "W" = "S" }', "B I E S"),
    ("I-PER E-PER O E-LOC E-LOC", 'data.tag_format = "IOE2"', "B-PER I-PER O B-LOC B-LOC"),
    ("I-PER E-PER I-PER O I-LOC", 'data.tag_format = "IOE1"', "B-PER I-PER B-PER O B-LOC"),
    ("B-PER E-PER O B-LOC O B-X I-X E-X", 'data.tag_format = "BIE"', "B-PER I-PER O B-LOC O B-X I-X I-X"),
    ("B-PER L-PER O B-LOC", 'data.tag_format = "BIE"', "B-PER I-PER O B-LOC"),
    ("B-PER I-PER O S-LOC", 'data.tag_format = "BIS"', "B-PER I-PER O B-LOC"),
    ("(PER* *) * (LOC) (X*)", 'data.tag_format = "brackets"', "B-PER I-PER O B-LOC B-X"),
    ("(A0* * *A0) - (V*V)", 'data.tag_format = "brackets"', "B-A0 I-A0 I-A0 O B-V"),
    (
        "Begin-PER Inside-PER O Begin-LOC",
        'data.tag_map = { "Begin-*" = "B-*", "Inside-*" = "I-*" }',
        "B-PER I-PER O B-LOC",
    ),
    (
        "BEGIN_X END_X none SINGLE_Y",
        'data.tag_map = { "BEGIN_*" = "B-*", "END_*" = "E-*", "SINGLE_*" = "S-*", "none" = "O" }',
        "B-X E-X O S-Y",
    ),
    ("B- I- O B-", 'data.tag_map = { "B-" = "B", "I-" = "I" }', "B I O B"),
    ("PER PER O LOC PER", 'data.tag_format = "runs"', "B-PER I-PER O B-LOC B-PER"),
    ("1 1 0 2", 'data.tag_map = { "0" = "O" } and data.tag_format = "runs"', "B-1 I-1 O B-2"),
    (
        "b_PER e_PER o b_LOC",
        'data.tag_map = { "b_*" = "B-*", "e_*" = "E-*", "o" = "O" } and data.tag_format = "BIE"',
        "B-PER I-PER O B-LOC",
    ),
]


@pytest.mark.parametrize(("tags", "line", "expected"), NEAR)
def test_near_scheme_is_offered_with_the_line_that_reads_it(tags, line, expected):
    offer = offered([tags.split()])
    assert offer.line == line
    assert " ".join(offer.reading.tags(tags.split())) == expected
    assert violations(expected.split(), offer.scheme) == []
    assert offer.example in tags.split()


@pytest.mark.parametrize(("tags", "line", "expected"), NEAR)
def test_offered_line_is_toml_that_gives_the_same_reading(tags, line, expected):
    data = tomllib.loads(line.replace(" and data.", "\ndata."))["data"]
    reading = TagReading(data.get("tag_map", {}), data.get("tag_format"))
    assert reading.problem(tags.split()) is None
    assert reading.tags(tags.split()) == expected.split()


@pytest.mark.parametrize(
    "tags",
    [
        "B-PER I-PER O",
        "I-PER O",
        "B I O",
        "B M E S",
        "B I E S O",
        "DT NN PRP$ -LRB- NN-TL",
        "S_nom S_gen V_pl",  # noun and verb: S_ begins some, and no tag is outside
        "B-PER O LOC",  # a mistake among tags of a scheme
        "NOUN VERB _",
    ],
)
def test_tags_of_a_scheme_and_labels_are_offered_nothing(tags):
    assert offered([tags.split()]) is None


def test_mistakes_in_a_near_scheme_do_not_hide_it():
    """The offered line leaves what is wrong in any spelling, to be named afterwards."""
    offer = offered([["B_PER", "I_PER", "O"], ["O", "I_LOC", "MISC"]])
    assert offer.line == 'data.tag_map = { "B_*" = "B-*", "I_*" = "I-*" }'
    assert offer.reading.tags(["O", "I_LOC", "MISC"]) == ["O", "I-LOC", "MISC"]


# --- formats ---


@pytest.mark.parametrize(
    ("format", "tags", "index", "rule"),
    [
        ("IOE2", "I-X O", 0, "I-X is the last of its segment, which ends with E-X in IOE2"),
        ("IOE2", "I-X E-Y", 0, "I-X is the last of its segment, which ends with E-X in IOE2"),
        ("IOE2", "E-X B-X", 1, "B-X is no tag of IOE2, which has O and I-, E- with a type"),
        ("IOE1", "I-X E-X O", 1, "E-X ends no segment that another of its type follows, as in IOE1"),
        ("BIE", "O E-X", 1, "E-X begins a segment, which begins with B-X in BIE"),
        ("BIE", "B-X I-X O", 1, "I-X is the last of its segment, which ends with E-X in BIE"),
        ("BIS", "B-X O", 0, "B-X is all of its segment, which is S-X in BIS"),
        ("BIS", "I-X O", 0, "I-X begins a segment, which begins with B-X in BIS"),
        ("runs", "O B-X", 1, "'B-X' is no type alone, as in runs"),
    ],
)
def test_tag_that_breaks_a_format_is_named_with_the_rule(format, tags, index, rule):
    assert TagReading(format=format).problem(tags.split()) == (index, rule)


def test_whole_tags_of_a_map_come_before_patterns():
    reading = TagReading({"B-*": "I-*", "B-GPE": "B-LOC", "*-ORG": "*-CORP"})
    assert reading.tags(["B-GPE", "B-PER", "I-ORG", "O"]) == ["B-LOC", "I-PER", "I-CORP", "O"]
    assert [reading.entry_of(tag) for tag in ("B-GPE", "B-PER", "I-ORG", "O")] == ["B-GPE", "B-*", "*-ORG", None]


# --- detection ---


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("DT NN PRP$ -LRB- NN-TL", "plain"),
        ("O COMMA PERIOD", "plain"),
        ("1 2 3", "plain"),
        ("B I O", "IOB2"),
        ("B I B I", "IOB2"),
        ("I I O", "IOB1"),
        ("B M E S", "BMES"),
        ("B I E S O", "IOBES"),
        ("B I L U O", "BILOU"),
        ("O O", "IOB2"),
        ("_ _", "IOB2"),  # a column without tags: refused, not learnt
        ("S-BAR NN", "IOBES"),  # refused: one tag has a prefix
    ],
)
def test_scheme_is_plain_if_no_tag_has_a_prefix(tags, scheme):
    assert detect([tags.split()]).scheme == scheme


def test_detected_labels_are_explained_by_the_most_frequent():
    explanation = detect([["DT", "NN", "NN"], ["NN", "VB", "DT"]]).explanation
    assert explanation == "plain: no tag has a prefix such as B-; 3 labels, NN, DT, VB the most frequent"


def test_prefixes_with_and_without_types_fit_no_scheme():
    assert detect([["B-X", "I-X", "O", "B"]]).candidates == ()


def test_plain_labels_and_segments_are_never_taken_for_one_another():
    assert detect([["PER", "O"]]).scheme_or("IOB2") == "IOB2"
    assert detect([["B-X", "O"]]).scheme_or("plain") == "plain"
