"""Vectors in the binary format of word2vec are read as written."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given

from bilstm_nlp.data.text import binary_vectors
from bilstm_nlp.data.text.vector_files import parse
from bilstm_nlp.errors import DataError
from tests.data.text.test_vector_files import often, tables


def written(words: list[bytes], vectors: np.ndarray, end: bytes = b"", count: int | None = None) -> bytes:
    """The table as word2vec (with an end of rows) and gensim (without) write it."""
    rows = (word + b" " + row.astype("<f4").tobytes() + end for word, row in zip(words, vectors, strict=True))
    return b"%d %d\n" % (len(words) if count is None else count, vectors.shape[1]) + b"".join(rows)


@pytest.mark.slow
@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@often
@given(table=tables())
def test_files_are_read_as_written(tmp_path, end, pack, table):
    # A row that ends in a number as text is a text; a space ends a word.
    words = [f"{word.replace(' ', '_')}\x01" for word in table[0]]
    if len(set(words)) < len(words) or any("\n" in word for word in words):
        return
    file = tmp_path / "vectors.bin"
    file.write_bytes(pack(written([word.encode() for word in words], table[1], end)))
    read, vectors, faults = parse(file)
    assert (read, faults) == (words, [])
    assert np.array_equal(vectors.view(np.uint32), table[1].view(np.uint32))


@pytest.mark.slow
@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_join_without_a_seam(tmp_path, monkeypatch, block):
    monkeypatch.setattr(binary_vectors, "BLOCK", block)
    monkeypatch.setattr(binary_vectors, "LONGEST_WORD", 8)
    vectors = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    words = [b"w%d" % number for number in range(2000)]
    (tmp_path / "v.bin").write_bytes(written(words, vectors, b"\n"))
    read, numbers, _ = parse(tmp_path / "v.bin")
    assert read == [word.decode() for word in words]
    assert np.array_equal(numbers, vectors)


def test_few_faulty_rows_are_left_out_and_many_refused(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    words = [b"w%d" % number for number in range(400)]
    words[7], words[90] = b"\xe4", b""
    vectors[200, 1] = np.nan
    (tmp_path / "v.bin").write_bytes(written(words, vectors))
    read, numbers, faults = parse(tmp_path / "v.bin")
    kept = [number for number in range(400) if number not in (7, 90, 200)]
    assert read == [f"w{number}" for number in kept]
    assert np.array_equal(numbers, vectors[kept])
    assert [fault.found for fault in faults] == [
        "a word that is not UTF-8, '\\\\xe4', in row 8",
        "no word in row 91",
        "a number that is not finite, of the word 'w200' in row 201",
    ]
    words[300] = words[301] = b""
    (tmp_path / "v.bin").write_bytes(written(words, vectors))
    with pytest.raises(DataError, match=r"in row 8 \(and 4 more faulty rows; 1% may be left out\)$"):
        parse(tmp_path / "v.bin")


def test_another_number_of_rows_than_declared_is_refused(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    words = [b"w%d" % number for number in range(20)]
    (tmp_path / "v.bin").write_bytes(written(words, vectors, count=30))
    with pytest.raises(DataError, match="expected 30 rows, as the header says, found 20 rows"):
        parse(tmp_path / "v.bin")
    (tmp_path / "v.bin").write_bytes(written(words, vectors, count=10))
    with pytest.raises(DataError, match=r"expected 10 rows, as the header says, found at least .* bytes more"):
        parse(tmp_path / "v.bin")


def test_bytes_that_look_like_a_number_leave_a_file_binary(tmp_path):
    vectors = np.frombuffer(b"3\n\x00\x40" * 2, "<f4").reshape(1, 2)
    (tmp_path / "v.bin").write_bytes(written([b"the"], vectors))
    assert np.array_equal(parse(tmp_path / "v.bin").vectors, vectors)
