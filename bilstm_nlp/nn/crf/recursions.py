"""The recursions of a linear chain, as functions on (B, T, K) emissions and (B,) lengths.

Each is one loop over time whose steps are a few operations on the whole batch. Forward and backward messages are the
same recursion, the latter on reversed sentences, so both directions run at once. They are sums of products in double
precision, scaled at every step; scores so far apart that even this could lose a path take the plain log-space way.

Likelihood and Viterbi have a compiled twin in `kernels.py`, for the CPU. That it is there changes how long they take,
and the last bits of likelihoods.

Emissions are finite at tokens; at padding they may be anything, and have no influence.
"""

from __future__ import annotations

import math
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

if TYPE_CHECKING:
    from bilstm_nlp.nn.crf.kernels import Forward

WIDEST = 250.0
"""How far apart, as logarithms, two tags' sums at one time step may be for products: a forward message times a backward
one is then still far from the smallest double, and from the largest when both are scaled by their largest."""

MANY = 2**22
"""From how many candidates, (B, T, K, K), on best paths are worth loading the kernels for."""


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


@cache
def kernels() -> ModuleType | None:
    """The compiled recursions, or None where Numba is not installed."""
    try:
        from bilstm_nlp.nn.crf import kernels
    except ImportError:
        return None
    return kernels


def pays(emissions: Tensor) -> bool:
    """Whether best paths are a task for the kernels: once they are loaded, or from so large a batch on.

    Loading them takes a second, which training soon gets back, but hardly who wants a few sentences tagged. The paths
    are the same either way; likelihoods are not to the last bit, so these do not depend on what came before.
    """
    fits = emissions.device.type == "cpu" and emissions.dtype == torch.float32
    return fits and (kernels.cache_info().currsize > 0 or emissions.numel() * emissions.shape[2] >= MANY)


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
    """The same as `scaled_recursion` by log-sum-exp, for scores of any size."""
    reached = [first + emissions[0]]
    for emission in emissions[1:]:
        reached.append((reached[-1][..., None] + kernel[:, None]).logsumexp(2) + emission)
    return torch.stack(reached)


def log_likelihood(scores: Scores, emissions: Tensor, paths: Tensor, lengths: Tensor) -> Tensor:
    """(B,) log P(path) of (B, T) paths, 0 at padding, in double precision, differentiable in all scores."""
    value: Tensor
    compiled = kernels() if emissions.device.type == "cpu" else None
    if compiled is not None:
        found = compiled.forward(
            *(score.detach().double().numpy() for score in scores),
            emissions.detach().to(torch.float64, copy=True).numpy(),
            paths.numpy(),
            lengths.numpy(),
            torch.get_num_threads(),
        )
        if found is not None:
            value = CompiledLogLikelihood.apply(*scores, emissions, found)
            return value
    value = LogLikelihood.apply(*scores, emissions, paths, lengths)
    return value


class LogLikelihood(torch.autograd.Function):
    """(B,) log P(path) whose backward pass is what the path has minus what is expected: no graph over time steps."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        start: Tensor,
        end: Tensor,
        transitions: Tensor,
        emissions: Tensor,
        paths: Tensor,
        lengths: Tensor,
    ) -> Tensor:
        scores = Scores(start, end, transitions)
        alphas, betas, partition, close = messages(scores, emissions, lengths)
        ctx.save_for_backward(transitions, emissions, paths, lengths, alphas, betas, partition)
        ctx.close = close  # type: ignore[attr-defined]
        return path_scores(scores, emissions, paths, lengths) - partition

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        transitions, emissions, paths, lengths, alphas, betas, partition = ctx.saved_tensors  # type: ignore[attr-defined]
        inside = inside_of(lengths, emissions.shape[1])
        padding = ~inside[..., None]
        taken = gradient[:, None] * inside
        betas = betas - partition[:, None, None]
        # Each sentence's gradient is a factor on its marginals. What stands at padding may be too large for exp.
        marginals = (alphas + betas).masked_fill_(padding, float("-inf")).exp_()
        by_emissions = marginals.mul_(-gradient[:, None, None]).scatter_add_(2, paths[..., None], taken[..., None])
        onward = betas[:, 1:] + emissions[:, 1:]
        expected = expected_by_products if ctx.close else expected_by_logarithms  # type: ignore[attr-defined]
        by_transitions = expected(alphas[:, :-1], transitions.double(), onward, padding[:, 1:], -gradient)
        by_transitions.index_put_((paths[:, :-1], paths[:, 1:]), taken[:, 1:], accumulate=True)
        rows = torch.arange(len(lengths), device=lengths.device)
        return (
            by_emissions[:, 0].sum(0).to(transitions.dtype),
            by_emissions[rows, lengths - 1].sum(0).to(transitions.dtype),
            by_transitions.to(transitions.dtype),
            by_emissions.to(emissions.dtype),
            None,
            None,
        )


class CompiledLogLikelihood(torch.autograd.Function):
    """The same function from what a kernel has found on its way forward."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        start: Tensor,
        end: Tensor,
        transitions: Tensor,
        emissions: Tensor,
        found: Forward,
    ) -> Tensor:
        ctx.found = found  # type: ignore[attr-defined]
        ctx.dtypes = start.dtype, end.dtype, transitions.dtype, emissions.dtype  # type: ignore[attr-defined]
        return torch.from_numpy(found.log_likelihood)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        found: Forward = ctx.found  # type: ignore[attr-defined]
        gradients = found.backward(gradient.numpy(), torch.get_num_threads())
        dtypes = ctx.dtypes  # type: ignore[attr-defined]
        return (*(torch.from_numpy(g).to(dtype) for g, dtype in zip(gradients, dtypes, strict=True)), None)


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
    """(B,) log sum of exp(score) over all paths, in double precision."""
    return messages(scores, emissions, lengths).partition


def path_scores(scores: Scores, emissions: Tensor, paths: Tensor, lengths: Tensor) -> Tensor:
    """(B,) scores of (B, T) paths, in double precision; what stands at padding does not count."""
    scores = scores.double()
    taken = emissions.gather(2, paths[..., None]).squeeze(2).double()
    taken[:, 1:] += scores.transitions[paths[:, :-1], paths[:, 1:]]
    last = paths.gather(1, lengths[:, None] - 1).squeeze(1)
    within = taken.masked_fill(~inside_of(lengths, emissions.shape[1]), 0).sum(1)
    return within + scores.start[paths[:, 0]] + scores.end[last]


def viterbi(scores: Scores, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T) best paths, 0 at padding, and (B,) their scores; of equal scores the first tag's counts."""
    emissions = emissions.to(torch.promote_types(emissions.dtype, scores.start.dtype))
    compiled = kernels() if pays(emissions) else None
    if compiled is not None:
        found = compiled.viterbi(
            *(score.detach().to(emissions.dtype).numpy() for score in scores),
            emissions.detach().numpy(),
            lengths.numpy(),
            torch.get_num_threads(),
        )
        if found is not None:
            paths, totals = found
            return torch.from_numpy(paths), torch.from_numpy(totals)
    return batched_viterbi(scores, emissions, lengths)


def batched_viterbi(scores: Scores, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """`viterbi` in steps of three operations on the whole batch, forward and back.

    The recursion keeps the best scores alone; where each came from is asked again on the way back, for the one tag of
    each sentence that lies on its path.
    """
    batch, steps, tags = emissions.shape
    into = scores.transitions.T.to(emissions.dtype).contiguous()  # (to, from)
    # Sentences last: a maximum over tags is then one of whole rows of sentences.
    best = emissions.new_empty(steps, tags, batch)
    candidates, transitions = emissions.new_empty(tags, tags, batch), into[..., None]
    by_time = emissions.permute(1, 2, 0).unbind(0)
    torch.add(scores.start[:, None], by_time[0], out=best[0])
    for before, after, emission in zip(best[:-1, None].unbind(0), best[1:].unbind(0), by_time[1:], strict=True):
        torch.add(before, transitions, out=candidates)
        torch.amax(candidates, 1, out=after)
        after.add_(emission)
    rows = torch.arange(batch, device=lengths.device)
    totals, last = (best[lengths - 1, :, rows] + scores.end).max(1)
    # Whatever the steps of padding come to, the way back then begins at the last tag.
    best[lengths - 1, last, rows] = float("inf")
    paths = lengths.new_empty(steps, batch)
    paths[-1] = current = last
    origins = emissions.new_empty(batch, tags)
    for before, place in zip(best[:-1].mT.unbind(0)[::-1], paths[:-1].unbind(0)[::-1], strict=True):
        torch.index_select(into, 0, current, out=origins)
        current = torch.argmax(origins.add_(before), 1, out=place)
    return paths.T.masked_fill(~inside_of(lengths, steps), 0), totals


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
