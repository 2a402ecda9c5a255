"""Word vectors come from the file or from its cache, which is not trusted."""

from __future__ import annotations

import gzip
import logging
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from bilstm_nlp.data.text import vector_files, word_vectors
from bilstm_nlp.data.text.vector_rows import Vectors
from bilstm_nlp.data.text.word_vectors import matrix, read_vectors
from bilstm_nlp.errors import DataError
from tests.data.text.test_vector_files import tables, written

often = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "vectors.txt"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bilstm_nlp" / "vectors"


@pytest.fixture
def parses(monkeypatch) -> list[Path]:
    """The files that were parsed instead of being taken from the cache, in order."""
    parsed: list[Path] = []
    parse = vector_files.parse

    def recorded(path: Path, dimension: int | None) -> Vectors:
        parsed.append(path)
        return parse(path, dimension)

    monkeypatch.setattr(word_vectors, "parse", recorded)
    return parsed


def test_the_first_of_a_repeated_word_counts(file, cache, caplog):
    file.write_bytes(b"4 2\na 1 2\nb 3 4\na 5 6\na 7 8\n")
    for _ in range(2):  # parsed, then from the cache
        caplog.clear()
        read = read_vectors(file)
        assert list(read.words) == ["a", "b"]
        assert read.vectors.tolist() == [[1, 2], [3, 4]]
        assert read.repeated == 2
        assert "2 rows of repeated words left out" in caplog.text


def test_faulty_rows_are_counted_at_each_reading(file, cache, caplog):
    file.write_bytes(b"a 1 2\n" + b"".join(b"w%d 3 4\n" % number for number in range(200)) + b"b 5\nc 6 7\n")
    for _ in range(2):  # parsed, then from the cache
        caplog.clear()
        read = read_vectors(file)
        assert (len(read.words), read.faulty) == (202, 1)
        assert "1 faults in word vectors" in caplog.text
        assert "vectors.txt:202: expected a word and 2 numbers, found 1 in 'b 5'" in caplog.text


def test_files_of_an_archive_are_kept_apart(tmp_path, cache, parses):
    archive = tmp_path / "vectors.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("two.txt", "a 1 2\n")
        writer.writestr("three.txt", "a 1 2 3\n")
    for _ in range(2):
        assert read_vectors(archive, 2).vectors.tolist() == [[1, 2]]
        assert read_vectors(archive, 3).vectors.tolist() == [[1, 2, 3]]
    assert len(parses) == 2


def test_matrix_takes_rows_by_word(file, cache):
    file.write_bytes(b"a 1 2\nb 3 4\nc 5 6\n")
    read = read_vectors(file)
    assert matrix(read, ["c", "a", "c"]).tolist() == [[5, 6], [1, 2], [5, 6]]
    assert matrix(read, []).shape == (0, 2)
    with pytest.raises(KeyError, match="d"):
        matrix(read, ["a", "d"])


def test_a_faulty_file_is_refused_and_not_cached(file, cache):
    file.write_bytes(b"a 1 2\nb 3\n")
    with pytest.raises(DataError, match=r"vectors.txt:2: expected a word and 2 numbers, found 1 in 'b 3'"):
        read_vectors(file)
    assert not cache.exists()


def test_files_that_cannot_be_read(tmp_path):
    reason = "expected a file of word vectors, found none that can be read"
    with pytest.raises(DataError, match=f"none.txt: {reason}: No such file"):
        read_vectors(tmp_path / "none.txt")
    with pytest.raises(DataError, match=f"{reason}: Is a directory"):
        read_vectors(tmp_path)
    zipped = gzip.compress(b"a 1 2\n" * 100)
    for content in (zipped[:-9], zipped[:12] + b"\xff\xff" + zipped[14:]):
        (tmp_path / "vectors.gz").write_bytes(content)
        with pytest.raises(DataError, match=f"vectors.gz: {reason}"):
            read_vectors(tmp_path / "vectors.gz")


# --- the cache ---


@often
@given(table=tables())
def test_the_cache_holds_what_was_parsed(tmp_path, table):
    file = tmp_path / "vectors.txt"
    file.unlink(missing_ok=True)
    file.write_bytes(written(*table, "word2vec"))
    parsed = word_vectors.Pretrained(*vector_files.parse(file)[:2], str(file), repeated=3, faulty=2, fault="a: 'é'")
    entry = word_vectors.CacheEntry(tmp_path / "entries", file)
    entry.store(parsed)
    loaded = entry.load()
    assert loaded is not None
    assert list(loaded.words) == list(parsed.words)
    assert np.array_equal(loaded.vectors.view(np.uint32), parsed.vectors.view(np.uint32))
    assert (loaded.source, loaded.repeated) == (parsed.source, parsed.repeated)
    assert (loaded.faulty, loaded.fault) == (parsed.faulty, parsed.fault)


def test_a_file_is_parsed_once_until_it_changes(file, cache, parses):
    file.write_bytes(b"a 1 2\nb 3 4\n")
    first, second = read_vectors(file), read_vectors(str(file))
    assert parses == [file]
    assert list(first.words) == list(second.words)
    assert np.array_equal(first.vectors, second.vectors)
    before = file.stat().st_mtime_ns
    file.write_bytes(b"a 1 2\nb 3 5\n")
    os.utime(file, ns=(before, before + 1))
    assert read_vectors(file).vectors.tolist() == [[1, 2], [3, 5]]
    file.write_bytes(b"a 1 2\nb 3 50\n")
    os.utime(file, ns=(before, before + 1))
    assert read_vectors(file).vectors.tolist() == [[1, 2], [3, 50]]
    assert parses == [file] * 3
    assert len(list(cache.iterdir())) == 1, "an outdated entry is replaced, and nothing unfinished is left"


def test_files_are_kept_apart(tmp_path, cache, parses):
    for name, content in (("one", b"a 1 2\n"), ("two", b"b 3 4\n")):
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, ns=(0, 0))
    for _ in range(2):
        assert list(read_vectors(tmp_path / "one").words) == ["a"]
        assert list(read_vectors(tmp_path / "two").words) == ["b"]
    assert len(parses) == 2


def test_another_version_of_the_cache_is_not_read(file, cache, parses, monkeypatch):
    file.write_bytes(b"a 1 2\n")
    read_vectors(file)
    monkeypatch.setattr(word_vectors, "CACHE_VERSION", word_vectors.CACHE_VERSION + 1)
    read_vectors(file)
    assert len(parses) == 2


@pytest.mark.slow
def test_any_damage_to_the_cache_is_noticed(file, cache, parses, caplog):
    file.write_bytes(b"a 1 2\nb 3 4\n")
    expected = read_vectors(file)
    for kept in sorted(cache.iterdir()):
        whole = kept.read_bytes()
        flipped = (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole)))
        cut = (whole[:length] for length in range(len(whole)))
        for damaged in (*flipped, *cut, whole + b"\0", whole + b"\0\0\0\0"):
            caplog.clear()
            parses.clear()
            kept.write_bytes(damaged)
            read = read_vectors(file)
            assert parses == [file], damaged
            assert kept.name in caplog.text
            assert list(read.words) == list(expected.words)
            assert np.array_equal(read.vectors, expected.vectors)
            read_vectors(file)
            assert parses == [file], "the damaged entry is replaced"
        parses.clear()
        kept.unlink()
        read_vectors(file)
        assert parses == [file]


def test_a_cache_that_cannot_be_written_costs_only_the_caching(file, tmp_path, caplog):
    file.write_bytes(b"a 1 2\n")
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert read_vectors(file).vectors.tolist() == [[1, 2]]
    assert "can't be kept" in caplog.text


def test_an_interrupted_write_leaves_nothing_behind(file, cache, monkeypatch, caplog):
    file.write_bytes(b"a 1 2\n")

    def full(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert read_vectors(file).vectors.tolist() == [[1, 2]]
    assert list(cache.iterdir()) == []
    assert "No space left on device" in caplog.text


def test_the_cache_is_where_the_platform_keeps_such_things(file, tmp_path, monkeypatch):
    file.write_bytes(b"a 1 2\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    read_vectors(file)
    assert len(list((tmp_path / "xdg/bilstm_nlp/vectors").iterdir())) == 1
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert word_vectors.cache_folder() == tmp_path / ".cache/bilstm_nlp/vectors"
