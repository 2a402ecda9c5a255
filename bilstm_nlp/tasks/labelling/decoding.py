"""From encoded sequences to the best labels and exact probabilities of each step, in the order of the data.

Knows no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints, Values
from bilstm_nlp.data.batches import in_corpus_order, plan
from bilstm_nlp.data.labelled.encoded_sequences import EncodedSequences
from bilstm_nlp.nn.crf.best_paths import viterbi
from bilstm_nlp.nn.crf.posterior import Posterior
from bilstm_nlp.tasks.labelling.network import LabellingNetwork

BATCH_STEPS = 8192
"""Steps of a batch, padding included, if no gradient is needed."""


@dataclass(frozen=True)
class DecodedBatch:
    """B sequences that were decoded together."""

    sequences: Ints
    """(B,) the index of each sequence in the data."""
    lengths: Ints
    """(B,) steps of each sequence."""
    emissions: Values
    """(B, T, K)"""
    best: Ints
    """(B, T) the best labels, 0 at padding."""
    network: LabellingNetwork

    @property
    def paths(self) -> Iterator[Ints]:
        """Yield the best labels (T,) of each sequence, as numbers."""
        for path, length in zip(self.best, self.lengths.tolist(), strict=True):
            yield path[:length]

    def posterior(self, temperature: float | None = None) -> Posterior:
        """Run forward–backward, by default at the calibrated temperature. Ask one posterior for everything."""
        at = self.network.temperature if temperature is None else temperature
        return Posterior(self.network.chain, self.emissions, self.lengths, at)

    def marginals(self, posterior: Posterior) -> Iterator[NDArray[np.float64]]:
        """Yield the (T, K) probabilities of each sequence's labels."""
        marginals = posterior.marginals().astype(np.float64)
        for rows, length in zip(np.minimum(marginals, 1), self.lengths.tolist(), strict=True):
            yield rows[:length]

    def confidences(self, posterior: Posterior) -> Iterator[Floats]:
        """Yield the (T,) probabilities of each sequence's best labels."""
        for path, marginals in zip(self.paths, self.marginals(posterior), strict=True):
            yield marginals[np.arange(len(path)), path]


@dataclass(frozen=True)
class Decoded:
    """S sequences with their best labels."""

    batches: Sequence[DecodedBatch]

    def paths(self) -> list[Ints]:
        """Return the best labels (T,) of each sequence, in the order of the data."""
        return in_corpus_order((batch.sequences, batch.paths) for batch in self.batches)

    def marginals(self) -> list[NDArray[np.float64]]:
        """Return the calibrated (T, K) probabilities of each sequence's labels, in the order of the data."""
        return in_corpus_order((batch.sequences, batch.marginals(batch.posterior())) for batch in self.batches)

    def confidences(self, temperature: float | None = None) -> Floats:
        """Return the (N,) probabilities of the best labels of all steps, in the order of the data."""
        own = ((batch.sequences, batch.confidences(batch.posterior(temperature))) for batch in self.batches)
        return np.concatenate(in_corpus_order(own))


def decode(network: LabellingNetwork, encoded: EncodedSequences, batch_steps: int = BATCH_STEPS) -> Decoded:
    """Decode sequences in batches of similar length."""
    chain = network.chain
    batches = []
    for chosen in plan(encoded.lengths, batch_steps):
        lengths, emissions = encoded.lengths[chosen], network.emissions(encoded.collate(chosen)).scores
        best, _ = viterbi(chain, emissions, lengths)
        batches.append(DecodedBatch(chosen, lengths, emissions, best, network))
    return Decoded(batches)
