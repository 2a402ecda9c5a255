"""Files of texts with their classes, for training and evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bilstm_nlp.data.labelled.labelled_text import LabelledCorpus, LabelledText, TextFormat, place_of
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.labelled.text_datasets import read_dataset
from bilstm_nlp.data.labelled.text_folders import is_folder, read_folder
from bilstm_nlp.data.labelled.text_lines import read_lines
from bilstm_nlp.data.labelled.text_records import are_records, read_records, records_of
from bilstm_nlp.data.lines import Complain, name_of, numbered_lines, stop
from bilstm_nlp.data.remarks import Note, Remark, ignore, warn
from bilstm_nlp.data.text.formats.datasets import is_dataset
from bilstm_nlp.data.text.formats.recognition import first_lines, is_jsonl
from bilstm_nlp.errors import DataError, listed


class NoTexts(DataError):
    """A source without texts, or without any that can be read."""


def read_texts(
    source: str, format: TextFormat, complain: Complain = stop, note: Note = ignore
) -> Iterator[LabelledText]:
    """Yield the texts of a source with their classes: a file, a folder, or a dataset.

    Calls `complain` for texts that are malformed, empty or without a class, and `note` for guesses and for what is
    skipped. Raises `DataError`.
    """
    builder = TextBuilder(name_of(source), format, complain, note, needs_class=True)
    if is_dataset(source):
        yield from read_dataset(source, builder)
    elif is_folder(source):
        yield from read_folder(source, builder)
    elif is_jsonl(source) or are_records(first_lines(source, format.encoding)):
        yield from read_records(records_of(numbered_lines(source, format.encoding, complain), builder), builder)
    else:
        yield from read_lines(source, builder)


def read_all_texts(
    sources: Sequence[str], format: TextFormat, complain: Complain = stop, note: Note | None = None
) -> LabelledCorpus:
    """Read several sources as one corpus. Without `note`, a warning counts what is guessed or skipped.

    Classes of the first source help to tell the columns of those after it. Raises `DataError`, and `NoTexts` if nothing
    is left.
    """
    texts: list[LabelledText] = []
    remarks: list[Remark] = []
    known = set(format.classes)
    try:
        for source in sources:
            read = read_texts(source, replace(format, classes=frozenset(known)), complain, note or remarks.append)
            placed = [replace(text, source=place_of(text, name_of(source))) for text in read]
            known.update(name for text in placed for name in text.classes or ())
            texts += placed
    finally:
        warn(remarks)
    name = listed([name_of(source) for source in sources])
    if not texts:
        raise NoTexts(name, "at least one text", "none")
    return LabelledCorpus(name, texts)
