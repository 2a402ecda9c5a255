from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp import tags
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, Sentence, read
from bilstm_nlp.data.text.formats.jsonl import others_of, read_jsonl
from bilstm_nlp.data.text.output import Entity, TaggedSentence, writer
from bilstm_nlp.data.text.tokenizer import CHARACTERS, WORDS
from bilstm_nlp.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jsonl")


def sentences(folder, *records: object, **settings) -> list[Sentence]:
    """Records as JSON, strings and bytes as they are, one a line."""
    path = folder / "x.jsonl"
    path.write_bytes(
        b"\n".join(record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)
    )
    return list(read_jsonl(str(path), ColumnFormat(**settings)))


def complaint(folder, *records: object, **settings) -> str:
    with pytest.raises(DataError) as error:
        sentences(folder, *records, **settings)
    return str(error.value).removeprefix(str(folder))


def test_tokens_and_tags(folder):
    first, second = sentences(
        folder, {"tokens": ["EU", "x"], "tags": ["B-ORG", "O"]}, b" \r", {"tokens": ["y"], "ner_tags": ["O"], "id": 7}
    )
    assert (first.tokens, first.tags, first.line) == (("EU", "x"), ("B-ORG", "O"), 1)
    assert (second.tokens, second.tags, second.line) == (("y",), ("O",), 3)
    assert first.text is first.offsets is None


def test_neighbours_that_name_one_document_are_of_it(folder):
    names = ["a", "a", None, "a", 7, 7, "7", 0, 0, "", "a"]
    read_back = sentences(folder, *({"tokens": ["x"], "tags": ["O"], "document": name} for name in names))
    assert [sentence.document for sentence in read_back] == [1, 1, 0, 2, 3, 3, 4, 5, 5, 6, 7]
    assert [sentence.document for sentence in sentences(folder, {"tokens": ["x"], "tags": ["O"]})] == [0]
    for wrong in ({"id": 1}, ["a"], 1.5, True):
        record = {"tokens": ["x"], "tags": ["O"], "document": wrong}
        assert complaint(folder, record).endswith(
            f":1: expected a string or a whole number in document, found {json.dumps(wrong)}"
        )


def test_crlf_and_a_byte_order_mark(folder):
    (folder / "x.jsonl").write_bytes(b'\xef\xbb\xbf{"tokens": ["a"]}\r\n\r\n{"tokens": ["b"]}')
    read_back = list(read_jsonl(str(folder / "x.jsonl"), ColumnFormat(tag=None)))
    assert [(sentence.tokens, sentence.line) for sentence in read_back] == [(("a",), 1), (("b",), 3)]


def test_line_separators_inside_of_strings(folder):
    (sentence,) = sentences(folder, '{"tokens": ["a\u2028b", "\u0085"], "tags": ["O", "O"]}'.encode())
    assert sentence.tokens == ("a\u2028b", "\u0085")


TEXT = "Mr. Smith's EU trip, 3.5 days"
SPANS = [(0, 9, "PER"), (12, 14, "ORG")]
TOOLS = {
    "doccano": {"id": 1, "text": TEXT, "label": [list(span) for span in SPANS]},
    "doccano, older": {"text": TEXT, "labels": [list(span) for span in SPANS], "meta": {}},
    "doccano, relations": {
        "text": TEXT,
        "entities": [{"id": 1, "label": kind, "start_offset": a, "end_offset": b} for a, b, kind in SPANS],
        "relations": [],
    },
    "prodigy": {
        "text": TEXT,
        "spans": [{"start": a, "end": b, "label": kind, "token_start": 0} for a, b, kind in SPANS],
        "answer": "accept",
    },
    "label studio": {
        "text": TEXT,
        "label": [{"start": a, "end": b, "text": TEXT[a:b], "labels": [kind]} for a, b, kind in SPANS],
    },
    "unsorted": {"text": TEXT, "spans": [list(span) for span in reversed(SPANS)]},
    "entities with types": {"text": TEXT, "entities": [{"start": a, "end": b, "type": kind} for a, b, kind in SPANS]},
    "with nulls": {"text": TEXT, "tokens": None, "tags": None, "spans": [list(span) for span in SPANS]},
}


@pytest.mark.parametrize("tool", TOOLS)
def test_spans_as_annotation_tools_write_them(folder, tool):
    (sentence,) = sentences(folder, TOOLS[tool])
    assert sentence.tokens == ("Mr.", "Smith", "'s", "EU", "trip", ",", "3.5", "days")
    assert sentence.tags == ("B-PER", "I-PER", "O", "B-ORG", "O", "O", "O", "O")
    assert sentence.text == TEXT
    assert [TEXT[a:b] for a, b in sentence.offsets] == list(sentence.tokens)


def test_spans_over_tokens_of_the_record(folder):
    tokens = [{"text": "ab", "start": 0, "end": 2, "id": 0}, {"text": "c", "start": 2, "end": 3, "id": 1}]
    (prodigy,) = sentences(folder, {"text": "abc", "tokens": tokens, "spans": [{"start": 2, "end": 3, "label": "X"}]})
    assert (prodigy.tokens, prodigy.tags, prodigy.offsets) == (("ab", "c"), ("O", "B-X"), ((0, 2), (2, 3)))
    (strings,) = sentences(folder, {"text": "abc", "tokens": ["ab", "c"], "entities": [[0, 3, "X"]]})
    assert strings.tags == ("B-X", "I-X")


@pytest.mark.parametrize("scheme", tags.SCHEMES)
def test_spans_become_tags_of_any_scheme(folder, scheme):
    (sentence,) = sentences(folder, TOOLS["doccano"], spans_as=scheme)
    assert tags.violations(sentence.tags, scheme) == []
    assert tags.spans(sentence.tags, scheme) == [("PER", 0, 2), ("ORG", 3, 4)]


def test_chinese_spans_fall_on_characters(folder):
    (sentence,) = sentences(folder, {"text": "他在北京大学。", "label": [[2, 6, "ORG"]]})
    assert sentence.tags == ("O", "O", "B-ORG", "I-ORG", "I-ORG", "I-ORG", "O")


def test_text_is_cut_as_asked(folder):
    assert sentences(folder, {"text": "ab c"}, tag=None, cut=CHARACTERS)[0].tokens == ("a", "b", "c")
    assert sentences(folder, {"text": "ab c"}, tag=None)[0].tokens == ("ab", "c")


def test_keys_are_chosen_by_name(folder):
    record = {"words": ["a"], "tokens": ["b"], "ner": ["O"], "tags": ["B-X"]}
    (sentence,) = sentences(folder, record, token="words", tag="ner")
    assert (sentence.tokens, sentence.tags) == (("a",), ("O",))
    (spans,) = sentences(
        folder, {"text": "a b", "annotation": []}, {"text": "a", "annotation": [[0, 1, "X"]]}, tag="annotation"
    )[1:]
    assert spans.tags == ("B-X",)
    (labels,) = sentences(folder, {"text": "a b", "tokens": ["a", "b"], "labels": ["O", "B-X"]}, tag="labels")
    assert labels.tags == ("O", "B-X")


def test_text_stays_where_the_tokens_spell_it(folder):
    kept, left = sentences(
        folder, {"text": " a  b!", "tokens": ["a", "b", "!"]}, {"text": "“a”", "tokens": ["``", "a", "''"]}, tag=None
    )
    assert (kept.text, kept.offsets) == (" a  b!", ((1, 2), (4, 5), (5, 6)))
    assert (left.tokens, left.text, left.offsets) == (("``", "a", "''"), None, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            b"{'tokens'}",
            "Expecting property name enclosed in double quotes at character 2 of \"{'tokens'}\"",
        ),
        (
            b'{"tokens": ["a"',
            "expected a JSON object, found Expecting ',' delimiter at character 16 of '{\"tokens\": [\"a\"'",
        ),
        (b"[" * 100_000, "expected a JSON object, found one that can't be read: maximum recursion depth exceeded"),
        (b"1" * 5000, "expected a JSON object, found one that can't be read: Exceeds the limit"),
        (
            b'{"tokens": ["\\uDC00"], "tags": ["O"]}',
            "expected Unicode text, found half a surrogate pair, '\\udc00'",
        ),
        (b'{"tokens": ["\xff"]}', "expected utf-8 text, found byte 0xff in"),
    ],
)
def test_malformed_lines_are_named(folder, line, message):
    text = complaint(folder, b"", line)
    assert text.startswith("/x.jsonl:2: ")
    assert message in text
    assert "\n" not in text


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("text", [json.dumps, lambda records: "\n " + json.dumps(records, indent=1)])
def test_an_array_in_a_json_file(folder, text, packed):
    records = [
        {"tokens": ["a", "b"], "tags": ["O", "B-X"]},
        {"text": "c d.", "spans": [[0, 3, "Y"]]},
        {"text": "e", "spans": []},
    ]
    path = folder / ("x.json.gz" if packed else "x.json")
    path.write_bytes(gzip.compress(text(records).encode()) if packed else text(records).encode())
    read_back = read(str(path), ColumnFormat()).sentences
    assert [(sentence.line, sentence.tokens, sentence.tags) for sentence in read_back] == [
        (1, ("a", "b"), ("O", "B-X")),
        (2, ("c", "d", "."), ("B-Y", "I-Y", "O")),
        (3, ("e",), ("O",)),
    ]


def test_lines_in_a_json_file(folder):
    (folder / "x.json").write_text('\n{"tokens": ["a"]}\n\n{"tokens": ["b"]}\n[]\n')
    complaints: list[DataError] = []
    got = list(read_jsonl(str(folder / "x.json"), ColumnFormat(tag=None), complaints.append))
    assert [(sentence.line, sentence.tokens) for sentence in got] == [(2, ("a",)), (4, ("b",))]
    assert [str(error).removeprefix(str(folder)) for error in complaints] == [
        "/x.json:5: expected a JSON object, found []"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"tokens": ["a"]},\n{"tokens": "b"}]', ':2: expected a list of tokens in tokens, found "b"'),
        ("[1]", ":1: expected a JSON object, found 1"),
        ("[\n{},\n{]\n]", ":3: expected a JSON object, found Expecting property name enclosed in double quotes at"),
        ("[", ":1: expected a JSON object, found Expecting value at character 2 of '['"),
        ("[]", ": expected at least one sentence, found none"),
        ("null", ":1: expected a JSON object, found null"),
        ("[" * 100_000, ":1: expected a JSON object, found one that can't be read: maximum recursion depth exceeded"),
        ('["\\ud800"]', ":1: expected Unicode text, found half a surrogate pair"),
    ],
)
def test_malformed_arrays_are_named(folder, content, message):
    (folder / "x.json").write_text(content)
    with pytest.raises(DataError) as error:
        read(str(folder / "x.json"), ColumnFormat(tag=None))
    assert str(error.value).removeprefix(str(folder)).startswith(f"/x.json{message}")


def test_records_before_a_bad_line_are_yielded(folder):
    path = folder / "x.jsonl"
    path.write_text('{"tokens": ["a"]}\n{\n{"tokens": ["b"]}\n[]\n')
    stream, got = read_jsonl(str(path), ColumnFormat(tag=None)), []
    with pytest.raises(DataError, match=r"x\.jsonl:2: "):
        got.extend(stream)
    assert [sentence.tokens for sentence in got] == [("a",)]
    complaints: list[DataError] = []
    assert [sentence.tokens for sentence in read_jsonl(str(path), ColumnFormat(tag=None), complaints.append)] == [
        ("a",),
        ("b",),
    ]
    assert [error.line for error in complaints] == [2, 4]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text(max_size=5) | st.sampled_from(["a b.", "X", "B-X", "O"]),
    lambda values: (
        st.lists(values, max_size=4)
        | st.dictionaries(
            st.sampled_from(["tokens", "tags", "ner_tags", "text", "spans", "label", "labels", "start", "end"]), values
        )
    ),
    max_leaves=12,
)
SETTINGS = st.builds(
    ColumnFormat,
    token=st.sampled_from([0, "text"]),
    tag=st.sampled_from([-1, "tags", "label", None]),
    cut=st.sampled_from([WORDS, CHARACTERS]),
)


@pytest.mark.slow
@given(st.lists(st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode()), max_size=3), SETTINGS)
def test_any_bytes_give_sentences_or_a_data_error(folder, lines, settings):
    path = folder / "x.jsonl"
    path.write_bytes(b"\n".join(lines))
    try:
        corpus = read(str(path), settings)
    except DataError:
        return
    for sentence in corpus.sentences:
        assert sentence.tokens
        assert (sentence.tags is None) == (settings.tag is None)
        assert sentence.tags is None or len(sentence.tags) == len(sentence.tokens)
        assert (sentence.text is None) == (sentence.offsets is None)
        assert sentence.offsets is None or tuple(sentence.text[a:b] for a, b in sentence.offsets) == sentence.tokens


WORD = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=4)


@given(st.lists(st.tuples(WORD, st.sampled_from(["O", "B-X", "I-X", "B-Job title"])), min_size=1), st.data())
def test_written_records_are_read_again(folder, pairs, data):
    """Any tokens at all, a text with any blanks, and spans that win over nothing: tags of tokens come first."""
    tokens, tagged = tuple(token for token, _ in pairs), tuple(tag for _, tag in pairs)
    blanks = data.draw(st.lists(st.sampled_from(["", " ", "\n ", "\u3000"]), min_size=len(pairs), max_size=len(pairs)))
    text = "".join(token + blank for token, blank in zip(tokens, blanks, strict=True))
    entity = Entity(tokens[0], "X", 0, len(tokens[0]), 0, 1, None)
    line = writer("jsonl")(1, TaggedSentence(Sentence(tokens, None, 1), text, tagged, (entity,)))
    (folder / "x.jsonl").write_bytes(line.encode())
    (sentence,) = read(str(folder / "x.jsonl"), ColumnFormat()).sentences
    assert (sentence.tokens, sentence.tags) == (tokens, tagged)
    if sentence.offsets is not None:
        assert [sentence.text[a:b] for a, b in sentence.offsets] == list(tokens)


def test_sentences_of_an_earlier_prediction_are_not_kept():
    parts = [{"start": 0, "end": 2, "first": 0, "last": 1}]
    assert others_of({"id": 1, "text": "EU", "sentences": parts}) == {"id": 1}
    assert others_of({"text": "EU", "sentences": ["EU"]}) == {"sentences": ["EU"]}
