"""The keys of text and classes in records, told by their names, or else by their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_columns import ColumnFigures, class_choice, text_choice
from bilstm_nlp.data.labelled.text_names import Ambiguous, class_name, several_classes, text_names
from bilstm_nlp.errors import DataError


@dataclass(frozen=True)
class Keys:
    """The keys of text and classes."""

    text: tuple[str, ...]
    label: tuple[str, ...]
    flags: bool = False
    """The keys of the classes hold 0 or 1."""
    doubts: tuple[str, ...] = ()
    """Guesses, each with the setting that says otherwise."""


def keys_of(
    name: str,
    records: Sequence[dict[str, Any]],
    keys: Sequence[str],
    format: TextFormat,
    classes: Sequence[str] = (),
    *,
    needs_class: bool,
) -> Keys:
    """Choose the keys of text and classes. `classes` are keys that hold classes, as a dataset declares.

    `keys` are those of all records. Raises `DataError` if they can't be told.
    """
    for setting, columns in (("text_column", format.text_columns), ("label_column", format.label_columns)):
        for column in columns:
            if isinstance(column, int) and (needs_class or setting == "text_column"):
                raise DataError(name, f"a key of the records in data.{setting}", f"the number {column}")
    label = tuple(str(column) for column in format.label_columns)
    text = tuple(str(column) for column in format.text_columns)
    doubts: list[str] = []
    present = f"only {', '.join(keys)}" if keys else "nothing"
    try:
        if not label:
            label = _class_key([key for key in keys if key not in text], classes, needs_class)
        if not text:
            text = tuple(text_names([key for key in keys if key not in label]))
        if not text or (not label and needs_class):
            scalars = _figures(records, keys)
            if not label and needs_class:
                parted = _figures(records, [key for key in keys if key not in text], format.label_separator)
                label = _class_by_values(parted, format)
                doubts += [f"the class is in {key}; data.label_column names another" for key in label]
            if not text:
                others = {of.index: key for key, of in scalars if key not in label and of.words >= 1}
                text = tuple(others[of.index] for of in text_choice([of for _, of in scalars if of.index in others]))
                doubts += [f"the text is in {key}; data.text_column names another" for key in text]
    except Ambiguous as ambiguous:
        raise DataError(name, ambiguous.expected, ambiguous.found) from None
    if not text:
        raise DataError(name, "a key of texts, or data.text_column to name it", present)
    if not label and needs_class:
        raise DataError(name, "a key of classes, or data.label_column to name it", present)
    return Keys(text, label, isinstance(format.label, tuple), tuple(doubts))


def _class_key(keys: Sequence[str], classes: Sequence[str], needs_class: bool) -> tuple[str, ...]:
    """Choose the key of the classes by names, or as the only one that a dataset declares. Raises `Ambiguous`."""
    try:
        chosen = class_name(keys)
    except Ambiguous:
        if needs_class:
            raise
        return ()
    if chosen is None and len(classes) > 1 and needs_class:
        raise Ambiguous("data.label_column", "one column of classes", classes, "")
    return tuple(classes) if chosen is None and len(classes) == 1 else tuple(filter(None, [chosen]))


def _figures(
    records: Sequence[dict[str, Any]], keys: Sequence[str], separator: str | None = None
) -> list[tuple[str, ColumnFigures]]:
    """Count the values of keys that hold strings, numbers or booleans in all records."""
    chosen = []
    for index, key in enumerate(keys):
        values = [record.get(key) for record in records]
        if values and all(isinstance(value, str | int) or _is_whole(value) for value in values):
            chosen.append((key, ColumnFigures.of(index, list(map(str, values)), separator)))
    return chosen


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _class_by_values(scalars: Sequence[tuple[str, ColumnFigures]], format: TextFormat) -> tuple[str, ...]:
    """Choose the key whose values repeat as classes do. Raises `Ambiguous` for several."""
    choice = class_choice([of for _, of in scalars], format.known, weak=False)
    if choice is None:
        return ()
    names = [key for key, of in scalars if of in choice.columns]
    if len(names) > 1:
        raise several_classes("one key of classes", names, [key for key, of in scalars if of.are_flags])
    return tuple(names)
