"""Sentences as flat arrays, from which padded batches are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray, Bools, Ints, TokenBatch
from bilstm_nlp.data.batches import ragged

INT64 = np.dtype(np.int64).itemsize


@dataclass(frozen=True)
class EncodedSentences:
    """S sentences of N tokens in all, over F distinct forms."""

    offsets: Ints
    """(S + 1,) the first token of each sentence."""
    documents: Ints
    """(S,) from 1; 0 for a sentence without a document."""
    forms: Ints
    """(N,) the form of each token."""
    form_words: Ints
    """(F,) row of the word table."""
    form_shapes: Ints
    """(F,)"""
    form_spellings: Sequence[bytes]
    """(F,) the characters of each form, as bytes of int64 numbers: they are padded and joined faster than arrays."""
    tags: Ints | None
    """(N,)"""
    bigrams: Ints | None
    """(N,)"""
    features: NDArray[np.float32] | None
    """(N, K) matches with the lexicon, use in the document, matches with gazetteers, then columns of numbers."""
    values: Ints | None = None
    """(N, C) rows in the tables of the columns of values."""

    def pair_keys(self, rows: int) -> Ints:
        """Number the pairs of each token and the next, in a table of so many rows: (N,). 0 follows the last token."""
        words = self.form_words[self.forms]
        following = np.append(words[1:], 0)
        following[self.offsets[1:] - 1] = 0
        keys: Ints = words * rows + following
        return keys

    @cached_property
    def lengths(self) -> Ints:
        """Tokens in each sentence: (S,)."""
        return np.diff(self.offsets)

    def collate(self, chosen: Ints) -> TokenBatch[AnyArray]:
        """Make a padded batch of the sentences `chosen`, in this order."""
        if len(self.lengths) == 1 == len(chosen):
            return self._only_sentence()
        positions, mask = ragged(self.offsets, chosen)
        return self._batch(positions, mask, self.lengths[chosen])

    def joined(self, chosen: Ints) -> TokenBatch[AnyArray]:
        """Make a batch of one row, without padding: the sentences `chosen` one after the other, in this order."""
        positions, mask = ragged(self.offsets, chosen)
        positions = positions[mask][None]
        return self._batch(positions, np.ones(positions.shape, np.bool_), np.array([positions.size]))

    def _batch(self, positions: Ints, mask: Bools, lengths: Ints) -> TokenBatch[AnyArray]:
        """Make a batch of the tokens at (B, T) positions, of which `mask` leaves padding out."""
        of_tokens = self.forms[positions]
        if mask.sum() == len(self.forms):  # all tokens, and so all forms
            distinct, shapes, spellings = of_tokens[mask], self.form_shapes, self.form_spellings
        else:
            forms, distinct = np.unique(of_tokens[mask], return_inverse=True)
            shapes, spellings = self.form_shapes[forms], [self.form_spellings[form] for form in forms.tolist()]
        padded_distinct = np.zeros(mask.shape, np.int64)
        padded_distinct[mask] = distinct
        features = values = None
        if self.features is not None:
            features = np.where(mask[..., None], self.features[positions], np.float32(0))
        if self.values is not None:
            values = np.where(mask[..., None], self.values[positions], 0)
        return TokenBatch(
            words=np.where(mask, self.form_words[of_tokens], 0),
            distinct=padded_distinct,
            characters=padded(spellings),
            shapes=shapes,
            lengths=lengths,
            mask=mask,
            bigrams=None if self.bigrams is None else np.where(mask, self.bigrams[positions], 0),
            features=features,
            values=values,
            tags=None if self.tags is None else np.where(mask, self.tags[positions], 0),
        )

    def _only_sentence(self) -> TokenBatch[AnyArray]:
        """Make the batch of a corpus of one sentence, which has no padding, with all forms."""
        return TokenBatch(
            words=self.form_words[self.forms][None],
            distinct=self.forms[None],
            characters=padded(self.form_spellings),
            shapes=self.form_shapes,
            lengths=self.lengths,
            mask=np.ones((1, len(self.forms)), np.bool_),
            bigrams=None if self.bigrams is None else self.bigrams[None],
            features=None if self.features is None else self.features[None],
            values=None if self.values is None else self.values[None],
            tags=None if self.tags is None else self.tags[None],
        )


def padded(spellings: Sequence[bytes]) -> Ints:
    """Return the characters of U spellings, (U, C), with 0 at padding.

    >>> padded([np.array([5, 6]).tobytes(), np.array([7]).tobytes()]).tolist()
    [[5, 6], [7, 0]]
    """
    width = max(map(len, spellings), default=0)
    content = bytearray().join([spelling.ljust(width, b"\0") for spelling in spellings])  # which may be written to
    return np.frombuffer(content, np.int64).reshape(len(spellings), width // INT64)
