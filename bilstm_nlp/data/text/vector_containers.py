"""Files that vectors come in: plain, or packed as gzip, bzip2 or zip. The content tells which, not the name."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from bilstm_nlp.data.lines import MOST_UNPACKED, UNPACKED_FREELY
from bilstm_nlp.errors import DataError

KINDS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
}
"""The first bytes of packed files."""
TEXTS = {".txt", ".vec", ".w2v", ".glove"}
"""Endings of vectors as text. Archives may hold the same vectors in other forms, or other files."""


@contextmanager
def unpacked(path: Path, choose: Callable[[list[str], Callable[[str], IO[bytes]]], str]) -> Iterator[IO[bytes]]:
    """Open the bytes of a file of vectors, unpacked. `choose` takes one of several files of a zip archive.

    Its arguments are their names and a function that opens one. A file that unpacks to more than text does ends in
    `DataError`. Raises `OSError`, `EOFError` and `zlib.error` if reading fails.
    """
    kind = _kind(path)
    largest = max(UNPACKED_FREELY, MOST_UNPACKED * path.stat().st_size)
    if kind is None:
        with path.open("rb") as stream:
            yield stream
    elif kind == "gzip":
        with gzip.open(path) as stream:
            yield _buffered(stream, path, kind, largest)
    elif kind == "bzip2":
        with bz2.open(path) as stream:
            yield _buffered(stream, path, kind, largest)
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                names = vector_members([info.filename for info in archive.infolist() if not info.is_dir()])
                if not names:
                    raise DataError(path, "a zip archive with a file of vectors", "one without")
                name = names[0] if len(names) == 1 else choose(names, archive.open)
                with archive.open(name) as stream:
                    yield _buffered(stream, path, kind, largest)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # damaged, or encrypted
            raise DataError(path, "a zip archive", f"one that can't be unpacked: {error}") from None


def is_archive(path: Path) -> bool:
    """Return True for a zip archive, which may have several files. Raises `OSError`."""
    return path.is_file() and _kind(path) == "zip"


def _kind(path: Path) -> str | None:
    with path.open("rb") as stream:
        start = stream.read(4)
    return next((kind for first, kind in KINDS.items() if start.startswith(first)), None)


def vector_members(names: list[str]) -> list[str]:
    """Return the files of an archive that may be vectors: texts if there are any, else binary files, else all.

    >>> vector_members(["LIST", "meta.json", "model.bin", "model.txt", "README.txt", "__MACOSX/._model.txt"])
    ['model.txt']
    """
    own = [name for name in names if not name.startswith("__MACOSX/")]
    own = [name for name in own if PurePosixPath(name).stem.lower() not in ("readme", "license", "licence")]
    texts = [name for name in own if PurePosixPath(name).suffix.lower() in TEXTS]
    return texts or [name for name in own if name.lower().endswith(".bin")] or own


def _buffered(stream: IO[bytes] | gzip.GzipFile | bz2.BZ2File, path: Path, kind: str, largest: int) -> IO[bytes]:
    return io.BufferedReader(_Limited(stream, path, kind, largest), 1 << 16)


class _Limited(io.RawIOBase):
    """Unpacked bytes, of which there may be only so many."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile | bz2.BZ2File, path: Path, kind: str, largest: int) -> None:
        self.stream, self.path, self.kind, self.left = stream, path, kind, largest

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Read into a buffer. Raises `DataError` beyond the limit."""
        content = self.stream.read(len(buffer))
        self.left -= len(content)
        if self.left < 0:
            expected = f"a {self.kind} file of vectors, which unpacks to at most {MOST_UNPACKED} times its size"
            raise DataError(self.path, expected, "more")
        buffer[: len(content)] = content
        return len(content)
