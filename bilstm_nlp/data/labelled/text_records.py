"""Texts with their classes as records: of JSON Lines, of an array in JSON, and of datasets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.data.labelled.labelled_text import LabelledText, TextFormat
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.labelled.text_names import Ambiguous, class_name, text_names
from bilstm_nlp.data.lines import Complain, name_of
from bilstm_nlp.data.remarks import Note
from bilstm_nlp.data.text.formats.jsonl import values_of
from bilstm_nlp.data.text.formats.record_values import are_texts, shown
from bilstm_nlp.errors import DataError, listed

logger = logging.getLogger(__name__)

Record = tuple[int, Any]
"""Its line or number, from 1, and its value."""


@dataclass(frozen=True)
class Keys:
    """The keys of text and classes."""

    text: tuple[str, ...]
    label: tuple[str, ...]
    flags: bool = False
    """The keys of the classes hold 0 or 1."""


def read_jsonl(
    source: str, format: TextFormat, complain: Complain, note: Note, *, needs_class: bool = True
) -> Iterator[LabelledText]:
    """Yield the texts of a file with one JSON object a line, or with an array of objects."""
    builder = TextBuilder(name_of(source), format, complain, note, needs_class=needs_class)
    yield from read_records(values_of(source, format.encoding, complain), builder)


def read_records(records: Iterable[Record], builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of records. Keys that are not set are told by their names, over all records.

    Without a class that is needed, the first record tells the keys, and records are read one by one.
    """
    if builder.needs_class:
        records = list(records)
        names = dict.fromkeys(key for _, value in records if isinstance(value, dict) for key in value)
        keys = keys_of(list(names), builder)
        logger.info("%s: text in %s, class in %s", builder.name, " and ".join(keys.text), listed(keys.label))
    else:
        keys = None
    for number, value in records:
        try:
            if not isinstance(value, dict):
                raise DataError(builder.name, "a JSON object", shown(value), number)
            keys = keys or keys_of(list(value), builder)
            text = _text(value, number, keys, builder)
        except DataError as error:
            builder.complain(error)
            continue
        if text is not None:
            yield text


def keys_of(names: Sequence[str], builder: TextBuilder) -> Keys:
    """Choose the keys of text and classes. Raises `DataError` if they can't be told."""
    format = builder.format
    for column in (*format.text_columns, *format.label_columns):
        if isinstance(column, int):
            key = "text_column" if column in format.text_columns else "label_column"
            raise DataError(builder.name, f"a key of JSON in data.{key}", f"the number {column}")
    label = tuple(str(column) for column in format.label_columns)
    text = tuple(str(column) for column in format.text_columns)
    try:
        if not label:
            label = tuple(filter(None, [class_name([name for name in names if name not in text])]))
        if not text:
            text = tuple(text_names([name for name in names if name not in label]))
    except Ambiguous as ambiguous:
        raise DataError(builder.name, ambiguous.expected, ambiguous.found) from None
    present = f"only {', '.join(names)}" if names else "nothing"
    if not text:
        raise DataError(builder.name, "a key of texts, or data.text_column to name it", present)
    if not label and builder.needs_class:
        raise DataError(builder.name, "a key of classes, or data.label_column to name it", present)
    return Keys(text, label, isinstance(format.label, tuple))


def _text(record: dict[str, Any], number: int, keys: Keys, builder: TextBuilder) -> LabelledText | None:
    """Make the text of a record; None if it is skipped. Raises `DataError`."""
    classes = None
    try:
        if keys.flags:
            classes = builder.classes.of_flags({key: record.get(key) for key in keys.label}, number)
        elif keys.label:
            classes = builder.classes.of_value(record.get(keys.label[0]), number)
    except DataError:
        if builder.needs_class:
            raise
    parts: list[str] = []
    tokens: list[str] | None = None
    for key in keys.text:
        value = record.get(key)
        if value is None and (key not in record or len(keys.text) == 1):
            names = f"only {', '.join(record)}" if record else "nothing"
            problem = "null" if key in record else names
            raise DataError(builder.name, f"a text in {key}", problem, number)
        if value == [] or are_texts(value):
            words = [str(word) for word in value or ()]
            tokens = words if len(keys.text) == 1 else None
            parts.append(" ".join(words))
        elif isinstance(value, str):
            parts.append(value)
        elif value is not None:
            raise DataError(builder.name, f"a text in {key}", shown(value), number)
    other = {key: value for key, value in record.items() if key not in keys.text and key not in keys.label}
    return builder.build(" ".join(part for part in parts if part.strip()), classes, number, other, tokens)
