"""The recursions of a linear chain, as functions on (B, T, K) emissions and (B,) lengths.

Each is one loop over time whose steps are a few operations on the whole batch. Forward and backward messages are the
same recursion, the latter on reversed sentences, so both directions run at once. They are sums of products in double
precision, scaled at every step; scores so far apart that even this could lose a path take the plain log-space way.

Emissions are finite at tokens; at padding they may be anything, and have no influence.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

WIDEST = 250.0
"""How far apart, as logarithms, two tags' sums at one time step may be for products: a forward message times a backward
one is then still far from the smallest double, and from the largest when both are scaled by their largest."""


class Scores(NamedTuple):
    """The scores of a chain; -inf is forbidden."""

    start: Tensor
    """(K,)"""
    end: Tensor
    """(K,)"""
    transitions: Tensor
    """(K, K), from the row's tag to the column's."""

    def divided(self, temperature: float) -> Scores:
        return Scores(*(score / temperature for score in self))

    def double(self) -> Scores:
        return Scores(*(score.double() for score in self))


def reversal(lengths: Tensor, steps: int) -> Tensor:
    """(B, T) the time step that comes at each place when a sentence is reversed within its length."""
    step = torch.arange(steps, device=lengths.device)
    mirrored = lengths[:, None] - 1 - step
    return torch.where(mirrored >= 0, mirrored, step)


class Messages(NamedTuple):
    """What forward–backward comes to, as logarithms in double precision. At padding the messages mean nothing."""

    alphas: Tensor
    """(B, T, K) sums over the paths up to a time step that are at a tag there, its emission included."""
    betas: Tensor
    """(B, T, K) sums over the paths from there to the end, without its emission."""
    partition: Tensor
    """(B,) sums over all paths."""
    close: bool
    """Whether all sums at one time step are within `WIDEST` of each other."""


def inside_of(lengths: Tensor, steps: int) -> Tensor:
    """(B, T) True at tokens, False at padding."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def messages(scores: Scores, emissions: Tensor, lengths: Tensor) -> Messages:
    """Sums over paths in both directions."""
    scores = scores.double()
    inside = inside_of(lengths, emissions.shape[1])
    emissions = emissions.double().masked_fill(~inside[..., None], 0)
    rows = torch.arange(len(lengths), device=lengths.device)[:, None]
    order = reversal(lengths, emissions.shape[1])
    # Time first; the second axis is the direction: (T, 2, B, K).
    both = torch.stack([emissions, emissions[rows, order]]).permute(2, 0, 1, 3).contiguous()
    first = torch.stack([scores.start, scores.end])[:, None]
    kernel = torch.stack([scores.transitions, scores.transitions.T])
    close = are_close(scores, emissions)
    reached = (scaled_recursion if close else log_recursion)(first, kernel, both)
    alphas = reached[:, 0].transpose(0, 1)
    betas = reached[:, 1].transpose(0, 1)[rows, order] - emissions
    last = alphas[rows[:, 0], lengths - 1] + scores.end
    return Messages(alphas, betas, last.logsumexp(1), close)


def are_close(scores: Scores, emissions: Tensor) -> bool:
    """Whether the sums of all tags that can be reached at a time step are surely within `WIDEST` of each other.

    They are if three steps lead from any tag to any other, as in every tag scheme. Three steps earlier some tag had at
    least the K-th part of the whole; a step multiplies by a transition and an emission that are at most so much below
    the largest, and scaling divides by at most K. The first steps have the border's score instead of a step's before.
    """
    legal = scores.transitions.isfinite().double()
    mixing = (legal @ legal @ legal > 0).all()
    borders = torch.stack([scores.start, scores.end])
    step = spread(scores.transitions.flatten()) + (emissions.amax(2) - emissions.amin(2)).amax()
    widest = 3 * step + spread(borders).amax() + 4 * math.log(emissions.shape[2])
    return bool(mixing & (widest <= WIDEST))


def spread(scores: Tensor) -> Tensor:
    """The largest difference along the last axis, forbidden scores left out."""
    return scores.amax(-1) - scores.masked_fill(scores == float("-inf"), float("inf")).amin(-1)


def scaled_recursion(first: Tensor, kernel: Tensor, emissions: Tensor) -> Tensor:
    """(2, 1, K), (2, K, K), (T, 2, B, K) → (T, 2, B, K) log sums over paths, by products scaled to 1 at every step."""
    largest = emissions.amax(3, keepdim=True)
    weights = (emissions - largest).exp_()
    weights[0] *= (first - first.amax()).exp()
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
    scale += first.amax() + kernel.amax() * torch.arange(len(steps), device=emissions.device).view(-1, 1, 1, 1)
    return weights.log_().add_(scale)


def log_recursion(first: Tensor, kernel: Tensor, emissions: Tensor) -> Tensor:
    """The same as `scaled_recursion` by log-sum-exp, for scores of any size."""
    reached = [first + emissions[0]]
    for emission in emissions[1:]:
        reached.append((reached[-1][..., None] + kernel[:, None]).logsumexp(2) + emission)
    return torch.stack(reached)


class LogPartition(torch.autograd.Function):
    """(B,) log partition whose backward pass is marginals and expected transitions: no graph over time steps."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, start: Tensor, end: Tensor, transitions: Tensor, emissions: Tensor, lengths: Tensor
    ) -> Tensor:
        alphas, betas, partition, close = messages(Scores(start, end, transitions), emissions, lengths)
        ctx.save_for_backward(transitions, emissions, lengths, alphas, betas, partition)
        ctx.close = close  # type: ignore[attr-defined]
        return partition

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        transitions, emissions, lengths, alphas, betas, partition = ctx.saved_tensors  # type: ignore[attr-defined]
        padding = ~inside_of(lengths, emissions.shape[1])[..., None]
        betas = betas - partition[:, None, None]
        # Each sentence's gradient is a factor on its marginals. What stands at padding may be too large for exp.
        marginals = (alphas + betas).masked_fill_(padding, float("-inf")).exp_().mul_(gradient[:, None, None])
        onward = betas[:, 1:] + emissions[:, 1:]
        expected = expected_by_products if ctx.close else expected_by_logarithms  # type: ignore[attr-defined]
        pairs = expected(alphas[:, :-1], transitions.double(), onward, padding[:, 1:], gradient)
        rows = torch.arange(len(lengths), device=lengths.device)
        kind = emissions.dtype
        return (
            marginals[:, 0].sum(0).to(transitions.dtype),
            marginals[rows, lengths - 1].sum(0).to(transitions.dtype),
            pairs.to(transitions.dtype),
            marginals.to(kind),
            None,
        )


def expected_by_products(
    alphas: Tensor, transitions: Tensor, onward: Tensor, padding: Tensor, weights: Tensor
) -> Tensor:
    """(K, K) how often j is expected to follow i, the sentences weighed by `weights` (B,).

    P(i at t-1, j at t) = exp(alpha[t-1, i] + transition[i, j] + onward[t, j]), where onward is emission + beta -
    partition. The sum over all steps of all sentences is one matrix product, each side scaled by its largest.
    """
    left, right, largest = alphas.amax(2, keepdim=True), onward.amax(2, keepdim=True), transitions.amax()
    before = (alphas - left).exp_()
    after = (onward - right).exp_().mul_((left + right + largest).exp_())
    after = after.masked_fill_(padding, 0).mul_(weights[:, None, None])
    return torch.einsum("bti,btj->ij", before, after) * (transitions - largest).exp()


def expected_by_logarithms(
    alphas: Tensor, transitions: Tensor, onward: Tensor, padding: Tensor, weights: Tensor
) -> Tensor:
    """The same as `expected_by_products` for scores of any size: every logarithm is that of a probability."""
    total = torch.zeros_like(transitions)
    onward = onward.masked_fill(padding, float("-inf"))
    for alpha, beyond in zip(alphas.unbind(1), onward.unbind(1), strict=True):
        pairs = (alpha[:, :, None] + transitions + beyond[:, None]).exp_()
        total += (pairs * weights[:, None, None]).sum(0)
    return total


def log_partition(scores: Scores, emissions: Tensor, lengths: Tensor) -> Tensor:
    """(B,) log sum of exp(score) over all paths, in double precision, differentiable in all scores."""
    value: Tensor = LogPartition.apply(scores.start, scores.end, scores.transitions, emissions, lengths)
    return value


def path_scores(scores: Scores, emissions: Tensor, paths: Tensor, lengths: Tensor) -> Tensor:
    """(B, n, T) paths → (B, n) their scores, in double precision; what stands at padding does not count."""
    scores = scores.double()
    inside = inside_of(lengths, emissions.shape[1])[:, None]
    taken = emissions.gather(2, paths.transpose(1, 2)).transpose(1, 2).double()
    steps = scores.transitions[paths[..., :-1], paths[..., 1:]].masked_fill(~inside[..., 1:], 0)
    last = paths.gather(2, (lengths - 1)[:, None, None].expand(-1, paths.shape[1], 1)).squeeze(2)
    total = taken.masked_fill(~inside, 0).sum(2) + steps.sum(2)
    return total + scores.start[paths[..., 0]] + scores.end[last]


def viterbi(scores: Scores, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T) best paths, 0 at padding, and (B,) their scores.

    The recursion keeps the best scores alone; where each came from is asked again on the way back, for the one tag of
    each sentence that lies on its path.
    """
    batch, steps, tags = emissions.shape
    into = scores.transitions.T.contiguous()  # (to, from): the largest is taken over the last axis
    best = emissions.new_empty(steps, batch, tags)
    by_time = emissions.transpose(0, 1).contiguous()
    torch.add(scores.start, by_time[0], out=best[0])
    candidates = emissions.new_empty(batch, tags, tags)
    for t in range(1, steps):
        torch.add(best[t - 1][:, None], into, out=candidates)
        torch.amax(candidates, 2, out=best[t])
        best[t].add_(by_time[t])
    rows = torch.arange(batch, device=lengths.device)
    total, last = (best[lengths - 1, rows] + scores.end).max(1)
    paths = lengths.new_zeros(steps, batch)
    ends = lengths - 1 == torch.arange(steps, device=lengths.device)[:, None]
    current = last
    for t in range(steps - 1, -1, -1):
        if t < steps - 1:
            came = (best[t] + into[current]).argmax(1)
            current = torch.where(ends[t], last, came)
        paths[t] = current
    return paths.T.masked_fill(~inside_of(lengths, steps), 0), total


def list_viterbi(scores: Scores, emissions: Tensor, lengths: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """(B, n, T) the n best paths, best first, 0 at padding, and (B, n) their scores; -inf where there are fewer."""
    batch, steps, tags = emissions.shape
    best = emissions.new_full((batch, tags, n), float("-inf"))
    best[..., 0] = scores.start + emissions[:, 0]
    came: list[Tensor] = []
    rank = torch.arange(n, device=emissions.device)
    stay = (torch.arange(tags, device=emissions.device)[:, None] * n + rank).expand(batch, tags, n)
    for t in range(1, steps):
        candidates = best[:, :, None] + scores.transitions[..., None]  # (B, from, to, n)
        candidates = candidates.transpose(1, 2).reshape(batch, tags, tags * n)
        found, index = candidates.topk(n, dim=2)
        inside = (t < lengths)[:, None, None]
        best = torch.where(inside, found + emissions[:, t, :, None], best)
        came.append(torch.where(inside, index, stay))
    total, index = (best + scores.end[:, None]).reshape(batch, tags * n).topk(n, dim=1)
    paths = [index // n]
    for origin in reversed(came):
        index = origin.reshape(batch, tags * n).gather(1, index)
        paths.append(index // n)
    return torch.stack(paths[::-1], 2).masked_fill(~inside_of(lengths, steps)[:, None], 0), total
