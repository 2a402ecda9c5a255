"""Records of JSON and datasets: tokens with tags, or text with spans of characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.lines import stop
from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.formats.record_values import Documents, aligned, shown
from bilstm_nlp.data.text.formats.records import RecordReader
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError

WORD = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=4)


def sentence(record: object, **settings: object) -> Sentence:
    reader = RecordReader("x.jsonl", ColumnFormat(**settings), stop, Remark)
    (read,) = reader.read(record, 2)
    reader.finish()
    return read


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


def test_long_values_are_cut_in_messages():
    assert shown(["ä"]) == '["ä"]'
    assert shown("a" * 100) == '"' + "a" * 59 + "…"


T = {"tokens": ["a", "b"]}


@pytest.mark.parametrize(
    ("record", "settings", "message"),
    [
        (["a"], {}, 'expected a JSON object, found ["a"]'),
        ({}, {}, "expected tokens or text, found nothing"),
        (
            {"id": 1, "words": ["a"]},
            {},
            'expected tokens or text, found only id, words; data.token_column = "words" names a list of strings',
        ),
        ({"text": "a", "spans": [{"label": 1, "start": 0, "end": 1}]}, {}, '"end": 1}; data.tag_names names numbers'),
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
        ({**T, "tags": [0, 1]}, {}, "expected a list of strings in tags, or data.tag_names for numbers, found [0, 1]"),
        ({**T, "tags": [0, 3]}, {"tag_names": ("O", "B-X")}, "expected numbers from 0 to 1 in tags, as data.tag_names"),
        ({**T, "tags": ["O", None]}, {}, 'expected a list of strings in tags, found ["O", null]'),
        ({"text": "a b"}, {}, "expected tags or ner_tags, or text with spans, found only text"),
        ({"text": "a b", "tags": ["O", "O"]}, {}, "expected tokens for the tags in tags, or spans, found only text"),
        ({"text": "a", "spans": [], "entities": []}, {}, "data.span_key to name it, found spans and entities"),
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
            "expected spans of words, or data.on_misaligned = \"drop\", found X from 1 to 1, '', without a character",
        ),
        (
            {"text": "Ann", "spans": [[1, 3, "X"]]},
            {},
            "data.on_misaligned = \"snap\" or \"drop\", found X from 1 to 3, 'nn', which begins inside the token 'Ann'",
        ),
        (
            {"text": "Ann is", "spans": [[0, 5, "X"]]},
            {},
            "found X from 0 to 5, 'Ann i', which ends inside the token 'is'",
        ),
        (
            {"text": "a b c", "spans": [[2, 5, "Y"], [0, 3, "X"]]},
            {},
            'expected spans that do not overlap, or data.on_overlap = "longest", '
            "found Y from 2 to 5, 'b c', and X from 0 to 3, 'a b'",
        ),
        (
            {"text": "", "spans": [[0, 0, "X"]]},
            {},
            "expected spans of words, or data.on_misaligned = \"drop\", found X from 0 to 0, '', without a character",
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


# --- records of one source ---


def read(records: list[object], **settings) -> tuple[list[Sentence], list[str], list[tuple[int | None, str]]]:
    """Read records, and return sentences, complaints and remarks."""
    complaints: list[DataError] = []
    remarks: list[Remark] = []
    reader = RecordReader("x.jsonl", ColumnFormat(**settings), complaints.append, remarks.append)
    sentences = [sentence for number, record in enumerate(records, 1) for sentence in reader.read(record, number)]
    reader.finish()
    return sentences, list(map(str, complaints)), [(remark.line, remark.kind) for remark in remarks]


SPANNED = {"text": "Ann is", "spans": [[0, 3, "X"]]}
NO_SPANS = "records without a key of spans, read as without entities"


@pytest.mark.parametrize(
    "bare", [{"text": "b c"}, {"text": "b c", "tokens": ["b", "c"]}, {"text": "b c", "spans": None}]
)
def test_no_span_key_means_no_entities_where_others_have_it(bare):
    sentences, complaints, remarks = read([bare, SPANNED, bare])
    assert [sentence.tags for sentence in sentences] == [("O", "O"), ("B-X", "O"), ("O", "O")]
    assert (complaints, remarks) == ([], [(1, NO_SPANS), (3, NO_SPANS)])


def test_records_without_spans_alone_are_malformed():
    _, complaints, remarks = read([{"text": "b c"}, {"text": "d"}])
    expected = "expected tags or ner_tags, or text with spans, found only text"
    assert complaints == [f"x.jsonl:1: {expected}", f"x.jsonl:2: {expected}"]
    assert remarks == []


@pytest.mark.parametrize(
    ("record", "settings"),
    [
        ({"data": "Ann is", "label": [[0, 3, "X"]]}, {}),
        ({"content": "Ann is", "annotation": [{"label": ["X"], "start": 0, "end": 3}]}, {}),
        ({"id": 1, "sentence": "Ann is", "entities": [{"type": "X", "begin": 0, "end": 3}]}, {}),
        (
            {"text": "no", "body": "Ann is", "spans": [], "marks": [["X", 0, 3]]},
            {"text_key": "body", "span_key": "marks"},
        ),
        ({"text": "Ann is", "spans": [[0, 3, "X"]], "entities": []}, {"span_key": "spans"}),
    ],
)
def test_text_and_spans_are_found_by_many_keys(record, settings):
    read = sentence(record, **settings)
    assert (read.tokens, read.tags, read.text) == (("Ann", "is"), ("B-X", "O"), "Ann is")


def test_a_named_span_key_that_is_missing_is_named():
    message = r"expected marks, found only text, spans"
    with pytest.raises(DataError, match=message):
        sentence(SPANNED, span_key="marks")


def test_numbers_of_tags_become_their_names():
    names = ("O", "B-PER", "I-PER")
    assert sentence({"tokens": ["a", "b", "c"], "tags": [1, 2, 0]}, tag_names=names).tags == ("B-PER", "I-PER", "O")


def test_numbers_of_span_labels_become_their_names():
    spans = [{"label": 1, "start_offset": 0, "end_offset": 1}]
    assert sentence({"text": "a b", "spans": spans}, tag_names=("LOC", "PER")).tags == ("B-PER", "O")


def test_empty_tokens_of_records_are_skipped_with_their_tags():
    record = {"tokens": ["a", "", "b"], "tags": ["O", "O", "B-X"], "text": "a b"}
    (read_sentence,), complaints, remarks = read([record], on_empty_token="skip")
    assert (read_sentence.tokens, read_sentence.tags) == (("a", "b"), ("O", "B-X"))
    assert (complaints, remarks) == ([], [(1, "empty tokens, skipped")])
    message = 'none of them empty, found ""; data.on_empty_token = "skip" leaves it out'
    with pytest.raises(DataError, match=message):
        sentence(record)


def test_tags_beside_spans_are_read_and_said():
    record = {"tokens": ["Ann", "left"], "tags": ["O", "O"], "text": "Ann left", "entities": [[0, 3, "PER"]]}
    both = "records with tags and spans, read by their tags"
    assert [(s.tags, remarks) for (s,), _, remarks in [read([record])]] == [(("O", "O"), [(1, both)])]
    assert read([record], tag="tags")[2] == []
    (by_spans,), _, remarks = read([record], span_key="entities")
    assert (by_spans.tags, remarks) == (("B-PER", "O"), [])
