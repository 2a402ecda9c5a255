"""Binary files of word vectors, as word2vec writes them.

A line `N D`; then for each word its bytes, a space, and D float32 numbers, the lowest byte first. Some programs write a
line feed after each row.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.vector_rows import Rows
from bilstm_nlp.errors import DataError, excerpt

LINES = 20
"""Lines of a text file that are looked at."""
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
BLOCK = 1 << 23
"""Bytes read at a time."""
LONGEST_WORD = 1 << 12
"""Bytes. Where the next space is further away, the file is no such file."""
NOT_TEXT = bytes(range(9)) + bytes(range(14, 32))
"""Control characters that a text file of vectors does not have."""


def is_binary(start: bytes, dimension: int) -> bool:
    """Tell a binary file from a text file by the bytes after its header: no line ends in numbers, and not all is text.

    >>> is_binary(b"the 0.25 -1.5\\n", 2), is_binary(b"the \\x00\\x00\\x80>\\x00\\x00\\xc0\\xbf", 2)
    (False, True)
    """
    for line in start.split(b"\n")[:LINES]:
        word, *numbers = line.rstrip().rsplit(b" ", dimension)
        if word and len(numbers) == dimension and all(map(NUMBER.fullmatch, numbers)):
            return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # A text that is cut off within a character is a text.
        if error.reason != "unexpected end of data":
            return True
    return any(byte in NOT_TEXT for byte in start)


def parse_binary(stream: IO[bytes], start: bytes, path: Path, declared: int, dimension: int) -> Rows:
    """Read the rows after the header: `start`, and what follows in the stream.

    Rows with another word than UTF-8, or with numbers that are not finite, become faults.
    Raises `DataError` if the number of rows is not the declared one.
    """
    rows, size = Rows(path, dimension), 4 * dimension
    block = start
    while rows.count < declared:
        words: list[bytes] = []
        vectors: list[bytes] = []
        offset = 0
        while rows.count + len(words) < declared:
            space = block.find(b" ", offset, offset + LONGEST_WORD)
            if space < 0 or len(block) < space + 1 + size:
                break
            words.append(block[offset:space].removeprefix(b"\n"))
            vectors.append(block[space + 1 : space + 1 + size])
            offset = space + 1 + size
        _add(rows, words, np.frombuffer(b"".join(vectors), "<f4").reshape(-1, dimension))
        content = stream.read(BLOCK)
        block = block[offset:] + content
        endless = len(block) > LONGEST_WORD and b" " not in block[:LONGEST_WORD]
        if rows.count < declared and (endless or not content):
            read_rows = f"{rows.count:,} rows, and then {len(block):,} bytes that are none"
            raise DataError(path, f"{declared:,} rows, as the header says", read_rows)
    if surplus := len(block.strip(b"\n")):
        raise DataError(path, f"{declared:,} rows, as the header says", f"at least {surplus:,} bytes more")
    return rows


def _add(rows: Rows, words: list[bytes], vectors: NDArray[np.float32]) -> None:
    """Add the rows that are right, and faults of the others."""
    finite = np.asarray(np.isfinite(vectors).all(axis=1))
    texts, kept, before = [], [], rows.count
    for index, word in enumerate(words):
        fault = _fault(word, finite=bool(finite[index]))
        if fault is None:
            texts.append(word.decode("utf-8"))
            kept.append(index)
        else:
            content = f"{fault} in row {before + index + 1:,}"
            rows.faults.append(DataError(rows.path, f"a word and {rows.dimension} numbers", content))
    rows.add(texts, vectors[kept].astype(np.float32, copy=False))


def _fault(word: bytes, *, finite: bool) -> str | None:
    """Describe in words why a row can't be used."""
    if not word:
        return "no word"
    if b"\n" in word:
        return f"a line feed within {excerpt(repr(word))}"
    if not finite:
        return f"a number that is not finite, of the word {excerpt(word.decode('utf-8', 'backslashreplace'))!r}"
    try:
        word.decode("utf-8")
    except UnicodeDecodeError:
        return f"a word that is not UTF-8, {excerpt(word.decode('utf-8', 'backslashreplace'))!r},"
    return None
