"""Standoff folders of brat: a text in `NAME.txt`, its spans in `NAME.ann`. Each line of a text is a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bilstm_nlp.data.lines import Complain, check_encoding, stop
from bilstm_nlp.data.remarks import Note, Remark, ignore
from bilstm_nlp.data.text.formats.spans import DROPPED, CharacterSpan, SpanReader
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length
from bilstm_nlp.data.text.tokenizer import offsets
from bilstm_nlp.errors import DataError, excerpt
from bilstm_nlp.tags import Span, encode

UNANNOTATED = "texts without a file of annotations, left out"
PARTED = "spans of several parts, read from the first to the last"
ONE_CHARACTER = "texts whose offsets count line ends of two characters as one, read so"
LINE_END = re.compile("\r\n|\n|\r")
Places = Callable[[int], int]
"""An offset of an annotation → its place in the text."""


def is_brat(folder: Path) -> bool:
    """Tell whether a folder has files of annotations."""
    return folder.is_dir() and next(folder.rglob("*.ann"), None) is not None


def read_brat(source: str, format: ColumnFormat, complain: Complain = stop, note: Note = ignore) -> Iterator[Sentence]:
    """Yield the sentences of all texts in a folder and below, in the order of their names, each text a document.

    A sentence is a line, or several that a span joins. Relations, events and notes of the annotators are not read.
    Calls `complain` for a malformed text, and `note` for what was changed or left out.
    """
    check_encoding(source, format.encoding)
    texts = sorted(Path(source).rglob("*.txt"))
    for document, path in enumerate(texts, 1):
        annotations = path.with_suffix(".ann")
        if format.tag is not None and not annotations.is_file():
            note(Remark(source, None, UNANNOTATED, path.name))
            continue
        try:
            text = _content(path, format.encoding)
            spans = list(_spans(annotations, text, format, note)) if format.tag is not None else []
            yield from _sentences(path, text, spans, format, document, note)
        except DataError as error:
            complain(error)


def _content(path: Path, encoding: str) -> str:
    """Read a file whose offsets count every character. Raises `DataError`."""
    try:
        return path.read_bytes().decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        raise DataError(path, f"{encoding} text", str(error)) from None
    except OSError as error:
        raise DataError(path, "a file", f"one that can't be read: {error.strerror or error}") from None


@dataclass(frozen=True)
class Annotation:
    """A line of a file of annotations that is bound to the text."""

    line: int
    row: str
    """The whole line."""
    type: str
    pieces: tuple[tuple[int, int], ...]
    """Start and end of each part."""
    own: str | None
    """The text of the parts, joined by blanks."""

    def fits(self, text: str, places: Places) -> bool:
        """Tell whether the annotation's own text stands at its places. One without text fits everywhere."""
        covered = (text[places(start) : places(end)] for start, end in self.pieces)
        return self.own is None or " ".join(covered).split() == self.own.split()


def _annotations(path: Path, encoding: str) -> Iterator[Annotation]:
    """Yield the annotations of a file that are bound to the text. Raises `DataError` for a malformed one."""
    for number, line in enumerate(LINE_END.split(_content(path, encoding)), 1):
        if not line.startswith("T"):
            continue
        parts = line.split("\t")
        match = re.fullmatch(r"(.+) (\d+ \d+(?:;\d+ \d+)*)", parts[1]) if len(parts) > 1 else None
        if match is None:
            raise DataError(path, "T1, a tab, and a type with two offsets", excerpt(repr(line)), number)
        starts_and_ends = [tuple(map(int, piece.split())) for piece in match[2].split(";")]
        pieces = tuple((start, end) for start, end in starts_and_ends)
        yield Annotation(number, line, match[1], pieces, parts[2] if len(parts) > 2 else None)


def places_of(text: str, annotations: Sequence[Annotation]) -> Places:
    """Return the function offset → place in the text. Offsets may count line ends of two characters as one.

    The annotations' own texts tell. Without them, offsets count every character.
    """
    if "\r\n" not in text or all(annotation.fits(text, int) for annotation in annotations):
        return int
    kept = [index for index, character in enumerate(text) if character != "\n" or text[index - 1 : index] != "\r"]
    kept.append(len(text))

    def place(offset: int) -> int:
        return kept[offset] if offset < len(kept) else offset + len(text)

    fitting = sum(annotation.fits(text, place) for annotation in annotations)
    return place if fitting > sum(annotation.fits(text, int) for annotation in annotations) else int


def _spans(path: Path, text: str, format: ColumnFormat, note: Note) -> Iterator[CharacterSpan]:
    """Yield the annotations of a file that are bound to the text. Raises `DataError` for a malformed one."""
    annotations = list(_annotations(path, format.encoding))
    place = places_of(text, annotations)
    if place is not int:
        note(Remark(str(path), None, ONE_CHARACTER, path.with_suffix(".txt").name))
    for annotation in annotations:
        pieces = [(place(start), place(end)) for start, end in annotation.pieces]
        # brat parts a span at each line end, which leaves no gap but the line end itself.
        if any(text[before[1] : after[0]].strip() for before, after in pairwise(pieces)):
            if format.on_misaligned == "error":
                expected = 'spans of one part, or data.on_misaligned = "snap" or "drop"'
                raise DataError(path, expected, excerpt(repr(annotation.row)), annotation.line)
            if format.on_misaligned == "drop":
                note(Remark(str(path), annotation.line, DROPPED, excerpt(annotation.row)))
                continue
            note(Remark(str(path), annotation.line, PARTED, excerpt(annotation.row)))
        own = annotation.own if len(pieces) == 1 else None
        yield CharacterSpan(pieces[0][0], pieces[-1][1], annotation.type, own, annotation.line)


def _sentences(
    path: Path, text: str, spans: Sequence[CharacterSpan], format: ColumnFormat, document: int, note: Note
) -> Iterator[Sentence]:
    """Cut a text at its line ends, but not within spans. Raises `DataError` for spans that do not fit."""
    lines = list(_lines(text))
    tokens = tuple((begin + start, begin + end) for begin, line in lines for start, end in offsets(line, format.cut))
    annotations = str(path.with_suffix(".ann"))
    reader = SpanReader(
        text,
        tokens,
        format,
        lambda expected, problem, span: DataError(annotations, expected, problem, span.line),
        lambda kind, message, span: note(Remark(annotations, span.line, kind, message)),
        tries_line_ends=False,  # all annotations of a file count alike
    )
    of_tokens = reader.spans_of_tokens(spans)
    tags = encode(of_tokens, len(tokens), format.spans_as)
    for number, begin, end in _joined(lines, tokens, of_tokens):
        inside = [index for index, (start, past) in enumerate(tokens) if begin <= start and past <= end]
        check_length(str(path), len(inside), number)
        yield Sentence(
            tuple(text[slice(*tokens[index])] for index in inside),
            tuple(tags[index] for index in inside) if format.tag is not None else None,
            number,
            source=str(path),
            document=document,
            text=text[begin:end],
            offsets=tuple((tokens[index][0] - begin, tokens[index][1] - begin) for index in inside),
        )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, line without its end) of each line."""
    begin = 0
    for match in LINE_END.finditer(text):
        yield begin, text[begin : match.start()]
        begin = match.end()
    yield begin, text[begin:]


def _joined(
    lines: Sequence[tuple[int, str]], tokens: Sequence[tuple[int, int]], spans: Sequence[Span]
) -> Iterator[tuple[int, int, int]]:
    """Yield (number of its first line, begin, end) of each sentence with tokens: a line, or lines that a span joins."""
    places = [(tokens[span.start][0], tokens[span.end - 1][1]) for span in spans]
    first: tuple[int, int] | None = None
    for number, (begin, line) in enumerate(lines, 1):
        end = begin + len(line)
        number_of_first, begin_of_first = first or (number, begin)
        if any(start < end < past for start, past in places):
            first = (number_of_first, begin_of_first)
            continue
        first = None
        if any(begin_of_first <= start < end for start, _ in tokens):
            yield number_of_first, begin_of_first, end
