"""Files of series as the input of a predictor, read whole and passed on in chunks of whole series.

Knows no torch, so that a process that only reads starts at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.data.labelled.sequence import LabelledSequence, SequenceFormat
from bilstm_nlp.data.labelled.sequences import read_sequences

CHUNK_SEQUENCES, CHUNK_STEPS = 1024, 65536
"""Series, and their steps, from which on a chunk is full."""


@dataclass
class NoCounts:
    """The counts of a stream whose output shows all that was read."""

    def add(self, other: NoCounts) -> None:
        """Add the counts of another part of the stream."""

    def messages(self) -> Iterator[str]:
        """Yield no sentence."""
        return iter(())


@dataclass(frozen=True)
class SequenceChunk:
    """Series that are predicted together."""

    first: int
    """The number of the first series in the file, from 1."""
    sequences: Sequence[LabelledSequence]


@dataclass(frozen=True)
class SequenceReading:
    """The decisions about a request before anything is read."""

    source: str
    format: SequenceFormat
    header: str = ""
    footer: str = ""
    may_be_slow: bool = False
    """False: a file is read whole before its first series is predicted."""

    def chunks(self) -> Iterator[SequenceChunk]:
        """Yield the series of the file. Raises `InputError` for a file that can't be read, before the first chunk."""
        yield from chunks_of(read_sequences(self.source, self.format).sequences)


def chunks_of(
    sequences: Sequence[LabelledSequence], most: int = CHUNK_SEQUENCES, steps: int = CHUNK_STEPS
) -> Iterator[SequenceChunk]:
    """Yield series in their order, in chunks that are full from `most` series or so many steps on.

    All rows of a chunk stand before those of the next chunk. Series whose rows take turns share a chunk.
    """
    if not sequences:
        return
    ends = np.maximum.accumulate([sequence.rows.max() for sequence in sequences])
    begins = np.minimum.accumulate([sequence.rows.min() for sequence in reversed(sequences)])[::-1]
    first, count = 0, 0
    for index, sequence in enumerate(sequences, 1):
        count += len(sequence)
        full = index - first >= most or count >= steps
        if full and index < len(sequences) and ends[index - 1] < begins[index]:
            yield SequenceChunk(first + 1, sequences[first:index])
            first, count = index, 0
    yield SequenceChunk(first + 1, sequences[first:])
