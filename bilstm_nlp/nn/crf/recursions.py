"""Sums over all paths of a linear chain in torch, for training: forward–backward and scores of paths.

The functions take (B, T, K) emissions and (B,) lengths. Each is one loop over time, whose steps are a few operations on
the whole batch. The backward messages are the forward messages of the reversed sentences, so both directions run at
once. Sums are products that are scaled at every step. If scores are too far apart for products, log-sum-exp is used.

Emissions must be finite at tokens. At padding they may be anything: padding has no influence. `sums.py` has the
forward–backward of prediction, in numpy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from bilstm_nlp.nn.crf.sums import SAFE_LOG_RANGE
from bilstm_nlp.nn.padding import inside, reversed_steps


class Scores(NamedTuple):
    """The scores of a chain of K tags. A score of -inf forbids."""

    start: Tensor
    """(K,)"""
    end: Tensor
    """(K,)"""
    transitions: Tensor
    """(K, K), from the row's tag to the column's tag."""

    def to(self, target: torch.device | torch.dtype) -> Scores:
        """Move every score to a device or convert it to a type."""
        return Scores(*(score.to(target) for score in self))

    def double(self) -> Scores:
        """Convert every score to double precision."""
        return self.to(torch.float64)


class Messages(NamedTuple):
    """The result of forward–backward: logarithms in double precision. At padding the messages are meaningless."""

    alphas: Tensor
    """(B, T, K) sum over the paths that end at a tag at a time step, its emission included."""
    betas: Tensor
    """(B, T, K) sum over the paths that continue from a tag at a time step, without its emission."""
    partition: Tensor
    """(B,) sum over all paths."""
    safe: bool
    """True if all sums of one time step are surely within `SAFE_LOG_RANGE` of each other."""


def double_device(device: torch.device) -> torch.device:
    """Return the device for sums in double precision: the given one, or the CPU if the device has no float64.

    Apple's MPS has none. The likelihood and the posterior of a batch are then computed on the CPU, with the same
    precision, and copied back.

    >>> double_device(torch.device("cpu")), double_device(torch.device("mps"))
    (device(type='cpu'), device(type='cpu'))
    """
    return torch.device("cpu") if device.type == "mps" else device


def messages(scores: Scores, emissions: Tensor, lengths: Tensor) -> Messages:
    """(B, T, K) emissions, (B,) lengths → sums over paths in both directions."""
    scores = scores.double()
    emissions = emissions.double().masked_fill(~inside(lengths, emissions.shape[1])[..., None], 0)
    rows = torch.arange(len(lengths), device=lengths.device)[:, None]
    order = reversed_steps(lengths, emissions.shape[1])
    # Time first; the second axis is the direction: (T, 2, B, K).
    both = torch.stack([emissions, emissions[rows, order]]).permute(2, 0, 1, 3).contiguous()
    first = torch.stack([scores.start, scores.end])[:, None]
    kernel = torch.stack([scores.transitions, scores.transitions.T])
    safe = products_are_safe(scores, emissions)
    sums = (scaled_recursion if safe else log_recursion)(first, kernel, both)
    alphas = sums[:, 0].transpose(0, 1)
    betas = sums[:, 1].transpose(0, 1)[rows, order] - emissions
    last = alphas[rows[:, 0], lengths - 1] + scores.end
    return Messages(alphas, betas, last.logsumexp(1), safe)


def products_are_safe(scores: Scores, emissions: Tensor) -> bool:
    """Return True if the sums of all reachable tags at a time step are surely within `SAFE_LOG_RANGE` of each other.

    This requires that three steps lead from any tag to any other tag, as in every tag scheme. Three steps earlier, some
    tag had at least the K-th part of the whole sum. A step multiplies by a transition and an emission, each at most its
    own range below the largest one, and scaling divides by at most K. For the first steps, the score of the sentence's
    border takes the place of an earlier step.
    """
    legal = scores.transitions.isfinite().double()
    mixing = (legal @ legal @ legal > 0).all()
    borders = torch.stack([scores.start, scores.end])
    step = log_range(scores.transitions.flatten()) + (emissions.amax(2) - emissions.amin(2)).amax()
    widest = 3 * step + log_range(borders).amax() + 4 * math.log(emissions.shape[2])
    return bool(mixing & (widest <= SAFE_LOG_RANGE))


def log_range(scores: Tensor) -> Tensor:
    """(…, K) → (…): the largest difference of two scores, forbidden ones left out."""
    return scores.amax(-1) - scores.masked_fill(scores == float("-inf"), float("inf")).amin(-1)


def scaled_recursion(first: Tensor, kernel: Tensor, emissions: Tensor) -> Tensor:
    """(2, 1, K), (2, K, K), (T, 2, B, K) → (T, 2, B, K) log sums over paths.

    The sums are products, scaled to a total of 1 at every step.
    """
    largest = emissions.amax(3, keepdim=True)
    weights = (emissions - largest).exp_()
    highest = first.amax(2, keepdim=True)
    weights[0] *= (first - highest).exp()
    multiply = (kernel - kernel.amax()).exp()
    totals = torch.empty_like(largest)
    steps, sums = weights.unbind(0), totals.unbind(0)
    current = steps[0]
    torch.sum(current, 2, keepdim=True, out=sums[0])
    current.div_(sums[0])
    for t in range(1, len(steps)):
        current = steps[t].mul_(torch.bmm(current, multiply))
        torch.sum(current, 2, keepdim=True, out=sums[t])
        current.div_(sums[t])
    scale = (totals.log_() + largest).cumsum_(0)
    scale += highest + kernel.amax() * torch.arange(len(steps), device=emissions.device).view(-1, 1, 1, 1)
    return weights.log_().add_(scale)


def log_recursion(first: Tensor, kernel: Tensor, emissions: Tensor) -> Tensor:
    """Compute what `scaled_recursion` computes by log-sum-exp, for scores of any size."""
    sums = [first + emissions[0]]
    for emission in emissions[1:]:
        sums.append((sums[-1][..., None] + kernel[:, None]).logsumexp(2) + emission)
    return torch.stack(sums)


def path_scores(scores: Scores, emissions: Tensor, paths: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, K) emissions, (B, T) paths, (B,) lengths → (B,) scores of the paths, in double precision."""
    scores = scores.double()
    taken = emissions.gather(2, paths[..., None]).squeeze(2).double()
    taken[:, 1:] += scores.transitions[paths[:, :-1], paths[:, 1:]]
    last = paths.gather(1, lengths[:, None] - 1).squeeze(1)
    within = taken.masked_fill(~inside(lengths, emissions.shape[1]), 0).sum(1)
    return within + scores.start[paths[:, 0]] + scores.end[last]
