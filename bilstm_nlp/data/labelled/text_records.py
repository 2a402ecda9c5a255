"""Texts with their classes as records: of JSON Lines, of an array in JSON, and of datasets."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.labelled.text_exports import unpacked
from bilstm_nlp.data.labelled.text_keys import Keys, keys_of
from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.formats.jsonl import values_of_lines
from bilstm_nlp.data.text.formats.record_values import are_texts, shown
from bilstm_nlp.errors import DataError, listed

logger = logging.getLogger(__name__)

Record = tuple[int, Any]
"""Its line or number, from 1, and its value."""


BEGIN_OF_ARRAY = re.compile(r"\s*\[\s*(\{|$)")


def are_records(lines: Sequence[str]) -> bool:
    """Tell whether the first line that is not blank is a JSON object, or begins an array of objects.

    >>> are_records(["", '{"text": "good"}']), are_records(["[good]"]), are_records(['[{"text": "good"},'])
    (True, False, True)
    """
    first = next((line for line in lines if line.strip()), "")
    if BEGIN_OF_ARRAY.match(first):
        return True
    if not first.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def records_of(lines: Iterator[tuple[int, str]], builder: TextBuilder) -> Iterator[Record]:
    """Yield the records of lines: objects, one a line, or the objects of an array, or one object on several lines."""
    yield from values_of_lines(lines, builder.name, builder.complain, may_be_whole=True)


def read_records(
    records: Iterable[Record], builder: TextBuilder, names: Sequence[str] = (), classes: Sequence[str] = ()
) -> Iterator[LabelledText]:
    """Yield the texts of records. The keys that are not set are chosen over all records.

    If no class is needed, the first record tells the keys, and records are read one by one. `names` are keys that a
    dataset has, of which `classes` hold classes.
    """
    objects = _objects(records, builder)
    keys: Keys | None = None
    if builder.needs_class:
        objects = iter(kept := list(objects))
        values = [value for _, value in kept]
        keys = _keys(values, names or list(dict.fromkeys(key for value in values for key in value)), builder, classes)
        logger.info("%s: text in %s, class in %s", builder.name, " and ".join(keys.text), listed(keys.label))
    for number, value in objects:
        if keys is None:
            keys = _keys([value], list(value), builder, classes)
        try:
            text = _text(value, number, keys, builder)
        except DataError as error:
            builder.complain(error)
            continue
        if text is not None:
            yield text


def _keys(values: list[dict[str, Any]], names: Sequence[str], builder: TextBuilder, classes: Sequence[str]) -> Keys:
    """Choose the keys, and note what is a guess. Raises `DataError`."""
    keys = keys_of(builder.name, values, names, builder.format, classes, needs_class=builder.needs_class)
    for doubt in keys.doubts:
        builder.note(Remark(builder.name, None, "layouts that are a guess", doubt))
    return keys


def _objects(records: Iterable[Record], builder: TextBuilder) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records that are objects, in the form of plain records. Calls `complain` for others."""
    for number, value in records:
        try:
            if not isinstance(value, dict):
                raise DataError(builder.name, "a JSON object", shown(value), number)
            record = unpacked(value, number, builder)
        except DataError as error:
            builder.complain(error)
            continue
        if record is not None:
            yield number, record


def _text(record: dict[str, Any], number: int, keys: Keys, builder: TextBuilder) -> LabelledText | None:
    """Make the text of a record; None if it is skipped. Raises `DataError`."""
    classes = None
    try:
        if keys.flags and any(key in record for key in keys.label):
            classes = builder.classes.of_flags({key: record.get(key) for key in keys.label}, number)
        elif keys.label and not keys.flags:
            classes = builder.classes.of_value(record.get(keys.label[0]), number)
    except DataError:
        if builder.needs_class:
            raise
    parts: list[str] = []
    tokens: list[str] | None = None
    for key in keys.text:
        value = record.get(key)
        if isinstance(value, str):
            parts.append(value)
        elif value == [] or are_texts(value):
            words = [str(word) for word in value or ()]
            tokens = words if len(keys.text) == 1 else None
            parts.append(" ".join(words))
        elif value is None and key in record and len(keys.text) > 1:
            continue
        else:
            names = f"only {', '.join(record)}" if record else "nothing"
            raise DataError(builder.name, f"a text in {key}", shown(value) if key in record else names, number)
    other = {key: value for key, value in record.items() if key not in keys.text and key not in keys.label}
    return builder.build(" ".join(part for part in parts if part.strip()), classes, number, other, tokens)
