"""Texts to be classified, from files and standard input, whose classes may be unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Literal, assert_never

from bilstm_nlp.data.labelled.labelled_text import LabelledText, TextFormat
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.labelled.text_datasets import read_dataset
from bilstm_nlp.data.labelled.text_layout import layout_of
from bilstm_nlp.data.labelled.text_lines import texts_of
from bilstm_nlp.data.labelled.text_records import are_records, read_records, records_of
from bilstm_nlp.data.labelled.text_rows import Line, lines_of
from bilstm_nlp.data.lines import name_of, numbered_lines, stop
from bilstm_nlp.data.remarks import Note, ignore
from bilstm_nlp.data.text.formats.datasets import is_dataset
from bilstm_nlp.data.text.formats.recognition import first_lines, is_jsonl
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.errors import DataError

Reads = Literal["auto", "text", "tokens", "conll", "jsonl", "dataset"]


def texts_to_classify(
    source: str, format: TextFormat, note: Note = ignore, reads: Reads = "auto"
) -> Iterator[LabelledText]:
    """Yield the texts of a source in its order, while it is read. `-` is standard input.

    A file is JSON Lines, a table, or text with a text a line, by its name and its first lines; `reads` can say it. A
    blank line of text is a text without tokens. Classes in the file are read, but none is needed. Raises `DataError`.
    """
    name = name_of(source)
    builder = TextBuilder(name, format, stop, note, needs_class=False)
    match reads:
        case "conll":
            raise DataError(name, "text, a table, JSON Lines or a dataset", "--input conll, a format of taggers")
        case "dataset":
            yield from read_dataset(source, builder)
        case "auto" if is_dataset(source):
            yield from read_dataset(source, builder)
        case "tokens":
            cut = TextBuilder(name, replace(format, cut=Cut("blanks")), stop, note, needs_class=False)
            yield from texts_of(_lines(source, format), None, cut)
        case "text":
            yield from texts_of(_lines(source, format), None, builder)
        case "jsonl":
            yield from read_records(records_of(_lines(source, format), builder), builder)
        case "auto":
            head, lines = _with_head(source, format)
            if is_jsonl(source) or are_records([line for _, line in head]):
                yield from read_records(records_of(lines, builder), builder)
            else:
                yield from texts_of(lines, layout_of(name, head, format, needs_class=False), builder)
        case unknown:
            assert_never(unknown)


def _lines(source: str, format: TextFormat) -> Iterator[Line]:
    return lines_of(numbered_lines(source, format.encoding))


def _with_head(source: str, format: TextFormat) -> tuple[list[Line], Iterator[Line]]:
    """Return the first lines of a source, which tell its format, and all lines. Of a stream, the first is one line."""
    lines = _lines(source, format)
    if source != "-":
        return list(lines_of(iter(enumerate(first_lines(source, format.encoding), 1)))), lines
    head: list[Line] = []
    for line in lines:
        head.append(line)
        if line[1].strip():
            break
    return head, chain(head, lines)
