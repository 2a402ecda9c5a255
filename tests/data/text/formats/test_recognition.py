"""The format of an input: columns only if its lines look like columns, whatever the file is called."""

from __future__ import annotations

import gzip

import pytest

from bilstm_nlp.data.text.formats.jsonl import read_jsonl
from bilstm_nlp.data.text.formats.recognition import input_format
from bilstm_nlp.data.text.sentence import ColumnFormat

FORMAT = ColumnFormat(tag=None)
TAGGED = "EU B-ORG\nrejects O\n\nPeter B-PER\n"
UNTAGGED = "EU NNP\nrejects VBZ\nGerman JJ\n\nPeter NNP\nBlackburn NNP\ncame VBD\n"
PROSE = (
    "EU rejects German call to boycott British lamb.\nPeter Blackburn\n\nBRUSSELS 1996-08-22\nIt said so on Thursday.\n"
)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        # prose, whatever its ending
        *((name, PROSE, "text") for name in ("a.txt", "a.md", "a.log", "README", "a", "a.conll", "a.csv", "a.TXT")),
        ("a.md", "# Title\n\n- New York\n- Los Angeles\n", "text"),
        ("names", "Ann Lee\nBob Ray\nCy Young\n", "text"),
        ("a.log", "12:01 INFO start\n12:02 INFO ready\n12:03 WARN slow\n", "text"),
        ("haiku", "old pond\nfrog leaps\n\nwater sound\nold pond\n", "text"),
        ("words", "EU\nrejects\n\nPeter\n", "text"),
        ("empty", "", "text"),
        ("blank.txt", "\n\n", "text"),
        ("pairs.tsv", "1\tEU rejects German call\n2\tPeter Blackburn came\n3\tno one did so\n", "text"),
        # columns, whatever their ending
        *((name, TAGGED, "conll") for name in ("a.conll", "a.txt", "a", "a.data", "a.dev", "a.md")),
        *((name, UNTAGGED, "conll") for name in ("a.conll", "a", "a.data")),
        ("a", "Ann _ S-PER\nleft _ O\n", "conll"),
        ("a.txt", "-DOCSTART- -X- O O\n\nEU NNP\n", "conll"),
        ("a.tsv", "New York\tB-LOC\nrose\tO\n", "conll"),
        ("a.iob", "EU\nrejects\n\nPeter\n", "conll"),
        ("a.conll", "a O\nb\nc O\n", "conll"),
        ("a.conllu", "# text = EU says\n1\tEU\t_\n2\tsays\t_\n", "conll"),
        ("a", "the DT\ndog NN\nbarks VBZ\n", "conll"),
        # objects
        ("a.jsonl", "{", "jsonl"),
        ("a.json", "[", "jsonl"),
        ("a", '\n{"text": "EU"}\n', "jsonl"),
        ("a.txt", '{"text": "EU"}\n', "jsonl"),
        ("a.txt", "{EU} rejects\n", "text"),
    ],
)
def test_a_file_is_told_by_its_lines(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content)
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(content.encode()))
    for path in (tmp_path / name, packed):
        assert input_format(str(path), FORMAT, {"O", "DT", "NN", "VBZ"}) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        *(("-", "text"), ("none.txt", "text"), ("none", "text"), ("none.jsonl.gz", "jsonl"), ("none.conll", "conll")),
        *(("a.parquet", "dataset"), ("hf:a", "dataset"), ("sample:news.dev.conll", "conll"), ("sample:none", "text")),
    ],
)
def test_what_can_not_be_looked_at_is_told_by_its_name(source, expected):
    assert input_format(source, FORMAT) == expected


@pytest.mark.parametrize(("header", "expected"), [("form pos\n", "conll"), ("word pos\n", "text")])
def test_a_named_token_column_must_be_in_the_first_line(tmp_path, header, expected):
    (tmp_path / "a").write_text(header + TAGGED)
    assert input_format(str(tmp_path / "a"), ColumnFormat(token="form", tag=None)) == expected


def test_comment_lines_are_no_rows(tmp_path):
    (tmp_path / "a").write_text("% one of many\n" * 9 + TAGGED)
    assert input_format(str(tmp_path / "a"), ColumnFormat(comment="%", tag=None)) == "conll"
    assert input_format(str(tmp_path / "a"), FORMAT) == "text"


def test_a_long_file_is_told_by_its_first_lines(tmp_path):
    (tmp_path / "a").write_text(TAGGED * 5000 + "a line of prose\n" * 9)
    assert input_format(str(tmp_path / "a"), FORMAT) == "conll"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("token\tpos\ttag\nAnn\tNNP\tB-PER\nleft\tVBD\tO\n", "conll"),
        ("Word POS NER\nAnn NNP B-PER\nleft VBD O\nit PRP O\n", "conll"),
        ("The text has a label\nAnn left\n", "text"),
        ("token tag\n", "text"),
    ],
)
def test_a_header_of_columns_tells_columns(tmp_path, text, expected):
    (tmp_path / "a").write_text(text)
    assert input_format(str(tmp_path / "a"), FORMAT) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"text": "EU"}, {"text": "UN"}]', "jsonl"),
        ('[\n  {"text": "EU"},\n  {"text": "UN"}\n]\n', "jsonl"),
        ("[Applause]\nThanks\n", "text"),
        ("[\nThanks\n]\n", "text"),
        ("[{x}] is a set\n", "text"),
    ],
)
def test_an_array_of_objects_is_json_whatever_its_name(tmp_path, text, expected):
    (tmp_path / "a").write_text(text)
    assert input_format(str(tmp_path / "a"), FORMAT) == expected
    if expected == "jsonl":
        assert [s.tokens for s in read_jsonl(str(tmp_path / "a"), FORMAT)] == [("EU",), ("UN",)]
