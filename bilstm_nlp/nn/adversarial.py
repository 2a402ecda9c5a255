"""Adversarial training: half of the loss is computed where a small step of the inputs makes it larger."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bilstm_nlp.nn.model import Loss, Model


class Adversarial(nn.Module):
    """A model's loss, half at the inputs x, half at x + r, where r increases the loss.

    r is a step along the gradient g of each sequence's loss: r = size · √T · g / ‖g‖ (Miyato, Dai and Goodfellow 2017,
    equation 5), on everything the encoder reads. The gradient and the second half use different dropout masks.
    """

    def __init__(self, model: Model[Any, Any], size: float) -> None:
        """`size`: the length of the step at each time step, as root mean square over a sequence."""
        super().__init__()
        self.model, self.size = model, size

    def forward(self, batch: Any) -> Loss:
        """Compute the loss of a batch."""
        sequences = self.model.embed(batch)
        if not sequences.inputs.requires_grad:  # of a frozen embedder
            sequences = sequences._replace(inputs=sequences.inputs.detach().requires_grad_())
        loss = self.model.loss(sequences, batch)
        (gradient,) = torch.autograd.grad(loss.total, sequences.inputs, retain_graph=True)
        norm = gradient.flatten(1).norm(dim=1).clamp(min=torch.finfo(gradient.dtype).tiny)
        length = self.size * sequences.lengths.to(gradient.dtype).sqrt()
        moved = sequences.inputs + (length / norm)[:, None, None] * gradient
        adversarial = self.model.loss(sequences._replace(inputs=moved), batch)
        return Loss((loss.total + adversarial.total) / 2, loss.weight)
