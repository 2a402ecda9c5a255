"""Files of word vectors: GloVe, word2vec and fastText as text, word2vec as binary, packed or not.

The text formats have a line for each word: the word, then its D numbers, separated by single spaces. word2vec and
fastText begin with a line `N D`. Only a line feed ends a line: words contain other characters that Unicode calls line
ends or spaces.

A few faulty rows are left out and counted, as large files of vectors often have some. Many are an error.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.lines import LONGEST_LINE
from bilstm_nlp.data.text.binary_vectors import LONGEST_WORD, NUMBER, is_binary, parse_binary
from bilstm_nlp.data.text.vector_containers import unpacked
from bilstm_nlp.data.text.vector_rows import Rows, Vectors
from bilstm_nlp.errors import DataError, excerpt

BLOCK = 1 << 23
"""Bytes parsed at a time."""
HOPELESS = 1000
"""Faults from which on reading ends early, if most rows are faulty."""
BLANKS = b" \r\n"
"""Characters after the last number: fastText ends its rows with a space, some systems end lines with a return."""
HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})")
FOREIGN = {
    codecs.BOM_UTF16_LE: "UTF-16 text; convert it to UTF-8",
    codecs.BOM_UTF16_BE: "UTF-16 text; convert it to UTF-8",
    b"\xba\x16\x4f\x2f": "a fastText model; take the .vec file beside it",
    b"\x80": "a pickle; in gensim, write vectors.save_word2vec_format('vectors.txt')",
    b"\x93NUMPY": "a numpy array, which has no words",
    b"\x89HDF": "an HDF5 file",
}
"""The first bytes of files that are taken for vectors, and what they are."""


def parse(path: Path, dimension: int | None = None) -> Vectors:
    """Read the words of a file and their vectors (N, D), repeated words included, without faulty rows.

    `dimension` chooses among the files of a zip archive.
    Raises `DataError` for malformed content, and `OSError`, `EOFError` or `zlib.error` if reading fails.
    """
    with unpacked(path, lambda names, opened: _member(path, dimension, names, opened)) as stream:
        first = _first_line(stream, path)
        header = _header(first)
        if header is None:
            return _parse_text(stream, path, [first], None).finished(None)
        declared, size = header
        if size < 1:
            raise DataError(path, "a word and its numbers, separated by single spaces", _quoted(first), 1)
        start = stream.read(min(LONGEST_WORD + 4 * size, BLOCK))
        if is_binary(start, size):
            rows = parse_binary(stream, start, path, declared, size)
        else:
            start += b"" if start.endswith(b"\n") else _whole_line(stream, path)
            rows = _parse_text(stream, path, io.BytesIO(start).readlines(), size)
        return rows.finished(declared)


def _first_line(stream: IO[bytes], path: Path) -> bytes:
    """Read the first line. Raises `DataError` for an empty file, and for files of other formats."""
    first = _whole_line(stream, path)
    for start, kind in FOREIGN.items():
        if first.startswith(start):
            raise DataError(path, "word vectors as text, or in the binary format of word2vec", kind)
    first = first.removeprefix(codecs.BOM_UTF8)
    if not first:
        raise DataError(path, "word vectors", "an empty file")
    return first


def _header(first: bytes) -> tuple[int, int] | None:
    """Return the number of rows and their dimension, if a first line tells them."""
    header = HEADER.fullmatch(first.rstrip(BLANKS))
    return None if header is None else (int(header[1]), int(header[2]))


def _member(path: Path, dimension: int | None, names: Sequence[str], opened: Callable[[str], IO[bytes]]) -> str:
    """Choose the file of an archive with vectors of this dimension. Raises `DataError` unless it is a single one."""
    sizes = {}
    for name in names:
        with opened(name) as stream:
            first = _first_line(stream, path)
            header = _header(first)
            sizes[name] = header[1] if header else first.rstrip(BLANKS).count(b" ")
    chosen = [name for name, size in sizes.items() if size == dimension]
    if len(chosen) != 1:
        listed = ", ".join(f"{name} ({size} numbers a row)" for name, size in sizes.items())
        wanted = "" if dimension is None else f" of dimension {dimension}"
        hint = "" if len(set(sizes.values())) < len(sizes) else "; embeddings.dimension chooses one"
        raise DataError(path, f"a single file of vectors{wanted}", f"{listed}{hint}")
    return chosen[0]


def _parse_text(stream: IO[bytes], path: Path, lines: list[bytes], dimension: int | None) -> Rows:
    """Parse `lines`, and those that follow in the stream. Without a header, most rows tell the dimension."""
    number = 1 if dimension is None else 2
    lines = lines + _whole_lines(stream, path)
    if dimension is None:
        dimension = _usual_dimension(lines)
        if dimension < 1:
            raise DataError(path, "a word and its numbers, separated by single spaces", _quoted(lines[0]), 1)
    rows = Rows(path, dimension)
    while lines:
        _add(rows, lines, number)
        number += len(lines)
        lines = _whole_lines(stream, path)
    return rows


def _add(rows: Rows, lines: list[bytes], number: int) -> None:
    """Add the rows of lines, of which the first has this number. Halves with a fault are halved again.

    Raises `DataError` as soon as a file proves to be no file of vectors, since this takes time for each fault.
    """
    if len(rows.faults) > max(HOPELESS, rows.count // 2):
        raise rows.refusal()
    try:
        rows.add(*_parse_rows(lines, rows.dimension))
    except ValueError:
        if len(lines) == 1:
            fault = _fault(lines[0].rstrip(BLANKS), rows.dimension)
            rows.faults.append(DataError(rows.path, f"a word and {rows.dimension} numbers", fault, number))
            return
        half = len(lines) // 2
        _add(rows, lines[:half], number)
        _add(rows, lines[half:], number + half)


def _whole_lines(stream: IO[bytes], path: Path) -> list[bytes]:
    """Read `BLOCK` bytes, and on to the end of their last line. Raises `DataError` for a line that is too long."""
    content = stream.read(BLOCK)
    return io.BytesIO(content + _whole_line(stream, path)).readlines()


def _whole_line(stream: IO[bytes], path: Path) -> bytes:
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
