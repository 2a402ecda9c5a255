"""The best paths of a linear chain: Viterbi, batched or compiled, and the n best paths."""

from __future__ import annotations

import torch
from torch import Tensor

from bilstm_nlp.nn.crf import compiled
from bilstm_nlp.nn.crf.recursions import Scores
from bilstm_nlp.nn.padding import inside


def viterbi(scores: Scores, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T, K) emissions, (B,) lengths → (B, T) best paths, 0 at padding, and their (B,) scores (Viterbi 1967).

    Of equal scores, the first tag's wins.
    """
    emissions = emissions.to(torch.promote_types(emissions.dtype, scores.start.dtype))
    kernels = compiled.kernels() if compiled.worth_compiling(emissions) else None
    if kernels is not None:
        decoded = kernels.viterbi(
            *(score.detach().to(emissions.dtype).numpy() for score in scores),
            emissions.detach().numpy(),
            lengths.numpy(),
            torch.get_num_threads(),
        )
        if decoded is not None:
            paths, totals = decoded
            return torch.from_numpy(paths), torch.from_numpy(totals)
    return batched_viterbi(scores, emissions, lengths)


def batched_viterbi(scores: Scores, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Compute `viterbi` in torch, with three operations on the whole batch for each step forward and back.

    The forward pass keeps the best scores only. On the way back, the predecessor is computed again for the one tag of
    each sentence that lies on its best path.
    """
    batch, steps, tags = emissions.shape
    into = scores.transitions.T.to(emissions.dtype).contiguous()  # (to, from)
    # Sentences last: a maximum over tags then runs over whole rows of sentences.
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
    # Whatever the scores at padding are, the way back then passes through the last tag.
    best[lengths - 1, last, rows] = float("inf")
    paths = lengths.new_empty(steps, batch)
    paths[-1] = current = last
    origins = emissions.new_empty(batch, tags)
    for before, step in zip(best[:-1].mT.unbind(0)[::-1], paths[:-1].unbind(0)[::-1], strict=True):
        torch.index_select(into, 0, current, out=origins)
        current = torch.argmax(origins.add_(before), 1, out=step)
    return paths.T.masked_fill(~inside(lengths, steps), 0), totals


def list_viterbi(scores: Scores, emissions: Tensor, lengths: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """(B, T, K) emissions, (B,) lengths → (B, n, T) the n best paths, best first, and their (B, n) scores.

    Paths are 0 at padding. If a sentence has fewer paths, the remaining scores are -inf.
    """
    batch, steps, tags = emissions.shape
    best = emissions.new_full((batch, tags, n), float("-inf"))
    best[..., 0] = scores.start + emissions[:, 0]
    origins: list[Tensor] = []
    rank = torch.arange(n, device=emissions.device)
    stay = (torch.arange(tags, device=emissions.device)[:, None] * n + rank).expand(batch, tags, n)
    for t in range(1, steps):
        candidates = best[:, :, None] + scores.transitions[..., None]  # (B, from, to, n)
        candidates = candidates.transpose(1, 2).reshape(batch, tags, tags * n)
        highest, index = candidates.topk(n, dim=2)
        real = (t < lengths)[:, None, None]
        best = torch.where(real, highest + emissions[:, t, :, None], best)
        origins.append(torch.where(real, index, stay))
    totals, index = (best + scores.end[:, None]).reshape(batch, tags * n).topk(n, dim=1)
    paths = [index // n]
    for origin in reversed(origins):
        index = origin.reshape(batch, tags * n).gather(1, index)
        paths.append(index // n)
    return torch.stack(paths[::-1], 2).masked_fill(~inside(lengths, steps)[:, None], 0), totals
