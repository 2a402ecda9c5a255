"""The posterior over a batch's tag paths. Forward–backward runs once; every probability is read from its messages."""

from __future__ import annotations

import torch
from torch import Tensor

from bilstm_nlp.nn.crf.recursions import Scores, double_device, messages
from bilstm_nlp.nn.padding import inside

MANY_TAGS = 40
"""Tags from which on sums over tags are products of matrices. With fewer tags, log-sum-exp is fast enough."""


class Posterior:
    """P(path | sentence) of B sentences, from which marginals, entities and runs of one tag are read.

    All sums are in double precision. Results have the emissions' device and their type, single precision at least.

    >>> emissions, lengths = torch.zeros(1, 2, 3), torch.tensor([2])
    >>> free = Scores(torch.zeros(3), torch.zeros(3), torch.zeros(3, 3))
    >>> Posterior(free, emissions, lengths).marginals()[0, 0]
    tensor([0.3333, 0.3333, 0.3333])
    """

    @torch.no_grad()
    def __init__(self, scores: Scores, emissions: Tensor, lengths: Tensor, temperature: float = 1.0) -> None:
        """(B, T, K) emissions, (B,) lengths; every score is divided by `temperature`."""
        device = double_device(emissions.device)
        self.device, self.dtype = emissions.device, torch.promote_types(emissions.dtype, torch.float32)
        self.lengths = lengths.to(device)
        self.scores = scores.to(device).divided_by(temperature).double()
        self.emissions = emissions.to(device).double() / temperature
        self.messages = messages(self.scores, self.emissions, self.lengths)

    def log_partition(self) -> Tensor:
        """Return the (B,) log sums of exp(score / temperature) over all legal paths."""
        return self._result(self.messages.partition)

    def marginals(self) -> Tensor:
        """Return the (B, T, K) probabilities P(tag at t | sentence), 0 at padding."""
        alphas, betas, partition, _ = self.messages
        logarithms = alphas + betas - partition[:, None, None]
        padding = ~inside(self.lengths, alphas.shape[1])
        return self._result(logarithms.exp().masked_fill(padding[..., None], 0))

    @torch.no_grad()
    def span_log_probabilities(
        self, sentence: Tensor, start: Tensor, end: Tensor, type_tags: Tensor, continues: Tensor
    ) -> Tensor:
        """(N,) sentence, start, end (exclusive), (N, K) type_tags, (K, K) continues → (N,) log P(span | sentence).

        The span is an entity of its type, no longer and no shorter. `type_tags` (bool) marks the tags of the span's
        type. `continues` (bool) is True if the column's tag, right after the row's tag, continues the same entity.

        Exact over all ways to spell the span, by constrained forward–backward: transitions into the span and out of it
        must not continue an entity, transitions inside it must.
        """
        sentence, start, end, type_tags, continues = (
            tensor.to(self.lengths.device) for tensor in (sentence, start, end, type_tags, continues)
        )
        scores, emissions, lengths = self.scores, self.emissions, self.lengths
        alphas, betas, partition, safe = self.messages
        product = _scaled_log_product if safe and len(scores.start) >= MANY_TAGS else _log_product
        inner = scores.transitions.masked_fill(~continues, float("-inf"))
        leaving = scores.transitions.masked_fill(continues, float("-inf"))
        before = product(alphas[sentence, start - 1], leaving)  # not used if the start is 0
        sums = torch.where((start == 0)[:, None], scores.start, before) + emissions[sentence, start]
        sums = sums.masked_fill(~type_tags, float("-inf"))
        for step in range(1, int((end - start).max()) if len(start) else 0):
            longer = (end - start > step).nonzero().squeeze(1)
            emission = emissions[sentence[longer], start[longer] + step]
            sums[longer] = product(sums[longer], inner) + emission
        following = torch.minimum(end, lengths[sentence] - 1)
        suffix = product(emissions[sentence, following] + betas[sentence, following], leaving.T)
        after = torch.where((end == lengths[sentence])[:, None], scores.end, suffix)
        return self._result(((sums + after).logsumexp(1) - partition[sentence]).clamp(max=0))

    @torch.no_grad()
    def run_log_probabilities(self, sentence: Tensor, start: Tensor, end: Tensor, tag: int) -> Tensor:
        """(N,) sentence, start, end (exclusive) → (N,) log P(all tokens of the run have this tag | sentence).

        Exact, whatever the tags around the run are. A run must have at least one token.
        """
        sentence, start, end = (tensor.to(self.lengths.device) for tensor in (sentence, start, end))
        alphas, betas, partition, _ = self.messages
        cumulative = self.emissions[..., tag].cumsum(1)
        within = cumulative[sentence, end - 1] - cumulative[sentence, start]
        stay = self.scores.transitions[tag, tag]
        inside_score = torch.where(end - start > 1, (end - start - 1) * stay, 0.0)  # avoids 0 · -inf
        around = alphas[sentence, start, tag] + betas[sentence, end - 1, tag]
        return self._result((around + within + inside_score - partition[sentence]).clamp(max=0))

    def _result(self, values: Tensor) -> Tensor:
        # The type first: a device without float64 must not be given one.
        return values.to(self.dtype).to(self.device)


def _log_product(logarithms: Tensor, matrix: Tensor) -> Tensor:
    """(N, K), (K, K) → (N, K): their matrix product, with logarithms in and out."""
    return (logarithms[:, :, None] + matrix).logsumexp(1)


def _scaled_log_product(logarithms: Tensor, matrix: Tensor) -> Tensor:
    """Compute `_log_product` as one product of numbers, many times as fast. Scores must be within a safe range."""
    largest, highest = logarithms.amax(1, keepdim=True), matrix.amax()
    if highest == float("-inf"):
        return torch.full_like(logarithms, float("-inf"))
    largest = largest.masked_fill(largest == float("-inf"), 0)
    return ((logarithms - largest).exp() @ (matrix - highest).exp()).log() + largest + highest
