"""The network of a classifier in torch: batches go to the device of the weights, scores come back as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.nn.class_pooling import AttentiveState
from bilstm_nlp.nn.classification_head import ClassificationHead, ClassScores
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.classification.network import BatchScores

ClassificationModel = Model[Any, ClassScores]


@dataclass(frozen=True, eq=False)
class TorchNetwork:
    """A `ClassificationNetwork` with the present weights of a model of torch."""

    model: ClassificationModel

    @property
    def classes(self) -> int:
        """K"""
        return head_of(self.model).projection.out_features

    @property
    def has_weights(self) -> bool:
        """True if the pooling weighs the states of a sequence."""
        return isinstance(head_of(self.model).pooling, AttentiveState)

    @property
    def temperature(self) -> float:
        """The calibrated temperature, which divides every score."""
        return float(head_of(self.model).temperature)

    def state_lengths(self, lengths: Ints) -> Ints:
        """(N,) lengths of sequences → (N,) numbers of their states."""
        counts: Ints = head_of(self.model).state_lengths(torch.from_numpy(lengths)).numpy()
        return counts

    @torch.no_grad()
    def scores(self, batch: Any) -> BatchScores:
        """Score a padded batch."""
        self.model.eval()
        device = next(self.model.parameters()).device
        scores, weights = self.model.decode(on(batch, device))
        return BatchScores(_array(scores), None if weights is None else _array(weights))

    def probabilities(self, scores: NDArray[np.float32], temperature: float | None = None) -> Floats:
        """(N, K) scores → (N, K) probabilities, by default at the calibrated temperature.

        torch computes them, so that the figures of a run keep their last bits.
        """
        head = head_of(self.model)
        exact = torch.from_numpy(scores.astype(np.float64)).to(head.temperature.device)
        values: Floats = head.probabilities(exact, temperature).cpu().numpy()
        return values


def _array(values: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = values.float().cpu().numpy()
    return array


def head_of(model: ClassificationModel) -> ClassificationHead:
    """Return the head of a classifier."""
    assert isinstance(model.head, ClassificationHead)
    return model.head
