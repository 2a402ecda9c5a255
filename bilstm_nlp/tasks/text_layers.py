"""The input end of every model of text: the embedder of tokens, sized by a codec's vocabularies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import torch
from torch import Tensor, nn

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.config.embeddings import CharacterCnnConfig, CharacterLstmConfig, NoCharacters, WordEmbeddingsConfig
from bilstm_nlp.data.text.forms import FormTables
from bilstm_nlp.data.text.vocabulary import FIRST
from bilstm_nlp.nn.token_embedder import CharacterCnn, CharacterLstm, TokenEmbedder, WordVectors


def token_embedder(
    config: WordEmbeddingsConfig,
    tables: FormTables,
    vectors: Tensor,
    frozen: AnyArray,
    pairs: int,
    *,
    features: int = 0,
    columns: Callable[[], Sequence[WordVectors]] = tuple,
) -> TokenEmbedder:
    """Make the embedder of tokens.

    `vectors` (V, D) are those of words to train, `frozen` (E, D) those of further words. `pairs` are the pairs of
    neighbours that have a vector. `features` are those of the batch. `columns` makes the vectors of its columns of
    values after all others, so that random vectors are drawn in the order of the arguments.
    """
    return TokenEmbedder(
        WordVectors(vectors, torch.from_numpy(frozen), fine_tune=config.fine_tune, word_dropout=config.word_dropout),
        _character_reader(config, len(tables.characters)),
        drawn_vectors(FIRST + pairs, config.bigrams, config.word_dropout) if config.bigrams else None,
        nn.Embedding(len(tables.shapes), config.shapes, padding_idx=0) if config.shapes else None,
        features,
        columns(),
    )


def _character_reader(config: WordEmbeddingsConfig, characters: int) -> CharacterCnn | CharacterLstm | None:
    """Make the layer that reads a word's spelling, for so many characters."""
    match config.characters:
        case CharacterCnnConfig(embedding=embedding, filters=filters, width=width):
            return CharacterCnn(characters, embedding, filters, width=width)
        case CharacterLstmConfig(embedding=embedding, hidden=hidden):
            return CharacterLstm(characters, embedding, hidden)
        case NoCharacters():
            return None
        case unknown:
            assert_never(unknown)


def drawn_vectors(rows: int, size: int, dropout: float) -> WordVectors:
    """Draw trainable vectors, the first of which is zero. They are dropped like words in training."""
    vectors = torch.randn(rows, size) * size**-0.5
    vectors[0] = 0
    return WordVectors(vectors, torch.empty(0, size, dtype=torch.float16), word_dropout=dropout)
