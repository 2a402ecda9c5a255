"""The inputs of graphs from batches: token batches with the vectors of their words, and batches of series. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray, Ints, SentenceWindows, SequenceBatch, TokenBatch, WindowBatch
from bilstm_nlp.system.arrays import expect_array


@dataclass(frozen=True)
class WordTables:
    """Tables of vectors that lie beside a graph, looked up by row."""

    trained: NDArray[np.float32]
    """(V, D) vectors of the words of the training data."""
    frozen: NDArray[np.float16]
    """(E, D) vectors of further words, from row V on."""
    pairs: NDArray[np.float32] | None = None
    """(P, N) vectors of neighbouring words; None without."""

    @classmethod
    def of(cls, arrays: Mapping[str, AnyArray], frozen: NDArray[np.float16], words: int) -> Self:
        """Take the tables of `words` trained words and of pairs from arrays. Raises `ValueError` for wrong ones.

        Trained words may be saved in half precision.
        """
        if "words" in arrays and arrays["words"].dtype == np.float16:
            half = expect_array(arrays, "words", np.float16, words, frozen.shape[1])
            arrays = {**arrays, "words": half.astype(np.float32)}
        trained = expect_array(arrays, "words", np.float32, words, frozen.shape[1])
        pairs = expect_array(arrays, "pairs", np.float32, None, None) if "pairs" in arrays else None
        return cls(trained, frozen, pairs)

    def arrays(self) -> Mapping[str, NDArray[np.float32]]:
        """Return the arrays that lie beside a graph. The frozen vectors are those of the codec."""
        return {"words": self.trained} if self.pairs is None else {"words": self.trained, "pairs": self.pairs}

    def vectors(self, rows: Ints) -> NDArray[np.float32]:
        """(N,) rows → (N, D) vectors

        >>> tables = WordTables(np.zeros((2, 1), np.float32), np.ones((3, 1), np.float16))
        >>> tables.vectors(np.array([1, 2])).tolist()
        [[0.0], [1.0]]
        """
        beyond = rows >= len(self.trained)
        if not beyond.any():
            return self.trained[rows]
        vectors: NDArray[np.float32] = self.trained[np.where(beyond, 0, rows)]
        vectors[beyond] = self.frozen[rows[beyond] - len(self.trained)]
        return vectors


def token_inputs(batch: TokenBatch[AnyArray], tables: WordTables) -> Mapping[str, AnyArray]:
    """Return the inputs of a graph that reads tokens, by name.

    A batch without windows has a window for each sentence.
    """
    rows = np.zeros(len(batch.characters), np.int64)
    if len(batch) == 1:  # no padding
        rows[batch.distinct] = batch.words
    else:
        rows[batch.distinct[batch.mask]] = batch.words[batch.mask]
    values = {
        "vectors": tables.vectors(rows),
        "characters": batch.characters,
        "shapes": batch.shapes,
        "distinct": batch.distinct,
        "lengths": batch.lengths,
        "features": batch.features,
        "values": batch.values,
    }
    if batch.bigrams is not None and tables.pairs is not None:
        values["pairs"] = tables.pairs[batch.bigrams]
    windows = _alone(batch) if batch.windows is None else batch.windows
    values |= {"tokens": windows.tokens, "window_lengths": windows.lengths, "cells": windows.cells}
    return {name: value for name, value in values.items() if value is not None}


def _alone(batch: TokenBatch[AnyArray]) -> SentenceWindows[AnyArray]:
    """Put each sentence in a window of its own."""
    cells = np.arange(batch.words.size).reshape(batch.words.shape)
    return SentenceWindows(cells, batch.lengths, cells)


def array_inputs(batch: SequenceBatch[AnyArray] | WindowBatch[AnyArray]) -> Mapping[str, AnyArray]:
    """Return the arrays of a batch of series by name, but those that are absent."""
    arrays = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: array for name, array in arrays.items() if array is not None}
