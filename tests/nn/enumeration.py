"""A slow reference for the recursions of the linear chain: enumerate every path and add up its score."""

from __future__ import annotations

from itertools import product

import torch
from hypothesis import strategies as st
from torch import Tensor

from bilstm_nlp.nn.crf.best_paths import viterbi
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.crf.posterior import Posterior
from bilstm_nlp.nn.crf.recursions import Scores

FORBIDDEN = float("-inf")
GARBAGE = [0.0, -1e30, 1e30, float("inf"), float("-inf"), float("nan")]
LENGTHS = [4, 1, 3, 2]
"""Of the sentences of `a_problem`."""


def all_paths(tags: int, length: int) -> Tensor:
    """Return all paths, (K^T, T)."""
    return torch.tensor(list(product(range(tags), repeat=length)))


def number(path: Tensor) -> int:
    """Return the index of a (T,) path of three tags among `all_paths`."""
    return int((path * 3 ** torch.arange(len(path) - 1, -1, -1)).sum())


def scores_of_all(scores: Scores, emissions: Tensor) -> Tensor:
    """(T, K) emissions of one sentence → (K^T,) scores of all paths, in the order of `all_paths`."""
    emissions, paths = torch.as_tensor(emissions), all_paths(*reversed(emissions.shape))
    total = scores.start[paths[:, 0]] + scores.end[paths[:, -1]]
    for t in range(emissions.shape[0]):
        total = total + emissions[t, paths[:, t]]
        if t:
            total = total + scores.transitions[paths[:, t - 1], paths[:, t]]
    return total


def as_arrays(scores: Scores) -> ChainScores:
    """Return scores as arrays, as decoding takes them."""
    return ChainScores(*(score.detach().numpy() for score in scores))


def best_paths(scores: Scores, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T, K) emissions, (B,) lengths → (B, T) best paths and their (B,) scores, as tensors."""
    paths, totals = viterbi(as_arrays(scores), emissions.detach().numpy(), lengths.numpy())
    return torch.from_numpy(paths), torch.from_numpy(totals)


def decoded(crf: LinearChainCrf, emissions: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T, K) emissions, (B, T) mask → (B, T) best paths and their (B,) scores, as tensors."""
    paths, totals = viterbi(crf.chain_scores(), emissions.detach().numpy(), mask.sum(1).numpy())
    return torch.from_numpy(paths), torch.from_numpy(totals)


def posterior(crf: LinearChainCrf, emissions: Tensor, mask: Tensor, temperature: float = 1.0) -> Posterior:
    """Run forward–backward on tensors."""
    return Posterior(crf.chain_scores(), emissions.detach().numpy(), mask.sum(1).numpy(), temperature)


def random_scores(tags: int, scale: float, forbidden: float = 0.0, dtype: torch.dtype = torch.float64) -> Scores:
    """Draw scores of about `scale` and forbid a fraction of them. Tag 0 alone may always form a path."""
    start, end, transitions = (
        torch.randn(shape, dtype=dtype).mul(scale).masked_fill(torch.rand(shape) < forbidden, FORBIDDEN)
        for shape in ((tags,), (tags,), (tags, tags))
    )
    start[0], end[0], transitions[0, 0] = torch.randn(3, dtype=dtype) * scale
    return Scores(start, end, transitions)


def ragged(lengths: list[int], tags: int, scale: float = 1.0, padding: float = 0.0, dtype: torch.dtype = torch.float64):
    """Draw (B, T, K) emissions, filled with `padding` beyond the lengths, and return them with their (B, T) mask."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    emissions = torch.randn(*mask.shape, tags, dtype=dtype) * scale
    return emissions.masked_fill(~mask[..., None], padding), mask


SCALES = [0.0, 0.1, 1.0, 10.0, 50.0, 300.0, 1e4]
"""From a hundredth to thousands of times the scores of a trained model."""

problems = st.tuples(
    st.integers(0, 2**31), st.sampled_from(SCALES), st.sampled_from(SCALES), st.sampled_from([0.0, 0.3, 0.7])
)
"""(seed, scale of the chain's scores, scale of the emissions, forbidden fraction)."""


def a_problem(problem, tags: int = 3, padding: float = 0.0):
    """Draw scores, emissions and lengths. The chain's scores and the emissions may differ in size."""
    seed, scale, emission_scale, forbidden = problem
    torch.manual_seed(seed)
    scores = random_scores(tags, scale, forbidden)
    emissions, mask = ragged(LENGTHS, tags, emission_scale, padding)
    return scores, emissions, mask.sum(1)
