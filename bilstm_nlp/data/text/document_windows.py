"""Windows: runs of neighbours of one document, which a tagger reads together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bilstm_nlp.batch import AnyArray, Bools, Ints, SentenceWindows, TokenBatch
from bilstm_nlp.data.batches import ragged
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences


@dataclass(frozen=True)
class ReadTogether:
    """Sentences in W windows. A window is a run of neighbours, with a boundary between two of them."""

    encoded: EncodedSentences
    firsts: Ints
    """(W + 1,) the first sentence of each window."""

    @cached_property
    def lengths(self) -> Ints:
        """Tokens and boundaries in each window: (W,)."""
        if len(self.firsts) == len(self.encoded.offsets):  # a window for each sentence
            return self.encoded.lengths
        ends: Ints = self.encoded.offsets[self.firsts] + self.firsts
        return np.diff(ends) - 1

    def sentences(self, chosen: Ints) -> Ints:
        """List the numbers of the sentences in the windows `chosen`, in this order."""
        if len(self.firsts) == len(self.encoded.offsets):  # a window for each sentence
            return chosen
        positions, mask = ragged(self.firsts, chosen)
        return positions[mask]

    def collate(self, chosen: Ints) -> TokenBatch[AnyArray]:
        """Make a padded batch of the sentences in the windows `chosen`, in this order.

        The batch has a row for each sentence; `windows` says how a model lays them out. For two windows, the first of
        the sentences `a b c` and `d`, the second of `e f`, the batch is B = 3 by T = 3, the layout W = 2 by V = 5:

            words  a b c    cells  0 1 2    tokens  0 1 2 | 3     lengths  5
                   d . .           4 . .            6 7 . . .              2
                   e f .           5 6 .

        `cells` (B, T) has the cell of each token in the layout, row · V + column. `tokens` (W, V) has the token of each
        cell in the batch, row · T + column. The boundary `|` is the number B · T = 9, padding is 0.
        """
        sentences = self.sentences(chosen)
        batch = self.encoded.collate(sentences)
        if len(sentences) == len(chosen):
            return batch
        lengths = self.encoded.lengths[sentences]
        windows, columns = _begins(lengths, np.diff(self.firsts)[chosen])
        width = int(self.lengths[chosen].max())
        cells = _cells(windows * width + columns, batch.mask)
        boundaries = (windows * width + columns)[columns > 0] - 1
        tokens = _tokens(cells, batch.mask, boundaries, len(chosen) * width)
        layout = SentenceWindows(tokens=tokens.reshape(-1, width), lengths=self.lengths[chosen], cells=cells)
        return replace(batch, windows=layout)

    def joined(self, chosen: Ints) -> TokenBatch[AnyArray]:
        """Make a batch of the sentences in the windows `chosen` as one row, without padding, in this order.

        It has the layout of `collate`, whose rows end where the longest sentence does: three times as many numbers,
        since a window has short sentences and long ones. What a model reads in windows does not depend on the rows.
        """
        sentences = self.sentences(chosen)
        batch = self.encoded.joined(sentences)
        lengths = self.encoded.lengths[sentences]
        windows, columns = _begins(lengths, np.diff(self.firsts)[chosen])
        width, begins = int(self.lengths[chosen].max()), np.cumsum(lengths) - lengths
        firsts = windows * width + columns
        cells = np.repeat(firsts - begins, lengths)[None] + np.arange(batch.words.size)
        tokens = _tokens(cells, batch.mask, firsts[columns > 0] - 1, len(chosen) * width)
        layout = SentenceWindows(tokens=tokens.reshape(-1, width), lengths=self.lengths[chosen], cells=cells)
        return replace(batch, windows=layout)


def alone(encoded: EncodedSentences) -> ReadTogether:
    """Put each sentence in a window of its own."""
    return ReadTogether(encoded, np.arange(len(encoded.lengths) + 1))


def in_documents(encoded: EncodedSentences, tokens: int, generator: np.random.Generator | None = None) -> ReadTogether:
    """Put neighbours of one document in windows of at most `tokens` tokens and boundaries.

    A longer sentence has a window of its own. With a generator, the first window of each document gets a random size,
    so that documents are cut differently each time.
    """
    lengths, documents = encoded.lengths.tolist(), encoded.documents.tolist()
    firsts, room = [0], 0
    for index, (length, document) in enumerate(zip(lengths, documents, strict=True)):
        begins_document = index == 0 or document == 0 or document != documents[index - 1]
        if begins_document or length + 1 > room:
            if index:
                firsts.append(index)
            room = tokens
            if begins_document and generator is not None:
                room = int(generator.integers(1, tokens + 1))
            room -= length
        else:
            room -= length + 1
    return ReadTogether(encoded, np.array([*firsts, len(lengths)] if lengths else [0]))


def _begins(lengths: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Find the window (B,) of each sentence, and the column (B,) of its first token in that window.

    `lengths` (B,) are the tokens of each sentence, `counts` (W,) the sentences of each window.
    """
    windows = np.repeat(np.arange(len(counts)), counts)
    # If all sentences stood in one row, each with a boundary after it, they would begin at these columns.
    in_one_row = np.cumsum(lengths + 1) - (lengths + 1)
    first_sentences = np.cumsum(counts) - counts
    columns: Ints = in_one_row - in_one_row[first_sentences][windows]
    return windows, columns


def _cells(begins: Ints, mask: Bools) -> Ints:
    """Find the cell of each token, (B, T), from the cell (B,) of each sentence's first token; 0 at padding."""
    return np.where(mask, begins[:, None] + np.arange(mask.shape[1]), 0)


def _tokens(cells: Ints, mask: Bools, boundaries: Ints, size: int) -> Ints:
    """Find the token of each of `size` cells, as a number in the (B, T) batch; B · T at boundaries, 0 at padding."""
    tokens = np.zeros(size, np.int64)
    tokens[cells[mask]] = np.flatnonzero(mask)
    tokens[boundaries] = mask.size
    return tokens
