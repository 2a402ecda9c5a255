"""docs/classification.md: its examples are read as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_files import read_texts

PAGE = (Path(__file__).parent.parent / "docs" / "classification.md").read_text(encoding="utf-8")


def example(heading: str) -> str:
    """Return the first block of code below a heading."""
    below = PAGE[PAGE.index(f"# {heading}\n") :]
    match = re.search(r"```json\n((?s:.*?))```|((?:^    [^\n]*\n)+)", below, re.MULTILINE)
    return match[1] or re.sub("^    ", "", match[2], flags=re.MULTILINE)


def read(path: Path, content: str) -> list[tuple]:
    path.write_text(content, encoding="utf-8")
    return [(text.text, text.classes) for text in read_texts(str(path), TextFormat())]


def test_example_of_fasttext_is_read_as_the_page_says(tmp_path):
    texts = read(tmp_path / "a.txt", example("fastText"))
    assert texts == [("a good film", ("positive", "short")), ("a bad film", ("negative",))]


def test_example_of_csv_is_read_as_the_page_says(tmp_path):
    texts = read(tmp_path / "a.csv", example("Tables: CSV and TSV"))
    assert [classes for _, classes in texts] == [("3",), ("4",), ("3",), ("4",)]
    assert texts[1][0] == 'Oil prices soar to a high A record was set, "again", on Friday.'


@pytest.mark.parametrize(
    ("number", "text", "classes"),
    [
        (0, "a good film", ("positive",)),
        (1, "a bad film", ("0",)),
        (2, "a short film", ("short", "good")),
        (3, "a long film", ("LONG",)),
    ],
)
def test_examples_of_json_are_read_as_the_page_says(tmp_path, number, text, classes):
    line = example("JSON Lines and JSON").splitlines()[number]
    assert read(tmp_path / "a.jsonl", line) == [(text, classes)]
