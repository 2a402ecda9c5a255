"""Figures of columns and gazetteers, for the inspection of corpora."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.column_codec import ColumnCodec, unknown_values, values_of
from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.data.text.formats.other_columns import other_width
from bilstm_nlp.data.text.gazetteers import Gazetteers
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, place_of
from bilstm_nlp.errors import DataError
from bilstm_nlp.reports.sections import Row
from bilstm_nlp.tags import Scheme, spans

logger = logging.getLogger(__name__)


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


@dataclass(frozen=True)
class GazetteerFigures:
    """The matches of a gazetteer with a corpus in figures."""

    matches: int
    entities: dict[str, int]
    """Matches that are entities from the first token to the last, by type, the most frequent first."""


@dataclass(frozen=True)
class FeatureFigures:
    """The features of a corpus in figures."""

    columns: dict[str, ColumnFigures]
    """By the key of the column."""
    gazetteers: dict[str, GazetteerFigures]
    """By the name of the gazetteer."""


def say_differences(codec: TaggingCodec, corpus: TaggedCorpus, format: ColumnFormat) -> None:
    """Log that a corpus to evaluate has other columns than the training files, or values unknown to them."""
    of_each = {place_of(sentence, corpus.source): sentence for sentence in reversed(corpus.sentences)}
    for place, first in reversed(of_each.items()):
        if (problem := other_width([first], codec.widths, format)) is not None:
            logger.warning("%s: %s", place, problem)
    say_unknown_values(codec, corpus)


def say_unknown_values(codec: TaggingCodec, corpus: TaggedCorpus | None) -> None:
    """Log how many values of a corpus are unknown to the training data."""
    if corpus is not None:
        for unknown in unknown_values(codec.columns, corpus.sentences):
            logger.warning("%s: %s", corpus.source, unknown)


ReadGazetteers = Callable[[Sequence[Sentence]], Gazetteers]
"""Training sentences → the gazetteers, whose phrases are cut as the text of these is."""


def no_gazetteers(sentences: Sequence[Sentence]) -> Gazetteers:
    """Return no gazetteers."""
    return Gazetteers({})


class FeatureInspection:
    """The columns and the gazetteers of a config, fitted to the first corpus that is counted."""

    def __init__(
        self,
        columns: Sequence[FeatureColumn] = (),
        gazetteers: ReadGazetteers = no_gazetteers,
    ) -> None:
        """`gazetteers` reads them, to match sentences like those of training."""
        self.columns, self._read = columns, gazetteers
        self._codecs: list[ColumnCodec] | None = None
        self._gazetteers = Gazetteers({})

    def fit(self, sentences: Sequence[Sentence], complain: Callable[[DataError], None]) -> None:
        """Fit to the training sentences, unless already done. `complain` is called if a gazetteer can't be read."""
        if self._codecs is not None:
            return
        self._codecs = [ColumnCodec.fit(column, sentences) for column in self.columns]
        try:
            self._gazetteers = self._read(sentences)
        except DataError as error:
            complain(error)

    def figures(self, sentences: Sequence[Sentence], scheme: Scheme) -> FeatureFigures:
        """Count the features of sentences, whose tags are in `scheme`."""
        columns = _column_figures(self._codecs or [], sentences)
        return FeatureFigures(columns, _gazetteer_figures(self._gazetteers, sentences, scheme))


def _column_figures(codecs: Sequence[ColumnCodec], sentences: Sequence[Sentence]) -> dict[str, ColumnFigures]:
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


def _gazetteer_figures(
    gazetteers: Gazetteers, sentences: Sequence[Sentence], scheme: Scheme
) -> dict[str, GazetteerFigures]:
    """Count the matches of each gazetteer, and those that are entities."""
    tokens = list(chain.from_iterable(sentence.tokens for sentence in sentences))
    table = {form: number for number, form in enumerate(dict.fromkeys(tokens))}
    lengths = np.array([len(sentence.tokens) for sentence in sentences], np.int64)
    matches = gazetteers.matches(list(table), np.array([table[token] for token in tokens], np.int64), lengths)
    types: dict[tuple[int, int], str] = {}
    for first, sentence in zip((np.cumsum(lengths) - lengths).tolist(), sentences, strict=True):
        for span in spans(sentence.tags or (), scheme):
            types[first + span.start, first + span.end] = span.type
    figures = {}
    for number, kind in enumerate(gazetteers.phrases):
        own = [types.get((match.start, match.end)) for match in matches if match.kind == number]
        agreeing = Counter(entity for entity in own if entity is not None)
        figures[kind] = GazetteerFigures(len(own), dict(agreeing.most_common()))
    return figures


def feature_rows(corpora: Sequence[FeatureFigures]) -> list[Row]:
    """Make the rows of each column and gazetteer, with a cell for each corpus."""
    rows: list[Row] = []
    for key in corpora[0].columns:
        of_each = [figures.columns[key] for figures in corpora]
        rows.append((f"column {key}, distinct values", *(f"{figures.distinct:,}" for figures in of_each)))
        if of_each[0].least is None:
            rows.append(("  tokens with unknown values", *(f"{figures.unknown:,}" for figures in of_each)))
        else:
            rows.append(("  range", *(f"{figures.least:g} to {figures.largest:g}" for figures in of_each)))
    for kind in corpora[0].gazetteers:
        matched = [figures.gazetteers[kind] for figures in corpora]
        rows.append((f"matches of gazetteer {kind}", *(f"{figures.matches:,}" for figures in matched)))
        rows.append(("  that are entities", *map(_agreement, matched)))
    return rows


def _agreement(figures: GazetteerFigures) -> str:
    """Show the share of matches that are entities, and its most frequent type."""
    if not figures.matches:
        return "–"
    share = f"{sum(figures.entities.values()) / figures.matches:.1%}"
    kind, count = next(iter(figures.entities.items()), ("", 0))
    return f"{share}, {kind} {count / figures.matches:.1%}" if count else share
