"""Lines of text with their numbers: from files, gzip files and standard input."""

from __future__ import annotations

import difflib
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import IO

from bilstm_nlp.data.sources import place
from bilstm_nlp.errors import DataError

ESCAPED = rb"\n \x0a \u000a +AAo-"
"""What some encodings, of Python and of old mail, take for a line feed."""

LONGEST_LINE = 1 << 26
"""Bytes."""
MOST_UNPACKED = 200
"""How many times its size a gzip file may unpack to; text takes from three to twenty, the most that gzip can do is a
thousand."""
UNPACKED_FREELY = 1 << 26
"""Bytes that any gzip file may unpack to."""

Complain = Callable[[DataError], None]
"""Told of a line that can't be read. What returns goes on with the next line."""


def stop(error: DataError) -> None:
    """The usual complaint: read no further."""
    raise error


def numbered_lines(source: str, encoding: str, complain: Complain = stop) -> Iterator[tuple[int, str]]:
    r"""(number from 1, line without its end), as they are asked for. A line ends at \n or \r\n and nowhere else.

    Raises `DataError` for what can't be opened or breaks off, and complains of bytes that are no text.
    """
    name = name_of(source)
    check_encoding(name, encoding)
    number = 0
    try:
        with opened(source) as stream:
            most, unpacked = most_unpacked(source), 0
            for number, raw in enumerate(iter(partial(stream.readline, LONGEST_LINE + 1), b""), 1):
                unpacked += len(raw)
                if unpacked > most:
                    raise too_packed(name)
                if len(raw) > LONGEST_LINE:
                    raise DataError(name, f"a line of at most {LONGEST_LINE >> 20} MiB", "more", number)
                try:
                    line = raw.decode(encoding)
                except UnicodeError as error:  # some encodings don't say which byte
                    text = raw.rstrip(b"\r\n").decode("ascii", "backslashreplace")
                    wrong = f"byte {raw[error.start]:#04x}" if isinstance(error, UnicodeDecodeError) else str(error)
                    found = f"{wrong} in {text[:60]}"
                    complain(DataError(name, f"{encoding} text", found, number))
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


def most_unpacked(source: str) -> float:
    """Bytes that may come of a source: of a gzip file no more than text makes of it. Raises `OSError`."""
    path = Path(source)
    if path.suffix != ".gz" or not path.is_file():
        return float("inf")
    return max(UNPACKED_FREELY, MOST_UNPACKED * path.stat().st_size)


def too_packed(name: str) -> DataError:
    """What a file is that fills the memory."""
    return DataError(name, f"a gzip file of text, which unpacks to at most {MOST_UNPACKED} times its size", "more")


def unpacked(path: Path, name: str) -> bytes:
    """Unpack a gzip file into memory, for libraries that read bytes; `name` stands for it in messages.

    Raises `DataError` if it unpacks to more than text does, `OSError` and `zlib.error` if it is no gzip file.
    """
    limit, content = most_unpacked(str(path)), bytearray()
    with gzip.GzipFile(path) as stream:
        while block := stream.read(1 << 20):
            content += block
            if len(content) > limit:
                raise too_packed(name)
    return bytes(content)


def opened(source: str) -> AbstractContextManager[IO[bytes] | gzip.GzipFile]:
    """The bytes of a source. Raises `OSError`, and `DataError` for no sample."""
    if source == "-":
        return nullcontext(sys.stdin.buffer)
    path = place(source)
    return gzip.GzipFile(path) if path.suffix == ".gz" else path.open("rb")


def name_of(source: str) -> str:
    """What messages call a source."""
    return "standard input" if source == "-" else source


def check_encoding(name: str, encoding: str) -> None:
    r"""Raises `DataError` unless lines can be told apart before they are decoded: where \n is one byte, as in ASCII,
    and nothing else becomes one."""
    expected = "an encoding in which a line ends with the byte 0x0a, such as utf-8, latin-1 or gb18030"
    try:
        usable = "a\n".encode(encoding) == b"a\n" and "\n" not in ESCAPED.decode(encoding)
    except (LookupError, UnicodeError, ValueError):
        raise DataError(name, expected, f"{encoding!r}, which is none") from None
    if not usable:
        raise DataError(name, expected, f"{encoding!r}; convert the file")


def suggestion(source: str) -> str:
    """Files of a like name in the same folder, for a message."""
    path = Path(source)
    try:
        near = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""
    return f"; did you mean {' or '.join(near)}?" if near else ""


def excerpt(text: str) -> str:
    """A line for a message, in quotes, cut where it is long."""
    return repr(text if len(text) <= 60 else text[:60] + "…")
