"""The recursions of a linear chain once more, compiled by Numba for the CPU: the same answers, sooner.

Arrays in, arrays out; `chain.py` says when they are used, and holds what they are tested against. Numba takes up to a
second to import and to read what it once compiled, so this module is imported where a kernel is needed first.

A batch is worked on in blocks of neighbouring sentences, by as many threads as are given. The blocks depend on the
batch's shape alone, so all results are the same, bit by bit, however many threads there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])

WIDEST = 250.0
"""How far apart, as logarithms, the factors of one step may be, and a sentence's sums at one step. The next step's
products are then still far from the smallest double, so that what is 0 is a tag that can't be reached."""
MOST_BLOCKS = 16
BLOCK = 2**16
"""How many emissions a block has at least: less is done before a thread has started."""


def compiled(signature: str) -> Callable[[Function], Function]:
    """The function as machine code, kept on disk for the next process where there is a place for it.

    One signature a function, so that processes that compile at the same time write the same to the same files.
    """

    def compile_it(function: Function) -> Function:
        try:
            found: Function = njit(signature, cache=True, nogil=True, error_model="numpy")(function)
        except (RuntimeError, OSError):  # there is no such place, or it is full
            found = njit(signature, nogil=True, error_model="numpy")(function)
        return found

    return compile_it


def by_blocks(work: Callable[[int, int, int], bool], emissions: NDArray[Any], threads: int) -> bool:
    """Whether `work`, given the number of a block, its first sentence and the one after its last, is true for all."""
    count = blocks(emissions)
    edges = [len(emissions) * block // count for block in range(count + 1)]
    if count == 1 or threads == 1:
        return all(map(work, range(count), edges, edges[1:]))
    with ThreadPoolExecutor(min(threads, count)) as pool:
        return all(pool.map(work, range(count), edges, edges[1:]))


def blocks(emissions: NDArray[Any]) -> int:
    """How many blocks a batch is worked on in."""
    return max(1, min(MOST_BLOCKS, len(emissions), emissions.size // BLOCK))


# --- sums over paths ---


class Gradients(NamedTuple):
    """Derivatives by the scores of a chain."""

    start: Doubles
    """(K,)"""
    end: Doubles
    """(K,)"""
    transitions: Doubles
    """(K, K)"""
    emissions: Doubles
    """(B, T, K), 0 at padding"""


class Forward(NamedTuple):
    """What a batch's likelihoods come from, and their gradients go back through. Padding means nothing."""

    log_likelihood: Doubles
    """(B,)"""
    end: Doubles
    """(K,)"""
    transitions: Doubles
    """(K, K)"""
    factors: Doubles
    """(B, T, K) exp(emissions), a step's largest being 1"""
    alphas: Doubles
    """(B, T, K) the forward messages, scaled to a sum of 1 at each step"""
    totals: Doubles
    """(B, T) what each step was divided by"""
    paths: Integers
    """(B, T)"""
    lengths: Integers
    """(B,)"""

    def backward(self, weights: Doubles, threads: int) -> Gradients:
        """The gradient of the sum of all log-likelihoods, each times its (B,) weight."""
        weights, count, tags = np.ascontiguousarray(weights), blocks(self.alphas), len(self.end)
        emissions, borders, steps = (
            np.empty_like(self.alphas),
            np.zeros((count, 2, tags)),
            np.zeros((count, tags, tags)),
        )

        def work(block: int, first: int, last: int) -> bool:
            backward_block(
                *(self.end, self.transitions, self.factors[first:last], self.paths[first:last]),
                *(self.lengths[first:last], self.alphas[first:last], self.totals[first:last], weights[first:last]),
                *(emissions[first:last], borders[block], steps[block]),
            )
            return True

        by_blocks(work, self.alphas, threads)
        start, end = borders.sum(0)
        return Gradients(start, end, steps.sum(0), emissions)


def forward(
    start: Doubles,
    end: Doubles,
    transitions: Doubles,
    emissions: Doubles,
    paths: Integers,
    lengths: Integers,
    threads: int,
) -> Forward | None:
    """The log-likelihoods of (B, T) paths, and what is needed for their gradients; overwrites `emissions`.

    None where scores are too far apart for products, or no numbers.
    """
    start, end, transitions, emissions = map(np.ascontiguousarray, (start, end, transitions, emissions))
    paths, lengths = np.ascontiguousarray(paths), np.ascontiguousarray(lengths)
    log_likelihood, alphas, totals = np.empty(len(lengths)), np.empty_like(emissions), np.empty(emissions.shape[:2])

    def work(block: int, first: int, last: int) -> bool:
        return forward_block(
            *(start, end, transitions, emissions[first:last], paths[first:last], lengths[first:last]),
            *(alphas[first:last], totals[first:last], log_likelihood[first:last]),
        )

    if not by_blocks(work, emissions, threads):
        return None
    return Forward(log_likelihood, end, transitions, emissions, alphas, totals, paths, lengths)


@compiled("Tuple((float64[::1], float64, float64))(float64[::1])")
def factors_of(scores: Doubles) -> tuple[Doubles, float, float]:
    """(N,) exp(scores), divided by the largest; its logarithm, and how much less that of the smallest is, 0 aside."""
    largest, smallest = -np.inf, np.inf
    for score in scores:
        if score > largest:
            largest = score
        if score < smallest and score != -np.inf:
            smallest = score
    factors = np.empty(len(scores))
    for i in range(len(scores)):
        factors[i] = math.exp(scores[i] - largest)
    return factors, largest, largest - smallest


@compiled(
    "boolean(float64[::1], float64[::1], float64[:, ::1], float64[:, :, ::1], int64[:, ::1], int64[::1],"
    "float64[:, :, ::1], float64[:, ::1], float64[::1])"
)
def forward_block(
    start: Doubles,
    end: Doubles,
    transitions: Doubles,
    emissions: Doubles,
    paths: Integers,
    lengths: Integers,
    alphas: Doubles,
    totals: Doubles,
    log_likelihood: Doubles,
) -> bool:
    """Fills `alphas`, `totals` and `log_likelihood`, and makes factors of `emissions`; False where it can't."""
    tags = len(start)
    begin, most_begin, begin_spread = factors_of(start)
    stop, most_stop, stop_spread = factors_of(end)
    flat, most_step, step_spread = factors_of(transitions.reshape(-1))
    step = flat.reshape(tags, tags)
    if min(begin_spread, stop_spread, step_spread) < 0:  # there is none that is allowed
        return False
    room = WIDEST - max(begin_spread, stop_spread, step_spread)
    least = math.exp(-WIDEST)
    for b in range(len(lengths)):
        length, path = lengths[b], paths[b]
        score = start[path[0]] + end[path[length - 1]] + emissions[b, 0, path[0]]
        for t in range(1, length):
            score += transitions[path[t - 1], path[t]] + emissions[b, t, path[t]]
        partition = most_begin + most_stop + most_step * (length - 1)
        for t in range(length):
            factors, current = emissions[b, t], alphas[b, t]
            largest = smallest = factors[0]
            for j in range(tags):
                largest = factors[j] if factors[j] > largest else largest
                smallest = factors[j] if factors[j] < smallest else smallest
            if not largest - smallest <= room:
                return False
            if t == 0:
                current[:] = begin
            else:
                current[:] = 0
                for i in range(tags):
                    before = alphas[b, t - 1, i]
                    for j in range(tags):
                        current[j] += before * step[i, j]
            total = 0.0
            for j in range(tags):
                factors[j] = math.exp(factors[j] - largest)
                current[j] *= factors[j]
                total += current[j]
            if not total > 0:
                return False
            scale, lost = 1 / total, False
            for j in range(tags):
                current[j] *= scale
                lost |= (current[j] < least) & (current[j] != 0)
            if lost:
                return False
            totals[b, t] = total
            partition += largest + math.log(total)
        total = 0.0
        for j in range(tags):
            total += alphas[b, length - 1, j] * stop[j]
        if not total > 0:
            return False
        log_likelihood[b] = score - partition - math.log(total)
    return True


@compiled(
    "void(float64[::1], float64[:, ::1], float64[:, :, ::1], int64[:, ::1], int64[::1], float64[:, :, ::1],"
    "float64[:, ::1], float64[::1], float64[:, :, ::1], float64[:, ::1], float64[:, ::1])"
)
def backward_block(
    end: Doubles,
    transitions: Doubles,
    factors: Doubles,
    paths: Integers,
    lengths: Integers,
    alphas: Doubles,
    totals: Doubles,
    weights: Doubles,
    by_emissions: Doubles,
    by_borders: Doubles,
    by_transitions: Doubles,
) -> None:
    """Fills the gradient by emissions, and adds to those by start and end, (2, K), and by transitions.

    Betas are scaled so that a marginal is alpha times beta.
    """
    tags = len(end)
    stop, _, _ = factors_of(end)
    flat, _, _ = factors_of(transitions.reshape(-1))
    step = flat.reshape(tags, tags)
    back = step.T.copy()
    beta, onward = np.empty(tags), np.empty(tags)
    for b in range(len(lengths)):
        length, path, weight = lengths[b], paths[b], weights[b]
        total = 0.0
        for j in range(tags):
            total += alphas[b, length - 1, j] * stop[j]
        beta[:] = stop / total
        by_emissions[b, length:] = 0
        for t in range(length - 1, -1, -1):
            for j in range(tags):
                by_emissions[b, t, j] = -weight * alphas[b, t, j] * beta[j]
            by_emissions[b, t, path[t]] += weight
            if t == 0:
                break
            for j in range(tags):
                # The betas of tags that can't be reached have no bound.
                onward[j] = factors[b, t, j] * beta[j] / totals[b, t] if alphas[b, t, j] > 0 else 0.0
            for i in range(tags):
                before = -weight * alphas[b, t - 1, i]
                for j in range(tags):
                    by_transitions[i, j] += before * onward[j]
            beta[:] = 0
            for j in range(tags):
                beyond = onward[j]
                for i in range(tags):
                    beta[i] += back[j, i] * beyond
        by_borders[0] += by_emissions[b, 0]
        by_borders[1] += by_emissions[b, length - 1]
    by_transitions *= step
    for b in range(len(lengths)):
        for t in range(1, lengths[b]):
            by_transitions[paths[b, t - 1], paths[b, t]] += weights[b]


# --- best paths ---


def viterbi(
    start: Singles, end: Singles, transitions: Singles, emissions: Singles, lengths: Integers, threads: int
) -> tuple[Integers, Singles] | None:
    """(B, T) best paths, 0 at padding, and (B,) their scores; of equal scores the first tag's counts.

    None where a score is no number, or infinitely large.
    """
    start, end, transitions, emissions = map(np.ascontiguousarray, (start, end, transitions, emissions))
    paths, totals = np.empty(emissions.shape[:2], np.int64), np.empty(len(lengths), np.float32)

    def work(block: int, first: int, last: int) -> bool:
        return viterbi_block(
            *(start, end, transitions, emissions[first:last], lengths[first:last]),
            *(paths[first:last], totals[first:last]),
        )

    return (paths, totals) if by_blocks(work, emissions, threads) else None


@compiled(
    "boolean(float32[::1], float32[::1], float32[:, ::1], float32[:, :, ::1], int64[::1], int64[:, ::1], float32[::1])"
)
def viterbi_block(
    start: Singles,
    end: Singles,
    transitions: Singles,
    emissions: Singles,
    lengths: Integers,
    paths: Integers,
    totals: Singles,
) -> bool:
    """Fills `paths` and `totals`; False where it can't."""
    tags = len(start)
    for i in range(tags):
        for j in range(tags):
            if not transitions[i, j] < np.inf:
                return False
    best = np.empty((emissions.shape[1], tags), np.float32)
    reached, better = np.empty(tags, np.float32), np.empty(tags, np.float32)
    for b in range(len(lengths)):
        length = lengths[b]
        for t in range(length):
            if t == 0:
                reached[:] = start
            else:
                reached[:] = -np.inf
                for i in range(tags):
                    before = best[t - 1, i]
                    # From one row into another: a maximum in place would be a jump where it stays as it is.
                    for j in range(tags):
                        score, former = before + transitions[i, j], reached[j]
                        better[j] = score if score > former else former
                    reached, better = better, reached
            known = True
            for j in range(tags):
                best[t, j] = reached[j] + emissions[b, t, j]
                known &= best[t, j] < np.inf
            if not known:
                return False
        tag, most = 0, best[length - 1, 0] + end[0]
        known = most < np.inf
        for j in range(1, tags):
            score = best[length - 1, j] + end[j]
            known &= score < np.inf
            if score > most:
                tag, most = j, score
        if not known:
            return False
        totals[b] = most
        paths[b, length:] = 0
        paths[b, length - 1] = tag
        for t in range(length - 2, -1, -1):
            came, most = 0, best[t, 0] + transitions[0, tag]
            for i in range(1, tags):
                score = best[t, i] + transitions[i, tag]
                if score > most:
                    came, most = i, score
            tag = came
            paths[b, t] = tag
    return True
