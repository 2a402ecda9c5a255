"""From encoded sequences to the scores of their classes, in batches of similar length, in the order of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bilstm_nlp.data.batches import plan
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.classification.ends import Encoded
from bilstm_nlp.tasks.classification.torch_network import ClassificationModel, head_of

BATCH_STEPS = 4096
"""Steps of a batch, padding included, if no gradient is needed."""


@dataclass(frozen=True)
class Decoded:
    """The scores of N sequences."""

    scores: NDArray[np.float32]
    """(N, K) before softmax or sigmoid."""
    weights: list[NDArray[np.float32]] | None
    """(T,) the pooling's weight of each state of a sequence; None if the pooling has no weights."""


@torch.no_grad()
def decode(model: ClassificationModel, encoded: Encoded, batch_steps: int = BATCH_STEPS) -> Decoded:
    """Return the scores of all sequences, in their order."""
    model.eval()
    device = next(model.parameters()).device
    lengths = encoded.lengths
    states = head_of(model).state_lengths(torch.from_numpy(lengths)).numpy()
    scores = np.zeros((len(lengths), head_of(model).projection.out_features), np.float32)
    weights: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(lengths)
    weighted = False
    for chosen in plan(lengths, batch_steps):
        decoded = model.decode(on(encoded.collate(chosen), device))
        scores[chosen] = decoded.scores.float().cpu().numpy()
        if decoded.weights is not None:
            weighted = True
            rows = decoded.weights.float().cpu().numpy()
            for number, row in zip(chosen.tolist(), rows, strict=True):
                weights[number] = row[: states[number]]
    return Decoded(scores, weights if weighted else None)


def probabilities(
    model: ClassificationModel, scores: NDArray[np.float32], temperature: float | None = None
) -> NDArray[np.float64]:
    """(N, K) scores → (N, K) probabilities, by default at the calibrated temperature."""
    head = head_of(model)
    exact = torch.from_numpy(scores.astype(np.float64)).to(head.temperature.device)
    values: NDArray[np.float64] = head.probabilities(exact, temperature).cpu().numpy()
    return values


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
