"""Sums over all paths of a linear chain: forward–backward in numpy, in double precision. Knows no torch.

One loop over time, whose steps are a few operations on the whole batch. The backward messages are the forward messages
of the reversed sentences, so both directions run at once. Sums are products that are scaled at every step. If scores
are too far apart for products, log-sum-exp is used.

Emissions must be finite at tokens. At padding they may be anything: padding has no influence.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.nn.crf.chain import ChainScores, inside

SAFE_LOG_RANGE = 250.0
"""Largest log ratio of two tags' sums at one time step for which products are exact enough.

A forward message times a backward message is then still far from the smallest double, and from the largest double if
both are scaled by their largest.
"""


class Messages(NamedTuple):
    """The result of forward–backward: logarithms. At padding the messages are meaningless."""

    alphas: Floats
    """(B, T, K) sum over the paths that end at a tag at a time step, its emission included."""
    betas: Floats
    """(B, T, K) sum over the paths that continue from a tag at a time step, without its emission."""
    partition: Floats
    """(B,) sum over all paths."""
    safe: bool
    """True if all sums of one time step are surely within `SAFE_LOG_RANGE` of each other."""


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def messages(scores: ChainScores, emissions: Floats, lengths: Ints) -> Messages:
    """(B, T, K) emissions, (B,) lengths → sums over paths in both directions. All scores are in double precision."""
    steps = emissions.shape[1]
    if lengths.min(initial=steps) < steps:
        emissions = np.where(inside(lengths, steps)[..., None], emissions, 0.0)
    # Time first; the second axis is the direction: (T, 2, B, K).
    both = np.empty((steps, 2, len(lengths), emissions.shape[2]))
    both[:, 0] = emissions.swapaxes(0, 1)
    both[:, 1] = _reversed(emissions, lengths).swapaxes(0, 1)
    first = np.array([scores.start, scores.end])[:, None]
    kernel = np.array([scores.transitions, scores.transitions.T])
    safe = products_are_safe(scores, emissions)
    sums = (scaled_recursion if safe else log_recursion)(first, kernel, both)
    alphas = sums[:, 0].swapaxes(0, 1)
    betas = _reversed(sums[:, 1].swapaxes(0, 1), lengths) - emissions
    last = alphas[np.arange(len(lengths)), lengths - 1] + scores.end
    return Messages(alphas, betas, log_sum_exp(last, 1), safe)


def _reversed(values: Floats, lengths: Ints) -> Floats:
    """Reverse the (B, T, K) values of each sentence. Padding stays in its place."""
    steps = values.shape[1]
    if lengths.min(initial=steps) == steps:  # no padding, as in a single sentence: no copy
        return values[:, ::-1]
    return values[np.arange(len(lengths))[:, None], reversed_steps(lengths, steps)]


def reversed_steps(lengths: Ints, steps: int) -> Ints:
    """(B,) lengths → (B, T): the time step to read at each position to reverse a sentence. Padding stays in its place.

    >>> reversed_steps(np.array([2, 3]), 3)
    array([[1, 0, 2],
           [2, 1, 0]])
    """
    step = np.arange(steps)
    mirrored = lengths[:, None] - 1 - step
    return np.where(mirrored >= 0, mirrored, step)


def products_are_safe(scores: ChainScores, emissions: Floats) -> bool:
    """Return True if the sums of all reachable tags at a time step are surely within `SAFE_LOG_RANGE` of each other.

    This requires that three steps lead from any tag to any other tag, as in every tag scheme. Three steps earlier, some
    tag had at least the K-th part of the whole sum. A step multiplies by a transition and an emission, each at most its
    own range below the largest one, and scaling divides by at most K. For the first steps, the score of the sentence's
    border takes the place of an earlier step.
    """
    legal = np.isfinite(scores.transitions).astype(np.float64)
    if not (legal @ legal @ legal > 0).all():
        return False
    step = log_range(scores.transitions) + float((emissions.max(2) - emissions.min(2)).max())
    widest = 3 * step + max(log_range(scores.start), log_range(scores.end)) + 4 * math.log(emissions.shape[2])
    return widest <= SAFE_LOG_RANGE


def log_range(scores: Values) -> float:
    """Return the largest difference of two scores, forbidden ones left out."""
    return float(scores.max()) - float(np.where(scores == -np.inf, np.inf, scores).min())


def scaled_recursion(first: Values, kernel: Values, emissions: Floats) -> Floats:
    """(2, 1, K), (2, K, K), (T, 2, B, K) → (T, 2, B, K) log sums over paths.

    The sums are products, scaled to a total of 1 at every step.
    """
    largest = emissions.max(3, keepdims=True)
    weights = np.exp(emissions - largest)
    highest, most = first.max(2, keepdims=True), kernel.max()
    weights[0] *= np.exp(first - highest)
    multiply = np.exp(kernel - most)
    totals = np.empty_like(largest)
    products = np.empty_like(weights[0])
    before = None
    for current, total in zip(weights, totals, strict=True):
        if before is not None:
            current *= np.matmul(before, multiply, products)
        np.add.reduce(current, 2, out=total, keepdims=True)  # np.sum without its layers in Python
        current /= total
        before = current
    scale = np.cumsum(np.log(totals) + largest, axis=0) + highest
    scale += most * np.arange(len(weights))[:, None, None, None]
    logarithms: Floats = np.log(weights, out=weights)
    logarithms += scale
    return logarithms


def log_recursion(first: Values, kernel: Values, emissions: Floats) -> Floats:
    """Compute what `scaled_recursion` computes by log-sum-exp, for scores of any size."""
    sums, candidates = np.empty_like(emissions), np.empty((len(kernel[0]), *emissions.shape[1:]))  # (from, 2, B, to)
    np.add(first, emissions[0], out=sums[0])
    leaving = kernel.swapaxes(0, 1)[:, :, None]
    for before, after, emission in zip(sums[:-1], sums[1:], emissions[1:], strict=True):
        np.add(np.moveaxis(before, 2, 0)[..., None], leaving, out=candidates)
        np.add(log_sum_exp(candidates, 0), emission, out=after)
    return sums


def log_sum_exp(values: Values, axis: int) -> Floats:
    """Return the logarithm of the sum of exponentials along an axis; -inf where all values are. Overwrites `values`.

    >>> log_sum_exp(np.log([[1.0, 2.0], [0.5, 0.5]]), 1).round(6)
    array([1.098612, 0.      ])
    """
    largest = np.maximum.reduce(values, axis, keepdims=True)
    largest[np.isinf(largest)] = 0.0
    values -= largest
    np.exp(values, out=values)
    sums: Floats = np.add.reduce(values, axis)
    with np.errstate(divide="ignore"):
        np.log(sums, out=sums)
    sums += largest.squeeze(axis)
    return sums
