"""Figures of the columns that are features, for the inspection of corpora."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bilstm_nlp.data.text.column_codec import ColumnCodec, unknown_values, values_of
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.reports.sections import Row


@dataclass(frozen=True)
class ColumnFigures:
    """A column of a corpus in figures."""

    distinct: int
    """Distinct values; of a column of numbers, distinct numbers as they are written."""
    unknown: int
    """Tokens whose values the training corpus does not have; 0 for numbers."""
    least: float | None
    """Of a column of numbers."""
    largest: float | None


def column_figures(codecs: Sequence[ColumnCodec], sentences: Sequence[Sentence]) -> dict[str, ColumnFigures]:
    """Count the values of sentences in each column; `codecs` are fitted to the training corpus."""
    unknown = {values.column.key: values.counts.total() for values in unknown_values(codecs, sentences)}
    figures = {}
    for codec in codecs:
        values = values_of(codec.column, sentences)
        numbers = [float(value) for value in values] if codec.column.numeric else []
        figures[codec.column.key] = ColumnFigures(
            distinct=len(set(values)),
            unknown=unknown.get(codec.column.key, 0),
            least=min(numbers, default=None),
            largest=max(numbers, default=None),
        )
    return figures


def column_rows(corpora: Sequence[dict[str, ColumnFigures]]) -> list[Row]:
    """Make the rows of each column, with a cell for each corpus."""
    rows: list[Row] = []
    for key in corpora[0]:
        of_each = [figures[key] for figures in corpora]
        rows.append((f"column {key}, distinct values", *(f"{figures.distinct:,}" for figures in of_each)))
        if of_each[0].least is None:
            rows.append(("  tokens with unknown values", *(f"{figures.unknown:,}" for figures in of_each)))
        else:
            rows.append(("  range", *(f"{figures.least:g} to {figures.largest:g}" for figures in of_each)))
    return rows
