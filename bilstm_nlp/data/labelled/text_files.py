"""Files of texts: with their classes for training, and with or without them for predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, assert_never

from bilstm_nlp.data.labelled.labelled_text import LabelledCorpus, LabelledText, TextFormat, place_of
from bilstm_nlp.data.labelled.text_lines import read_lines
from bilstm_nlp.data.labelled.text_records import read_jsonl
from bilstm_nlp.data.lines import Complain, name_of, stop
from bilstm_nlp.data.remarks import Note, Remark, ignore, warn
from bilstm_nlp.data.text.formats.recognition import first_lines, is_jsonl
from bilstm_nlp.errors import DataError, listed

FileFormat = Literal["lines", "jsonl"]


class NoTexts(DataError):
    """A source without texts, or without any that can be read."""


def read_texts(
    source: str, format: TextFormat, complain: Complain = stop, note: Note = ignore
) -> Iterator[LabelledText]:
    """Yield the texts of a source with their classes.

    Calls `complain` for texts that are malformed, empty or without a class, and `note` for guesses and for what is
    skipped. Raises `DataError`.
    """
    match format_of(source, format.encoding):
        case "jsonl":
            yield from read_jsonl(source, format, complain, note)
        case "lines":
            yield from read_lines(source, format, complain, note)
        case unknown:
            assert_never(unknown)


def texts_to_classify(source: str, format: TextFormat, note: Note = ignore) -> Iterator[LabelledText]:
    """Yield the texts of a source whose classes may be unknown, in its order. A blank line is a text without tokens.

    `-` is standard input. Raises `DataError`.
    """
    match format_of(source, format.encoding):
        case "jsonl":
            yield from read_jsonl(source, format, stop, note, needs_class=False)
        case "lines":
            yield from read_lines(source, format, stop, note, needs_class=False)
        case unknown:
            assert_never(unknown)


def format_of(source: str, encoding: str) -> FileFormat:
    """Tell the format of a source by its name and its first line."""
    if is_jsonl(source) or _is_object(next((line for line in first_lines(source, encoding) if line.strip()), "")):
        return "jsonl"
    return "lines"


def _is_object(line: str) -> bool:
    """Tell whether a line is a JSON object."""
    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read_all_texts(
    sources: Sequence[str], format: TextFormat, complain: Complain = stop, note: Note | None = None
) -> LabelledCorpus:
    """Read several sources as one corpus. Without `note`, a warning counts what is guessed or skipped.

    Classes of the first source help to tell the columns of those after it. Raises `DataError`, and `NoTexts` if nothing
    is left.
    """
    texts: list[LabelledText] = []
    remarks: list[Remark] = []
    try:
        for source in sources:
            known = format.classes | {name for text in texts for name in text.classes or ()}
            read = read_texts(source, replace(format, classes=known), complain, note or remarks.append)
            texts += [replace(text, source=place_of(text, name_of(source))) for text in read]
    finally:
        warn(remarks)
    name = listed([name_of(source) for source in sources])
    if not texts:
        raise NoTexts(name, "at least one text", "none")
    return LabelledCorpus(name, texts)
