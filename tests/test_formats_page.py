"""docs/formats.md: its examples are read as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bilstm_nlp.data.text.formats.corpus import read
from bilstm_nlp.data.text.sentence import ColumnFormat

PAGE = (Path(__file__).parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")


def example(heading: str) -> str:
    """Return the first block of code below a heading."""
    below = PAGE[PAGE.index(f"# {heading}\n") :]
    match = re.search(r"```json\n((?s:.*?))```|((?:^    [^\n]*\n|^\n(?=    ))+)", below, re.MULTILINE)
    return match[1] or re.sub("^    ", "", match[2], flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "ending", "expected"),
    [
        ("Columns", "conll", [(("EU", "rejects"), ("B-ORG", "O"))]),
        ("CoNLL-U", "conllu", [(("In", "dem", "Haus"), ("O", "O", "B-LOC"))]),
        (
            "CSV with numbered sentences",
            "csv",
            [(("Thousands", "of"), ("O", "O")), (("London",), ("B-geo",))],
        ),
        ("JSON: records", "jsonl", [(("EU", "rejects"), ("B-ORG", "O"))] * 3),
    ],
)
def test_examples_are_read_as_the_page_says(tmp_path, heading, ending, expected):
    path = tmp_path / f"x.{ending}"
    path.write_text(example(heading), encoding="utf-8")
    assert [(s.tokens, s.tags) for s in read(str(path), ColumnFormat()).sentences] == expected


def test_both_sides_of_the_example_of_two_formats_are_read(tmp_path):
    sides = [re.split(r" {4,}", line) for line in example("GermEval and MultiCoNER").strip().splitlines()]
    for index, expected in enumerate([(("Mainz",), ("B-LOC",)), (("Robert",), ("B-OtherPER",))]):
        (tmp_path / "x").write_text("\n".join(side[index] for side in sides), encoding="utf-8")
        (sentence,) = read(str(tmp_path / "x"), ColumnFormat()).sentences
        assert (sentence.tokens, sentence.tags) == expected
