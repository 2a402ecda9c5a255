"""Which sentences are read together: neighbours of one document, in windows of so many tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import SentenceWindows, TokenBatch
from bilstm_nlp.data.text.codec import EncodedSentences, Ints, ragged


@dataclass(frozen=True)
class ReadTogether:
    """Sentences in W windows, each a run of neighbours; between two of them a window has a boundary."""

    encoded: EncodedSentences
    borders: Ints
    """(W + 1,) the first sentence of each window."""

    @property
    def lengths(self) -> Ints:
        """(W,) what each window reads: tokens, and boundaries."""
        ends: Ints = self.encoded.offsets[self.borders] + self.borders
        return np.diff(ends) - 1

    def sentences(self, chosen: Ints) -> Ints:
        """The numbers of the sentences in the windows `chosen`, in this order."""
        positions, mask = ragged(self.borders, chosen)
        return positions[mask]

    def collate(self, chosen: Ints) -> TokenBatch[NDArray[Any]]:
        """The sentences of the windows `chosen` as a padded batch, in this order."""
        sentences = self.sentences(chosen)
        batch = self.encoded.collate(sentences)
        if len(sentences) == len(chosen):
            return batch
        mask = batch.mask
        count, width = mask.shape
        lengths = self.encoded.lengths[sentences]
        borders = np.concatenate([[0], np.cumsum(np.diff(self.borders)[chosen])])  # of windows, among these sentences
        window = np.repeat(np.arange(len(chosen)), np.diff(borders))
        before = np.cumsum(lengths + 1) - (lengths + 1)
        start = before - before[borders[:-1]][window]  # the column where a sentence begins
        columns = self.lengths[chosen].max()
        places = np.where(mask, (window * columns + start)[:, None] + np.arange(width), 0)
        cells = np.zeros(len(chosen) * columns, np.int64)
        cells[places[mask]] = np.arange(count * width).reshape(count, width)[mask]
        after_another = start > 0
        cells[(window * columns + start)[after_another] - 1] = count * width
        return replace(
            batch,
            windows=SentenceWindows(
                cells=cells.reshape(len(chosen), columns),
                lengths=self.lengths[chosen],
                places=places,
            ),
        )


def alone(encoded: EncodedSentences) -> ReadTogether:
    """Each sentence by itself."""
    return ReadTogether(encoded, np.arange(len(encoded.lengths) + 1))


def in_documents(encoded: EncodedSentences, tokens: int, generator: np.random.Generator | None = None) -> ReadTogether:
    """Neighbours of one document together, up to so many tokens and boundaries; a longer sentence is by itself.

    With a generator, a document's first window is shorter by chance, so that its cuts are others each time.
    """
    lengths, documents = encoded.lengths.tolist(), encoded.documents.tolist()
    borders, room = [0], 0
    for index, (length, document) in enumerate(zip(lengths, documents, strict=True)):
        begins = index == 0 or document == 0 or document != documents[index - 1]
        if begins or length + 1 > room:
            if index:
                borders.append(index)
            room = tokens
            if begins and generator is not None:
                room = int(generator.integers(1, tokens + 1))
            room -= length
        else:
            room -= length + 1
    return ReadTogether(encoded, np.array([*borders, len(lengths)] if lengths else [0]))
