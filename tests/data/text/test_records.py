"""Records of JSON and datasets: tokens with tags, or text with spans of characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.text.records import Documents, aligned, first, sentence_of_record, shown
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError

WORD = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=4)


def sentence(record: object, **settings: object) -> Sentence:
    return sentence_of_record(record, ColumnFormat(**settings), "x.jsonl", 2, Documents())


def test_tokens_and_tags_make_a_sentence():
    expected = Sentence(("Ann", "is"), ("B-PER", "O"), 2)
    assert sentence({"tokens": ["Ann", {"text": "is"}], "tags": ["B-PER", "O"]}) == expected
    assert sentence({"words": ["Ann", "is"], "ner": ["B-PER", "O"], "text": None}, token="words", tag="ner") == expected


def test_text_and_spans_make_a_tagged_sentence():
    expected = Sentence(("Ann", "is"), ("S-PER", "O"), 2, text="Ann is", offsets=((0, 3), (4, 6)))
    for span in (
        [0, 3, "PER"],
        {"start": 0, "end": 3, "label": "PER"},
        {"start_offset": 0, "end_offset": 3, "type": "PER"},
    ):
        assert sentence({"text": "Ann is", "spans": [span]}, spans_as="IOBES") == expected


def test_a_record_without_tags_is_read_if_none_are_needed():
    assert sentence({"tokens": ["Ann"], "tags": ["X", "Y"]}, tag=None) == Sentence(("Ann",), None, 2)
    assert sentence({"text": "Ann"}, tag=None) == Sentence(("Ann",), None, 2, text="Ann", offsets=((0, 3),))


def test_text_that_differs_from_its_tokens_is_left_out():
    read = sentence({"tokens": ["``", "a"], "text": '"a', "tags": ["O", "O"]})
    assert (read.tokens, read.text, read.offsets) == (("``", "a"), None, None)


def test_documents_are_numbered_by_neighbouring_names():
    documents = Documents()
    assert [documents.number(name) for name in ("a", "a", None, "a", 7, 7, "a")] == [1, 1, 0, 2, 3, 3, 4]


@pytest.mark.parametrize("name", [True, 1.5, ["a"], {}])
def test_other_names_of_documents_are_refused(name):
    with pytest.raises(DataError, match=r"^x\.jsonl:2: expected a string or a whole number in document, found "):
        sentence({"tokens": ["a"], "tags": ["O"], "document": name})


@pytest.mark.parametrize(
    ("values", "expected"), [({"a": 0, "b": 1}, 0), ({"a": None, "b": 1}, 1), ({"b": 1}, 1), ({}, None)]
)
def test_the_first_key_with_a_value_counts(values, expected):
    assert first(values, "a", "b") == expected


def test_long_values_are_cut_in_messages():
    assert shown(["ä"]) == '["ä"]'
    assert shown("a" * 100) == '"' + "a" * 59 + "…"


T = {"tokens": ["a", "b"]}


@pytest.mark.parametrize(
    ("record", "settings", "message"),
    [
        (["a"], {}, 'expected a JSON object, found ["a"]'),
        ({}, {}, "expected tokens or text, found nothing"),
        ({"words": ["a"]}, {}, "expected tokens or text, found only words"),
        (T, {"token": "words"}, "expected words, found only tokens"),
        ({"text": "a"}, {"token": "words"}, "expected words, found only text"),
        ({"text": 3}, {}, "expected a string in text, found 3"),
        ({"tokens": "a b"}, {}, 'expected a list of tokens in tokens, found "a b"'),
        ({"tokens": ["a", ""]}, {}, 'expected a list of tokens in tokens, none of them empty, found ""'),
        ({"tokens": [["a"]]}, {}, 'expected a list of tokens in tokens, none of them empty, found ["a"]'),
        (T, {}, "expected tags or ner_tags, or text with spans, found only tokens"),
        ({**T, "tags": ["O", "O"]}, {"tag": "ner"}, "expected ner, found only tokens, tags"),
        (
            {**T, "tags": ["O", "O"], "ner_tags": []},
            {},
            "expected one of tags, ner_tags, or data.tag_column to name it, found tags and ner_tags",
        ),
        ({**T, "tags": ["O"]}, {}, "expected 2 tags for 2 tokens, found 1"),
        ({**T, "tags": ["O"] * 3}, {}, "expected 2 tags for 2 tokens, found 3"),
        ({**T, "tags": []}, {}, "expected 2 tags for 2 tokens, found 0"),
        ({**T, "tags": [], "text": "a b"}, {}, "expected 2 tags for 2 tokens, found 0"),
        ({**T, "tags": "OO"}, {}, 'expected a list of strings in tags, found "OO"'),
        ({**T, "tags": [0, 1]}, {}, "expected a list of strings in tags, found [0, 1]"),
        ({**T, "tags": ["O", None]}, {}, 'expected a list of strings in tags, found ["O", null]'),
        ({"text": "a b"}, {}, "expected tags or ner_tags, or text with spans, found only text"),
        ({"text": "a b", "tags": ["O", "O"]}, {}, "expected tokens for the tags in tags, or spans, found only text"),
        ({"text": "a", "spans": [], "entities": []}, {}, "data.tag_column to name it, found spans and entities"),
        ({"text": "a", "label": "sport"}, {}, 'expected a list of spans in label, found "sport"'),
        ({**T, "spans": [[0, 1, "X"]]}, {}, "expected the text that spans are spans of, found no text"),
        (
            {**T, "text": "ab c", "spans": [[0, 1, "X"]]},
            {},
            "expected the text that spans are spans of, found tokens that do not spell it",
        ),
        (
            {"text": "a", "spans": [[0, 1]]},
            {},
            "expected a span: [start, end, type], or an object with start, end and label, found [0, 1]",
        ),
        ({"text": "a", "spans": [[0, 1, ""]]}, {}, 'and label, found [0, 1, ""]'),
        ({"text": "a", "spans": [[False, True, "X"]]}, {}, 'and label, found [false, true, "X"]'),
        ({"text": "a", "spans": [[0.0, 1, "X"]]}, {}, 'and label, found [0.0, 1, "X"]'),
        (
            {"text": "a", "spans": [{"start": 0, "end": 1, "labels": ["X", "Y"]}]},
            {},
            'and label, found {"start": 0, "end": 1, "labels": ["X", "Y"]}',
        ),
        (
            {"text": "Ann", "spans": [[0, 4, "X"]]},
            {},
            "expected spans within the text's 3 characters, found X from 0 to 4",
        ),
        (
            {"text": "Ann", "spans": [[-3, 3, "X"]]},
            {},
            "expected spans within the text's 3 characters, found X from -3 to 3",
        ),
        (
            {"text": "Ann", "spans": [[3, 0, "X"]]},
            {},
            "expected spans within the text's 3 characters, found X from 3 to 0",
        ),
        (
            {"text": "Ann", "spans": [[1, 1, "X"]]},
            {},
            "expected spans within the text's 3 characters, found X from 1 to 1",
        ),
        (
            {"text": "Ann", "spans": [[1, 3, "X"]]},
            {},
            "begin and end with tokens, found X from 1 to 3, 'nn', which begins inside the token 'Ann'",
        ),
        ({"text": "Ann is", "spans": [[0, 4, "X"]]}, {}, "found X from 0 to 4, 'Ann ', which ends at a blank"),
        ({"text": "Ann is", "spans": [[3, 6, "X"]]}, {}, "found X from 3 to 6, ' is', which begins at a blank"),
        (
            {"text": "Ann is", "spans": [[0, 5, "X"]]},
            {},
            "found X from 0 to 5, 'Ann i', which ends inside the token 'is'",
        ),
        (
            {"text": "a b c", "spans": [[2, 5, "Y"], [0, 3, "X"]]},
            {},
            "expected spans that do not overlap, found Y from 2 to 5, 'b c', but the one before it ends at 3",
        ),
        (
            {"text": "a b", "spans": [[0, 1, "X"], [0, 1, "X"]]},
            {},
            "expected spans that do not overlap, found X from 0 to 1, 'a', but the one before it ends at 1",
        ),
        (
            {"text": "", "spans": [[0, 0, "X"]]},
            {},
            "expected spans within the text's 0 characters, found X from 0 to 0",
        ),
    ],
)
def test_malformed_records_are_refused_in_one_line(record, settings, message):
    with pytest.raises(DataError) as error:
        sentence(record, **settings)
    text = str(error.value)
    assert text.startswith("x.jsonl:2: ")
    assert message in text
    assert "\n" not in text


# --- tokens in their text ---


@given(st.lists(WORD.filter(lambda word: not any(map(str.isspace, word)))), st.sampled_from([" ", "  ", "\t\n", ""]))
def test_tokens_without_blanks_align_with_their_text(tokens, blank):
    text = blank + blank.join(tokens) + blank
    token_offsets = aligned(tokens, text)
    assert token_offsets is not None
    assert [text[a:b] for a, b in token_offsets] == tokens
    assert aligned([*tokens, "x"], text) is None
    assert aligned(tokens, text + "x") is None


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        (["a", "b"], " a  b ", ((1, 2), (4, 5))),
        (["a", " ", "b"], "a  b", ((0, 1), (1, 2), (3, 4))),
        ([], " ", ()),
        (["a"], "b", None),
        (["a"], "ab", None),
        (["a", "b"], "b a", None),
    ],
)
def test_tokens_align_with_only_blanks_between_them(tokens, text, expected):
    assert aligned(tokens, text) == expected
