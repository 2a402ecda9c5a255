"""Columns beside token and tag, whose values are features of a tagger."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LARGEST_NUMBER = 1e30
"""The largest number of a column, so that sums of squares stay finite."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class FeatureColumn:
    """A column by index or by name, of values with vectors of their own or of numbers."""

    column: int | str
    numeric: bool = False

    @property
    def key(self) -> str:
        """The name of the column, which is also its key in JSONL and in datasets: `1` for column 1."""
        return str(self.column)

    @property
    def expected(self) -> str:
        """What a value must be, for messages."""
        return f"a {'number' if self.numeric else 'value'} in column {self.key}"

    def accepts(self, value: str) -> bool:
        """Tell whether a value can be read: any text, or a decimal number if the column is numeric.

        >>> [FeatureColumn("size", numeric=True).accepts(text) for text in ("-1.5", "1e3", "nan", "1_000", "")]
        [True, True, False, False, False]
        """
        return not self.numeric or (NUMBER.fullmatch(value) is not None and abs(float(value)) <= LARGEST_NUMBER)


def names_of(columns: Sequence[FeatureColumn]) -> str:
    """Name columns in a message.

    >>> names_of([FeatureColumn("pos"), FeatureColumn(2)])
    'columns pos, 2'
    """
    return f"column{'s' if len(columns) > 1 else ''} {', '.join(column.key for column in columns)}"


def values_of_record(record: Mapping[str, Any], column: FeatureColumn, tokens: Sequence[str], token_key: str) -> Any:
    """Return the values of a column in a record: its own key, or that key of each token if tokens are objects."""
    if column.key in record:
        return record[column.key]
    objects = record.get(token_key)
    if isinstance(objects, list) and objects and all(isinstance(value, dict) for value in objects):
        values = [value.get(column.key) for value in objects]
        return None if all(value is None for value in values) else values
    return [] if not tokens else None


def text_of(value: Any) -> str | None:
    """Return a value of JSON as the text that a column file would have; None for a list, an object and null.

    >>> text_of("NNP"), text_of(3), text_of(True), text_of(None)
    ('NNP', '3', 'true', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value)):
        return json.dumps(value)
    return None
