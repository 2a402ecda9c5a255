"""Texts with their classes from datasets of the Hugging Face Hub, saved datasets, and Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.labelled.text_records import Record, read_records
from bilstm_nlp.data.text.formats.datasets import class_names, load, rows
from bilstm_nlp.errors import DataError


def read_dataset(source: str, builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of `hf:NAME`, `hf:NAME:SPLIT`, `hf:NAME:CONFIG:SPLIT`, a Parquet file, or a saved dataset.

    Numbers of classes become the names of their `ClassLabel`, unless the settings name them. Rows are counted from 1.
    Raises `DataError`.
    """
    # The library caches data of the Hub. Copies of local files are removed, because no later run uses them.
    with TemporaryDirectory(ignore_cleanup_errors=True) as copies:
        dataset = load(source, copies)
        names: dict[str, list[str]] = {}
        for key, feature in dataset.features.items():
            labels = getattr(feature, "names", None) or class_names(feature)
            if labels is not None:
                names[key] = list(labels)
        renamed = {} if builder.format.label_names else names
        records = _named(rows(dataset, source), renamed, builder)
        yield from read_records(records, builder, list(dataset.features), tuple(names))


def _named(
    records: Iterator[tuple[int, dict[str, Any]]], names: Mapping[str, Sequence[str]], builder: TextBuilder
) -> Iterator[Record]:
    """Yield rows with names for the numbers of classes. -1 is no class. Calls `complain` for other numbers."""
    for number, row in records:
        try:
            named = {key: _name(row[key], labels, key, number, builder) for key, labels in names.items()}
        except DataError as error:
            builder.complain(error)
            continue
        yield number, row | named


def _name(value: Any, names: Sequence[str], key: str, number: int, builder: TextBuilder) -> Any:
    """Return the name of a class, or of each of a list. Raises `DataError` for a number without a name."""
    if isinstance(value, list):
        return [_name(item, names, key, number, builder) for item in value]
    if value is None or value == -1:
        return None
    if not 0 <= value < len(names):
        raise DataError(builder.name, f"numbers from 0 to {len(names) - 1} in {key}", str(value), number)
    return names[value]
