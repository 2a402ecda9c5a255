"""Vectors are read from packed files, told by their content."""

from __future__ import annotations

import bz2
import gzip
import zipfile

import pytest

from bilstm_nlp.data.text import vector_containers
from bilstm_nlp.data.text.vector_files import parse
from bilstm_nlp.data.text.word_vectors import read_vectors
from bilstm_nlp.errors import DataError

TEXT = b"the 1 2\nof 3 4\n"


def zipped(path, files: dict[str, bytes]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.gz", "vectors.bz2", "vectors"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress], ids=["plain", "gzip", "bzip2"])
def test_content_tells_the_packing_not_the_name(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(TEXT))
    words, vectors, faults = parse(tmp_path / name)
    assert (words, vectors.tolist(), faults) == (["the", "of"], [[1, 2], [3, 4]], [])


@pytest.mark.parametrize(
    "files",
    [
        {"glove.txt": TEXT},
        {"folder/": b"", "folder/glove.vec": TEXT, "README.txt": b"read me", "__MACOSX/._glove.vec": b"\x00"},
        {
            "LIST": b"a list",
            "meta.json": b"{}",
            "model.bin": b"1 1\nthe \x00\x00\x80\x3f",
            "model.txt": b"2 2\n" + TEXT,
        },
    ],
)
def test_the_vectors_of_an_archive_are_recognised(tmp_path, files):
    words, vectors, _ = parse(zipped(tmp_path / "vectors.zip", files))
    assert (words, vectors.tolist()) == (["the", "of"], [[1, 2], [3, 4]])


def test_the_dimension_chooses_a_file_of_an_archive(tmp_path):
    path = zipped(tmp_path / "glove.zip", {"glove.2d.txt": TEXT, "glove.3d.txt": b"the 1 2 3\n"})
    assert parse(path, 3).vectors.tolist() == [[1, 2, 3]]
    files = (
        r"glove\.2d\.txt \(2 numbers a row\), glove\.3d\.txt \(3 numbers a row\); embeddings\.dimension chooses one$"
    )
    with pytest.raises(DataError, match=f"glove.zip: expected a single file of vectors, found {files}"):
        parse(path)
    with pytest.raises(DataError, match=f"expected a single file of vectors of dimension 4, found {files}"):
        parse(path, 4)


def test_archives_without_vectors_or_damaged_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.zip: expected a zip archive with a file of vectors, found one without"):
        parse(zipped(tmp_path / "none.zip", {"folder/": b"", "readme.txt": b"x"}))
    whole = zipped(tmp_path / "whole.zip", {"a.txt": TEXT * 1000}).read_bytes()
    for content in (whole[:60], whole[:50] + b"\xff" * 8 + whole[58:]):
        (tmp_path / "damaged.zip").write_bytes(content)
        with pytest.raises(DataError, match=r"damaged\.zip: expected"):
            read_vectors(tmp_path / "damaged.zip")


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "zip"])
def test_what_unpacks_to_more_than_text_is_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(vector_containers, "UNPACKED_FREELY", 1000)
    content = b"a 1 2\n" * 200_000
    path = tmp_path / "bomb"
    if kind == "zip":
        zipped(path, {"a.txt": content})
    else:
        path.write_bytes({"gzip": gzip.compress, "bzip2": bz2.compress}[kind](content))
    with pytest.raises(DataError, match=f"expected a {kind} file of vectors, which unpacks to at most 200 times"):
        parse(path)
