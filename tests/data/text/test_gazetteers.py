"""Gazetteers: files of phrases, and the longest matches in sentences."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from bilstm_nlp.data.text.gazetteers import Gazetteers
from bilstm_nlp.data.text.tokenizer import CHARACTERS, WORDS
from bilstm_nlp.errors import DataError


def read(tmp_path, text: str, cut=WORDS, folds_case=False) -> Gazetteers:
    (tmp_path / "city.txt").write_text(text, encoding="utf-8")
    return Gazetteers.read({"city": str(tmp_path / "city.txt")}, cut, folds_case=folds_case)


def matched(gazetteers: Gazetteers, *sentences: str) -> list[str]:
    """Return the matches as text, of sentences cut at blanks."""
    tokens = [token for sentence in sentences for token in sentence.split()]
    forms = sorted(set(tokens))
    numbers = np.array([forms.index(token) for token in tokens], np.int64)
    lengths = np.array([len(sentence.split()) for sentence in sentences], np.int64)
    return [" ".join(tokens[match.start : match.end]) for match in gazetteers.matches(forms, numbers, lengths)]


@pytest.mark.parametrize(
    ("text", "sentence", "expected"),
    [
        ("New York\nYork\n", "New York and York", ["New York", "York"]),
        ("New York\nNew York City\n", "New York City , New York", ["New York City", "New York"]),
        ("New York\nYork City Hall\n", "New York City Hall", ["New York"]),
        ("a b\n", "a b b a b", ["a b", "a b"]),
        ("a a\n", "a a a", ["a a"]),
        ("St. John's\n", "in St. John 's .", ["St. John 's"]),
        ("St. John's\n", "in St. John's .", ["St. John's"]),
        ("  New \t York  \r\n\n\nRome", "New York Rome", ["New York", "Rome"]),
        ("\ufeffRome\n", "Rome", ["Rome"]),
        ("rome\n", "Rome ROME rome", ["rome"]),
        ("# Rome\n", "Rome # Rome", ["# Rome"]),
        ("Zürich\n", "Zürich Zu\u0308rich", ["Zürich"]),
    ],
)
def test_the_longest_matches_from_the_left_are_found(tmp_path, text, sentence, expected):
    assert matched(read(tmp_path, text), sentence) == expected


@pytest.mark.parametrize(("word", "same"), [("ROME", True), ("rOmE", True), ("Rom", False), ("Romé", False)])
def test_folded_case_is_no_difference(tmp_path, word, same):
    assert matched(read(tmp_path, "Rome\n", folds_case=True), word) == ([word] if same else [])
    assert matched(read(tmp_path, "Straße\n", folds_case=True), "STRASSE") == ["STRASSE"]


def test_no_match_crosses_sentences(tmp_path):
    assert matched(read(tmp_path, "New York\n"), "in New", "York is", "New York") == ["New York"]


def test_phrases_are_cut_into_characters_like_text(tmp_path):
    assert matched(read(tmp_path, "北京\n", CHARACTERS), "在 北 京 北") == ["北 京"]


def test_roles_are_those_of_each_gazetteer():
    gazetteers = Gazetteers({"city": (("a", "b", "c"), ("d",)), "river": (("c", "d"),)})
    roles = gazetteers.roles(["a", "b", "c", "d"], np.array([0, 1, 2, 3]), np.array([4]))
    begin, inside, end, single = range(4)
    expected = np.zeros((4, 8))
    expected[[0, 1, 2, 3], [begin, inside, end, single]] = 1
    expected[[2, 3], [4 + begin, 4 + end]] = 1
    assert roles.tolist() == expected.tolist()


def test_phrases_and_doubles_are_counted(tmp_path, caplog):
    caplog.set_level("INFO", "bilstm_nlp")
    with gzip.open(tmp_path / "x.txt.gz", "wt") as stream:
        stream.write("Rome\nNew York\nRome\nNew  York\n")
    Gazetteers.read({"city": str(tmp_path / "x.txt.gz")}, WORDS, folds_case=False)
    assert "gazetteer city: 2 phrases, 2 doubles" in caplog.text


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_file_without_phrases_is_refused(tmp_path, content):
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(
        DataError, match=r"x\.txt: expected a phrase a line, for embeddings\.gazetteers\.city, found none"
    ):
        Gazetteers.read({"city": str(tmp_path / "x.txt")}, WORDS, folds_case=False)


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path):
    (tmp_path / "x.txt").write_bytes("Rome\nZürich\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"x\.txt:2: expected utf-8 text"):
        Gazetteers.read({"city": str(tmp_path / "x.txt")}, WORDS, folds_case=False)
