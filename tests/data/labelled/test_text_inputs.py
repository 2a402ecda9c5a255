from __future__ import annotations

import io

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_inputs import texts_to_classify
from bilstm_nlp.errors import DataError

KNOWN = frozenset(("pos", "neg"))


@pytest.fixture(params=["file", "stdin"])
def texts_of(request, tmp_path, monkeypatch):
    """Return a function (content, name, …) → (line, text) of each text, from a file and from standard input."""

    def read(content, name="a.txt", reads="auto", **settings):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        if request.param == "stdin":
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        source = "-" if request.param == "stdin" else str(path)
        format = TextFormat(classes=KNOWN, **settings)
        return [(text.line, text.text) for text in texts_to_classify(source, format, reads=reads)]

    return read


def test_each_line_of_plain_text_is_a_text(texts_of):
    assert texts_of("a good film, really\n\nbad, too\n") == [(1, "a good film, really"), (2, ""), (3, "bad, too")]


def test_line_that_begins_with_a_class_is_whole(texts_of):
    assert texts_of("pos is a word, yes\nneg is, too\n") == [(1, "pos is a word, yes"), (2, "neg is, too")]


@pytest.mark.parametrize("line", ['review, 5"', "title,", ",", "text, label", "the review, at last"])
def test_line_with_the_name_of_a_column_is_a_text(texts_of, line):
    assert texts_of(f"{line}\n\nwell, well, well\n") == [(1, line), (2, ""), (3, "well, well, well")]


def test_json_lines_need_no_class(texts_of):
    assert texts_of('{"text": "good", "id": 1}\n\n{"text": ""}\n', "a.jsonl") == [(1, "good"), (3, "")]


def test_array_of_json_is_read(texts_of):
    assert texts_of('[{"text": "good"},\n{"text": "bad"}]\n', "a.json") == [(1, "good"), (2, "bad")]


def test_table_with_a_header_needs_no_class(texts_of):
    assert texts_of('id,text\n1,"good, film"\n2,\n', "a.csv") == [(2, "good, film"), (3, "")]


def test_set_columns_are_read_and_the_class_may_be_missing(texts_of):
    settings = {"text": "what", "label": "kind"}
    assert texts_of("id,what\n1,good\n", "a.csv", **settings) == [(2, "good")]
    assert texts_of("good film, yes\nbad, no\n", **settings) == [(1, "good film, yes"), (2, "bad, no")]


def test_classes_of_fasttext_are_no_text(texts_of):
    assert texts_of("__label__pos good\n__label__neg bad\n") == [(1, "good"), (2, "bad")]


@pytest.mark.parametrize(("reads", "tokens"), [("text", ("do", "n't", "{", "}")), ("tokens", ("don't", "{}"))])
def test_input_can_be_said_to_be_text(tmp_path, reads, tokens):
    path = tmp_path / "a.jsonl"
    path.write_text("don't {}\n")
    assert [text.tokens for text in texts_to_classify(str(path), TextFormat(), reads=reads)] == [tokens]


@pytest.mark.parametrize("separator", [" ", "\t", ","])
def test_known_classes_are_no_part_of_the_text_and_said(tmp_path, separator):
    path = tmp_path / "a.txt"
    labels = ["pos", "neg", "pos", "neg", "pos"]
    path.write_text("".join(f"{label}{separator}text {number}\n" for number, label in enumerate(labels)))
    remarks = []
    texts = list(texts_to_classify(str(path), TextFormat(classes=KNOWN), remarks.append))
    assert [(text.text, *text.classes) for text in texts] == [(f"text {n}", label) for n, label in enumerate(labels)]
    assert "known classes, which are not part of the text" in remarks[0].message


def test_line_without_a_known_class_is_whole_among_lines_with_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("pos good\nneg bad\n" * 6 + "quite nice\nnice\n")
    texts = list(texts_to_classify(str(path), TextFormat(classes=KNOWN)))
    assert [(text.text, text.classes) for text in texts[-3:]] == [
        ("bad", ("neg",)),
        ("quite nice", None),
        ("nice", None),
    ]


def test_known_classes_may_be_numbers_with_names(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1 good\n0 bad\n1 fine\n0 poor\n1 nice\n")
    texts = texts_to_classify(str(path), TextFormat(classes=KNOWN, label_names=("neg", "pos")))
    assert [(text.text, *text.classes) for text in texts][:2] == [("good", "pos"), ("bad", "neg")]


def test_class_without_a_name_is_unknown(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x", "label": -1}\n{"text": "y", "label": 1}\n')
    texts = texts_to_classify(str(path), TextFormat(label_names=("neg", "pos")))
    assert [text.classes for text in texts] == [None, ("pos",)]


def test_single_column_of_a_table_is_the_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text\n"good, film"\nbad\n')
    texts = list(texts_to_classify(str(path), TextFormat(classes=KNOWN)))
    assert [(text.line, text.text) for text in texts] == [(2, "good, film"), (3, "bad")]


def test_columns_of_taggers_are_refused():
    with pytest.raises(DataError, match="--input conll, a format of taggers"):
        list(texts_to_classify("-", TextFormat(), reads="conll"))


def test_lines_of_a_stream_are_read_one_by_one(monkeypatch):
    class Stream(io.RawIOBase):
        lines = (b"good film\n", b"bad film\n", b"never read\n")
        asked = 0

        def readline(self, limit=-1):
            self.asked += 1
            return self.lines[self.asked - 1]

    stream = Stream()
    monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": stream}))
    texts = texts_to_classify("-", TextFormat(classes=KNOWN))
    assert next(texts).text == "good film"
    assert stream.asked == 1
