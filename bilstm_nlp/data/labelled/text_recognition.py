"""Files that hold texts with their classes, told from corpora of taggers and tables of series."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bilstm_nlp.data.labelled.text_columns import ColumnFigures, class_choice
from bilstm_nlp.data.labelled.text_layout import FASTTEXT
from bilstm_nlp.data.labelled.text_names import Ambiguous, class_name, text_names
from bilstm_nlp.data.labelled.text_rows import Cells
from bilstm_nlp.data.text.formats.recognition import corpus_format, first_lines, is_jsonl
from bilstm_nlp.data.text.formats.sentence_csv import separator_of

SEPARATORS = (",", ";", "\t")
RECORDS = 50
"""Records that are looked at."""
FEWEST_WORDS = 2
"""The mean number of words of texts, at least."""


def are_labelled_texts(source: str, encoding: str) -> bool:
    """Tell whether a file holds texts with their classes, by its first lines.

    Only what can be nothing else is told: classes of fastText, a header line that names a text of several words, keys
    that name a text and a class, and a folder with a folder of text files for each class.
    """
    if source == "-":
        return False
    path = Path(source)
    if path.is_dir():
        return corpus_format(source, encoding) == "conll" and _are_folders_of_texts(path)
    lines = [line for line in first_lines(source, encoding) if line.strip()]
    if not lines or separator_of(lines[0]) is not None:
        return False
    if all(line.startswith(FASTTEXT) or f" {FASTTEXT}" in line for line in lines):
        return True
    if is_jsonl(source) or lines[0].lstrip().startswith("{"):
        return _are_records(lines)
    return any(_is_table(lines, separator) for separator in SEPARATORS)


def _are_folders_of_texts(folder: Path) -> bool:
    """Tell whether all folders in a folder hold files, most of them .txt."""
    folders = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    return len(folders) > 1 and all(any(inner.glob("*.txt")) for inner in folders)


def _are_records(lines: Sequence[str]) -> bool:
    """Tell whether JSON objects have a text, and a class that is a value or a list of values."""
    records = list(filter(None, map(_parsed, lines[:RECORDS])))
    if not records and (array := _parsed("\n".join(lines))):
        records = array if isinstance(array, list) else []
    if not records or not all(isinstance(record, dict) for record in records):
        return False
    keys = _keys(list(records[0]))
    if keys is None or any(isinstance(record.get("tokens"), list) for record in records):
        return False
    if not all(isinstance(record.get(keys[0]), str) for record in records):
        return False
    labels = [value for record in records for value in _as_list(record.get(keys[1]))]
    return bool(labels) and all(isinstance(label, str | int) for label in labels)


def _parsed(text: str) -> Any:
    """Parse JSON; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_table(lines: Sequence[str], separator: str) -> bool:
    """Tell whether a header line names a text, texts have several words, and another column repeats as classes do."""
    rows = [row.cells for row in Cells(separator, "quoted").rows(enumerate(lines, 1), lambda error: None, "")]
    if not rows or len(rows[0]) < 2:
        return False
    names = rows[0]
    rows = [row for row in rows[1:] if len(row) == len(names)]
    columns = [ColumnFigures.of(index, [row[index] for row in rows]) for index in range(len(names))]
    try:
        label = class_name(names)
        texts = text_names([name for name in names if name != label])
    except Ambiguous:
        return False
    if not rows or not texts or columns[names.index(texts[-1])].words < FEWEST_WORDS:
        return False
    others = [column for column in columns if names[column.index] not in texts]
    return label is not None or class_choice(others, frozenset(), weak=False) is not None


def _keys(names: Sequence[str]) -> tuple[str, str] | None:
    """Return the names of text and class; None if they aren't there."""
    try:
        label = class_name(names)
        texts = text_names([name for name in names if name != label])
    except Ambiguous:
        return None
    return (texts[-1], label) if texts and label is not None else None
