"""Training against the worst that a small step can do."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bilstm_nlp.nn.model import Loss, Model


class Adversarial(nn.Module):
    """A model's loss, half of it where the inputs are, half of it where they have been moved to make it larger.

    Miyato, Dai and Goodfellow 2017, equation 5, on all that the encoder reads: each sequence is moved by a step along
    the gradient of its loss. The gradient is that of one dropout mask, the moved inputs are read under another.
    """

    def __init__(self, model: Model[Any, Any], size: float) -> None:
        """`size` is the length of a time step's part of the move, in the mean over a sequence (root mean square)."""
        super().__init__()
        self.model, self.size = model, size

    def forward(self, batch: Any) -> Loss:
        """The batch's loss."""
        sequences = self.model.embedder(batch)
        loss = self.model.loss(sequences, batch)
        (gradient,) = torch.autograd.grad(loss.total, sequences.inputs, retain_graph=True)
        norm = gradient.flatten(1).norm(dim=1).clamp(min=torch.finfo(gradient.dtype).tiny)
        length = self.size * sequences.lengths.to(gradient.dtype).sqrt()
        moved = sequences.inputs + (length / norm)[:, None, None] * gradient
        worse = self.model.loss(sequences._replace(inputs=moved), batch)
        return Loss((loss.total + worse.total) / 2, loss.weight)
