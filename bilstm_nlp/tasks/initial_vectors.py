"""The word vectors that a model of text begins with: those of a file, and random ones for all other words."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.config.embeddings import WordEmbeddingsConfig
from bilstm_nlp.data.text.small_vectors import rounded
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.data.text.word_vectors import Pretrained, matrix
from bilstm_nlp.system.memory import allocating

DEFAULT_DIMENSION = 100
"""Size of a word's vector if neither a file nor the config gives a size."""

SAMPLE = 10_000
"""Vectors of the file whose spread the random vectors take."""


def initial_vectors(
    config: WordEmbeddingsConfig, words: WordTable, pretrained: Pretrained | None
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Return (V, D) vectors to train, and (E, D) frozen vectors of the file's other words.

    A vector to train is that of the file, or random if the file has none for the word.
    Raises `MemoryNeeded` if there are too many vectors, or too large ones.
    """
    if pretrained is None:
        dimension = config.dimension or DEFAULT_DIMENSION
        with allocating("making word vectors", "embeddings.dimension"):
            return _drawn(words.trainable, dimension, dimension**-0.5), np.empty((0, dimension), np.float16)
    with allocating(f"copying the vectors of {pretrained.source}", "number of words in this file"):
        spread = float(pretrained.vectors[:SAMPLE].std())
        initial = _drawn(words.trainable, pretrained.vectors.shape[1], spread)
        rows, file_rows = words.pretrained_rows(pretrained)
        initial[rows] = pretrained.vectors[file_rows]
        others = matrix(pretrained, words.frozen)
        return initial, rounded(others) if config.file_precision == "int8" else others.astype(np.float16)


def _drawn(count: int, dimension: int, deviation: float) -> NDArray[np.float32]:
    """Draw vectors (count, dimension) by torch, whose generator the caller has seeded. The first one is zero."""
    vectors = (torch.randn(count, dimension) * deviation).numpy()
    vectors[0] = 0.0
    return vectors
