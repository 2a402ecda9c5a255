"""Folders of brat: every annotation covers its text, and no file is overwritten."""

from __future__ import annotations

import json
import re

import pytest

from bilstm_nlp.data.text import brat_folder
from bilstm_nlp.data.text.annotation_output import as_brat
from bilstm_nlp.data.text.formats.corpus import read
from bilstm_nlp.data.text.output import Entity, TaggedSentence
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import InputError


def line(number: int, text: str, spans=(), document: int = 0, key=None, score=None) -> bytes:
    entities = tuple(
        Entity(part, kind, (start := text.index(part)), start + len(part), 0, 1, score) for part, kind in spans
    )
    others = {} if key is None else {"id": key}
    sentence = Sentence((), None, number, document=document, others=others)
    return as_brat(number, TaggedSentence(sentence, text, (), entities)).encode()


def written(folder, source: str, reads: str, *lines: bytes) -> dict[str, str]:
    """Write lines as files, and return their names and contents. Two lines are one piece of output."""
    header = brat_folder.header(source, reads, ["LOC", "ORG"]).encode()
    pieces = [header, b"".join(lines[:2]), *lines[2:]]
    assert list(brat_folder.write(pieces, folder)) == list(range(1, len(lines) + 1))
    return {path.name: path.read_bytes().decode() for path in sorted(folder.iterdir())}


def covered(text: str, annotations: str) -> list[tuple[str, str]]:
    """Return (type, text) of each annotation, and check the text that the file gives beside it."""
    entities = []
    for kind, places, spelling in re.findall(r"^T\d+\t(\S+) ([\d ;]+)\t(.*)$", annotations, re.MULTILINE):
        parts = [text[slice(*map(int, place.split()))] for place in places.split(";")]
        assert " ".join(parts) == spelling
        entities.append((kind, spelling))
    return entities


def test_text_is_one_document_with_its_blank_lines(tmp_path):
    lines = [line(1, "😀 EU says"), line(2, ""), line(3, "no to New York", [("New York", "LOC")])]
    lines[0] = line(1, "😀 EU says", [("EU", "ORG")])
    files = written(tmp_path, "a/news.v1.txt.gz", "text", *lines)
    assert list(files) == ["annotation.conf", "news.v1.ann", "news.v1.txt"]
    assert files["news.v1.txt"] == "😀 EU says\n\nno to New York\n"
    assert covered(files["news.v1.txt"], files["news.v1.ann"]) == [("ORG", "EU"), ("LOC", "New York")]
    assert files["annotation.conf"].startswith("[entities]\nLOC\nORG\n\n[relations]\n")


def test_an_entity_over_several_lines_is_in_fragments(tmp_path):
    files = written(tmp_path, "x.jsonl", "jsonl", line(1, "to New\r\nYork now", [("New\r\nYork", "LOC")]))
    assert files["x-0001.ann"] == "T1\tLOC 3 6;8 12\tNew York\n"
    assert files["x-0001.txt"] == "to New\r\nYork now\n"


def test_documents_are_those_of_the_input(tmp_path):
    files = written(
        tmp_path / "conll", "x.conll", "conll", line(1, "a", document=1), line(2, "b", document=1), line(3, "c", (), 2)
    )
    assert {name: text for name, text in files.items() if name.endswith(".txt")} == {
        "x-0001.txt": "a\nb\n",
        "x-0002.txt": "c\n",
    }
    files = written(
        tmp_path / "jsonl",
        "x.jsonl",
        "jsonl",
        *(line(n, "a", key=key) for n, key in enumerate(["k/1", 7, 7, None, "."])),
    )
    assert [name for name in files if name.endswith(".txt")] == [
        *("7-0003.txt", "7.txt", "k_1.txt", "x-0003.txt", "x-0004.txt")
    ]


def test_probabilities_are_notes(tmp_path):
    files = written(tmp_path, "-", "text", line(1, "EU", [("EU", "ORG")], score=0.98765))
    assert files["document.ann"] == "T1\tORG 0 2\tEU\n#1\tAnnotatorNotes T1\t0.9877\n"


def test_files_that_are_there_are_kept(tmp_path):
    (tmp_path / "x.ann").write_text("by hand")
    (tmp_path / "annotation.conf").write_text("mine")
    with pytest.raises(InputError, match=r"x\.ann: expected no file, which is not overwritten, found one"):
        written(tmp_path, "x.txt", "text", line(1, "a"))
    assert (tmp_path / "x.ann").read_text() == "by hand"
    assert (tmp_path / "annotation.conf").read_text() == "mine"


def test_types_that_brat_can_not_read_are_refused(tmp_path):
    header = json.dumps(["x", "text", ["work of art"]]).encode()
    with pytest.raises(InputError, match="expected types without blanks and marks, found 'work of art'"):
        list(brat_folder.write([header], tmp_path))


def test_what_is_written_is_read_as_it_was(tmp_path):
    lines = [line(1, "😀 EU says", [("EU", "ORG")]), line(2, ""), line(3, "no to New York", [("New York", "LOC")])]
    written(tmp_path / "news", "news.txt", "text", *lines)
    corpus = read(str(tmp_path / "news"), ColumnFormat())
    tags = {
        token: tag for sentence in corpus.sentences for token, tag in zip(sentence.tokens, sentence.tags, strict=True)
    }
    assert tags == {
        **{"😀": "O", "EU": "B-ORG", "says": "O", "no": "O", "to": "O"},
        **{"New": "B-LOC", "York": "I-LOC"},
    }
