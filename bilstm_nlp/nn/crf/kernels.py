"""Likelihood and Viterbi of a linear chain, compiled by Numba for the CPU, on numpy arrays.

`compiled.py` decides when the kernels are used. They are tested against torch in `likelihood.py` and numpy in
`best_paths.py`. Importing Numba and reading its cache takes up to a second, so this module is imported at first use.

For the likelihood, a batch is split into blocks of neighbouring sentences, which threads share. The blocks depend on
the batch's shape only, so results are the same, bit by bit, for any number of threads.

The file is longer than others: a kernel is one function over plain loops, and the forward pass, the backward pass and
Viterbi share the factors and limits defined here.
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

SAFE_LOG_RANGE = 250.0
"""Largest log ratio of two factors of one step, and of a sentence's sums at one step.

The next step's products are then still far from the smallest double, so a sum of 0 means an unreachable tag.
"""
MOST_BLOCKS = 16
BLOCK = 2**16
"""Fewest emissions of a block. Smaller blocks are finished before a thread has started."""


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile a function to machine code, cached on disk for the next process if a cache folder can be written.

    A function has one signature, so processes that compile at the same time write the same content to the same files.
    """

    def compile_it(function: Function) -> Function:
        try:
            kernel: Function = njit(signature, cache=True, nogil=True, error_model="numpy")(function)
        except (RuntimeError, OSError):  # no folder for the cache, or a full disk
            kernel = njit(signature, nogil=True, error_model="numpy")(function)
        return kernel

    return compile_it


def by_blocks(work: Callable[[int, int, int], bool], emissions: NDArray[Any], threads: int) -> bool:
    """Call `work(block, first sentence, sentence after the last)` for every block. Return True if all calls do."""
    count = blocks(emissions)
    edges = [len(emissions) * block // count for block in range(count + 1)]
    if count == 1 or threads == 1:
        return all(map(work, range(count), edges, edges[1:]))
    with ThreadPoolExecutor(min(threads, count)) as pool:
        return all(pool.map(work, range(count), edges, edges[1:]))


def blocks(emissions: NDArray[Any]) -> int:
    """Return the number of blocks that a batch is split into."""
    return max(1, min(MOST_BLOCKS, len(emissions), emissions.size // BLOCK))


# --- sums over paths ---


class Gradients(NamedTuple):
    """A gradient with respect to the scores of a chain."""

    start: Doubles
    """(K,)"""
    end: Doubles
    """(K,)"""
    transitions: Doubles
    """(K, K)"""
    emissions: Doubles
    """(B, T, K), 0 at padding"""


class Forward(NamedTuple):
    """The forward pass of a batch: its likelihoods, and what the backward pass needs. Padding is meaningless."""

    log_likelihood: Doubles
    """(B,)"""
    end: Doubles
    """(K,)"""
    transitions: Doubles
    """(K, K)"""
    factors: Doubles
    """(B, T, K) exp(emissions), scaled so that a step's largest is 1"""
    alphas: Doubles
    """(B, T, K) the forward messages, scaled to a sum of 1 at each step"""
    totals: Doubles
    """(B, T) the divisor that scaled each step"""
    paths: Integers
    """(B, T)"""
    lengths: Integers
    """(B,)"""

    def backward(self, weights: Doubles, threads: int) -> Gradients:
        """Return the gradient of the sum of all log-likelihoods, weighted by (B,) `weights`."""
        weights, count, tags = np.ascontiguousarray(weights), blocks(self.alphas), len(self.end)
        emissions, borders, steps = (
            np.empty_like(self.alphas),
            np.zeros((count, 2, tags)),
            np.zeros((count, tags, tags)),
        )

        def work(block: int, first: int, last: int) -> bool:
            part = slice(first, last)
            backward_block(
                self.end,
                self.transitions,
                self.factors[part],
                self.paths[part],
                self.lengths[part],
                self.alphas[part],
                self.totals[part],
                weights[part],
                emissions[part],
                borders[block],
                steps[block],
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
    """(B, T, K) emissions, (B, T) paths, (B,) lengths → the paths' log-likelihoods. Overwrites `emissions`.

    Returns None if scores are too far apart for products, or are not numbers.
    """
    start, end, transitions, emissions = map(np.ascontiguousarray, (start, end, transitions, emissions))
    paths, lengths = np.ascontiguousarray(paths), np.ascontiguousarray(lengths)
    log_likelihood, alphas, totals = np.empty(len(lengths)), np.empty_like(emissions), np.empty(emissions.shape[:2])

    def work(block: int, first: int, last: int) -> bool:
        part = slice(first, last)
        return forward_block(
            start,
            end,
            transitions,
            emissions[part],
            paths[part],
            lengths[part],
            alphas[part],
            totals[part],
            log_likelihood[part],
        )

    if not by_blocks(work, emissions, threads):
        return None
    return Forward(log_likelihood, end, transitions, emissions, alphas, totals, paths, lengths)


@compiled("Tuple((float64[::1], float64, float64))(float64[::1])")
def factors_of(scores: Doubles) -> tuple[Doubles, float, float]:
    """(N,) scores → exp(scores) divided by the largest, the largest score, and the range of the finite scores."""
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
    """Fill `alphas`, `totals` and `log_likelihood`; turn `emissions` into factors. Return False if it is not safe."""
    tags = len(start)
    begin, most_begin, begin_spread = factors_of(start)
    stop, most_stop, stop_spread = factors_of(end)
    flat, most_step, step_spread = factors_of(transitions.reshape(-1))
    step = flat.reshape(tags, tags)
    if min(begin_spread, stop_spread, step_spread) < 0:  # nothing is allowed
        return False
    room = SAFE_LOG_RANGE - max(begin_spread, stop_spread, step_spread)
    least = math.exp(-SAFE_LOG_RANGE)
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
    """Fill the gradient by emissions; add to the gradients by start and end, (2, K), and by transitions.

    Betas are scaled so that a marginal is alpha times beta.
    """
    tags = len(end)
    stop, _, _ = factors_of(end)
    flat, _, _ = factors_of(transitions.reshape(-1))
    step = flat.reshape(tags, tags)
    back = step.T.copy()
    beta, suffix = np.empty(tags), np.empty(tags)
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
                # The betas of unreachable tags have no bound.
                suffix[j] = factors[b, t, j] * beta[j] / totals[b, t] if alphas[b, t, j] > 0 else 0.0
            for i in range(tags):
                before = -weight * alphas[b, t - 1, i]
                for j in range(tags):
                    by_transitions[i, j] += before * suffix[j]
            beta[:] = 0
            for j in range(tags):
                after = suffix[j]
                for i in range(tags):
                    beta[i] += back[j, i] * after
        by_borders[0] += by_emissions[b, 0]
        by_borders[1] += by_emissions[b, length - 1]
    by_transitions *= step
    for b in range(len(lengths)):
        for t in range(1, lengths[b]):
            by_transitions[paths[b, t - 1], paths[b, t]] += weights[b]


# --- best paths ---


def viterbi(
    start: Singles, end: Singles, transitions: Singles, emissions: Singles, lengths: Integers
) -> tuple[Integers, Singles] | None:
    """(B, T, K) emissions, (B,) lengths → (B, T) best paths, 0 at padding, and their (B,) scores.

    Of equal scores, the first tag's wins. Returns None if a score is not a number, or infinitely large.
    """
    start, end, transitions, emissions = map(np.ascontiguousarray, (start, end, transitions, emissions))
    paths, totals = np.empty(emissions.shape[:2], np.int64), np.empty(len(lengths), np.float32)
    known = viterbi_batch(start, end, transitions, emissions, np.ascontiguousarray(lengths), paths, totals)
    return (paths, totals) if known else None


@compiled(
    "boolean(float32[::1], float32[::1], float32[:, ::1], float32[:, :, ::1], int64[::1], int64[:, ::1], float32[::1])"
)
def viterbi_batch(
    start: Singles,
    end: Singles,
    transitions: Singles,
    emissions: Singles,
    lengths: Integers,
    paths: Integers,
    totals: Singles,
) -> bool:
    """Fill `paths` and `totals`. Return False if a score is not a number, or infinitely large."""
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
                    # Two rows in turns: an update in place would be compiled to a branch.
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
            origin, most = 0, best[t, 0] + transitions[0, tag]
            for i in range(1, tags):
                score = best[t, i] + transitions[i, tag]
                if score > most:
                    origin, most = i, score
            tag = origin
            paths[b, t] = tag
    return True
