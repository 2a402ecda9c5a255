"""Pretrained word vectors: text files of GloVe, word2vec and fastText, parsed once and mapped into memory after that.

All three have a line a word: the word, then its D numbers, separated by single spaces. word2vec and fastText begin with
a line `N D`. A line ends at a line feed and nowhere else, for words hold all that Unicode calls a line or a space.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import json
import logging
import os
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.lines import LONGEST_LINE, most_unpacked, too_packed
from bilstm_nlp.errors import DataError

logger = logging.getLogger(__name__)

BLOCK = 1 << 23
"""Bytes parsed at a time."""
CACHE_VERSION = 1
BLANKS = b" \r\n"
"""What may follow the last number: fastText ends its rows with a space, some systems their lines with a return."""
HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})")
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Words and their vectors (N, D), in the order of the file.

    float32, the precision of the files: rows that go on being trained start from just what the file says. Who wants
    the others in half precision rounds them then.
    """

    words: Sequence[str]
    vectors: NDArray[np.float32]
    source: str
    repeated: int = 0
    """Rows left out because their word came before."""

    @cached_property
    def index(self) -> dict[str, int]:
        """Word → row."""
        return {word: row for row, word in enumerate(self.words)}

    def rows(self, words: Collection[str]) -> NDArray[np.int64]:
        """(len(words),) Raises `KeyError` for a word that the file lacks."""
        return np.fromiter(map(self.index.__getitem__, words), np.int64, len(words))


def matrix(pretrained: Pretrained, words: Collection[str]) -> NDArray[np.float32]:
    """(len(words), D) vectors of these words. Raises `KeyError` for a word that the file lacks."""
    return pretrained.vectors[pretrained.rows(words)]


def read_vectors(path: str | Path, dimension: int | None = None, cache: Path | None = None) -> Pretrained:
    """The vectors of a text file, `.gz` or not; from the cache where they have been read before.

    `dimension` is told from the file where it is not given. `cache` is a folder, by default that of the platform; it
    can be deleted at any time. Of a repeated word the first vector counts. Raises `DataError` with file and line.
    """
    path = Path(path)
    try:
        entry = CacheEntry(cache or default_cache(), path)
        pretrained = entry.load()
        # A cached file of another dimension is parsed again, to fail with the line at fault.
        if pretrained is None or dimension not in (None, pretrained.vectors.shape[1]):
            logger.info("%s: reading word vectors", path)
            pretrained = parse(path, dimension)
            entry.store(pretrained)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(path, "a file of word vectors", f"none that can be read: {reason}") from None
    if pretrained.repeated:
        logger.warning("%s: %d rows of repeated words left out; the first counts", path, pretrained.repeated)
    return pretrained


# --- the file ---


def parse(path: Path, dimension: int | None = None) -> Pretrained:
    """Read the file itself. Raises `DataError` for what it holds, `OSError`, `EOFError` or `zlib.error` for reading."""
    words: list[str] = []
    blocks: list[NDArray[np.float32]] = []
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        most, unpacked = most_unpacked(str(path)), 0
        first = whole_line(stream, path).removeprefix(codecs.BOM_UTF8)
        if not first:
            raise DataError(path, "word vectors", "an empty file")
        header = HEADER.fullmatch(first.rstrip(BLANKS))
        lines = ([first] if header is None else []) + whole_lines(stream, path)
        if header is not None:
            declared, promised = map(int, header.groups())
            if dimension not in (None, promised):
                raise DataError(path, f"vectors of {dimension} numbers", f"a header for {promised}", 1)
            dimension = promised
        elif dimension is None:
            dimension = usual_dimension(lines)
        if dimension < 1:
            raise DataError(path, "a word and its numbers, separated by single spaces", excerpt(first), 1)
        number = 1 if header is None else 2
        while lines:
            try:
                block = parse_rows(lines, dimension)
            except ValueError:
                raise first_fault(path, lines, number, dimension) from None
            words += block[0]
            blocks.append(block[1])
            number += len(lines)
            unpacked += sum(map(len, lines))
            if unpacked > most:
                raise too_packed(str(path))
            lines = whole_lines(stream, path)
    if header is not None and declared != len(words):
        raise DataError(path, f"{declared} rows, as the header says", f"{len(words)} rows", 1)
    if not words:
        raise DataError(path, "word vectors", "a header and no row", 1)
    return distinct(words, np.concatenate(blocks), str(path))


def whole_lines(stream: IO[bytes] | gzip.GzipFile, path: Path) -> list[bytes]:
    """The next lines, `BLOCK` bytes and what is left of the last one. Raises `DataError` for one that is too long."""
    content = stream.read(BLOCK)
    return io.BytesIO(content + whole_line(stream, path)).readlines()


def whole_line(stream: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    """The next line, or what is left of it. Raises `DataError` for one that is too long."""
    line = stream.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise DataError(path, f"lines of at most {LONGEST_LINE >> 20} MiB", "a longer one")
    return line


def usual_dimension(lines: Sequence[bytes]) -> int:
    """What most of the first rows say: one alone may be at fault, or its word may hold spaces."""
    return Counter(line.rstrip(BLANKS).count(b" ") for line in lines[:1000]).most_common(1)[0][0]


def parse_rows(lines: Sequence[bytes], dimension: int) -> tuple[list[str], NDArray[np.float32]]:
    """Words and vectors (len(lines), D). Raises `ValueError` when any row is at fault, without saying which."""
    words, rows = [], []
    for line in lines:
        if b"\t" in line:
            raise ValueError("a tab, in a format that has none")
        line = line.rstrip(BLANKS)
        word, _, row = line.partition(b" ") if line.count(b" ") == dimension else split_from_right(line, dimension)
        if not word:
            raise ValueError("a row without a word")
        words.append(word)
        rows.append(row)
    return b"\n".join(words).decode("utf-8").split("\n"), parse_numbers(rows, dimension)


def split_from_right(line: bytes, dimension: int) -> tuple[bytes, bytes, bytes]:
    """Part a word with spaces in it (GloVe 840B has some) from its numbers. Raises `ValueError` where that can't be."""
    word, *numbers = line.rsplit(b" ", dimension)
    # A word that ends in a number is taken for a row with too many numbers.
    if len(numbers) < dimension or NUMBER.fullmatch(word.rpartition(b" ")[2]):
        raise ValueError("a row with the wrong number of numbers")
    return word, b" ", b" ".join(numbers)


def parse_numbers(rows: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """(len(rows), D) Raises `ValueError` for what is not a finite number."""
    # Imported here: a run that starts from the cache has no need of it.
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import csv

    text = b"\n".join(rows)
    names = list(map(str, range(dimension)))
    table = csv.read_csv(
        pyarrow.BufferReader(text),
        csv.ReadOptions(column_names=names, block_size=len(text) + 1),
        csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False),
        csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.float64()), null_values=[]),
    )
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which is found below
        vectors = np.stack([column.to_numpy() for column in table.columns], 1, dtype=np.float32, casting="same_kind")
    if vectors.shape != (len(rows), dimension) or not np.isfinite(vectors).all():
        raise ValueError("not a finite number")
    return vectors


def first_fault(path: Path, lines: Sequence[bytes], number: int, dimension: int) -> DataError:
    """What is wrong with the first of these lines that can't be parsed; `number` is that of `lines[0]`."""
    for line in lines:
        try:
            parse_rows([line], dimension)
        except ValueError:
            break
        number += 1
    return DataError(path, f"a word and {dimension} numbers", fault(line.rstrip(BLANKS), dimension), number)


def fault(line: bytes, dimension: int) -> str:
    """In words, why this row can't be parsed."""
    if b"\t" in line:
        return f"a tab in {excerpt(line)}"
    word, *numbers = line.split(b" ")
    wrong = [field for field in numbers[-dimension:] if not is_number(field)]
    if len(numbers) < dimension:
        return f"{len(numbers)} in {excerpt(line)}"
    if wrong:
        return f"{excerpt(wrong[0])} for a number in {excerpt(line)}"
    if len(numbers) > dimension and is_number(numbers[-dimension - 1]):
        return f"{len(numbers)} in {excerpt(line)}"
    return f"a word that is not UTF-8 in {excerpt(line)}" if word else f"no word in {excerpt(line)}"


def is_number(field: bytes) -> bool:
    """Whether this is a number that float32 can hold."""
    return NUMBER.fullmatch(field) is not None and abs(float(field)) <= float(np.finfo(np.float32).max)


def excerpt(line: bytes) -> str:
    text = line.rstrip(BLANKS).decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= 60 else text[:60] + "…")


def distinct(words: list[str], vectors: NDArray[np.float32], source: str) -> Pretrained:
    """Without the rows whose word came before."""
    first: dict[str, int] = {}
    for row, word in enumerate(words):
        first.setdefault(word, row)
    repeated = len(words) - len(first)
    if repeated:
        words, vectors = list(first), vectors[np.fromiter(first.values(), np.int64, len(first))]
    return Pretrained(words, vectors, source, repeated)


# --- the cache ---


def default_cache() -> Path:
    """`$XDG_CACHE_HOME` or `~/.cache`, and there `bilstm_nlp/vectors`. Variables with a relative path don't count."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "bilstm_nlp" / "vectors"


class CacheEntry:
    """The parsed form of one text file: `NAME.f32`, its numbers, and `NAME.json`, a checksum and all the rest.

    The name stands for the file's path, so that a changed file takes the place of what was kept of it before; size and
    time of change tell whether it has changed. Nothing read is trusted before its checksum, not even as JSON.
    """

    def __init__(self, folder: Path, file: Path) -> None:
        """Raises `OSError` when there is no such file."""
        status = file.stat()
        name = hashlib.blake2b(os.fsencode(file.absolute()), digest_size=16).hexdigest()
        self.file = file
        self.stamp = [CACHE_VERSION, status.st_size, status.st_mtime_ns]
        self.numbers, self.rest = folder / f"{name}.f32", folder / f"{name}.json"

    def load(self) -> Pretrained | None:
        """The vectors, mapped into memory and read-only; None when they are not there, outdated or damaged."""
        try:
            checksum, _, rest = self.rest.read_bytes().partition(b"\n")
            numbers = np.asarray(np.memmap(self.numbers, np.float32, "r"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # an empty file can't be mapped
            logger.warning("%s: not readable, vectors are read anew: %s", self.rest, error)
            return None
        if checksum != checksum_of(numbers, rest):
            logger.warning("%s: damaged, vectors are read anew", self.rest)
            return None
        record = json.loads(rest)
        if record["stamp"] != self.stamp:
            return None
        words = record["words"]
        return Pretrained(words, numbers.reshape(len(words), -1), str(self.file), record["repeated"])

    def store(self, pretrained: Pretrained) -> None:
        """Keep the vectors for the next run. Where that can't be done, it costs the next run only time."""
        record = {"stamp": self.stamp, "repeated": pretrained.repeated, "words": pretrained.words}
        rest = json.dumps(record).encode()
        try:
            self.numbers.parent.mkdir(parents=True, exist_ok=True)
            replace(self.numbers, [pretrained.vectors.data.cast("B")])
            replace(self.rest, [checksum_of(pretrained.vectors, rest), b"\n", rest])
        except OSError as error:
            logger.warning("%s: the vectors can't be kept there, the next run reads them anew: %s", self.numbers, error)


def checksum_of(numbers: NDArray[np.float32], rest: bytes) -> bytes:
    return b"%08x" % zlib.crc32(numbers.data.cast("B"), zlib.crc32(rest))


def replace(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.writelines(parts)
            file.close()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
