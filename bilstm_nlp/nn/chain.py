"""The recursions of a linear chain, as functions on (B, T, K) emissions and (B,) lengths.

Each is one loop over time whose steps are a few operations on the whole batch. Forward and backward messages are the
same recursion, the latter on reversed sentences, so both directions run at once. They are sums of products in double
precision, scaled at every step; scores so far apart that even this could lose a path take the plain log-space way.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

WIDEST = 150.0
"""Largest difference of finite scores at one step for which scaled products are exact to double precision.

Two tags' chances differ by a few such differences at most (a legal detour takes a step or two), and exp(-4 · 150) is
still far above the smallest double.
"""


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


def messages(scores: Scores, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, T, K) log alphas and betas, (B,) log partition, in double precision.

    alpha[b, t, k] sums the paths up to t that are at k there, its emission included; beta[b, t, k] those from there to
    the end, without it. At padding they mean nothing.
    """
    start, end, transitions = scores.double()
    emissions = emissions.double()
    rows = torch.arange(len(lengths), device=lengths.device)[:, None]
    order = reversal(lengths, emissions.shape[1])
    # Time first; the second axis is the direction: (T, 2, B, K).
    both = torch.stack([emissions, emissions[rows, order]]).permute(2, 0, 1, 3).contiguous()
    first = torch.stack([start, end])[:, None]
    kernel = torch.stack([transitions, transitions.T])
    if spread(both, (0,)) <= WIDEST and spread(transitions, ()) <= WIDEST:
        reached = scaled_recursion(first, kernel, both)
    else:
        reached = log_recursion(first, kernel, both)
    alphas = reached[:, 0].transpose(0, 1)
    betas = reached[:, 1].transpose(0, 1)[rows, order] - emissions
    last = alphas[rows[:, 0], lengths - 1] + end
    return alphas, betas, last.logsumexp(1)


def spread(scores: Tensor, axes: tuple[int, ...]) -> float:
    """The largest difference between finite scores, within the last axis where there are more than two."""
    finite = scores.isfinite()
    low = scores.masked_fill(~finite, float("inf"))
    high = scores.masked_fill(~finite, float("-inf"))
    if axes:
        return float((high.amax(-1) - low.amin(-1)).max())
    return float(high.max() - low.min())


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
        scores = Scores(start, end, transitions)
        alphas, betas, partition = messages(scores, emissions, lengths)
        ctx.save_for_backward(transitions, emissions, lengths, alphas, betas, partition)
        return partition.to(emissions.dtype)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        transitions, emissions, lengths, alphas, betas, partition = ctx.saved_tensors  # type: ignore[attr-defined]
        inside = torch.arange(emissions.shape[1], device=lengths.device) < lengths[:, None]
        # Every sentence's share of the gradient is a factor on its marginals; 0 at padding.
        share = inside * gradient.double()[:, None]
        betas = betas - partition[:, None, None]
        marginals = (alphas + betas).exp_().mul_(share[..., None])
        rows = torch.arange(len(lengths), device=lengths.device)
        # P(i at t-1, j at t) = exp(alpha[t-1, i] + transition[i, j] + emission[t, j] + beta[t, j] - partition): one
        # matrix product over all steps of all sentences, each side scaled by its largest.
        onward = betas[:, 1:] + emissions[:, 1:]
        left, right = alphas[:, :-1].amax(2, keepdim=True), onward.amax(2, keepdim=True)
        before = (alphas[:, :-1] - left).exp_()
        after = (onward - right).exp_() * share[:, 1:, None]
        largest = transitions.double().amax()
        factor = (left + right + largest).clamp(max=600).exp()
        pairs = torch.einsum("bti,btj->ij", before * factor, after) * (transitions.double() - largest).exp()
        kind = emissions.dtype
        return (
            marginals[:, 0].sum(0).to(kind),
            marginals[rows, lengths - 1].sum(0).to(kind),
            pairs.to(kind),
            marginals.to(kind),
            None,
        )


def log_partition(scores: Scores, emissions: Tensor, lengths: Tensor) -> Tensor:
    """(B,) log sum of exp(score) over all paths, differentiable in all scores."""
    value: Tensor = LogPartition.apply(scores.start, scores.end, scores.transitions, emissions, lengths)
    return value


def path_scores(scores: Scores, emissions: Tensor, paths: Tensor, lengths: Tensor) -> Tensor:
    """(B, n, T) paths → (B, n) their scores; what stands at padding does not count."""
    inside = torch.arange(emissions.shape[1], device=lengths.device) < lengths[:, None, None]
    taken = emissions.gather(2, paths.transpose(1, 2)).transpose(1, 2)
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
    inside = torch.arange(steps, device=lengths.device) < lengths[:, None]
    return paths.T.masked_fill(~inside, 0), total


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
    inside = torch.arange(steps, device=lengths.device) < lengths[:, None, None]
    return torch.stack(paths[::-1], 2).masked_fill(~inside, 0), total
