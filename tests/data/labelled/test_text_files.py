from __future__ import annotations

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_files import NoTexts, read_all_texts, read_texts, texts_to_classify
from bilstm_nlp.errors import DataError


def pairs(tmp_path, content, name="texts.txt", encoding="utf-8", **settings):
    """Return (classes, text) of a file with this content."""
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    texts = read_texts(str(path), TextFormat(encoding=encoding, **settings))
    return [(*(text.classes or ()), text.text) for text in texts]


def error_of(tmp_path, content, name="texts.txt", **settings):
    with pytest.raises(DataError) as raised:
        pairs(tmp_path, content, name, **settings)
    return str(raised.value).removeprefix(str(tmp_path / name))


FILMS = [("pos", "a good film"), ("neg", "bad , very bad"), ("pos", "fine"), ("neg", "poor show .")]


@pytest.mark.parametrize("separator", [" ", "\t", ",", ", ", ";", "|||", " ||| ", "|", ": "])
def test_class_before_text_is_read_with_any_separator(tmp_path, separator):
    content = "".join(f"{label}{separator}{text}\n" for label, text in FILMS)
    assert pairs(tmp_path, content) == FILMS


@pytest.mark.parametrize("separator", [" ", "\t", ",", ";", " ||| ", "|"])
def test_class_after_text_is_read_with_any_separator(tmp_path, separator):
    content = "".join(f"{text}{separator}{label}\r\n" for label, text in FILMS)
    assert pairs(tmp_path, content) == FILMS


@pytest.mark.parametrize("columns", [("label", "text"), ("Review", "Sentiment"), ("v1", "v2")])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_header_names_columns(tmp_path, columns, separator):
    rows = ["1", "two words or three"], ["0", "and these are more"], ["1", "x y z"], ["0", "these are the last"]
    text_first = columns[0] == "Review"
    lines = [columns, *(row[::-1] if text_first else row for row in rows)]
    content = "".join(separator.join(line) + "\n" for line in lines)
    assert pairs(tmp_path, content, "reviews.csv") == [tuple(row) for row in rows]


def test_json_lines_are_read_with_usual_keys(tmp_path):
    content = '{"content": "good", "label": "pos", "id": 7}\n\n{"content": "bad", "label": 0}\n'
    assert pairs(tmp_path, content, "a.jsonl") == [("pos", "good"), ("0", "bad")]


def test_missing_class_and_empty_text_are_errors_with_line(tmp_path):
    assert error_of(tmp_path, "pos\tgood\nneg\tbad\n\tfine\npos\tgood\nneg\tpoor\n") == (
        ":3: expected a class, found none: 'fine'"
    )
    assert error_of(tmp_path, "pos\tgood\nneg\tbad\npos\t \npos\tgood\nneg\tpoor\n") == (
        ':3: expected a text, or data.on_empty = "skip" to leave it out, found none for class pos'
    )


def test_skipped_texts_are_noted_with_line(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("pos\tgood\nneg\tbad\npos\t \npos\tgood\nneg\tpoor\n")
    remarks = []
    texts = list(read_texts(str(path), TextFormat(on_empty="skip"), note=remarks.append))
    assert [text.line for text in texts] == [1, 2, 4, 5]
    assert [(remark.line, remark.kind) for remark in remarks] == [(3, "empty texts, skipped")]


def test_wrong_bytes_name_line_and_setting(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("0 good\n1 caf\xe9 au lait\n0 good\n1 bad\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin.txt:2: expected utf-8 text.*data\.encoding"):
        list(read_texts(str(path), TextFormat()))
    assert pairs(tmp_path, "0 good\n1 café\n0 fine\n1 bad\n", encoding="latin-1")[1] == ("1", "café")


def test_texts_without_class_are_classified(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a good film, really\n\nbad\n")
    texts = list(texts_to_classify(str(path), TextFormat(classes=frozenset(("pos", "neg")))))
    assert [(text.text, text.classes, text.line) for text in texts] == [
        ("a good film, really", None, 1),
        ("", None, 2),
        ("bad", None, 3),
    ]


def test_source_without_texts_is_an_error(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\n")
    with pytest.raises(NoTexts, match="at least one text"):
        read_all_texts([str(path)], TextFormat())
