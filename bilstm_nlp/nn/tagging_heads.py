"""The output ends for tagging: states become emissions, and a linear chain makes sequences of them.

Both heads decode, score and rank sequences through one `LinearChainCrf`. The CRF head learns its transitions; to the
softmax head a sequence is worth the sum of its emissions, which is a chain whose transitions are all zero, so its
constrained decoding and its exact span probabilities come from the same recursions.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.batch import TokenBatch
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.model import Loss


class TagPaths(NamedTuple):
    """The best tag sequence of each sentence, and what is needed to ask for more."""

    paths: Tensor
    """(B, T) int64 tags; 0 at padding."""
    emissions: Tensor
    """(B, T, K)"""
    mask: Tensor
    """(B, T) bool"""


class CrfHead(nn.Module):
    """Linear emissions under a linear-chain CRF (Lafferty et al. 2001; Lample et al. 2016)."""

    temperature: Tensor

    def __init__(self, inputs: int, crf: LinearChainCrf) -> None:
        super().__init__()
        self.projection = nn.Linear(inputs, crf.tags)
        self.crf = crf
        # Fitted on development data after training; divides every score where a probability is asked for.
        self.register_buffer("temperature", torch.ones(()))

    def loss(self, states: Tensor, batch: TokenBatch[Tensor]) -> Loss:
        """Negative log-likelihood of the gold sequences, weighed by their tokens."""
        likelihood = self.crf.log_likelihood(self.projection(states), gold(batch), batch.mask)
        return Loss(-likelihood.sum(), batch.lengths.sum())

    def decode(self, states: Tensor, batch: TokenBatch[Tensor]) -> TagPaths:
        """The Viterbi path of each sentence."""
        emissions = self.projection(states)
        return TagPaths(self.crf.decode(emissions, batch.mask)[0], emissions, batch.mask)


class SoftmaxHead(nn.Module):
    """Each token's tag is drawn for itself; the scheme's constraints, if any, bind only when decoding."""

    temperature: Tensor

    def __init__(self, inputs: int, crf: LinearChainCrf) -> None:
        super().__init__()
        self.projection = nn.Linear(inputs, crf.tags)
        self.crf = crf
        for parameter in crf.parameters():
            nn.init.zeros_(parameter).requires_grad_(False)
        self.register_buffer("temperature", torch.ones(()))

    def loss(self, states: Tensor, batch: TokenBatch[Tensor]) -> Loss:
        """Cross-entropy of the gold tags, weighed by tokens."""
        emissions = self.projection(states)[batch.mask]
        return Loss(functional.cross_entropy(emissions, gold(batch)[batch.mask], reduction="sum"), batch.lengths.sum())

    def decode(self, states: Tensor, batch: TokenBatch[Tensor]) -> TagPaths:
        """The most probable sequence among those that the chain allows."""
        emissions = self.projection(states)
        return TagPaths(self.crf.decode(emissions, batch.mask)[0], emissions, batch.mask)


def gold(batch: TokenBatch[Tensor]) -> Tensor:
    """(B, T) the gold tags of a batch that must have them."""
    if batch.tags is None:
        raise ValueError("The loss needs a batch with tags. Got one without.")
    return batch.tags
