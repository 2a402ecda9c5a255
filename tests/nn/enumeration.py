"""The slow twin of the chain's recursions: every path, written out, and its score added up."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from bilstm_nlp.nn.crf.recursions import Scores

FORBIDDEN = float("-inf")


def all_paths(tags: int, length: int) -> Tensor:
    """(K^T, T) every path."""
    return torch.tensor(list(product(range(tags), repeat=length)))


def scores_of_all(scores: Scores, emissions: Tensor) -> Tensor:
    """(K^T,) scores of all paths of one sentence, (T, K) emissions, in the order of `all_paths`."""
    paths = all_paths(*reversed(emissions.shape))
    total = scores.start[paths[:, 0]] + scores.end[paths[:, -1]]
    for t in range(emissions.shape[0]):
        total = total + emissions[t, paths[:, t]]
        if t:
            total = total + scores.transitions[paths[:, t - 1], paths[:, t]]
    return total


def random_scores(tags: int, scale: float, forbidden: float = 0.0, dtype: torch.dtype = torch.float64) -> Scores:
    """Scores of about `scale`, a share of them forbidden; there is always one tag that may do everything."""
    start, end, transitions = (
        torch.randn(shape, dtype=dtype).mul(scale).masked_fill(torch.rand(shape) < forbidden, FORBIDDEN)
        for shape in ((tags,), (tags,), (tags, tags))
    )
    start[0], end[0], transitions[0, 0] = torch.randn(3, dtype=dtype) * scale
    return Scores(start, end, transitions)


def ragged(lengths: list[int], tags: int, scale: float = 1.0, padding: float = 0.0, dtype: torch.dtype = torch.float64):
    """Random emissions with `padding` where no token is, and their mask."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    emissions = torch.randn(*mask.shape, tags, dtype=dtype) * scale
    return emissions.masked_fill(~mask[..., None], padding), mask
