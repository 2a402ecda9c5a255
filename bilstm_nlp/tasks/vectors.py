"""The file of word vectors that a config of text names. Knows no torch."""

from __future__ import annotations

import logging

from bilstm_nlp.config.embeddings import WordEmbeddingsConfig
from bilstm_nlp.data.text.word_vectors import Pretrained, read_vectors
from bilstm_nlp.errors import DataError
from bilstm_nlp.system.memory import allocating

logger = logging.getLogger(__name__)


def pretrained_vectors(config: WordEmbeddingsConfig) -> Pretrained | None:
    """Read the file of word vectors, if the config names a file.

    Raises `DataError` if it can't be read or has another dimension than the config, and `MemoryNeeded` if it does not
    fit in memory.
    """
    if config.file is None:
        return None
    with allocating(f"reading {config.file}", "number of words in this file"):
        vectors = read_vectors(config.file, config.dimension)
    dimension = vectors.vectors.shape[1]
    if config.dimension not in (None, dimension):
        expected = f"{config.dimension} numbers a row, by embeddings.dimension"
        raise DataError(config.file, expected, f"{dimension}; leave embeddings.dimension out")
    if config.file_words is None:
        return vectors
    logger.info("%s: the first %s of %s words", config.file, *_counts(config.file_words, len(vectors.words)))
    return vectors.first(config.file_words)


def _counts(limit: int, words: int) -> tuple[str, str]:
    """Return the number of words that are taken, and that of all, as text."""
    return f"{min(limit, words):,}", f"{words:,}"
