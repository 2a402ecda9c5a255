"""Files that are no text, told by their first bytes, and what to do with them."""

from __future__ import annotations

import codecs
import re

KINDS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "UTF-32 text; convert it: iconv -f UTF-32 -t UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"),
    (codecs.BOM_UTF16_BE, "UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\x1f\x8b", "a gzip file; its name should end with .gz"),
    *((b"BZh%d1AY&SY" % level, "a bzip2 file; unpack it with bunzip2") for level in range(1, 10)),
    (b"\xfd7zXZ\0", "an xz file; unpack it with unxz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it"),
    (b"\x28\xb5\x2f\xfd", "a zstd file; unpack it with unzstd"),
    (b"PAR1\x15", "a Parquet file; its name should end with .parquet"),
    (b"ARROW1\0\0", "an Arrow file; name the folder that save_to_disk has written"),
    (b"%PDF-", "a PDF file; extract its text"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file; save it as text or CSV"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a numpy array"),
    (b"SQLite format 3\0", "an SQLite database; export it as JSON or CSV"),
    (b"version https://git-lfs.github.com/", "a pointer of Git LFS; git lfs pull fetches the file"),
)
"""First bytes → the kind of file."""
ZIP = b"PK\x03\x04"
PICKLE = re.compile(rb"\x80[\x02-\x05][\x00-\x1f\x28-\x7d\x8c-\x95]")
VECTORS = re.compile(rb"\d{1,9} \d{1,4}\n")
"""The header of word2vec's files."""
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def kind_of(start: bytes) -> str | None:
    """Tell the kind of a file from its first bytes; None for what may be text in any encoding.

    >>> kind_of(b"%PDF-1.4"), kind_of(b"EU B-ORG")
    ('a PDF file; extract its text', None)
    """
    for magic, kind in KINDS:
        if start.startswith(magic):
            return kind
    if start.startswith(ZIP):
        office = b"[Content_Types].xml" in start[:2000] or b"word/" in start[:2000] or b"xl/" in start[:2000]
        model = b"/data.pkl" in start[:200]
        if office:
            return "a Word or Excel file; save it as text or CSV"
        return "a model of PyTorch, a ZIP archive" if model else "a ZIP archive; unpack it"
    if PICKLE.match(start):
        return "a pickle, which is never read; write it as JSON Lines"
    zeros = start[:400].count(0)
    if zeros > len(start[:400]) / 3 and len(start) > 3:
        return "UTF-16 text without a byte order mark; convert it: iconv -f UTF-16LE -t UTF-8"
    return None


def kind_of_no_text(start: bytes) -> str | None:
    """Tell the kind of a file that can't be decoded from its first bytes; None if nothing tells.

    >>> kind_of_no_text(b"2 3\\nthe \\x00\\x00\\x80\\xbf")
    "binary word vectors, as word2vec's .bin; embeddings.file reads them"
    """
    if start.startswith(ZLIB):
        return "compressed data, such as a DocBin of spaCy, whose name should end with .spacy"
    if VECTORS.match(start):
        return "binary word vectors, as word2vec's .bin; embeddings.file reads them"
    controls = sum(byte < 9 or 13 < byte < 32 for byte in start[:400])
    return "binary data" if controls > len(start[:400]) / 10 else None
