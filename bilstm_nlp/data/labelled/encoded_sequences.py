"""Sequences of numbers as flat arrays, from which padded batches are made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray, Ints, SequenceBatch
from bilstm_nlp.data.batches import ragged


@dataclass(frozen=True, eq=False)
class EncodedSequences:
    """S sequences of N steps in all, of F scaled numbers each."""

    offsets: Ints
    """(S + 1,) the first step of each sequence."""
    values: NDArray[np.float32]
    """(N, F)"""
    tags: Ints | None = None
    """(N,) the label of each step. None if there are none."""

    @property
    def lengths(self) -> Ints:
        """Steps in each sequence: (S,)."""
        return np.diff(self.offsets)

    def pieces(self, length: int, generator: np.random.Generator) -> EncodedSequences:
        """Cut sequences longer than `length` steps into pieces. The first piece of each has a random length.

        >>> encoded = EncodedSequences(np.array([0, 7, 9]), np.zeros((9, 1), np.float32))
        >>> encoded.pieces(3, np.random.default_rng(0)).lengths.max()
        np.int64(3)
        """
        offsets = [0]
        for start, end in pairwise(self.offsets.tolist()):
            if end - start > length:
                offsets += range(start + int(generator.integers(1, length + 1)), end, length)
            offsets.append(end)
        return replace(self, offsets=np.array(offsets, np.int64))

    def collate(self, chosen: Ints) -> SequenceBatch[AnyArray]:
        """Make a padded batch of the sequences `chosen`, in this order."""
        positions, mask = ragged(self.offsets, chosen)
        return SequenceBatch(
            values=np.where(mask[..., None], self.values[positions], np.float32(0)),
            lengths=self.lengths[chosen],
            mask=mask,
            tags=None if self.tags is None else np.where(mask, self.tags[positions], 0),
        )
