"""From encoded sequences to the scores of their classes, in batches of similar length, in the order of the data.

Knows no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.batches import plan
from bilstm_nlp.tasks.classification.ends import Encoded
from bilstm_nlp.tasks.classification.network import ClassificationNetwork

BATCH_STEPS = 4096
"""Steps of a batch, padding included, if no gradient is needed."""


@dataclass(frozen=True)
class Decoded:
    """The scores of N sequences."""

    scores: NDArray[np.float32]
    """(N, K) before softmax or sigmoid."""
    weights: list[NDArray[np.float32]] | None
    """(T,) the pooling's weight of each state of a sequence; None if the pooling has no weights."""


def decode(network: ClassificationNetwork, encoded: Encoded, batch_steps: int = BATCH_STEPS) -> Decoded:
    """Return the scores of all sequences, in their order."""
    lengths = encoded.lengths
    states = network.state_lengths(lengths)
    scores = np.zeros((len(lengths), network.classes), np.float32)
    weights: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(lengths)
    for chosen in plan(lengths, batch_steps):
        decoded = network.scores(encoded.collate(chosen))
        scores[chosen] = decoded.scores
        if decoded.weights is not None:
            for number, row in zip(chosen.tolist(), decoded.weights, strict=True):
                weights[number] = row[: states[number]]
    return Decoded(scores, weights if network.has_weights else None)


def chosen_classes(values: NDArray[np.float64], threshold: float | None) -> NDArray[np.bool_]:
    """(N, K) probabilities → (N, K) bool: the most probable class, or all from a threshold on.

    >>> chosen_classes(np.array([[0.2, 0.8]]), None).tolist(), chosen_classes(np.array([[0.6, 0.8]]), 0.5).tolist()
    ([[False, True]], [[True, True]])
    """
    if threshold is not None:
        return values >= threshold
    flags = np.zeros(values.shape, bool)
    flags[np.arange(len(values)), values.argmax(1)] = True
    return flags


def names(classes: tuple[str, ...], flags: NDArray[np.bool_]) -> list[str]:
    """Return the names of the classes whose flag is set.

    >>> names(("no", "yes"), np.array([False, True]))
    ['yes']
    """
    return [name for name, flag in zip(classes, flags.tolist(), strict=True) if flag]
