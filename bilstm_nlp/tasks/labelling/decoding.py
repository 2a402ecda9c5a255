"""From encoded sequences to the best labels and exact probabilities of each step, in the order of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.batches import in_corpus_order, plan
from bilstm_nlp.data.labelled.encoded_sequences import EncodedSequences
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead, TagPaths
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.labelling.model import LabellingModel, head_of

BATCH_STEPS = 8192
"""Steps of a batch, padding included, if no gradient is needed."""


@dataclass(frozen=True)
class DecodedBatch:
    """B sequences that were decoded together."""

    sequences: Ints
    """(B,) the index of each sequence in the data."""
    lengths: Ints
    """(B,) steps of each sequence."""
    decoded: TagPaths
    head: CrfHead | SoftmaxHead

    @property
    def paths(self) -> Iterator[Ints]:
        """Yield the best labels (T,) of each sequence, as numbers."""
        for path, length in zip(self.decoded.paths.cpu().numpy(), self.lengths.tolist(), strict=True):
            yield path[:length]

    def marginals(self, temperature: float | None = None) -> Iterator[NDArray[np.float64]]:
        """Yield the (T, K) probabilities of each sequence's labels, by default at the calibrated temperature."""
        at = float(self.head.temperature) if temperature is None else temperature
        posterior = self.head.crf.posterior(self.decoded.emissions, self.decoded.mask, temperature=at)
        values = posterior.marginals().cpu().double().clamp(max=1).numpy()
        for rows, length in zip(values, self.lengths.tolist(), strict=True):
            yield rows[:length]


@dataclass(frozen=True)
class Decoded:
    """S sequences with their best labels."""

    batches: Sequence[DecodedBatch]

    def paths(self) -> list[Ints]:
        """Return the best labels (T,) of each sequence, in the order of the data."""
        return in_corpus_order((batch.sequences, batch.paths) for batch in self.batches)

    def marginals(self) -> list[NDArray[np.float64]]:
        """Return the calibrated (T, K) probabilities of each sequence's labels, in the order of the data."""
        return in_corpus_order((batch.sequences, batch.marginals()) for batch in self.batches)

    def confidences(self, temperature: float | None = None) -> Floats:
        """Return the (N,) probabilities of the best labels of all steps, in the order of the data."""
        return np.concatenate(
            in_corpus_order(
                (batch.sequences, map(_of_path, batch.paths, batch.marginals(temperature))) for batch in self.batches
            )
        )


@torch.no_grad()
def decode(model: LabellingModel, encoded: EncodedSequences, batch_steps: int = BATCH_STEPS) -> Decoded:
    """Decode sequences in batches of similar length."""
    model.eval()
    device = next(model.parameters()).device
    batches = [
        DecodedBatch(chosen, encoded.lengths[chosen], model.decode(on(encoded.collate(chosen), device)), head_of(model))
        for chosen in plan(encoded.lengths, batch_steps)
    ]
    return Decoded(batches)


def _of_path(path: Ints, marginals: NDArray[np.float64]) -> Floats:
    """(T,) labels, (T, K) probabilities → (T,) the probability of each label."""
    chosen: Floats = marginals[np.arange(len(path)), path]
    return chosen
