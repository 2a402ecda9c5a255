"""Text files of word vectors: GloVe, word2vec and fastText.

All three have a line for each word: the word, then its D numbers, separated by single spaces. word2vec and fastText
begin with a line `N D`. Only a line feed ends a line: words contain other characters that Unicode calls line ends or
spaces.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.lines import LONGEST_LINE, largest_unpacked, unpacks_to_more
from bilstm_nlp.errors import DataError, excerpt

BLOCK = 1 << 23
"""Bytes parsed at a time."""
BLANKS = b" \r\n"
"""Characters after the last number: fastText ends its rows with a space, some systems end lines with a return."""
HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})")
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def parse(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Read the words of a file and their vectors (N, D), repeated words included.

    Raises `DataError` for malformed content, and `OSError`, `EOFError` or `zlib.error` if reading fails.
    """
    words: list[str] = []
    blocks: list[NDArray[np.float32]] = []
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        largest, unpacked = largest_unpacked(str(path)), 0
        first = _whole_line(stream, path).removeprefix(codecs.BOM_UTF8)
        if not first:
            raise DataError(path, "word vectors", "an empty file")
        header = HEADER.fullmatch(first.rstrip(BLANKS))
        lines = ([first] if header is None else []) + _whole_lines(stream, path)
        if header is not None:
            declared, dimension = map(int, header.groups())
        else:
            declared, dimension = None, _usual_dimension(lines)
        if dimension < 1:
            raise DataError(path, "a word and its numbers, separated by single spaces", _quoted(first), 1)
        number = 1 if header is None else 2
        while lines:
            try:
                block = _parse_rows(lines, dimension)
            except ValueError:
                raise _first_fault(path, lines, number, dimension) from None
            words += block[0]
            blocks.append(block[1])
            number += len(lines)
            unpacked += sum(map(len, lines))
            if unpacked > largest:
                raise unpacks_to_more(str(path))
            lines = _whole_lines(stream, path)
    if declared is not None and declared != len(words):
        raise DataError(path, f"{declared} rows, as the header says", f"{len(words)} rows", 1)
    if not words:
        raise DataError(path, "word vectors", "a header and no row", 1)
    return words, np.concatenate(blocks)


def _whole_lines(stream: IO[bytes] | gzip.GzipFile, path: Path) -> list[bytes]:
    """Read `BLOCK` bytes, and on to the end of their last line. Raises `DataError` for a line that is too long."""
    content = stream.read(BLOCK)
    return io.BytesIO(content + _whole_line(stream, path)).readlines()


def _whole_line(stream: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    """Read the next line, or the rest of a line. Raises `DataError` for a line that is too long."""
    line = stream.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise DataError(path, f"lines of at most {LONGEST_LINE >> 20} MiB", "a longer one")
    return line


def _usual_dimension(lines: Sequence[bytes]) -> int:
    """Take the dimension of most of the first rows: a single row may be malformed, or its word may have spaces."""
    return Counter(line.rstrip(BLANKS).count(b" ") for line in lines[:1000]).most_common(1)[0][0]


def _parse_rows(lines: Sequence[bytes], dimension: int) -> tuple[list[str], NDArray[np.float32]]:
    """Parse rows into words and vectors (N, D). Raises `ValueError` if any row is malformed, without naming the row."""
    words, rows = [], []
    for line in lines:
        if b"\t" in line:
            raise ValueError("a tab, in a format that has none")
        line = line.rstrip(BLANKS)
        word, _, row = line.partition(b" ") if line.count(b" ") == dimension else _split_from_right(line, dimension)
        if not word:
            raise ValueError("a row without a word")
        words.append(word)
        rows.append(row)
    return b"\n".join(words).decode("utf-8").split("\n"), _parse_numbers(rows, dimension)


def _split_from_right(line: bytes, dimension: int) -> tuple[bytes, bytes, bytes]:
    """Split a row whose word has spaces (GloVe 840B has some). Raises `ValueError` for a wrong number of numbers."""
    word, *numbers = line.rsplit(b" ", dimension)
    # If the word ends in a number, the row has too many numbers.
    if len(numbers) < dimension or NUMBER.fullmatch(word.rpartition(b" ")[2]):
        raise ValueError("a row with the wrong number of numbers")
    return word, b" ", b" ".join(numbers)


def _parse_numbers(rows: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """Parse the numbers of rows: (N, D) float32. Raises `ValueError` for a number that is not finite."""
    # Imported here: a run that starts from the cache does not need it.
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
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which is refused below
        vectors = np.stack([column.to_numpy() for column in table.columns], 1, dtype=np.float32, casting="same_kind")
    if vectors.shape != (len(rows), dimension) or not np.isfinite(vectors).all():
        raise ValueError("not a finite number")
    return vectors


def _first_fault(path: Path, lines: Sequence[bytes], number: int, dimension: int) -> DataError:
    """Describe the first malformed line. `number` is the number of `lines[0]`."""
    for line in lines:
        try:
            _parse_rows([line], dimension)
        except ValueError:
            break
        number += 1
    return DataError(path, f"a word and {dimension} numbers", _fault(line.rstrip(BLANKS), dimension), number)


def _fault(line: bytes, dimension: int) -> str:
    """Describe in words why a row is malformed."""
    if b"\t" in line:
        return f"a tab in {_quoted(line)}"
    word, *numbers = line.split(b" ")
    wrong = [field for field in numbers[-dimension:] if not _is_number(field)]
    if len(numbers) < dimension:
        return f"{len(numbers)} in {_quoted(line)}"
    if wrong:
        return f"{_quoted(wrong[0])} for a number in {_quoted(line)}"
    if len(numbers) > dimension and _is_number(numbers[-dimension - 1]):
        return f"{len(numbers)} in {_quoted(line)}"
    return f"a word that is not UTF-8 in {_quoted(line)}" if word else f"no word in {_quoted(line)}"


def _is_number(field: bytes) -> bool:
    """Check that a field is a number within the range of float32."""
    return NUMBER.fullmatch(field) is not None and abs(float(field)) <= float(np.finfo(np.float32).max)


def _quoted(line: bytes) -> str:
    """Quote bytes for a message, without the blanks at their end, cut if they are long."""
    return repr(excerpt(line.rstrip(BLANKS).decode("utf-8", "backslashreplace")))
