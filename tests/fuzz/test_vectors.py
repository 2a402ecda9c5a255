"""Files of word vectors: any bytes give vectors or a refusal. Round trips are in tests/data/text."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from bilstm_nlp.data.text.word_vectors import read_vectors
from tests.fuzz.files import files, packed, result_or_refusal

GLOVE = "the 0.1 -2 3e-2\n. . 1 2 3\nof 4 5 6\nEU 7 8 9.5\n北 0 0 0\n"
WORD2VEC = "3 2\nthe 1 2 \nof 3 4 \r\nEU 5 6\n"
PIECES = [
    b"the",
    b"of",
    b" ",
    b"\n",
    b"\r\n",
    b" 1",
    b"2 2\n",
    b"0 0\n",
    b"1 1000000000000\n",
    b"-",
    b".",
    b"1e5",
    b"+1",
]
CONTENTS = files([GLOVE.encode(), WORD2VEC.encode(), b"\xef\xbb\xbf" + WORD2VEC.encode()], PIECES)


@given(CONTENTS)
def test_any_bytes_are_vectors_or_refused(folder, content):
    check(folder / "vectors.txt", content)


@given(packed(CONTENTS))
def test_any_gzip_is_vectors_or_refused(folder, content):
    check(folder / "vectors.gz", content)


def check(path, content):
    path.write_bytes(content)
    table = result_or_refusal(lambda: read_vectors(path))
    if table is None:
        return
    assert table.vectors.shape == (len(table.words), table.vectors.shape[1])
    assert np.isfinite(table.vectors).all()
    assert len(set(table.words)) == len(table.words) > 0
    assert all(word.encode() and "\n" not in word for word in table.words)
    again = read_vectors(path)
    assert list(again.words) == list(table.words)
    assert np.array_equal(again.vectors, table.vectors)
