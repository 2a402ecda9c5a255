"""The contract between a classifier and the network that scores its classes, whatever its engine. Knows no torch.

To add an engine, write a class with the members of `ClassificationNetwork`. `torch_network.py` has that of torch.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints


class BatchScores(NamedTuple):
    """The scores of the K classes of B sequences."""

    scores: NDArray[np.float32]
    """(B, K) before softmax or sigmoid."""
    weights: NDArray[np.float32] | None
    """(B, T) weights of the states, 0 at padding; None if the pooling has no weights."""


class ClassificationNetwork(Protocol):
    """A trained network: a batch of sequences in, scores of K classes out, and the way from scores to probabilities."""

    @property
    def classes(self) -> int:
        """K"""
        ...

    @property
    def has_weights(self) -> bool:
        """True if the pooling weighs the states of a sequence."""
        ...

    @property
    def temperature(self) -> float:
        """The calibrated temperature, which divides every score."""
        ...

    def state_lengths(self, lengths: Ints, /) -> Ints:
        """(N,) lengths of sequences → (N,) numbers of their states, which are fewer where steps are read in patches."""
        ...

    def scores(self, batch: Any, /) -> BatchScores:
        """Score a padded batch, as `Encoded.collate` makes it."""
        ...

    def probabilities(self, scores: NDArray[np.float32], temperature: float | None = None, /) -> Floats:
        """(N, K) scores → (N, K) probabilities, by default at the calibrated temperature."""
        ...


def softmax(scores: Floats) -> Floats:
    """(N, K) scores of classes of which a sequence has one → (N, K) probabilities, which sum to 1.

    >>> softmax(np.array([[0.0, 0.0, -1000.0], [1000.0, 1000.0, 0.0]])).tolist()
    [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
    """
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def sigmoid(scores: Floats) -> Floats:
    """(N, K) scores of classes of which a sequence has any number → (N, K) probabilities, each by itself.

    >>> sigmoid(np.array([[-1000.0, 0.0, 1000.0]])).tolist()
    [[0.0, 0.5, 1.0]]
    """
    powers = np.exp(-np.abs(scores))
    probabilities: Floats = np.where(scores >= 0, 1, powers) / (1 + powers)
    return probabilities
