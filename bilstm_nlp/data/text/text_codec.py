"""The codec of texts as a whole: vocabularies of the training texts, and texts as numbers of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from bilstm_nlp.batch import AnyArray, Ints
from bilstm_nlp.data.text.codec_file import WordsFile, saved_arrays, saved_tables, tables_as_json
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences
from bilstm_nlp.data.text.forms import FormTables
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.small_vectors import arrays_of
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.system.json_values import checked


class Tokens(Protocol):
    """A text that is cut into tokens."""

    @property
    def tokens(self) -> tuple[str, ...]: ...


class _TextFile(BaseModel):
    """The `input` of a classifier's codec.json."""

    model_config = ConfigDict(strict=True)

    words: WordsFile
    characters: list[str]
    shapes: list[str]
    tokenizer: str | None = None


@dataclass(frozen=True)
class TextCodec:
    """Vocabularies of texts."""

    tables: FormTables
    frozen: NDArray[np.float16]
    """(E, D) vectors of the words beyond the training data."""
    pairs: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """(P,) ascending: the neighbours in the training data; empty without bigrams."""
    tokenizer: str | None = None
    """The function or package that has cut the training texts, as data.tokenizer names it."""

    @classmethod
    def fit(
        cls,
        texts: Sequence[Tokens],
        words: WordTable,
        frozen: NDArray[np.float16],
        *,
        with_pairs: bool = False,
        tokenizer: str | None = None,
    ) -> TextCodec:
        """Collect the characters, the shapes and the pairs of the training texts."""
        sentences = _sentences(texts)
        tables = FormTables.fit(sentences, words)
        if not with_pairs:
            return cls(tables, frozen, tokenizer=tokenizer)
        return cls(tables, frozen, tables.known_pairs(tables.encode(sentences).sentences), tokenizer)

    def encode(self, texts: Sequence[Tokens]) -> EncodedSentences:
        """Look up the tokens of texts."""
        encoded = self.tables.encode(_sentences(texts)).sentences
        return replace(encoded, bigrams=self.tables.bigrams(encoded, self.pairs)) if len(self.pairs) else encoded

    @cached_property
    def words(self) -> WordTable:
        """The table of words."""
        return self.tables.words

    def to_json(self) -> dict[str, Any]:
        """Return everything but the arrays, for codec.json."""
        return {**tables_as_json(self.tables), "tokenizer": self.tokenizer}

    def tensors(self) -> dict[str, AnyArray]:
        """Return the arrays, for codec.safetensors."""
        return {**arrays_of(self.frozen), "pairs": self.pairs}

    @classmethod
    def from_json(cls, values: object, arrays: Mapping[str, AnyArray]) -> TextCodec:
        """Restore a codec from `to_json` and `tensors`. Raises `RunError` if something is missing or wrong."""
        saved = checked(_TextFile, values, "codec.json")
        tables = saved_tables(saved.words, saved.characters, saved.shapes)
        frozen, pairs = saved_arrays(arrays, tables.words)
        return cls(tables, frozen, pairs, saved.tokenizer)


def _sentences(texts: Sequence[Tokens]) -> list[Sentence]:
    """Return each text as one sentence, however long."""
    return [Sentence(text.tokens, None, 1) for text in texts]
