"""Rows of word vectors as they are read, and the faults of those that can't be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.errors import DataError

FAULTY = 0.01
"""Largest share of faulty rows that are left out. With more, a file is refused."""


class Vectors(NamedTuple):
    """The words of a file and their vectors (N, D), repeated words included."""

    words: list[str]
    vectors: NDArray[np.float32]
    faults: list[DataError]
    """Of rows that were left out, and of the header."""


class Rows:
    """Rows that are read block by block."""

    def __init__(self, path: Path, dimension: int) -> None:
        self.path, self.dimension = path, dimension
        self.words: list[str] = []
        self.blocks: list[NDArray[np.float32]] = []
        self.faults: list[DataError] = []

    def add(self, words: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add words and their vectors (N, D)."""
        self.words += words
        self.blocks.append(vectors)

    @property
    def count(self) -> int:
        """Number of rows so far, faulty ones included."""
        return len(self.words) + len(self.faults)

    def finished(self, declared: int | None) -> Vectors:
        """Return all rows. `declared` is the number of rows in the header.

        Raises `DataError` without any row, and if the share of faulty or missing rows is too large.
        """
        faults = self.faults
        if len(faults) > FAULTY * self.count:
            raise self.refusal()
        if declared is not None and declared != self.count:
            mismatch = DataError(self.path, f"{declared} rows, as the header says", f"{self.count} rows", 1)
            if abs(declared - self.count) > FAULTY * declared:
                raise mismatch
            faults = [mismatch, *faults]
        if not self.words:
            raise DataError(self.path, "word vectors", "a header and no row", 1)
        return Vectors(self.words, np.concatenate(self.blocks), faults)

    def refusal(self) -> DataError:
        """Return the first fault, with the number of the others."""
        first, others = self.faults[0], len(self.faults) - 1
        if not others:
            return first
        content = f"{first.found} (and {others:,} more faulty rows; {FAULTY:.0%} may be left out)"
        return DataError(first.path, first.expected, content, first.line)
