"""Standoff folders of brat: documents, sentences, offsets and what does not fit."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.formats.brat import ONE_CHARACTER, PARTED, UNANNOTATED
from bilstm_nlp.data.text.formats.corpus import input_format, read, sentences_of
from bilstm_nlp.data.text.formats.spans import DROPPED, SHIFTED, SNAPPED, TRIMMED
from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError

TEXT = "Ann Lee is here.\n\nShe joins the Bank of\nEngland now.\nEU\n"
ANN = """\
T1\tPER 0 7\tAnn Lee
T2\tORG 32 39;40 47\tBank of England
R1\tWorks Arg1:T1 Arg2:T2
T3\tORG 53 55\tEU
#1\tAnnotatorNotes T3\tsure
"""


def folder(tmp_path, **files: str):
    """Write files, `__` standing for the point before the ending."""
    for name, content in files.items():
        path = tmp_path / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode())
    return tmp_path


def corpus(path, **settings):
    remarks: list[Remark] = []
    sentences = read(str(path), ColumnFormat(**settings), note=remarks.append).sentences
    return sentences, [(remark.source.removeprefix(f"{path}/"), remark.line, remark.kind) for remark in remarks]


def test_lines_are_sentences_that_spans_may_join(tmp_path):
    sentences, remarks = corpus(folder(tmp_path, a__txt=TEXT, a__ann=ANN))
    assert [(s.line, s.tokens, s.tags) for s in sentences] == [
        (1, ("Ann", "Lee", "is", "here", "."), ("B-PER", "I-PER", "O", "O", "O")),
        (
            3,
            ("She", "joins", "the", "Bank", "of", "England", "now", "."),
            ("O", "O", "O", "B-ORG", "I-ORG", "I-ORG", "O", "O"),
        ),
        (5, ("EU",), ("B-ORG",)),
    ]
    assert all(s.tokens == tuple(s.text[a:b] for a, b in s.offsets) for s in sentences)
    assert {sentence.source for sentence in sentences} == {str(tmp_path / "a.txt")}
    assert remarks == []


def test_texts_are_documents_in_the_order_of_their_names(tmp_path):
    files = {"b__txt": "EU", "b__ann": "T1\tORG 0 2\tEU\n", "sub___c__txt": "no", "sub___c__ann": "", "a__txt": "x"}
    sentences, remarks = corpus(folder(tmp_path, **files))
    assert [(s.tokens, s.tags, s.document) for s in sentences] == [(("EU",), ("B-ORG",), 2), (("no",), ("O",), 3)]
    assert remarks == [(str(tmp_path), None, UNANNOTATED)]
    assert input_format(str(tmp_path), ColumnFormat()) == "brat"
    streamed = sentences_of(str(tmp_path), "auto", ColumnFormat(tag=None))
    assert [sentence.tokens for sentence in streamed] == [("x",), ("EU",), ("no",)]


def test_offsets_count_both_characters_of_a_line_end(tmp_path):
    text = TEXT.replace("\n", "\r\n")
    ann = "T1\tPER 0 7\tAnn Lee\nT3\tORG 57 59\tEU\n"
    sentences, remarks = corpus(folder(tmp_path, a__txt=text, a__ann=ann))
    assert (sentences[-1].tokens, sentences[-1].tags, sentences[-1].line) == (("EU",), ("B-ORG",), 5)
    assert remarks == []


@pytest.mark.parametrize(
    ("ann", "settings", "remark"),
    [
        ("T1\tPER 0 8\tAnn Lee \n", {}, TRIMMED),
        ("T1\tPER 0 6\tAnn Le\n", {"on_misaligned": "snap"}, SNAPPED),
        ("T1\tPER 0 6\tAnn Lee\n", {}, f"{SHIFTED}: inclusive ends"),
        ("\nT1\tPER 0 3;11 15\tAnn here\n", {"on_misaligned": "drop"}, DROPPED),
        ("\nT1\tPER 0 3;5 7\tAnn ee\n", {"on_misaligned": "snap"}, PARTED),
    ],
)
def test_changes_are_noted_with_their_annotation(tmp_path, ann, settings, remark):
    sentences, remarks = corpus(folder(tmp_path, a__txt=TEXT, a__ann=ann), **settings)
    assert remarks[0] == ("a.ann", ann.count("\n"), remark)
    expected = ("O", "O") if remark == DROPPED else ("B-PER", "I-PER")
    assert sentences[0].tags[:2] == expected


@pytest.mark.parametrize(
    ("ann", "message"),
    [
        ("\nT1\tPER 0 3;11 15\tAnn here", "a.ann:2: expected spans of one part, or data.on_misaligned = "),
        ("T1\tPER 0 6\tAnn Le", "a.ann:1: expected spans that begin and end with tokens"),
        ("T1\tPER 0 3\tBob", "a.ann:1: expected 'Bob', the span's own text, at PER from 0 to 3, found 'Ann'"),
        ("T1\tPER 0 999\tAnn", "a.ann:1: expected 'Ann', the span's own text"),
        ("T1 PER 0 3 Ann", "a.ann:1: expected T1, a tab, and a type with two offsets, found "),
        ("T1\tPER 0 3\tAnn\nT2\tX 0 7\tAnn Lee", "a.ann:2: expected spans that do not overlap"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(tmp_path, ann, message):
    with pytest.raises(DataError) as error:
        corpus(folder(tmp_path, a__txt=TEXT, a__ann=ann))
    assert str(error.value).removeprefix(f"{tmp_path}/").startswith(message)


def test_text_in_another_encoding_is_refused(tmp_path):
    path = folder(tmp_path, a__ann="")
    (path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match=r"a\.txt: expected utf-8 text"):
        corpus(path)
    assert corpus(path, encoding="latin-1")[0][0].tokens == ("café",)


CRLF = TEXT.replace("\n", "\r\n")


def test_offsets_may_count_line_ends_of_two_characters(tmp_path):
    places = "T1\tPER 0 7\tAnn Lee\nT2\tORG 34 41;43 50\tBank of England\nT3\tORG 57 59\tEU\n"
    sentences, remarks = corpus(folder(tmp_path, a__txt=CRLF, a__ann=places))
    entities = [[token for token, tag in zip(s.tokens, s.tags, strict=True) if tag != "O"] for s in sentences]
    assert entities == [["Ann", "Lee"], ["Bank", "of", "England"], ["EU"]]
    assert remarks == []


@pytest.mark.parametrize("own", [True, False])
def test_offsets_may_count_line_ends_of_two_characters_as_one(tmp_path, own):
    # Without its text, the last annotation counts as those with one do.
    annotations = ANN if own else ANN.replace("53 55\tEU", "53 55")
    sentences, remarks = corpus(folder(tmp_path, a__txt=CRLF, a__ann=annotations))
    entities = [[token for token, tag in zip(s.tokens, s.tags, strict=True) if tag != "O"] for s in sentences]
    assert entities == [["Ann", "Lee"], ["Bank", "of", "England"], ["EU"]]
    assert [sentence.line for sentence in sentences] == [1, 3, 5]
    assert remarks == [("a.ann", None, ONE_CHARACTER)]


def test_offsets_that_fit_neither_way_are_named(tmp_path):
    wrong = ANN.replace("53 55\tEU", "50 52\tEU")
    with pytest.raises(DataError, match=r"a\.ann:4: expected 'EU', the span's own text, at ORG from 5\d to 5\d"):
        corpus(folder(tmp_path, a__txt=CRLF, a__ann=wrong))
