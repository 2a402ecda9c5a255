"""The settings in a tagger's config for reading files: columns, features and gazetteers. Knows no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bilstm_nlp.config.tagging import EmbeddingsConfig, TaggingConfig
from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.gazetteers import Gazetteers
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.data.text.tokenizer import WORDS, Cut


def column_format(config: TaggingConfig) -> ColumnFormat:
    """Return the settings of readers in the config."""
    data = config.data
    return ColumnFormat(
        token=data.token_column,
        tag=data.tag_column,
        comment=data.comment,
        on_empty_token=data.on_empty_token,
        encoding=data.encoding,
        text_key=data.text_key,
        span_key=data.span_key,
        tag_names=data.tag_names,
        offsets=data.offsets,
        on_misaligned=data.on_misaligned,
        on_overlap=data.on_overlap,
        features=feature_columns(config.embeddings),
        cut=WORDS if data.tokenizer is None else Cut(module=data.tokenizer),
    )


def feature_columns(config: EmbeddingsConfig) -> tuple[FeatureColumn, ...]:
    """Return the columns of the files that are features."""
    return tuple(FeatureColumn(column.column, column.kind == "number") for column in config.columns)


def gazetteers_of(config: EmbeddingsConfig, cut: Cut) -> Gazetteers:
    """Read the gazetteers, whose phrases are cut like text."""
    return Gazetteers.read(config.gazetteers, cut, folds_case=config.gazetteer_case == "fold")


def gazetteers_reader(
    config: EmbeddingsConfig, cut_of: Callable[[Sequence[Sentence]], Cut]
) -> Callable[[Sequence[Sentence]], Gazetteers]:
    """Return a function that reads the gazetteers, whose phrases are cut as the text of given sentences is."""
    return lambda sentences: gazetteers_of(config, cut_of(sentences)) if config.gazetteers else Gazetteers({})
