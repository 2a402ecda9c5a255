"""Nearly valid files: valid ones with bytes changed, and with odd pieces inserted."""

from __future__ import annotations

import gzip
import sys
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st

from bilstm_nlp.errors import ConfigError, InputError

T = TypeVar("T")

WHOLE = settings(max_examples=max(60, settings.default.max_examples // 10))
"""Examples of tests that load a whole run or dataset each time: in CI as many as a parser's, at night a tenth."""

NUMBERS = [
    b"0",
    b"-1",
    b"-0.0",
    b"1e999",
    b"-1e999",
    b"NaN",
    b"nan",
    b"Infinity",
    b"-inf",
    b"1e-400",
    b"9" * 25,
    b"9" * 400,
    b"9" * (sys.get_int_max_str_digits() + 700),
    b"0x" + b"f" * 6000,
    b"1_0",
    b"18446744073709551616",
    b"9223372036854775807",
    b"2147483648",
    "٣".encode(),
]
"""Numbers that are too large or too long, words for numbers, and digits of another script."""
CHARACTERS = [
    b"\0",
    b"\r",
    b"\r\n",
    b"\n",
    b"\n\n",
    b"\t",
    b" ",
    b"\x0b",
    b"\x0c",
    b"\x1a",
    b"\x1b[31m",
    b"\x1c",
    b"\x7f",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\xef\xbb\xbf",
    *map(str.encode, "\u0085\u00a0\u2028\u2029\u3000\u202e\u2066\u200d\U0001f600\u0301İßé北"),
    b'"',
    b"'",
    b",",
    b":",
    b"=",
    b"#",
    b"-",
    b"\\",
    b"~nobody/",
    b"x" * 5000,
]
"""Line ends and characters that look like them, halves of surrogate pairs, marks of direction, signs of syntax."""
STRUCTURES = [
    b"[",
    b"]",
    b"{",
    b"}",
    b"[[",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b'""',
    b'"x"',
    b"[" * 400 + b"]" * 400,
    b"[" * 100_000,
    b'{"a":' * 30_000,
    b'{"a":' * 600 + b"1" + b"}" * 600,
    b"a." * 3000,
]
"""Brackets, also nested too deeply."""
ODD = [*NUMBERS, *CHARACTERS, *STRUCTURES]


@st.composite
def changed(draw: st.DrawFn, content: bytes, pieces: Sequence[bytes] = ()) -> bytes:
    """Change content a few times: flip bits, cut and copy, insert odd pieces or replace a word by them.

    `pieces` are typical of such files. In the wrong place, they reach more of a parser than random bytes.
    """
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([1, 1, 2, 3, 8, 40, 1000])))
        match draw(st.sampled_from(["bit", "cut", "copy", "move", "end", "put", "put", "word", "word", "word"])):
            case "bit" if start < len(content):
                flipped = content[start] ^ (1 << draw(st.integers(0, 7)))
                content = content[:start] + bytes([flipped]) + content[start + 1 :]
            case "cut":
                content = content[:start] + content[end:]
            case "copy":
                content = content[:end] + content[start:]
            case "move":
                other = draw(st.integers(0, len(content)))
                content = content[:other] + content[start:end] + content[other:]
            case "end":
                content = content[:start]
            case "put":
                content = content[:start] + draw(st.sampled_from([*ODD, *pieces])) + content[start:]
            case "word":
                start, end = word(content, start)
                content = content[:start] + draw(st.sampled_from([*ODD, *pieces])) + content[end:]
    return content


WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_")


def word(content: bytes, start: int) -> tuple[int, int]:
    """Return the start and the end of the next word or number after an offset."""
    while start < len(content) and content[start] not in WORD:
        start += 1
    end = start
    while end < len(content) and content[end] in WORD:
        end += 1
    return start, end


def files(valid: Sequence[bytes], pieces: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """Draw any bytes, sequences of pieces, and most often nearly valid files."""
    nearly = st.sampled_from(valid).flatmap(lambda content: changed(content, pieces))
    made = st.lists(st.sampled_from([*pieces, *ODD]) | st.binary(max_size=6), max_size=12).map(b"".join)
    return st.one_of(nearly, nearly, nearly, made, st.binary(max_size=200))


def packed(contents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Draw the contents in gzip, whole or damaged, or without gzip."""
    whole = contents.map(lambda content: gzip.compress(content, 1, mtime=0))
    return st.one_of(whole, whole.flatmap(changed), contents)


def result_or_refusal(parse: Callable[[], T]) -> T | None:
    """Return the result of a parser; None if it refuses its input with an `InputError` in one line."""
    try:
        return parse()
    except InputError as error:
        check_message(error)
        return None


def check_message(error: InputError) -> None:
    """Check that a message has a line for each problem, and no control characters."""
    lines = str(error).split("\n")
    assert len(lines) == (1 + len(error.problems) if isinstance(error, ConfigError) else 1), lines
    for line in lines:
        assert line.strip()
        for character in line:
            assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, ascii(line)
