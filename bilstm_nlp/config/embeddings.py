"""Vectors of words: the tables of every config whose input is text."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bilstm_nlp.config.sections import NotNegative, Positive, Probability, Section, Source


class NoCharacters(Section):
    """No character features."""

    kind: Literal["none"] = "none"


class CharacterCnnConfig(Section):
    """A convolution over the characters of each word, with max-pooling (Ma and Hovy 2016)."""

    kind: Literal["cnn"] = "cnn"
    embedding: Positive = 30
    """Size of a character's vector."""
    filters: Positive = 50
    """Number of filters, which is the size of a word's character vector."""
    width: Positive = 3
    """Width of a filter in characters."""


class CharacterLstmConfig(Section):
    """A bidirectional LSTM over the characters of each word (Lample et al. 2016)."""

    kind: Literal["lstm"] = "lstm"
    embedding: Positive = 30
    """Size of a character's vector."""
    hidden: Positive = 25
    """Size of the hidden state, per direction."""


class WordEmbeddingsConfig(Section):
    """The vector of each token at the encoder's input."""

    file: Source | None = None
    """Pretrained word vectors: text of GloVe, word2vec or fastText, or word2vec's .bin; also as .gz, .bz2 or .zip."""
    dimension: Positive | None = None
    """Size of a word's vector. Not set: the size in the file, or 100 without a file. Chooses a file of a .zip."""
    file_words: Positive | None = None
    """Number of words to take from the beginning of the file, where frequent words stand. A run keeps their vectors.
    Not set: all words."""
    file_precision: Literal["fp16", "int8"] = "fp16"
    """Precision of the file's words beyond the training data. `int8` rounds their vectors to half the size on disk."""
    minimum_count: Positive = 1
    """Fewest occurrences of a training word. Rarer words are unknown words, unless the file has a vector for them."""
    fine_tune: bool = True
    """Train the vectors that came from the file, if their words occur in the training data."""
    word_dropout: Probability = 0.05
    """Fraction of training tokens whose word vector is replaced by the vector of the unknown word."""
    characters: CharacterCnnConfig | CharacterLstmConfig | NoCharacters = Field(
        CharacterCnnConfig(), discriminator="kind"
    )
    """Character features, from the spelling of a word."""
    bigrams: NotNegative = 0
    """Size of the vector of each pair of neighbouring tokens, for scripts without blanks. 0 turns the vectors off."""
    shapes: NotNegative = 12
    """Size of the vector of a word's shape, such as Xx or dd-dd. 0 turns the vectors off."""

    @model_validator(mode="after")
    def check_file_words(self) -> Self:
        """Raise an error for a number of words of a file, where there is no file."""
        if self.file_words is not None and self.file is None:
            raise PydanticCustomError(
                "between_keys",
                "none without embeddings.file, found {found}",
                {"key": "file_words", "found": self.file_words},
            )
        return self
