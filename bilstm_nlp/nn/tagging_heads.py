"""The output ends for tagging: states (B, T, D) become emissions (B, T, K), and a linear chain scores sequences.

Both heads have a `LinearChainCrf`. The CRF head learns the transitions. In the softmax head they are 0, so a sequence
scores the sum of its emissions; constrained decoding and exact probabilities of entities come from the same recursions.
A head gives the emissions. The best sequences and their probabilities are computed from them without torch.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.model import Loss


class StepBatch(Protocol):
    """B sequences of at most T steps: the tokens of sentences, or the steps of series."""

    @property
    def lengths(self) -> Tensor:
        """(B,) int64: steps in each sequence."""
        ...

    @property
    def mask(self) -> Tensor:
        """(B, T) bool: True at steps, False at padding."""
        ...

    @property
    def tags(self) -> Tensor | None:
        """(B, T) int64: gold tags; 0 at padding. None if they are unknown."""
        ...


class CrfHead(nn.Module):
    """(B, T, D) → tags: linear emissions under a linear-chain CRF (Lafferty et al. 2001; Lample et al. 2016)."""

    temperature: Tensor

    def __init__(self, inputs: int, crf: LinearChainCrf) -> None:
        super().__init__()
        self.projection = nn.Linear(inputs, crf.tags)
        self.crf = crf
        # Fitted to development data after training. It divides every score of the posterior.
        self.register_buffer("temperature", torch.ones(()))

    def loss(self, states: Tensor, batch: StepBatch) -> Loss:
        """(B, T, D) states → the negative log-likelihood of the gold sequences, weighted by their tokens."""
        likelihood = self.crf.log_likelihood(self.projection(states), _gold(batch), batch.mask)
        return Loss(-likelihood.sum(), batch.lengths.sum())

    def decode(self, states: Tensor, batch: StepBatch) -> Tensor:
        """(B, T, D) states → (B, T, K) emissions, of which the chain makes sequences."""
        emissions: Tensor = self.projection(states)
        return emissions


class SoftmaxHead(nn.Module):
    """(B, T, D) → tags: an independent softmax for each token. Constraints of the chain apply only to decoding."""

    temperature: Tensor
    weights: Tensor

    def __init__(self, inputs: int, crf: LinearChainCrf, weights: Tensor | None = None) -> None:
        """`weights` (K,) are those of a token in the loss by its gold tag, by default 1."""
        super().__init__()
        self.projection = nn.Linear(inputs, crf.tags)
        self.crf = crf
        for parameter in crf.parameters():
            nn.init.zeros_(parameter).requires_grad_(False)
        self.register_buffer("temperature", torch.ones(()))
        self.weighted = weights is not None
        self.register_buffer("weights", torch.ones(crf.tags) if weights is None else weights, persistent=False)

    def loss(self, states: Tensor, batch: StepBatch) -> Loss:
        """(B, T, D) states → the cross-entropy of the gold tags, weighted by tokens or by the weights of their tags."""
        emissions, gold = self.projection(states)[batch.mask], _gold(batch)[batch.mask]
        if not self.weighted:
            return Loss(functional.cross_entropy(emissions, gold, reduction="sum"), batch.lengths.sum())
        weights = self.weights.to(emissions.dtype)
        return Loss(functional.cross_entropy(emissions, gold, weights, reduction="sum"), weights[gold].sum())

    def decode(self, states: Tensor, batch: StepBatch) -> Tensor:
        """(B, T, D) states → (B, T, K) emissions: the tags' log odds, up to a constant for each token."""
        emissions: Tensor = self.projection(states)
        return emissions


def _gold(batch: StepBatch) -> Tensor:
    """Return the (B, T) gold tags. Raises `ValueError` for a batch without tags."""
    if batch.tags is None:
        raise ValueError("The loss needs a batch with tags. Got one without.")
    return batch.tags
