"""The output end for classification: states (B, T, D) are pooled to one vector a sequence, and become scores (B, K).

A sequence has one of K classes (softmax), or any number of them (sigmoid).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.nn.class_pooling import AttentiveState, Pooling
from bilstm_nlp.nn.model import Loss


class ClassBatch(Protocol):
    """The part of a batch that the head reads: B sequences, with their classes if they are known."""

    @property
    def lengths(self) -> Tensor:
        """(B,) steps of each sequence."""
        ...

    @property
    def classes(self) -> Tensor | None:
        """(B, K) float32: 1 for each class of a sequence, 0 for all others. None if they are unknown."""
        ...


class ClassScores(NamedTuple):
    """The scores of the classes of B sequences."""

    scores: Tensor
    """(B, K) before softmax or sigmoid."""
    weights: Tensor | None
    """(B, T) weights of the steps, 0 at padding; None if the pooling has no weights."""


class OneClass(nn.Module):
    """Each sequence has one class: softmax and cross-entropy.

    With `smoothing` ε, the gold class has a probability of 1 − ε + ε / K, all others ε / K (Szegedy et al. 2016).

    >>> OneClass(0.0).probabilities(torch.zeros(1, 4)).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, smoothing: float) -> None:
        super().__init__()
        self.smoothing = smoothing

    def probabilities(self, scores: Tensor) -> Tensor:
        """(B, K) scores → (B, K) probabilities, which sum to 1."""
        return torch.softmax(scores, dim=1)

    def losses(self, scores: Tensor, gold: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """(B, K) scores, (B, K) gold, (K,) weights → (B,) losses times weights, and (B,) weights."""
        target = gold * (1 - self.smoothing) + self.smoothing / gold.shape[1]
        weight = gold @ weights
        return functional.cross_entropy(scores, target, reduction="none") * weight, weight


class SeveralClasses(nn.Module):
    """Each sequence has any number of classes: a sigmoid and a binary cross-entropy for each class.

    With `smoothing` ε, a class has a probability of 1 − ε / 2 or ε / 2.

    >>> SeveralClasses(0.0).probabilities(torch.zeros(1, 2)).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, smoothing: float) -> None:
        super().__init__()
        self.smoothing = smoothing

    def probabilities(self, scores: Tensor) -> Tensor:
        """(B, K) scores → (B, K) probabilities, each by itself."""
        return torch.sigmoid(scores)

    def losses(self, scores: Tensor, gold: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """(B, K) scores, (B, K) gold, (K,) weights of a class where it is gold → (B,) losses, and (B,) ones.

        The loss of a sequence is the sum over classes, so that a class learns as fast among many as alone.
        """
        target = gold * (1 - self.smoothing) + self.smoothing / 2
        losses = functional.binary_cross_entropy_with_logits(scores, target, pos_weight=weights, reduction="none")
        return losses.sum(dim=1), torch.ones_like(losses[:, 0])


class ClassificationHead(nn.Module):
    """(B, T, D) → classes: pooling → dropout → linear → softmax or sigmoid."""

    temperature: Tensor
    class_weights: Tensor

    def __init__(
        self,
        pooling: Pooling,
        classes: int,
        outcome: OneClass | SeveralClasses,
        *,
        dropout: float = 0.0,
        weights: Tensor | None = None,
        state_lengths: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """`weights` (K,) are those of sequences in the loss by their gold class, by default 1.

        `state_lengths`: (B,) lengths of sequences → (B,) numbers of states, by default the same.
        """
        super().__init__()
        self.pooling, self.outcome = pooling, outcome
        self.state_lengths = _unchanged if state_lengths is None else state_lengths
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(pooling.outputs, classes)
        # Fitted to development data after training. It divides every score.
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("class_weights", torch.ones(classes) if weights is None else weights, persistent=False)

    def loss(self, states: Tensor, batch: ClassBatch) -> Loss:
        """(B, T, D) states → the loss of the gold classes, weighted by sequences."""
        if batch.classes is None:
            raise ValueError("The loss needs a batch with classes. Got one without.")
        scores = self.projection(self.dropout(self.pooling(states, self.state_lengths(batch.lengths))))
        gold, by_class = batch.classes.to(scores.dtype), self.class_weights.to(scores.dtype)
        losses, weights = self.outcome.losses(scores, gold, by_class)
        return Loss(losses.sum(), weights.sum())

    def decode(self, states: Tensor, batch: ClassBatch) -> ClassScores:
        """(B, T, D) states → the scores of the classes, and the weights of the steps if the pooling has weights."""
        lengths = self.state_lengths(batch.lengths)
        weights = self.pooling.weights(states, lengths) if isinstance(self.pooling, AttentiveState) else None
        return ClassScores(self.projection(self.pooling(states, lengths)), weights)

    def probabilities(self, scores: Tensor, temperature: float | None = None) -> Tensor:
        """(B, K) scores → (B, K) probabilities, by default at the calibrated temperature."""
        divisor = self.temperature.to(scores.dtype) if temperature is None else temperature
        return self.outcome.probabilities(scores / divisor)


def _unchanged(lengths: Tensor) -> Tensor:
    return lengths
