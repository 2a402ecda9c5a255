"""Files of word vectors are read as written, and faults are named with their line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text import vector_files
from bilstm_nlp.errors import DataError

often = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

ODD = "\u00a0\u2028\u0085\u3000\r\x0b\x1c 字éa1.\"'#,\x00"


def ends_like_a_row(word: str) -> bool:
    """Words that no reader could tell from a row with a number too many."""
    try:
        return " " in word and float(word.rpartition(" ")[2]) is not None
    except ValueError:
        return False


words = st.lists(
    (st.text(ODD, min_size=1, max_size=5) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5))
    .filter(lambda word: not {"\n", "\t", "\ufeff"} & set(word))
    .filter(lambda word: not ends_like_a_row(word)),
    min_size=1,
    max_size=8,
    unique=True,
)
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw) -> tuple[list[str], np.ndarray]:
    distinct = draw(words)
    dimension = draw(st.integers(2, 5))
    row = st.lists(numbers, min_size=dimension, max_size=dimension)
    return distinct, np.array(draw(st.lists(row, min_size=len(distinct), max_size=len(distinct))), np.float32)


def written(words: list[str], vectors: np.ndarray, kind: str) -> bytes:
    """The table as the original programs write it."""
    header = "" if kind == "glove" else f"{len(words)} {vectors.shape[1]}\n"
    end = " \n" if kind == "fasttext" else "\n"
    rows = (f"{word} {' '.join(map(str, row.tolist()))}{end}" for word, row in zip(words, vectors, strict=True))
    return (header + "".join(rows)).encode()


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "vectors.txt"


# --- parsing ---


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["glove", "word2vec", "fasttext"])
@pytest.mark.parametrize("suffix", [".txt", ".vec.gz"])
@often
@given(table=tables())
@example(table=(["\x1f\r"], np.array([[0.0, 0.875]], np.float32)))
def test_files_of_each_kind_are_read_as_written(tmp_path, kind, suffix, table):
    words, vectors = table
    # Without a header, the dimension of a file with spaces in most of its words can't be told.
    assume(kind != "glove" or not any(" " in word for word in words))
    file = tmp_path / f"vectors{suffix}"
    content = written(words, vectors, kind)
    file.write_bytes(gzip.compress(content, 1) if suffix.endswith(".gz") else content)
    read_words, read, _ = vector_files.parse(file)
    assert read_words == words
    assert read.dtype == np.float32
    assert np.array_equal(read, vectors)


@pytest.mark.slow
@often
@given(st.lists(st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{0,25})?([eE]-?[0-9]{1,2})?", fullmatch=True), min_size=2))
def test_numbers_are_what_python_reads(tmp_path, texts):
    with np.errstate(over="ignore"):
        expected = np.array([float(text) for text in texts]).astype(np.float32)
    file = tmp_path / "vectors.txt"
    file.write_text(f"word {' '.join(texts)}\n")
    if np.isfinite(expected).all():
        assert np.array_equal(vector_files.parse(file).vectors[0], expected)
    else:
        with pytest.raises(DataError, match=r"txt:1: .* for a number in"):
            vector_files.parse(file)


@pytest.mark.parametrize("block", [1, 20, 1 << 23])
def test_blocks_join_without_a_seam(file, monkeypatch, block):
    monkeypatch.setattr(vector_files, "BLOCK", block)
    vectors = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    words = [f"w{number}" for number in range(50)]
    file.write_bytes(written(words, vectors, "word2vec"))
    read_words, read, _ = vector_files.parse(file)
    assert read_words == words
    assert np.array_equal(read, vectors)
    with file.open("ab") as stream:
        stream.write(b"last 1 2\n")
    with pytest.raises(DataError, match=r"txt:52: expected a word and 3 numbers, found 2 in 'last 1 2'"):
        vector_files.parse(file)


def test_words_with_spaces_among_others_need_no_telling(file):
    file.write_bytes(b". . . 1 2\nat name@domain.com 3 4\nthe 5 6\nof 7 8\n7 9 10\nto 0 1\nin 2 3\n")
    words, vectors, _ = vector_files.parse(file)
    assert words[:3] == [". . .", "at name@domain.com", "the"]
    assert vectors[:2].tolist() == [[1, 2], [3, 4]]


def test_marks_and_ends_of_lines_are_no_content(file):
    file.write_bytes(b"\xef\xbb\xbf2 2\r\nthe 1 2\r\nof 3 4")
    words, vectors, _ = vector_files.parse(file)
    assert words == ["the", "of"]
    assert vectors.tolist() == [[1, 2], [3, 4]]


# --- faults ---

ROW = "expected a word and 2 numbers, found"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": expected word vectors, found an empty file"),
        (b"0 2\n", ":1: expected word vectors, found a header and no row"),
        (b"0 0\n", ":1: expected a word and its numbers, separated by single spaces, found '0 0'"),
        (b"the\nof\n", ":1: expected a word and its numbers, separated by single spaces, found 'the'"),
        (b"a 1 2\nb 3\nc 4 5\n", f":2: {ROW} 1 in 'b 3'"),
        (b"a 1 2\nb 3 4 5\nc 6 7\n", f":2: {ROW} 3 in 'b 3 4 5'"),
        (b"a 1 2\n\nc 4 5\n", f":2: {ROW} 0 in ''"),
        (b"a 1 2\nb 3 4\n\n", f":3: {ROW} 0 in ''"),
        (b"a 1 2\nb 3 x\n", f":2: {ROW} 'x' for a number in 'b 3 x'"),
        (b"a 1 2\nb nan 1\n", f":2: {ROW} 'nan' for a number in 'b nan 1'"),
        (b"a 1 2\nb 1 -inf\n", f":2: {ROW} '-inf' for a number in 'b 1 -inf'"),
        (b"a 1 2\nb 1 1e39\n", f":2: {ROW} '1e39' for a number in 'b 1 1e39'"),
        (b"a 1 2\nb 1 0x1\n", f":2: {ROW} '0x1' for a number in 'b 1 0x1'"),
        (b"a 1 2\nb 1  3\n", f":2: {ROW} '' for a number in 'b 1  3'"),
        (b"a 1 2\n 1 3\n", f":2: {ROW} no word in ' 1 3'"),
        (b"a 1 2\nb\t1 3\n", f":2: {ROW} a tab in 'b\\t1 3'"),
        (b"a 1 2\nb 1\t 3\n", f":2: {ROW} a tab in 'b 1\\t 3'"),
        (b"a 1 2\n\xff 1 3\n", f":2: {ROW} a word that is not UTF-8 in '\\\\xff 1 3'"),
        (b"3 2\na 1 2\nb 1 3\n", ":1: expected 3 rows, as the header says, found 2 rows"),
        (b"1 2\na 1 2\nb 1 3\n", ":1: expected 1 rows, as the header says, found 2 rows"),
        (b"2 2\na 1 2\nb 1 3 5\n", f":3: {ROW} 3 in 'b 1 3 5'"),
    ],
)
def test_faults_are_named_with_their_line(file, content, message):
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        vector_files.parse(file)
    assert str(caught.value) == f"{file}{message}"


def test_long_rows_are_quoted_in_part(file):
    file.write_bytes(b"a 1 2\n" + b"x" * 10_000 + b" 1\n")
    with pytest.raises(DataError, match=r":2: .* found 1 in 'x{60}…'$"):
        vector_files.parse(file)


MANY = b"".join(b"w%d 1 2\n" % number for number in range(300))


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (MANY + b"b 3\n" + b"\xff 1 2\n" + b"c 5 6\n", [(301, "1 in 'b 3'"), (302, "not UTF-8")]),
        (b"\n" + MANY + b"c 5 6\n", [(1, "0 in ''")]),
        (MANY + b" 1 2\nc 5 6\n", [(301, "no word")]),
        (MANY + b"b nan 2\nc 5 6\n\n", [(301, "'nan' for a number"), (303, "0 in ''")]),
        (b"302 2\n" + MANY + b"c 5 6\n", [(1, "301 rows")]),
        (b"300 2\n" + MANY + b"c 5 6\n", [(1, "301 rows")]),
        (b"301 2\n" + MANY + b"b 1 2 x\nc 5 6\n", [(1, "302 rows"), (302, "'x' for a number")]),
    ],
)
@pytest.mark.parametrize("block", [100, 1 << 23])
def test_few_faulty_rows_are_left_out_with_their_line(file, monkeypatch, block, content, faults):
    monkeypatch.setattr(vector_files, "BLOCK", block)
    file.write_bytes(content)
    words, vectors, left_out = vector_files.parse(file)
    assert words == [*(f"w{number}" for number in range(300)), "c"]
    assert vectors[-1].tolist() == [5, 6]
    assert [fault.line for fault in left_out] == [line for line, _ in faults]
    assert all(text in fault.found for fault, (_, text) in zip(left_out, faults, strict=True))


def test_many_faulty_rows_are_refused_with_their_number(file):
    file.write_bytes(MANY + b"b 3\n" * 4)
    with pytest.raises(DataError, match=r":301: .* found 1 in 'b 3' \(and 3 more faulty rows; 1% may be left out\)$"):
        vector_files.parse(file)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("the 1 2\n".encode("utf-16"), "UTF-16 text; convert it to UTF-8"),
        (b"\xba\x16\x4f\x2f\x0c\x00\x00\x00", r"a fastText model; take the \.vec file"),
        (b"\x80\x04\x95\x10\n", "a pickle; in gensim"),
    ],
)
def test_files_of_other_formats_are_named(file, content, kind):
    file.write_bytes(content)
    with pytest.raises(
        DataError, match=f"expected word vectors as text, or in the binary format of word2vec, found {kind}"
    ):
        vector_files.parse(file)


def test_faults_close_together_lose_no_row(file, monkeypatch):
    """A share that is too large for a part of the file may be small for the whole."""
    monkeypatch.setattr(vector_files, "BLOCK", 100)
    file.write_bytes(
        b"3022 2\na 1 2\n" + b"b 3\n" * 20 + b"c 1 2\n" + b"".join(b"w%d 1 2\n" % number for number in range(3000))
    )
    words, _, faults = vector_files.parse(file)
    assert words == ["a", "c", *(f"w{number}" for number in range(3000))]
    assert [fault.line for fault in faults] == list(range(3, 23))


def test_files_of_another_kind_are_refused_early(file, monkeypatch):
    monkeypatch.setattr(vector_files, "HOPELESS", 5)
    file.write_bytes(b"1030 2\n" + b"a 1 2\n" * 30 + b"b\n" * 1000)
    with pytest.raises(DataError, match=r":32: .* \(and \d\d more faulty rows; 1% may be left out\)$"):
        vector_files.parse(file)
