"""The best paths of a linear chain: Viterbi in numpy or compiled, and the n best paths. Knows no torch."""

from __future__ import annotations

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.nn.crf import compiled
from bilstm_nlp.nn.crf.chain import ChainScores, inside

BLOCK = 2**17
"""Candidates of one time step (B · K · K) that a block of sentences has at most, so that they stay in the cache."""


def viterbi(scores: ChainScores, emissions: Values, lengths: Ints) -> tuple[Ints, Values]:
    """(B, T, K) emissions, (B,) lengths → (B, T) best paths, 0 at padding, and their (B,) scores (Viterbi 1967).

    Of equal scores, the first tag's wins. Emissions are in single or double precision.

    >>> free = ChainScores(np.zeros(2), np.zeros(2), np.zeros((2, 2)))
    >>> viterbi(free, np.array([[[0.0, 1.0], [2.0, 0.0]]]), np.array([2]))
    (array([[1, 0]]), array([3.]))
    """
    scores = scores.to(emissions.dtype)
    kernels = compiled.kernels() if compiled.decode_faster(emissions) else None
    decoded: tuple[Ints, Values] | None = None if kernels is None else kernels.viterbi(*scores, emissions, lengths)
    return batched_viterbi(scores, emissions, lengths) if decoded is None else decoded


def batched_viterbi(scores: ChainScores, emissions: Values, lengths: Ints) -> tuple[Ints, Values]:
    """Compute `viterbi` in numpy, block by block of neighbouring sentences."""
    batch, steps, tags = emissions.shape
    if batch == 1:
        return _single_viterbi(scores, emissions, lengths)
    count = min(batch, -(-batch * tags * tags // BLOCK))
    if count <= 1:
        return _block_viterbi(scores, emissions, lengths)
    paths, totals = np.zeros((batch, steps), np.int64), np.empty(batch, emissions.dtype)
    for block in range(count):
        part = slice(batch * block // count, batch * (block + 1) // count)
        longest = int(lengths[part].max())
        paths[part, :longest], totals[part] = _block_viterbi(scores, emissions[part, :longest], lengths[part])
    return paths, totals


def _single_viterbi(scores: ChainScores, emissions: Values, lengths: Ints) -> tuple[Ints, Values]:
    """Compute `viterbi` of a single sentence by the sums and maxima of `_block_viterbi`, in fewer operations.

    So few numbers take less time than the calls of numpy. Here, the best predecessors are kept, and looking up their
    scores takes less time than a maximum. The results are the same.
    """
    (_, steps, tags), dtype, length = emissions.shape, emissions.dtype, int(lengths[0])
    into, candidates = np.ascontiguousarray(scores.transitions.T), np.empty((tags, tags), dtype)  # (to, from)
    rows, flat = np.arange(0, tags * tags, tags), candidates.reshape(-1)
    origins = np.empty((length, tags), np.int64)
    with np.errstate(all="ignore"):  # of scores that are not numbers
        best = scores.start + emissions[0, 0]
        for emission, origin in zip(emissions[0, 1:length], origins[1:], strict=True):
            np.add(into, best, candidates)
            candidates.argmax(1, origin)
            flat.take(origin + rows, None, best, "clip")  # with another mode, numpy writes to a copy
            best += emission
        best += scores.end
    current = int(best.argmax())
    total, path = best[current], [current]
    for origin in origins[:0:-1].tolist():
        current = origin[current]
        path.append(current)
    paths = np.zeros((1, steps), np.int64)
    paths[0, :length] = path[::-1]
    return paths, np.array([total], dtype)


def _block_viterbi(scores: ChainScores, emissions: Values, lengths: Ints) -> tuple[Ints, Values]:
    """Compute `viterbi` with three operations on the whole block for each step forward, and three for each step back.

    The forward pass keeps the best scores only. On the way back, the predecessor is computed again for the one tag of
    each sentence that lies on its best path.
    """
    (batch, steps, tags), dtype = emissions.shape, emissions.dtype
    # Sentences last: all operations run over whole rows of sentences. Ones beside the best scores let a product of
    # matrices add the transitions: 1 · best + transition · 1, rounded once. A broadcast sum takes much longer.
    pairs = np.ones((steps, tags, 2, batch), dtype)
    best = pairs[:, :, 0]
    onto = np.ones((tags, tags, 2), dtype)
    onto[..., 1] = scores.transitions
    candidates, reached = np.empty((tags, tags, batch), dtype), np.empty((tags, batch), dtype)  # (from, to, B), (to, B)
    by_time, rows = emissions.transpose(1, 2, 0), np.arange(batch)
    with np.errstate(all="ignore"):  # of padding, whose scores may be anything
        np.add(by_time[0], scores.start[:, None], out=best[0])
        for before, after, emission in zip(pairs[:-1], best[1:], np.ascontiguousarray(by_time[1:]), strict=True):
            np.matmul(onto, before, out=candidates)
            np.maximum.reduce(candidates, 0, out=reached)
            np.add(reached, emission, out=after)
        final = best[lengths - 1, :, rows] + scores.end
        last = final.argmax(1)
        # Whatever the scores at padding are, the way back then passes through the last tag.
        best[lengths - 1, last, rows] = np.inf
        paths = np.empty((steps, batch), np.int64)
        paths[-1] = current = last
        into, origins = np.ascontiguousarray(scores.transitions.T), np.empty((batch, tags), dtype)
        for before, step in zip(best[-2::-1].swapaxes(1, 2), paths[-2::-1], strict=True):
            into.take(current, 0, out=origins, mode="clip")
            current = np.add(origins, before, out=origins).argmax(1, out=step)
    return np.where(inside(lengths, steps), paths.T, 0), final[rows, last]


def list_viterbi(scores: ChainScores, emissions: Floats, lengths: Ints, n: int) -> tuple[Ints, Floats]:
    """(B, T, K) emissions, (B,) lengths → (B, n, T) the n best paths, best first, and their (B, n) scores.

    Paths are 0 at padding. Of equal scores, those of the first tags come first. If a sentence has fewer paths, the
    remaining scores are -inf.

    >>> free = ChainScores(np.zeros(2), np.zeros(2), np.zeros((2, 2)))
    >>> paths, totals = list_viterbi(free, np.array([[[0.0, 1.0], [2.0, 0.0]]]), np.array([2]), 3)
    >>> paths.tolist(), totals.tolist()
    ([[[1, 0], [0, 0], [1, 1]]], [[3.0, 2.0, 1.0]])
    """
    batch, steps, tags = emissions.shape
    best = np.full((batch, tags, n), -np.inf)
    best[..., 0] = scores.start + emissions[:, 0]
    origins: list[Ints] = []
    stay = np.broadcast_to(np.arange(tags)[:, None] * n + np.arange(n), (batch, tags, n))
    into, candidates = scores.transitions.T.repeat(n, axis=1), np.empty((batch, tags, tags * n))  # (B, to, from, rank)
    with np.errstate(all="ignore"):  # of padding, whose scores may be anything
        for t in range(1, steps):
            highest, index = _largest(np.add(best.reshape(batch, 1, -1), into, out=candidates), n)
            real = (t < lengths)[:, None, None]
            best = np.where(real, highest + emissions[:, t, :, None], best)
            origins.append(np.where(real, index, stay))
    totals, index = _largest((best + scores.end[:, None]).reshape(batch, tags * n), n)
    paths = [index // n]
    for origin in reversed(origins):
        index = np.take_along_axis(origin.reshape(batch, tags * n), index, 1)
        paths.append(index // n)
    return np.where(inside(lengths, steps)[:, None], np.stack(paths[::-1], 2), 0), totals


def _largest(values: Values, n: int) -> tuple[Floats, Ints]:
    """(…, M) values, n ≤ M → the n largest, (…, n), largest first, and their indices. Overwrites `values`.

    Of equal values, the first comes first. For the few that are asked for, n searches are faster than sorting.
    """
    highest, index = np.empty((*values.shape[:-1], n)), np.empty((*values.shape[:-1], n), np.int64)
    flat, starts = values.reshape(-1), np.arange(0, values.size, values.shape[-1]).reshape(values.shape[:-1])
    for rank in range(n):
        index[..., rank] = values.argmax(-1)
        place = starts + index[..., rank]
        highest[..., rank] = flat[place]
        flat[place] = -np.inf
    return highest, index
