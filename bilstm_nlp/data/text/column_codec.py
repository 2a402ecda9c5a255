"""Columns of features as numbers: rows of a table for values, standardised figures for numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import UNKNOWN, Vocabulary
from bilstm_nlp.errors import InputError


@dataclass(frozen=True)
class ColumnCodec:
    """A column of features, fitted to the training data.

    >>> sentence = Sentence(("EU", "rejects"), None, 1, columns={"pos": ("NNP", "VBZ"), "size": ("1", "3")})
    >>> ColumnCodec.fit(FeatureColumn("pos"), [sentence]).ids([sentence])
    array([2, 3])
    >>> ColumnCodec.fit(FeatureColumn("size", numeric=True), [sentence]).numbers([sentence])
    array([-1.,  1.], dtype=float32)
    """

    column: FeatureColumn
    values: Vocabulary = field(default_factory=lambda: Vocabulary(()))
    """The values in the training data; none of a numeric column."""
    mean: float = 0.0
    deviation: float = 1.0
    """Of a numeric column's numbers in the training data; a deviation of 0 becomes 1."""

    @classmethod
    def fit(cls, column: FeatureColumn, sentences: Sequence[Sentence]) -> ColumnCodec:
        """Collect the values of the training sentences, or the mean and the deviation of their numbers."""
        values = values_of(column, sentences)
        if not column.numeric:
            return cls(column, Vocabulary.build(Counter(values)))
        numbers = np.array(values, np.float64)
        return cls(column, mean=float(numbers.mean()), deviation=float(numbers.std()) or 1.0)

    def ids(self, sentences: Sequence[Sentence]) -> Ints:
        """Look up the values of all tokens: (N,). Values outside the training data get `UNKNOWN`."""
        return np.array(self.values.ids(values_of(self.column, sentences)), np.int64)

    def numbers(self, sentences: Sequence[Sentence]) -> NDArray[np.float32]:
        """Standardise the numbers of all tokens: (N,)."""
        numbers = np.array(values_of(self.column, sentences), np.float64)
        return ((numbers - self.mean) / self.deviation).astype(np.float32)


@dataclass(frozen=True)
class UnknownValues:
    """The values of a column that the training data don't have, in some sentences."""

    column: FeatureColumn
    counts: Counter[str]
    tokens: int
    """Tokens of the sentences, with known values or unknown ones."""

    def __str__(self) -> str:
        shown = ", ".join(repr(value) for value, _ in self.counts.most_common(3))
        more = ", …" if len(self.counts) > 3 else ""
        return (
            f"column {self.column.key}: {self.counts.total():,} of {self.tokens:,} tokens have values that are not in "
            f"the training data ({shown}{more}), read as the unknown value"
        )


def unknown_values(columns: Sequence[ColumnCodec], sentences: Sequence[Sentence]) -> list[UnknownValues]:
    """Count the unknown values of sentences, in the columns that have any."""
    unknown = []
    for codec in columns:
        if codec.column.numeric:
            continue
        values = values_of(codec.column, sentences)
        ids = codec.values.ids(values)
        counts = Counter(value for value, row in zip(values, ids, strict=True) if row == UNKNOWN)
        if counts:
            unknown.append(UnknownValues(codec.column, counts, len(values)))
    return unknown


def values_of(column: FeatureColumn, sentences: Sequence[Sentence]) -> list[str]:
    """List the values of all tokens in a column.

    Raises `InputError` for a sentence without them, and for a value that is no number where numbers are read.
    """
    for sentence in sentences:
        wrong = next((value for value in sentence.columns.get(column.key, ()) if not column.accepts(value)), None)
        if wrong is not None:
            raise InputError(f"line {sentence.line}: expected {column.expected}, found {wrong!r}")
        if len(sentence.columns.get(column.key, ())) != len(sentence.tokens):
            raise InputError(
                f"line {sentence.line}: expected {column.expected} for each token, which is a feature, found none; "
                "columns and JSONL can have them, text has none"
            )
    return list(chain.from_iterable(sentence.columns.get(column.key, ()) for sentence in sentences))


def encoded_values(columns: Sequence[ColumnCodec], sentences: Sequence[Sentence]) -> Ints | None:
    """Encode the columns of values: (N, C). Return None if there is no such column."""
    ids = [codec.ids(sentences) for codec in columns if not codec.column.numeric]
    return np.stack(ids, axis=1) if ids else None


def encoded_numbers(columns: Sequence[ColumnCodec], sentences: Sequence[Sentence]) -> NDArray[np.float32] | None:
    """Encode the columns of numbers: (N, C). Return None if there is no such column."""
    numbers = [codec.numbers(sentences) for codec in columns if codec.column.numeric]
    return np.stack(numbers, axis=1) if numbers else None
