"""Distinct forms of tokens as rows of tables: words, shapes and spellings. Every codec of text has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from bilstm_nlp.batch import AnyArray, Ints, TokenBatch
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences, padded
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import FIRST, UNKNOWN, Vocabulary, WordTable, shape

LONGEST_SPELLING = 64
"""Characters. A longer word is spelled by its first and its last 32 characters."""
CACHED_FORMS = 1 << 15
"""Forms whose rows are kept from call to call, because text repeats most of its words."""


class FormRows(NamedTuple):
    """The rows of a form in the tables of words, shapes and characters."""

    word: int
    shape: int
    characters: bytes
    """Of int64 numbers."""


class EncodedForms(NamedTuple):
    """Sentences as rows of tables, and the distinct forms of their tokens."""

    sentences: EncodedSentences
    table: list[str]
    """(F) the spelling of each form, in the order of its first token."""


@dataclass(frozen=True)
class FormTables:
    """The tables in which the forms of tokens are looked up."""

    words: WordTable
    characters: Vocabulary
    shapes: Vocabulary

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], words: WordTable) -> FormTables:
        """Collect the characters and the shapes of the training sentences."""
        forms = Counter(chain.from_iterable(sentence.tokens for sentence in sentences))
        characters: Counter[str] = Counter()
        shapes: Counter[str] = Counter()
        for form, count in forms.items():
            shapes[shape(form)] += count
            for character in form:
                characters[character] += count
        return cls(words, Vocabulary.build(characters), Vocabulary.build(shapes))

    def encode(self, sentences: Sequence[Sentence]) -> EncodedForms:
        """Look up the tokens of sentences, without tags, pairs and features."""
        tokens = list(chain.from_iterable(sentence.tokens for sentence in sentences))
        table = {form: number for number, form in enumerate(dict.fromkeys(tokens))}
        forms = np.fromiter(map(table.__getitem__, tokens), np.int64, len(tokens))
        lengths = np.array([len(sentence.tokens) for sentence in sentences], np.int64)
        rows = list(map(self._rows, table))
        encoded = EncodedSentences(
            offsets=_offsets(lengths),
            documents=np.array([sentence.document for sentence in sentences], np.int64),
            forms=forms,
            form_words=np.array([form.word for form in rows], np.int64),
            form_shapes=np.array([form.shape for form in rows], np.int64),
            form_spellings=[form.characters for form in rows],
            tags=None,
            bigrams=None,
            features=None,
        )
        return EncodedForms(encoded, list(table))

    def alone(self, tokens: Sequence[str]) -> TokenBatch[AnyArray]:
        """Look up the tokens of a sentence as a batch of its own. It has a form for each token, repeated ones too."""
        rows = [self._rows(token) for token in tokens]
        count = len(rows)
        return TokenBatch(
            words=np.array([form.word for form in rows], np.int64)[None],
            distinct=np.arange(count)[None],
            characters=padded([form.characters for form in rows]),
            shapes=np.array([form.shape for form in rows], np.int64),
            lengths=np.array([count]),
            mask=np.ones((1, count), np.bool_),
        )

    def known_pairs(self, encoded: EncodedSentences) -> Ints:
        """Return (P,) the numbers of the neighbours in sentences, each once, ascending."""
        pairs: Ints = np.unique(encoded.pair_keys(len(self.words)))
        return pairs

    def bigrams(self, encoded: EncodedSentences, pairs: Ints) -> Ints:
        """Look up the pair of each token and the next among (P,) `pairs`: (N,). All others get `UNKNOWN`."""
        keys = encoded.pair_keys(len(self.words))
        rows = np.searchsorted(pairs, keys).clip(max=len(pairs) - 1)
        return np.where(pairs[rows] == keys, rows + FIRST, UNKNOWN)

    def _rows(self, form: str) -> FormRows:
        """Look up a form. Long forms are not cached: a stream full of them would fill the memory."""
        return self.cached_rows(form) if len(form) <= LONGEST_SPELLING else self.rows(form)

    @cached_property
    def cached_rows(self) -> Callable[[str], FormRows]:
        """`rows`, cached for the last forms."""
        return lru_cache(CACHED_FORMS)(self.rows)

    def rows(self, form: str) -> FormRows:
        """Look up a form's word, shape and characters."""
        spelling = form if len(form) <= LONGEST_SPELLING else form[:32] + form[-32:]
        characters = np.array(self.characters.ids(spelling), np.int64).tobytes()
        return FormRows(self.words.id(form), self.shapes.id(shape(form)), characters)


def _offsets(lengths: Ints) -> Ints:
    """(N,) lengths → (N + 1,) where each stretch begins if they follow one another, and where the last ends."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
