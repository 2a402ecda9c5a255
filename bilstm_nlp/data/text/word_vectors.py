"""Pretrained word vectors: read from a file once, then mapped into memory from a cache."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from bilstm_nlp.batch import AnyArray, Ints
from bilstm_nlp.data.text.vector_containers import is_archive
from bilstm_nlp.data.text.vector_files import parse
from bilstm_nlp.data.text.vector_rows import Vectors
from bilstm_nlp.errors import DataError, OutputError
from bilstm_nlp.system.arrays import mapped_arrays, metadata_of
from bilstm_nlp.system.files import write_cache

logger = logging.getLogger(__name__)

CACHE_VERSION = 3


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Words and their vectors (N, D), in the order of the file.

    Vectors are float32, the precision of the files, because training starts from them. Frozen vectors are rounded to
    half precision by the caller.
    """

    words: Sequence[str]
    vectors: NDArray[np.float32]
    source: str
    repeated: int = 0
    """Rows left out because their word occurs before."""
    faulty: int = 0
    """Faults of rows, which were left out, and of the header."""
    fault: str = ""
    """The first of them, with its line."""

    @cached_property
    def index(self) -> dict[str, int]:
        """Word → row."""
        return {word: row for row, word in enumerate(self.words)}

    def first(self, count: int) -> Pretrained:
        """Return the first words and their vectors, at most `count`.

        >>> Pretrained(["the", "of"], np.zeros((2, 3), np.float32), "vectors.txt").first(1).words
        ['the']
        """
        return replace(self, words=self.words[:count], vectors=self.vectors[:count])

    def rows(self, words: Collection[str]) -> Ints:
        """Look up the rows of words: (len(words),). Raises `KeyError` for a word that is not in the file."""
        return np.fromiter(map(self.index.__getitem__, words), np.int64, len(words))


def matrix(pretrained: Pretrained, words: Collection[str]) -> NDArray[np.float32]:
    """Look up the vectors of words: (len(words), D). Raises `KeyError` for a word that is not in the file."""
    return pretrained.vectors[pretrained.rows(words)]


def read_vectors(path: str | Path, dimension: int | None = None) -> Pretrained:
    """Read the vectors of a file in one of the formats of `vector_files`, or take them from the cache.

    The first vector of a repeated word counts. Repeated and faulty rows are said in warnings.
    `dimension` chooses among the files of a zip archive. Raises `DataError` with file and line.
    """
    path = Path(path)
    try:
        entry = CacheEntry(cache_folder(), path, dimension)
        pretrained = entry.load()
        if pretrained is None:
            logger.info("%s: reading word vectors", path)
            pretrained = _distinct(parse(path, dimension), str(path))
            entry.store(pretrained)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(path, "a file of word vectors", f"none that can be read: {reason}") from None
    if pretrained.faulty:
        logger.warning(
            "%s faults in word vectors, rows left out; the first: %s", f"{pretrained.faulty:,}", pretrained.fault
        )
    if pretrained.repeated:
        logger.warning("%s: %d rows of repeated words left out; the first counts", path, pretrained.repeated)
    return pretrained


def _distinct(read: Vectors, source: str) -> Pretrained:
    """Leave out the rows whose word occurs before."""
    words, vectors, faults = read
    first: dict[str, int] = {}
    for row, word in enumerate(words):
        first.setdefault(word, row)
    repeated = len(words) - len(first)
    if repeated:
        words, vectors = list(first), vectors[np.fromiter(first.values(), np.int64, len(first))]
    return Pretrained(words, vectors, source, repeated, len(faults), str(faults[0]) if faults else "")


# --- the cache ---


def cache_folder() -> Path:
    """Return `bilstm_nlp/vectors` in `$XDG_CACHE_HOME` or `~/.cache`. It can be deleted at any time.

    A relative path in the variable is ignored.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "bilstm_nlp" / "vectors"


class CacheEntry:
    """The parsed form of one file, as a safetensors file with a checksum.

    The entry's name stands for the path of the file, so a new entry replaces the old one of a changed file. Size
    and time of change tell whether the file has changed. Words are stored as UTF-8, one a line.
    """

    def __init__(self, folder: Path, file: Path, dimension: int | None = None) -> None:
        """`dimension` chooses among the files of an archive. Raises `OSError` if there is no such file."""
        status = file.stat()
        chosen = f"\n{dimension}".encode() if is_archive(file) else b""
        name = hashlib.blake2b(os.fsencode(file.absolute()) + chosen, digest_size=16).hexdigest()
        self.file = file
        self.stamp = json.dumps([CACHE_VERSION, status.st_size, status.st_mtime_ns])
        self.path = folder / f"{name}.safetensors"

    def load(self) -> Pretrained | None:
        """Map the vectors into memory, read-only. Return None if they are missing, outdated or damaged."""
        try:
            metadata, arrays = metadata_of(self.path), mapped_arrays(self.path)
            words, vectors = arrays["words"], arrays["vectors"]
            stamp, left_out = metadata["stamp"], metadata["left_out"]
            checksum = metadata["checksum"]
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValueError, KeyError) as error:
            logger.warning("%s: not readable, vectors are read anew: %s", self.path, error)
            return None
        if checksum != _checksum(words, vectors, stamp, left_out):
            logger.warning("%s: damaged, vectors are read anew", self.path)
            return None
        if stamp != self.stamp:
            return None
        vectors.flags.writeable = False
        return Pretrained(words.tobytes().decode().split("\n"), vectors, str(self.file), *json.loads(left_out))

    def store(self, pretrained: Pretrained) -> None:
        """Keep the vectors for the next run. If they cannot be kept, the next run parses the file again."""
        words = np.frombuffer("\n".join(pretrained.words).encode(), np.uint8)
        left_out = json.dumps([pretrained.repeated, pretrained.faulty, pretrained.fault])
        checksum = _checksum(words, pretrained.vectors, self.stamp, left_out)
        metadata = {"stamp": self.stamp, "left_out": left_out, "checksum": checksum}
        arrays: dict[str, AnyArray] = {"words": words, "vectors": pretrained.vectors}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_cache(self.path, lambda partial: save_file(arrays, partial, metadata))
        except (OSError, OutputError) as error:
            logger.warning("%s: the vectors can't be kept there, the next run reads them anew: %s", self.path, error)


def _checksum(words: AnyArray, vectors: AnyArray, stamp: str, left_out: str) -> str:
    """Return the CRC of all that an entry holds."""
    value = zlib.crc32(json.dumps([stamp, left_out, words.shape, vectors.shape]).encode())
    for array in (words, vectors):
        value = zlib.crc32(np.ascontiguousarray(array).data.cast("B"), value)
    return f"{value:08x}"
