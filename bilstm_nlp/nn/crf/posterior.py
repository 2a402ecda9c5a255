"""The posterior over a batch's tag paths. Forward–backward runs once; every probability is read from its messages."""

from __future__ import annotations

import numpy as np

from bilstm_nlp.batch import Bools, Ints, Values
from bilstm_nlp.nn.crf.best_paths import list_viterbi
from bilstm_nlp.nn.crf.chain import ChainScores, inside
from bilstm_nlp.nn.crf.sums import log_sum_exp, messages

QUIET = np.errstate(divide="ignore", invalid="ignore")
"""Logarithms of 0, and differences of scores that are forbidden or not numbers, are no news."""
MANY_TAGS = 40
"""Tags from which on sums over tags are products of matrices. With fewer tags, log-sum-exp is fast enough."""


class Posterior:
    """P(path | sentence) of B sentences, from which marginals, entities and runs of one tag are read.

    All sums are in double precision. Results have the emissions' type. Knows no torch.

    >>> emissions, lengths = np.zeros((1, 2, 3)), np.array([2])
    >>> free = ChainScores(np.zeros(3), np.zeros(3), np.zeros((3, 3)))
    >>> Posterior(free, emissions, lengths).marginals()[0, 0].round(4)
    array([0.3333, 0.3333, 0.3333])
    """

    def __init__(self, scores: ChainScores, emissions: Values, lengths: Ints, temperature: float = 1.0) -> None:
        """(B, T, K) emissions, (B,) lengths; every score is divided by `temperature`."""
        self.dtype, self.lengths = emissions.dtype, lengths
        self.scores = scores.divided_by(temperature).to(np.float64)
        self.emissions = emissions.astype(np.float64) / temperature
        self.messages = messages(self.scores, self.emissions, self.lengths)

    def log_partition(self) -> Values:
        """Return the (B,) log sums of exp(score / temperature) over all legal paths."""
        return self._result(self.messages.partition)

    @QUIET
    def marginals(self) -> Values:
        """Return the (B, T, K) probabilities P(tag at t | sentence), 0 at padding."""
        alphas, betas, partition, _ = self.messages
        logarithms = alphas + betas - partition[:, None, None]
        logarithms[~inside(self.lengths, alphas.shape[1])] = -np.inf
        return self._result(np.exp(logarithms))

    @QUIET
    def n_best(self, n: int) -> tuple[Ints, Values]:
        """Return the (B, n, T) n best paths, best first, and their (B, n) log P.

        If a sentence has fewer legal paths, the remaining probabilities are 0, and their logarithms -inf.
        """
        paths, totals = list_viterbi(self.scores, self.emissions, self.lengths, n)
        return paths, self._result(np.minimum(totals - self.messages.partition[:, None], 0))

    @QUIET
    def span_log_probabilities(
        self, sentence: Ints, start: Ints, end: Ints, type_tags: Bools, continues: Bools
    ) -> Values:
        """(N,) sentence, start, end (exclusive), (N, K) type_tags, (K, K) continues → (N,) log P(span | sentence).

        The span is an entity of its type, no longer and no shorter. `type_tags` marks the tags of the span's type.
        `continues` is True if the column's tag, right after the row's tag, continues the same entity.

        Exact over all ways to spell the span, by constrained forward–backward: transitions into the span and out of it
        must not continue an entity, transitions inside it must.
        """
        scores, emissions, lengths = self.scores, self.emissions, self.lengths
        alphas, betas, partition, safe = self.messages
        product = _scaled_log_product if safe and len(scores.start) >= MANY_TAGS else _log_product
        inner = np.where(continues, scores.transitions, -np.inf)
        leaving = np.where(continues, -np.inf, scores.transitions)
        before = product(alphas[sentence, start - 1], leaving)  # not used if the start is 0
        sums = np.where((start == 0)[:, None], scores.start, before) + emissions[sentence, start]
        sums = np.where(type_tags, sums, -np.inf)
        for step in range(1, int((end - start).max(initial=0))):
            longer = np.flatnonzero(end - start > step)
            emission = emissions[sentence[longer], start[longer] + step]
            sums[longer] = product(sums[longer], inner) + emission
        following = np.minimum(end, lengths[sentence] - 1)
        suffix = product(emissions[sentence, following] + betas[sentence, following], leaving.T)
        after = np.where((end == lengths[sentence])[:, None], scores.end, suffix)
        return self._result(np.minimum(log_sum_exp(sums + after, 1) - partition[sentence], 0))

    @QUIET
    def run_log_probabilities(self, sentence: Ints, start: Ints, end: Ints, tag: int) -> Values:
        """(N,) sentence, start, end (exclusive) → (N,) log P(all tokens of the run have this tag | sentence).

        Exact, whatever the tags around the run are. A run must have at least one token.
        """
        alphas, betas, partition, _ = self.messages
        cumulative = self.emissions[..., tag].cumsum(1)
        within = cumulative[sentence, end - 1] - cumulative[sentence, start]
        stay, further = self.scores.transitions[tag, tag], end - start - 1
        steps = np.where(further > 0, np.maximum(further, 1) * stay, 0.0)  # avoids 0 · -inf
        around = alphas[sentence, start, tag] + betas[sentence, end - 1, tag]
        return self._result(np.minimum(around + within + steps - partition[sentence], 0))

    def _result(self, values: Values) -> Values:
        return values.astype(self.dtype)


def _log_product(logarithms: Values, matrix: Values) -> Values:
    """(N, K), (K, K) → (N, K): their matrix product, with logarithms in and out."""
    return log_sum_exp(logarithms.T[:, :, None] + matrix[:, None], 0)


def _scaled_log_product(logarithms: Values, matrix: Values) -> Values:
    """Compute `_log_product` as one product of numbers, many times as fast. Scores must be within a safe range."""
    largest, highest = logarithms.max(1, keepdims=True), matrix.max()
    if highest == -np.inf:
        return np.full_like(logarithms, -np.inf)
    largest = np.where(largest == -np.inf, 0.0, largest)
    products: Values = np.log(np.exp(logarithms - largest) @ np.exp(matrix - highest))
    products += largest + highest
    return products
