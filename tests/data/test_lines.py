from __future__ import annotations

import encodings.aliases
import gzip
import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.lines import BLOCK, numbered_lines
from bilstm_nlp.errors import DataError


def written(tmp_path, content: bytes, name: str = "file.txt") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


def lines(source: str, encoding: str = "utf-8") -> list[tuple[int, str]]:
    return list(numbered_lines(source, encoding))


def test_only_line_feeds_end_lines(tmp_path):
    inside = "a\u2028b\u0085c\x0bd\x0ce\rf\x1cg"
    source = written(tmp_path, f"\ufeff{inside}\r\n\n \r\nlast".encode())
    assert lines(source) == [(1, inside), (2, ""), (3, " "), (4, "last")]


def test_only_the_first_byte_order_mark_goes(tmp_path):
    source = written(tmp_path, "\ufeff\ufeffa\n\ufeffb\n".encode())
    assert lines(source) == [(1, "\ufeffa"), (2, "\ufeffb")]


def test_gzip_reads_as_the_plain_file(tmp_path):
    content = "eins\r\nzwei\n\nüber".encode()
    plain, packed = written(tmp_path, content), written(tmp_path, gzip.compress(content), "file.txt.gz")
    assert lines(packed) == lines(plain)


ENDS = st.lists(st.sampled_from([b"a", b"\xc3\xa9", b"\xff", b"\n", b"\n", b"\r\n", b"\r", b"x" * 70_000]))


@settings(max_examples=30)
@given(ENDS, st.integers(3, BLOCK // 4 + 2), st.sampled_from(["file.txt", "file.txt.gz"]))
def test_blocks_of_lines_have_the_lines_of_the_file(tmp_path_factory, ends, before, name):
    """Short lines stand before, so that the last lie on both sides of the end of a block."""
    content = b"b c\n" * before + b"".join(ends)
    expected, wrong = [], []
    for number, raw in enumerate(io.BytesIO(content), 1):
        line = raw[:-1].removesuffix(b"\r") if raw.endswith(b"\n") else raw
        try:
            expected.append((number, line.decode()))
        except UnicodeDecodeError:
            wrong.append(number)
    complaints: list[DataError] = []
    packed = gzip.compress(content, 1) if name.endswith(".gz") else content
    source = written(tmp_path_factory.mktemp("lines"), packed, name)
    assert list(numbered_lines(source, "utf-8", complaints.append)) == expected
    assert [error.line for error in complaints] == wrong


def test_standard_input_is_bytes_in_the_encoding(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("ä\nö\n".encode("latin-1")), encoding="ascii"))
    assert lines("-", "latin-1") == [(1, "ä"), (2, "ö")]


def test_lines_are_read_when_they_are_asked_for(monkeypatch):
    read = []

    class Slow(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            read.append(len(read))
            line = b"line %d\n" % len(read)
            buffer[: len(line)] = line
            return len(line)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Slow())))
    endless = numbered_lines("-", "utf-8")
    assert [next(endless) for _ in range(3)] == [(1, "line 1"), (2, "line 2"), (3, "line 3")]
    assert len(read) <= 4


def test_lines_before_bad_bytes_are_yielded(tmp_path):
    source = written(tmp_path, b"one\ntwo\ncaf\xe9 O\nfour\n")
    stream = numbered_lines(source, "utf-8")
    assert [next(stream), next(stream)] == [(1, "one"), (2, "two")]
    with pytest.raises(DataError) as error:
        next(stream)
    assert (
        str(error.value)
        == rf"{source}:3: expected utf-8 text, found byte 0xe9 in caf\xe9 O; data.encoding or --encoding names another"
    )


def test_complaints_go_on_with_the_next_line(tmp_path):
    complaints = []
    source = written(tmp_path, b"one\n\xff\nthree\n")
    assert list(numbered_lines(source, "utf-8", complaints.append)) == [(1, "one"), (3, "three")]
    assert [error.line for error in complaints] == [2]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("trian.conll", "nothing there; did you mean train.conll?"),
        ("nowhere/x", "nothing there"),
        ("folder", "a directory"),
    ],
)
def test_a_source_that_is_no_file_is_refused(tmp_path, name, kind):
    (tmp_path / "folder").mkdir()
    (tmp_path / "train.conll").touch()
    with pytest.raises(DataError) as error:
        lines(str(tmp_path / name))
    assert str(error.value) == f"{tmp_path / name}: expected a file, found {kind}"


def test_a_file_without_gzip_content_is_refused(tmp_path):
    source = written(tmp_path, b"EU O\n", "x.gz")
    with pytest.raises(
        DataError, match=r"x.gz:1: expected a gzip file, found one that can't be unpacked: Not a gzipped"
    ):
        lines(source)


def test_a_gzip_file_that_breaks_off(tmp_path):
    # Incompressible, so that a part of it is a part of the lines.
    text = b"".join(b"%x\n" % (pow(3, n, 2**61 - 1)) for n in range(9000))
    packed = gzip.compress(text)
    source = written(tmp_path, packed[: len(packed) // 2], "x.gz")
    stream, got = numbered_lines(source, "utf-8"), []
    with pytest.raises(DataError) as error:
        got.extend(stream)
    assert [line for _, line in got] == text.decode().split("\n")[: len(got)]
    assert len(got) > 1000
    assert str(error.value).startswith(
        f"{source}:{len(got) + 1}: expected a gzip file, found one that can't be unpacked"
    )


def test_a_damaged_gzip_file_is_refused(tmp_path):
    packed = bytearray(gzip.compress(b"EU O\n" * 1000))
    packed[12:30] = b"\xff" * 18
    with pytest.raises(DataError, match="expected a gzip file, found one that can't be unpacked"):
        lines(written(tmp_path, bytes(packed), "x.gz"))


def test_samples_come_with_the_package():
    assert lines("sample:news.dev.conll")[0][1].startswith("-DOCSTART-")
    with pytest.raises(DataError, match=r"^sample:news: expected one of .*news\.dev\.conll.*, found news$"):
        lines("sample:news")
    with pytest.raises(DataError, match="expected one of"):
        lines("sample:../lines.py")


@pytest.mark.parametrize("encoding", sorted({*encodings.aliases.aliases.values(), "no-such", "utf-8-sig", ""}))
def test_every_encoding_works_or_is_refused(tmp_path, encoding):
    source = written(tmp_path, b"a O\nb O\n")
    try:
        outcome = lines(source, encoding)
    except DataError as refusal:
        outcome = str(refusal)
    refused = (
        f"{source}: expected an encoding in which a line ends with the byte 0x0a, such as utf-8, latin-1 or gb18030"
    )
    assert outcome == [(1, "a O"), (2, "b O")] or outcome.startswith(f"{refused}, found {encoding!r}")


def test_a_mark_is_dropped_at_the_beginning_alone(tmp_path):
    source = written(tmp_path, "\ufeffa O\n\ufeffb O\n".encode())
    for encoding in ("utf-8", "utf-8-sig", "UTF_8_SIG"):
        assert lines(source, encoding) == [(1, "a O"), (2, "\ufeffb O")]


def test_bytes_that_an_encoding_refuses_without_saying_where(tmp_path):
    source = written(tmp_path, b"a O\nxn-- O\n")
    with pytest.raises(DataError, match=r"file\.txt:2: expected idna text, found .* in xn-- O; "):
        lines(source, "idna")


def test_encodings_that_hide_line_feeds_are_refused(tmp_path):
    source = written(tmp_path, "北 O\n".encode("gb18030"))
    assert lines(source, "gb18030") == [(1, "北 O")]
    for encoding in ("utf-16", "utf-32-le", "cp037", "rot13", "no-such", "utf-7", "unicode_escape"):
        with pytest.raises(DataError, match="an encoding in which"):
            lines(source, encoding)
