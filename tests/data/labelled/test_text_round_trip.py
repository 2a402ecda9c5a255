"""Tables as other programs write them are read as they were written, whatever words their texts have."""

from __future__ import annotations

import csv
import io
import random

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_files import read_texts

WORDS = [
    "the",
    "a",
    "good",
    "film",
    "it",
    "is",
    "not",
    ",",
    ".",
    "!",
    "really",
    '"quoted"',
    "it's;",
    "well|",
    "yes:",
    '5"',
    "3,5",
    "$",
    "pos",
    "text",
    "label",
]
CLASSES = [("pos", "neg"), ("0", "1"), ("a b", "c", "d/e"), ("World", "Sports", "Business")]


def rows_of(generator):
    """Return rows (class, text) of at least twenty texts, each class at least twice."""
    classes = generator.choice(CLASSES)
    rows = [(classes[number % len(classes)], []) for number in range(20)]
    texts = [" ".join(generator.choices(WORDS, k=generator.randint(2, 12))) for _ in rows]
    return [(name, text) for (name, _), text in zip(rows, texts, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("class_first", [True, False])
def test_written_table_is_read_again(tmp_path, delimiter, quoting, header, class_first):
    generator = random.Random(f"{delimiter}{quoting}{header}{class_first}")
    for number in range(5):
        rows = rows_of(generator)
        rows[7] = (rows[7][0], f"{rows[7][1]}\nin two lines")
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, quoting=quoting)
        writer.writerows([("label", "text")[:: 1 if class_first else -1]] if header else [])
        writer.writerows(row if class_first else row[::-1] for row in rows)
        path = tmp_path / f"{number}.csv"
        path.write_text(out.getvalue(), encoding="utf-8", newline="")
        read = [(*text.classes, text.text) for text in read_texts(str(path), TextFormat())]
        assert read == rows


@pytest.mark.parametrize("separator", ["\t", " ||| ", ","])
@pytest.mark.parametrize("class_first", [True, False])
def test_lines_of_class_and_text_are_read_again(tmp_path, separator, class_first):
    generator = random.Random(f"{separator}{class_first}")
    for number in range(5):
        rows = rows_of(generator)
        path = tmp_path / f"{number}.txt"
        lines = [separator.join(row if class_first else row[::-1]) for row in rows]
        path.write_text("\n".join(lines), encoding="utf-8")
        read = [(*text.classes, text.text) for text in read_texts(str(path), TextFormat())]
        assert read == rows
