"""Lines of text with their numbers: from files, gzip files and standard input."""

from __future__ import annotations

import difflib
import glob
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import IO

from bilstm_nlp.data.foreign import kind_of, kind_of_no_text
from bilstm_nlp.data.sources import path_of
from bilstm_nlp.errors import DataError

ESCAPED = rb"\n \x0a \u000a +AAo-"
"""Sequences that some encodings, of Python and of old mail, decode as a line feed."""

LOOKED_AT, FIRST = 2000, 3
"""Bytes and lines at the beginning of a file that tell its kind if it is no text."""
LONGEST_LINE = 1 << 26
"""Bytes."""
BLOCK = 1 << 16
"""Bytes that are read at once from a file."""
MOST_UNPACKED = 200
"""The largest ratio of unpacked to packed size of a gzip file. Text has three to twenty; gzip can reach a thousand."""
UNPACKED_FREELY = 1 << 26
"""Bytes that a gzip file of any size may unpack to."""

Complain = Callable[[DataError], None]
"""Called with the error of a malformed line. If it returns, reading continues with the next line."""


def stop(error: DataError) -> None:
    """Raise the error: reading ends at the first malformed line."""
    raise error


def lines_of_columns(source: str, encoding: str, complain: Complain = stop) -> Iterator[tuple[int, str]]:
    r"""Yield (number from 1, line without its end). Here a lone \r ends a line too, as on old Macs.

    Calls `complain` and raises `DataError` as `numbered_lines` does.
    """
    returns = 0  # lone ones, before this line
    for number, line in numbered_lines(source, encoding, complain):
        if "\r" not in line:  # as in nearly all lines
            yield number + returns, line
            continue
        parts = line.split("\r")
        yield from enumerate(parts, number + returns)
        returns += len(parts) - 1


def numbered_lines(source: str, encoding: str, complain: Complain = stop) -> Iterator[tuple[int, str]]:
    r"""Yield (number from 1, line without its end). Only \n and \r\n end a line.

    Calls `complain` for bytes that are no text. Raises `DataError` if the source can't be opened or is cut off.
    """
    name = name_of(source)
    check_encoding(name, encoding)
    encoding = "utf-8" if has_mark(encoding) else encoding
    number = 0
    try:
        with opened(source) as stream:
            largest, unpacked, start = largest_unpacked(source), 0, b""
            for block in _blocks(stream):
                unpacked += len(block)
                if unpacked > largest:
                    raise unpacks_to_more(name)
                if len(start) >= LOOKED_AT and (lines := _plain_lines(block, encoding)) is not None:
                    yield from enumerate(lines, number + 1)
                    number += len(lines)
                    continue
                first = number + 1
                for number, raw in enumerate(io.BytesIO(block), first):
                    if len(raw) > LONGEST_LINE:
                        raise DataError(name, f"a line of at most {LONGEST_LINE >> 20} MiB", "more", number)
                    if number == 1 and (kind := kind_of(raw)) is not None:  # its first line may end anywhere
                        more = b"".join(stream.readline(LOOKED_AT) for _ in range(FIRST))
                        raise DataError(name, "text", kind_of(raw + more) or kind)
                    if len(start) < LOOKED_AT:
                        start += raw
                    try:
                        line = raw.decode(encoding)
                    except UnicodeError as error:  # some encodings don't say which byte
                        if number <= FIRST and (kind := kind_of_no_text(start)) is not None:
                            raise DataError(name, f"{encoding} text", kind) from None
                        complain(_no_text(name, raw, encoding, error, number))
                        continue
                    if number == 1:
                        line = line.removeprefix("\ufeff")
                    yield number, line[:-1].removesuffix("\r") if line.endswith("\n") else line
    except FileNotFoundError:
        raise DataError(name, "a file", f"nothing there{suggestion(source)}") from None
    except IsADirectoryError:
        raise DataError(name, "a file", "a directory") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(name, "a gzip file", f"one that can't be unpacked: {error}", number + 1) from None
    except OSError as error:
        raise DataError(name, "a file", f"one that can't be read: {error.strerror or error}") from None


def _blocks(stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    """Yield whole lines: one after the other from a pipe and at the beginning, then as many as are read at once.

    A line longer than `LONGEST_LINE` is cut.
    """
    line_by_line = iter(partial(stream.readline, LONGEST_LINE + 1), b"")
    if not isinstance(stream, io.BufferedReader | gzip.GzipFile):
        yield from line_by_line
        return
    read = 0
    for line in line_by_line:
        yield line
        read += len(line)
        if read >= LOOKED_AT:
            break
    left = b""
    while data := stream.read1(max(BLOCK, len(left))):
        whole, end, left = (left + data).rpartition(b"\n")
        if end or len(left) > LONGEST_LINE:
            yield whole + end or left
            left = left if end else b""
    if left:
        yield left


def _plain_lines(block: bytes, encoding: str) -> list[str] | None:
    """Return the lines of a block without their ends; None if one of them needs a second look."""
    if encoding != "utf-8" or b"\r" in block or len(block) > LONGEST_LINE:
        return None
    try:
        return block.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        return None


def _no_text(name: str, raw: bytes, encoding: str, error: UnicodeError, number: int) -> DataError:
    """Make the error for a line that is no text in an encoding."""
    text = raw.rstrip(b"\r\n").decode("ascii", "backslashreplace")
    wrong = f"byte {raw[error.start]:#04x}" if isinstance(error, UnicodeDecodeError) else str(error)
    wrong += f" in {text[:60]}; data.encoding or --encoding names another"
    return DataError(name, f"{encoding} text", wrong, number)


def largest_unpacked(source: str) -> float:
    """Limit the bytes of a source: a gzip file may unpack to as much as text does. Raises `OSError`."""
    path = Path(source)
    if path.suffix != ".gz" or not path.is_file():
        return float("inf")
    return max(UNPACKED_FREELY, MOST_UNPACKED * path.stat().st_size)


def unpacks_to_more(name: str) -> DataError:
    """Make the error for a gzip file that unpacks to more than text does."""
    return DataError(name, f"a gzip file of text, which unpacks to at most {MOST_UNPACKED} times its size", "more")


def unpacked(path: Path, name: str) -> bytes:
    """Unpack a gzip file into memory, for libraries that read bytes; `name` stands for it in messages.

    Raises `DataError` if it unpacks to more than text does, `OSError` and `zlib.error` if it is no gzip file.
    """
    limit, content = largest_unpacked(str(path)), bytearray()
    with gzip.GzipFile(path) as stream:
        while block := stream.read(1 << 20):
            content += block
            if len(content) > limit:
                raise unpacks_to_more(name)
    return bytes(content)


def opened(source: str) -> AbstractContextManager[IO[bytes] | gzip.GzipFile]:
    """Open the bytes of a source. Raises `OSError`, and `DataError` for an unknown sample."""
    if source == "-":
        return nullcontext(sys.stdin.buffer)
    path = path_of(source)
    return gzip.GzipFile(path) if path.suffix == ".gz" else path.open("rb")


def name_of(source: str) -> str:
    """Return the name of a source in messages."""
    return "standard input" if source == "-" else source


def check_encoding(name: str, encoding: str) -> None:
    r"""Raises `DataError` unless lines can be split before they are decoded.

    The encoding must have \n as one byte, as ASCII has, and must decode nothing else as \n. UTF-8 with a mark is UTF-8:
    the mark at a file's beginning is never part of a line.
    """
    if has_mark(encoding):
        return
    expected = "an encoding in which a line ends with the byte 0x0a, such as utf-8, latin-1 or gb18030"
    try:
        usable = "a\n".encode(encoding) == b"a\n" and "\n" not in ESCAPED.decode(encoding)
    except (LookupError, UnicodeError, ValueError):
        raise DataError(name, expected, f"{encoding!r}, which is none") from None
    if not usable:
        raise DataError(name, expected, f"{encoding!r}; convert the file")


def has_mark(encoding: str) -> bool:
    """Tell whether an encoding is UTF-8 with a byte order mark, which Windows writes.

    >>> has_mark("utf-8-sig"), has_mark("UTF_8_SIG"), has_mark("utf-8")
    (True, True, False)
    """
    return encoding.lower().replace("_", "-") == "utf-8-sig"


def suggestion(source: str) -> str:
    """Suggest files of a similar name in the same folder, for a message."""
    path = Path(source)
    if glob.has_magic(source):
        return ", and no file that matches the pattern"
    try:
        similar = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""
    return f"; did you mean {' or '.join(similar)}?" if similar else ""
