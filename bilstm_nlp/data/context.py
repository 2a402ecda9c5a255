"""Which sentences are read together: neighbours of one document, in windows of so many tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from bilstm_nlp.batch import SentenceWindows, TokenBatch
from bilstm_nlp.data.codec import EncodedSentences, Ints, plan, ragged

WHOLE = 2048
"""Tokens of a document whose windows are kept in one batch; of a larger one, runs of windows of so many."""


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

    def plan(self, tokens: int, generator: np.random.Generator | None = None) -> list[Ints]:
        """The windows in batches of at most `tokens` tokens, padding included: those of like length, the longest first.

        Where words are to be found in all of their document, its windows are in one batch instead, however large it is;
        documents that find room are together. With a generator, both are drawn anew and come in random order.
        """
        if self.encoded.form_folded is None:
            return plan(self.lengths, tokens, generator)
        documents = self.documents()
        longest = np.array([self.lengths[windows].max() for windows in documents])
        order = np.arange(len(documents)) if generator is None else generator.permutation(len(documents))
        batches: list[Ints] = []
        batch: list[Ints] = []
        count = width = 0
        for index in order.tolist():
            windows = documents[index]
            wider = max(width, int(longest[index]))
            if batch and (count + len(windows)) * wider > tokens:
                batches.append(np.concatenate(batch))
                batch, count, wider = [], 0, int(longest[index])
            batch.append(windows)
            count, width = count + len(windows), wider
        return [*batches, np.concatenate(batch)] if batch else batches

    def documents(self) -> list[Ints]:
        """The windows of each document, in order; a large one in parts."""
        lengths, found = self.lengths.tolist(), self.encoded.documents[self.borders[:-1]].tolist()
        borders, held = [0], 0
        for window, length in enumerate(lengths):
            same = window > 0 and found[window] == found[window - 1] != 0
            if window > 0 and (not same or held + length > WHOLE):
                borders.append(window)
                held = 0
            held += length
        return np.split(np.arange(len(lengths)), borders[1:]) if lengths else []

    def sentences(self, chosen: Ints) -> Ints:
        """The numbers of the sentences in the windows `chosen`, in this order."""
        positions, mask = ragged(self.borders, chosen)
        return positions[mask]

    def collate(self, chosen: Ints) -> TokenBatch:
        """The sentences of the windows `chosen` as a padded batch, in this order."""
        sentences = self.sentences(chosen)
        batch = self.encoded.collate(sentences)
        if len(sentences) == len(chosen):
            return batch
        mask = batch.mask.numpy()
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
                cells=torch.from_numpy(cells.reshape(len(chosen), columns)),
                lengths=torch.from_numpy(self.lengths[chosen]),
                places=torch.from_numpy(places),
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
