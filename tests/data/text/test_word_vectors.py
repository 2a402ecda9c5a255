"""Files of word vectors: formats read back as written, faults named with their line, the cache not trusted."""

from __future__ import annotations

import gzip
import logging
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text import word_vectors
from bilstm_nlp.data.text.word_vectors import matrix, read_vectors
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
    found = draw(words)
    dimension = draw(st.integers(2, 5))
    row = st.lists(numbers, min_size=dimension, max_size=dimension)
    return found, np.array(draw(st.lists(row, min_size=len(found), max_size=len(found))), np.float32)


def written(words: list[str], vectors: np.ndarray, kind: str) -> bytes:
    """The table as the original programs write it."""
    header = "" if kind == "glove" else f"{len(words)} {vectors.shape[1]}\n"
    end = " \n" if kind == "fasttext" else "\n"
    rows = (f"{word} {' '.join(map(str, row.tolist()))}{end}" for word, row in zip(words, vectors, strict=True))
    return (header + "".join(rows)).encode()


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "vectors.txt"


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def parses(monkeypatch) -> list[Path]:
    """The files that were parsed instead of being taken from the cache, in order."""
    parsed: list[Path] = []
    parse = word_vectors.parse

    def recorded(path: Path, dimension: int | None) -> word_vectors.Pretrained:
        parsed.append(path)
        return parse(path, dimension)

    monkeypatch.setattr(word_vectors, "parse", recorded)
    return parsed


# --- what is written is read ---


@pytest.mark.parametrize("kind", ["glove", "word2vec", "fasttext"])
@pytest.mark.parametrize("suffix", [".txt", ".vec.gz"])
@often
@given(table=tables(), told=st.booleans())
def test_round_trip(tmp_path, kind, suffix, table, told):
    words, vectors = table
    file = tmp_path / f"vectors{suffix}"
    content = written(words, vectors, kind)
    file.write_bytes(gzip.compress(content, 1) if suffix.endswith(".gz") else content)
    # Without a header, a file with spaces in most of its words has to be told its dimension.
    spaces = kind == "glove" and any(" " in word for word in words)
    read = word_vectors.parse(file, vectors.shape[1] if told or spaces else None)
    assert list(read.words) == words
    assert read.vectors.dtype == np.float32
    assert np.array_equal(read.vectors, vectors)
    assert read.repeated == 0


@often
@given(st.lists(st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{0,25})?([eE]-?[0-9]{1,2})?", fullmatch=True), min_size=2))
def test_numbers_are_what_python_reads(tmp_path, texts):
    with np.errstate(over="ignore"):
        expected = np.array([float(text) for text in texts]).astype(np.float32)
    file = tmp_path / "vectors.txt"
    file.write_text(f"word {' '.join(texts)}\n")
    if np.isfinite(expected).all():
        assert np.array_equal(word_vectors.parse(file).vectors[0], expected)
    else:
        with pytest.raises(DataError, match=r"txt:1: .* for a number in"):
            word_vectors.parse(file)


@pytest.mark.parametrize("block", [1, 20, 1 << 23])
def test_blocks_join_without_a_seam(file, monkeypatch, block):
    monkeypatch.setattr(word_vectors, "BLOCK", block)
    vectors = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    words = [f"w{number}" for number in range(50)]
    file.write_bytes(written(words, vectors, "word2vec"))
    read = word_vectors.parse(file)
    assert list(read.words) == words
    assert np.array_equal(read.vectors, vectors)
    with file.open("ab") as stream:
        stream.write(b"last 1 2\n")
    with pytest.raises(DataError, match=r"txt:52: expected a word and 3 numbers, found 2 in 'last 1 2'"):
        word_vectors.parse(file)


def test_words_with_spaces_among_others_need_no_telling(file):
    file.write_bytes(b". . . 1 2\nat name@domain.com 3 4\nthe 5 6\nof 7 8\n7 9 10\nto 0 1\nin 2 3\n")
    read = word_vectors.parse(file)
    assert read.words[:3] == [". . .", "at name@domain.com", "the"]
    assert read.vectors[:2].tolist() == [[1, 2], [3, 4]]


def test_a_byte_order_mark_carriage_returns_and_a_missing_last_line_feed_are_no_part_of_it(file):
    file.write_bytes(b"\xef\xbb\xbf2 2\r\nthe 1 2\r\nof 3 4")
    read = word_vectors.parse(file)
    assert read.words == ["the", "of"]
    assert read.vectors.tolist() == [[1, 2], [3, 4]]


def test_the_first_of_a_repeated_word_counts(file, cache, caplog):
    file.write_bytes(b"4 2\na 1 2\nb 3 4\na 5 6\na 7 8\n")
    for _ in range(2):  # parsed, then from the cache
        caplog.clear()
        read = read_vectors(file, cache=cache)
        assert list(read.words) == ["a", "b"]
        assert read.vectors.tolist() == [[1, 2], [3, 4]]
        assert read.repeated == 2
        assert "2 rows of repeated words left out" in caplog.text


def test_matrix_takes_rows_by_word(file, cache):
    file.write_bytes(b"a 1 2\nb 3 4\nc 5 6\n")
    read = read_vectors(file, cache=cache)
    assert matrix(read, ["c", "a", "c"]).tolist() == [[5, 6], [1, 2], [5, 6]]
    assert matrix(read, []).shape == (0, 2)
    with pytest.raises(KeyError, match="d"):
        matrix(read, ["a", "d"])


# --- what is wrong is named ---

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
def test_faults_are_named_with_their_line(file, cache, content, message):
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_vectors(file, cache=cache)
    assert str(caught.value) == f"{file}{message}"
    assert not cache.exists()


def test_long_rows_are_quoted_in_part(file):
    file.write_bytes(b"a 1 2\n" + b"x" * 10_000 + b" 1\n")
    with pytest.raises(DataError, match=r":2: .* found 1 in 'x{60}…'$"):
        word_vectors.parse(file)


def test_another_dimension_than_told(file, cache):
    file.write_bytes(b"a 1 2\nb 3 4\n")
    for _ in range(2):  # whether it is in the cache or not
        with pytest.raises(DataError, match=r":1: expected a word and 3 numbers, found 2 in 'a 1 2'"):
            read_vectors(file, 3, cache)
        with pytest.raises(DataError, match=r":1: expected a word and 1 numbers, found 2 in 'a 1 2'"):
            read_vectors(file, 1, cache)
        assert read_vectors(file, 2, cache).vectors.shape == (2, 2)
    file.write_bytes(b"2 2\na 1 2\nb 3 4\n")
    with pytest.raises(DataError, match=r":1: expected vectors of 3 numbers, found a header for 2"):
        read_vectors(file, 3, cache)


def test_files_that_cannot_be_read(tmp_path, cache):
    reason = "expected a file of word vectors, found none that can be read"
    with pytest.raises(DataError, match=f"none.txt: {reason}: No such file"):
        read_vectors(tmp_path / "none.txt", cache=cache)
    with pytest.raises(DataError, match=f"{reason}: Is a directory"):
        read_vectors(tmp_path, cache=cache)
    zipped = gzip.compress(b"a 1 2\n" * 100)
    for content in (b"a 1 2\n", zipped[:-9], zipped[:12] + b"\xff\xff" + zipped[14:]):
        (tmp_path / "vectors.gz").write_bytes(content)
        with pytest.raises(DataError, match=f"vectors.gz: {reason}"):
            read_vectors(tmp_path / "vectors.gz", cache=cache)


# --- the cache ---


@often
@given(table=tables())
def test_the_cache_holds_what_was_parsed(tmp_path, table):
    file, cache = tmp_path / "vectors.txt", tmp_path / "cache"
    file.unlink(missing_ok=True)
    file.write_bytes(written(*table, "word2vec"))
    parsed = word_vectors.parse(file)
    entry = word_vectors.CacheEntry(cache, file)
    entry.store(parsed)
    loaded = entry.load()
    assert loaded is not None
    assert list(loaded.words) == list(parsed.words)
    assert np.array_equal(loaded.vectors.view(np.uint32), parsed.vectors.view(np.uint32))
    assert (loaded.source, loaded.repeated) == (parsed.source, parsed.repeated)


def test_a_file_is_parsed_once_until_it_changes(file, cache, parses):
    file.write_bytes(b"a 1 2\nb 3 4\n")
    first, second = read_vectors(file, cache=cache), read_vectors(str(file), cache=cache)
    assert parses == [file]
    assert list(first.words) == list(second.words)
    assert np.array_equal(first.vectors, second.vectors)
    before = file.stat().st_mtime_ns
    file.write_bytes(b"a 1 2\nb 3 5\n")
    os.utime(file, ns=(before, before + 1))
    assert read_vectors(file, cache=cache).vectors.tolist() == [[1, 2], [3, 5]]
    file.write_bytes(b"a 1 2\nb 3 50\n")
    os.utime(file, ns=(before, before + 1))
    assert read_vectors(file, cache=cache).vectors.tolist() == [[1, 2], [3, 50]]
    assert parses == [file] * 3
    assert len(list(cache.iterdir())) == 2, "what is outdated is replaced, and nothing unfinished is left"


def test_files_are_kept_apart(tmp_path, cache, parses):
    for name, content in (("one", b"a 1 2\n"), ("two", b"b 3 4\n")):
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, ns=(0, 0))
    for _ in range(2):
        assert list(read_vectors(tmp_path / "one", cache=cache).words) == ["a"]
        assert list(read_vectors(tmp_path / "two", cache=cache).words) == ["b"]
    assert len(parses) == 2


def test_another_version_of_the_cache_is_not_read(file, cache, parses, monkeypatch):
    file.write_bytes(b"a 1 2\n")
    read_vectors(file, cache=cache)
    monkeypatch.setattr(word_vectors, "CACHE_VERSION", word_vectors.CACHE_VERSION + 1)
    read_vectors(file, cache=cache)
    assert len(parses) == 2


def test_any_damage_to_the_cache_is_noticed(file, cache, parses, caplog):
    file.write_bytes(b"a 1 2\nb 3 4\n")
    expected = read_vectors(file, cache=cache)
    for kept in sorted(cache.iterdir()):
        whole = kept.read_bytes()
        flipped = (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole)))
        cut = (whole[:length] for length in range(len(whole)))
        for damaged in (*flipped, *cut, whole + b"\0", whole + b"\0\0\0\0"):
            caplog.clear()
            parses.clear()
            kept.write_bytes(damaged)
            read = read_vectors(file, cache=cache)
            assert parses == [file], damaged
            assert kept.name[:-4] in caplog.text
            assert list(read.words) == list(expected.words)
            assert np.array_equal(read.vectors, expected.vectors)
            assert kept.read_bytes() == whole
        parses.clear()
        kept.unlink()
        read_vectors(file, cache=cache)
        assert parses == [file]


def test_a_cache_that_cannot_be_written_costs_only_the_caching(file, tmp_path, caplog):
    file.write_bytes(b"a 1 2\n")
    (tmp_path / "taken").write_bytes(b"a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert read_vectors(file, cache=tmp_path / "taken" / "cache").vectors.tolist() == [[1, 2]]
    assert "can't be kept" in caplog.text


def test_an_interrupted_write_leaves_nothing_behind(file, cache, monkeypatch, caplog):
    file.write_bytes(b"a 1 2\n")

    def full(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert read_vectors(file, cache=cache).vectors.tolist() == [[1, 2]]
    assert list(cache.iterdir()) == []
    assert "No space left on device" in caplog.text


def test_the_cache_is_where_the_platform_keeps_such_things(file, tmp_path, monkeypatch):
    file.write_bytes(b"a 1 2\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    read_vectors(file)
    assert len(list((tmp_path / "xdg/bilstm_nlp/vectors").iterdir())) == 2
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert word_vectors.default_cache() == tmp_path / ".cache/bilstm_nlp/vectors"
