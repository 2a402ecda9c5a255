"""Files that are no text: the message says what they are."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bilstm_nlp.data.text.formats.corpus import read
from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError

TEXT = "EU B-ORG\nrejects O\n\n"


def zipped(*names: str, seconds: int = 0) -> bytes:
    """Pack files. After 20 seconds, a byte of their time is a line feed, before their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, seconds)), TEXT)
    return stream.getvalue()


def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), stream)
    return stream.getvalue()


FILES = {
    "a UTF-16": (TEXT.encode("utf-16"), "UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"),
    "big endian": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16 text; convert it"),
    "no mark": (TEXT.encode("utf-16-le"), "UTF-16 text without a byte order mark"),
    "a.zip": (zipped("a.conll"), "a ZIP archive; unpack it"),
    "a.docx": (zipped("[Content_Types].xml", "word/document.xml"), "a Word or Excel file; save it as text or CSV"),
    "b.docx": (zipped("[Content_Types].xml", "word/document.xml", seconds=20), "a Word or Excel file"),
    "b.pt": (zipped("model/data.pkl", seconds=20), "a model of PyTorch, a ZIP archive"),
    "model.pt": (zipped("model/data.pkl"), "a model of PyTorch, a ZIP archive"),
    "a": (gzip.compress(TEXT.encode()), "a gzip file; its name should end with .gz"),
    "a.bz2": (bz2.compress(TEXT.encode()), "a bzip2 file"),
    "a.xz": (lzma.compress(TEXT.encode()), "an xz file"),
    "a.pkl": (pickle.dumps({"tokens": ["EU"]}), "a pickle, which is never read"),
    "b.pkl": (pickle.dumps([("EU", "B-ORG")] * 9, protocol=2), "a pickle, which is never read"),
    "table": (parquet(), "a Parquet file; its name should end with .parquet"),
    "a.npy": (b"\x93NUMPY\x01\x00v\x00", "a numpy array"),
    "a.pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF file"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
    "docbin": (zlib.compress(b"\x85\xa7version\xa30.1" * 99), "compressed data, such as a DocBin of spaCy"),
    "a.bin": (
        b"2 3\nthe " + np.array([0.1, -2, 3], "<f4").tobytes() + b"of " + np.array([1e-9, -0.3, 7], "<f4").tobytes(),
        "binary word vectors, as word2vec's .bin; embeddings.file reads them",
    ),
    "weights.bin": (bytes([0xD3, *range(9)]) * 40, "binary data"),
}  # fmt: skip


@pytest.mark.parametrize("ending", ["", ".jsonl"])
@pytest.mark.parametrize("name", FILES)
def test_messages_say_what_the_file_is(tmp_path, name, ending):
    content, kind = FILES[name]
    path = tmp_path / (name + ending)
    path.write_bytes(content)
    complaints: list[DataError] = []
    with pytest.raises(DataError) as error:
        read(str(path), ColumnFormat(), complaints.append)
    assert str(error.value).startswith(f"{path}: expected ")
    assert f"text, found {kind}" in str(error.value)
    assert len(complaints) == (name == "a.bin" and ending == ".jsonl")  # its header is a line of text


@pytest.mark.parametrize("text", ["PAR1 O", "BZh O", "PK O", "%PDF O", "x O", "7z O", "Rar! O", "60 50", "€5 O"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_text_that_begins_alike_is_text(tmp_path, text, encoding):
    path = tmp_path / "x.conll"
    path.write_text(text, encoding=encoding)
    assert read(str(path), ColumnFormat(encoding=encoding)).sentences[0].tokens == (text.split()[0],)
