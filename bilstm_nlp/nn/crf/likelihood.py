"""The log-likelihood of paths in a linear chain, with its gradient in closed form.

The gradient is gold minus marginals (Lafferty et al. 2001; Sutton and McCallum 2012, section 4), so autograd builds no
graph over time steps. On a CPU with Numba, `kernels.py` computes both several times as fast. Its results differ from
torch's in the last bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from bilstm_nlp.nn.crf import compiled
from bilstm_nlp.nn.crf.recursions import Scores, double_device, messages, path_scores
from bilstm_nlp.nn.padding import inside

if TYPE_CHECKING:
    from bilstm_nlp.nn.crf.kernels import Forward


def log_likelihood(scores: Scores, emissions: Tensor, paths: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, K) emissions, (B, T) paths, (B,) lengths → (B,) log P(path), differentiable in all scores.

    Paths must be 0 at padding. The result is in double precision, on the device that `double_device` names.
    """
    device = double_device(emissions.device)
    scores, emissions, paths, lengths = scores.to(device), emissions.to(device), paths.to(device), lengths.to(device)
    value: Tensor
    kernels = compiled.kernels() if device.type == "cpu" else None
    if kernels is not None:
        forward = kernels.forward(
            *(score.detach().double().numpy() for score in scores),
            emissions.detach().to(torch.float64, copy=True).numpy(),
            paths.numpy(),
            lengths.numpy(),
            torch.get_num_threads(),
        )
        if forward is not None:
            value = CompiledLogLikelihood.apply(*scores, emissions, forward)
            return value
    value = LogLikelihood.apply(*scores, emissions, paths, lengths)
    return value


class LogLikelihood(torch.autograd.Function):
    """(B,) log P(path) by torch. Its backward pass subtracts expected counts from those of the path."""

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
        alphas, betas, partition, safe = messages(scores, emissions, lengths)
        ctx.save_for_backward(transitions, emissions, paths, lengths, alphas, betas, partition)
        ctx.safe = safe  # type: ignore[attr-defined]
        return path_scores(scores, emissions, paths, lengths) - partition

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        transitions, emissions, paths, lengths, alphas, betas, partition = ctx.saved_tensors  # type: ignore[attr-defined]
        real = inside(lengths, emissions.shape[1])
        padding = ~real[..., None]
        taken = gradient[:, None] * real
        betas = betas - partition[:, None, None]
        # Each sentence's gradient is a factor of its marginals. Values at padding may be too large for exp.
        marginals = (alphas + betas).masked_fill_(padding, float("-inf")).exp_()
        by_emissions = marginals.mul_(-gradient[:, None, None]).scatter_add_(2, paths[..., None], taken[..., None])
        suffix = betas[:, 1:] + emissions[:, 1:]
        expected = expected_by_products if ctx.safe else expected_by_logarithms  # type: ignore[attr-defined]
        by_transitions = expected(alphas[:, :-1], transitions.double(), suffix, padding[:, 1:], -gradient)
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
    """(B,) log P(path) as the kernel's forward pass has computed it. Its backward pass is the kernel's."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        start: Tensor,
        end: Tensor,
        transitions: Tensor,
        emissions: Tensor,
        forward: Forward,
    ) -> Tensor:
        ctx.forward_pass = forward  # type: ignore[attr-defined]
        ctx.dtypes = start.dtype, end.dtype, transitions.dtype, emissions.dtype  # type: ignore[attr-defined]
        return torch.from_numpy(forward.log_likelihood)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        forward: Forward = ctx.forward_pass  # type: ignore[attr-defined]
        gradients = forward.backward(gradient.numpy(), torch.get_num_threads())
        dtypes = ctx.dtypes  # type: ignore[attr-defined]
        return (*(torch.from_numpy(g).to(dtype) for g, dtype in zip(gradients, dtypes, strict=True)), None)


def expected_by_products(
    alphas: Tensor, transitions: Tensor, suffix: Tensor, padding: Tensor, weights: Tensor
) -> Tensor:
    """(B, T-1, K) alphas, (K, K) transitions, (B, T-1, K) suffix → (K, K): how often tag j is expected to follow tag i.

    Sentences are weighed by (B,) `weights`. `suffix` is emission + beta - partition at the later step, so
    P(i at t-1, j at t) = exp(alpha[t-1, i] + transition[i, j] + suffix[t, j]). The sum over all steps of all sentences
    is one matrix product, with each side scaled by its largest value.
    """
    left, right, largest = alphas.amax(2, keepdim=True), suffix.amax(2, keepdim=True), transitions.amax()
    before = (alphas - left).exp_()
    after = (suffix - right).exp_().mul_((left + right + largest).exp_())
    after = after.masked_fill_(padding, 0).mul_(weights[:, None, None])
    return torch.einsum("bti,btj->ij", before, after) * (transitions - largest).exp()


def expected_by_logarithms(
    alphas: Tensor, transitions: Tensor, suffix: Tensor, padding: Tensor, weights: Tensor
) -> Tensor:
    """Compute what `expected_by_products` computes for scores of any size: every logarithm is a probability's."""
    total = torch.zeros_like(transitions)
    suffix = suffix.masked_fill(padding, float("-inf"))
    for alpha, after in zip(alphas.unbind(1), suffix.unbind(1), strict=True):
        pairs = (alpha[:, :, None] + transitions + after[:, None]).exp_()
        total += (pairs * weights[:, None, None]).sum(0)
    return total
