from __future__ import annotations

import gzip
from collections import Counter

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_files import NoTexts, read_all_texts, read_texts
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.errors import DataError
from tests.data.labelled.reading import error_of, errors_of, pairs_of, texts_of

FILMS = [("pos", "a good film"), ("neg", "bad , very bad"), ("pos", "fine"), ("neg", "poor show .")]


@pytest.mark.parametrize("separator", [" ", "\t", ",", ", ", ";", "|||", " ||| ", "|", ": "])
def test_class_before_text_is_read_with_any_separator(tmp_path, separator):
    content = "".join(f"{label}{separator}{text}\n" for label, text in FILMS)
    assert pairs_of(tmp_path / "a.txt", content) == FILMS


@pytest.mark.parametrize("separator", [" ", "\t", ",", ";", " ||| ", "|"])
def test_class_after_text_is_read_with_any_separator(tmp_path, separator):
    content = "".join(f"{text}{separator}{label}\r\n" for label, text in FILMS)
    assert pairs_of(tmp_path / "a.txt", content) == FILMS


def test_missing_class_is_an_error_with_line(tmp_path):
    content = "pos\tgood\nneg\tbad\n\tfine\npos\tgood\nneg\tpoor\n"
    assert error_of(tmp_path / "a.tsv", content) == "a.tsv:3: expected a class, found none: 'fine'"


def test_empty_text_is_an_error_with_line_and_setting(tmp_path):
    content = "pos\tgood\nneg\tbad\npos\t \npos\tgood\nneg\tpoor\n"
    expected = 'a.tsv:3: expected a text, or data.on_empty = "skip" to leave it out, found none for class pos'
    assert error_of(tmp_path / "a.tsv", content) == expected


def test_skipped_texts_are_noted_with_line(tmp_path):
    remarks = []
    content = "pos\tgood\nneg\tbad\npos\t \npos\tgood\nneg\tpoor\n"
    texts = texts_of(tmp_path / "a.tsv", content, remarks, on_empty="skip")
    assert [text.line for text in texts] == [1, 2, 4, 5]
    assert [(remark.line, remark.kind) for remark in remarks] == [(3, "empty texts, skipped")]


def test_reading_goes_on_after_a_malformed_row(tmp_path):
    content = "label,text\npos,good\nneg,bad,worse\n,fine\nneg,poor\n"
    assert errors_of(tmp_path / "a.csv", content) == [(3, "3: 'neg,bad,worse'"), (4, "none: 'fine'")]


def test_wrong_bytes_name_line_and_setting(tmp_path):
    path = tmp_path / "latin.txt"
    content = "0 good\n1 café au lait\n0 fine\n1 bad\n"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=r"latin.txt:2: expected utf-8 text.*data\.encoding"):
        list(read_texts(str(path), TextFormat()))
    assert pairs_of(path, content, encoding="latin-1")[1] == ("1", "café au lait")


def test_blank_lines_are_noted(tmp_path):
    remarks = []
    texts = texts_of(tmp_path / "a.txt", "__label__a x\n\n__label__b y\n", remarks)
    assert [text.line for text in texts] == [1, 3]
    assert [(remark.line, remark.kind) for remark in remarks] == [(2, "blank lines, skipped")]


def test_packed_file_is_read(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b'text,label\n"good, really",pos\nbad,neg\n'))
    texts = list(read_texts(str(path), TextFormat()))
    assert [(text.classes, text.text) for text in texts] == [(("pos",), "good, really"), (("neg",), "bad")]


def test_tokens_are_cut_by_the_format(tmp_path):
    content = "pos\tdon't go\nneg\tgo!\npos\tx\nneg\ty\n"
    by_rules = texts_of(tmp_path / "a.tsv", content)
    by_blanks = texts_of(tmp_path / "a.tsv", content, cut=Cut("blanks"))
    assert [text.tokens for text in by_rules[:2]] == [("do", "n't", "go"), ("go", "!")]
    assert [text.tokens for text in by_blanks[:2]] == [("don't", "go"), ("go!",)]


def test_source_without_texts_is_an_error(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\n")
    with pytest.raises(NoTexts, match="at least one text"):
        read_all_texts([str(path)], TextFormat())


def test_classes_of_one_file_tell_the_column_of_the_next(tmp_path):
    train, dev = tmp_path / "train.txt", tmp_path / "dev.txt"
    train.write_text("pos\tgood film\nneg\tbad film\npos\tfine one\nneg\tpoor one\n")
    dev.write_text("pos good\nneg bad\npos bad\nneg good\n")  # alone, either end could be the class
    corpus = read_all_texts([str(train), str(dev)], TextFormat())
    assert Counter(text.classes for text in corpus.texts) == {("pos",): 4, ("neg",): 4}
    assert [text.source for text in corpus.texts[::4]] == [str(train), str(dev)]
    with pytest.raises(DataError, match=r"data.label_column = 0 or -1"):
        read_all_texts([str(dev)], TextFormat())


def test_guesses_are_warned_of(tmp_path, caplog):
    path = tmp_path / "a.tsv"
    path.write_text("a good film\tpositive\nnot so bad\tnegative\n")
    assert [text.classes for text in read_all_texts([str(path)], TextFormat()).texts] == [("positive",), ("negative",)]
    assert "the class is in column 1; data.label_column names another" in caplog.text
