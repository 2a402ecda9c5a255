"""Attention between encoder and head: every position attends to all positions of its sequence, without padding.

Both kinds turn states s (B, T, D) into s + O c, where c_i is a weighted mean over the sequence's real positions. The
mean is taken of n, the layer-normalised states. The sum is not normalised again (Xiong et al. 2020, figure 1b). O
starts small, so an untrained block hardly changes the states.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from bilstm_nlp.nn.padding import inside

BLOCK = 2**24
"""Most numbers of (B, queries, T, size) that additive attention holds at a time.

In float32 they take 64 MiB. From 32 MiB on, glibc returns every freed buffer to the system; smaller buffers leave holes
between the blocks' results. With blocks of 2**22, a sentence of 10,000 tokens took 9 GiB.
"""


class AdditiveAttention(nn.Module):
    """(B, T, D) → (B, T, D): additive attention with every position as a query.

    α_ij = softmax_j(v · tanh(W n_i + U n_j + b)), c_i = Σ_j α_ij n_j (Bahdanau et al. 2015, section 3.1 and
    appendix A.1.2).

    >>> block = AdditiveAttention(4, 3)
    >>> block(torch.zeros(2, 5, 4), torch.tensor([5, 3])).shape
    torch.Size([2, 5, 4])
    """

    heads = 1

    def __init__(self, inputs: int, size: int) -> None:
        """`size`: units of the hidden layer that weighs two positions."""
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.query = nn.Linear(inputs, size)
        self.key = nn.Linear(inputs, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)
        self.output = nn.Linear(inputs, inputs)
        for layer in (self.query, self.key, self.score):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.query.bias)
        _start_small(self.output)

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, T, D), meaningless at padding.

        A long sentence is computed in blocks of queries, and the backward pass computes a block's weights again instead
        of keeping them. So at most max(`BLOCK`, B · T · size) numbers are held at a time.
        """
        normed = self.norm(states)
        keys, padding = self.key(normed), ~inside(lengths, states.shape[1])
        blocks = self.blocks(normed)
        if len(blocks) == 1:
            contexts = [self.context(blocks[0], keys, normed, padding)]
        else:
            contexts = [
                checkpoint(self.context, block, keys, normed, padding, use_reentrant=False, preserve_rng_state=False)
                for block in blocks
            ]
        return states + torch.as_tensor(self.output(torch.cat(contexts, dim=1)))

    def weights(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, 1, T, T): how much each position (row) attends to each (column).

        A row sums to 1 over the sequence's real positions and is 0 at padding. The rows of padding are meaningless.
        """
        normed = self.norm(states)
        keys, padding = self.key(normed), ~inside(lengths, states.shape[1])
        return torch.cat([self.block_weights(block, keys, padding) for block in self.blocks(normed)], dim=1)[:, None]

    def blocks(self, normed: Tensor) -> Sequence[Tensor]:
        """(B, T, D) normalised states → blocks of (B, q, A) queries."""
        queries: Tensor = self.query(normed)
        blocks: Sequence[Tensor] = queries.split(max(1, BLOCK // queries.numel()), dim=1)
        return blocks

    def block_weights(self, queries: Tensor, keys: Tensor, padding: Tensor) -> Tensor:
        """(B, q, A) queries, (B, T, A) keys, (B, T) padding → (B, q, T)"""
        scores = self.score((queries[:, :, None] + keys[:, None]).tanh_()).squeeze(3)
        return _masked_softmax(padding[:, None], scores)

    def context(self, queries: Tensor, keys: Tensor, values: Tensor, padding: Tensor) -> Tensor:
        """(B, q, A) queries, (B, T, A) keys, (B, T, D) values, (B, T) padding → (B, q, D)"""
        return self.block_weights(queries, keys, padding) @ values


class MultiHeadAttention(nn.Module):
    """(B, T, D) → (B, T, D): scaled dot-product attention in heads of D / heads features each.

    In each head, α_ij = softmax_j(Q n_i · K n_j / √(D / heads)) and c_i = Σ_j α_ij V n_j. The heads' c are concatenated
    (Vaswani et al. 2017, section 3.2).

    >>> block = MultiHeadAttention(4, heads=2)
    >>> block.weights(torch.zeros(1, 3, 4), torch.tensor([2])).shape
    torch.Size([1, 2, 3, 3])
    """

    def __init__(self, inputs: int, heads: int, dropout: float = 0.0) -> None:
        """`dropout`: fraction of the weights that training drops.

        Raises `ValueError` if `heads` does not divide `inputs`.
        """
        super().__init__()
        if heads < 1 or inputs % heads:
            raise ValueError(f"'heads' must divide the {inputs} inputs. Got {heads}.")
        self.heads, self.dropout = heads, dropout
        self.norm = nn.LayerNorm(inputs)
        self.projection = nn.Linear(inputs, 3 * inputs, bias=False)
        self.output = nn.Linear(inputs, inputs)
        for part in self.projection.weight.data.chunk(3):
            nn.init.xavier_uniform_(part)
        _start_small(self.output)

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, T, D), meaningless at padding."""
        queries, keys, values = self.project(states)
        real = inside(lengths, states.shape[1])[:, None, None]
        dropout = self.dropout if self.training else 0.0
        attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=real, dropout_p=dropout)
        return states + torch.as_tensor(self.output(attended.transpose(1, 2).flatten(2)))

    def weights(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, heads, T, T): how much each position (row) attends to each (column).

        A row sums to 1 over the sequence's real positions and is 0 at padding. The rows of padding are meaningless.
        """
        queries, keys, _ = self.project(states)
        scores = queries @ keys.transpose(2, 3) / queries.shape[3] ** 0.5
        return _masked_softmax(~inside(lengths, states.shape[1])[:, None, None], scores)

    def project(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, D) → queries, keys and values, each (B, heads, T, D / heads)"""
        projected: Tensor = self.projection(self.norm(states))
        queries, keys, values = projected.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return queries, keys, values


def _masked_softmax(padding: Tensor, scores: Tensor) -> Tensor:
    """(…, T) scores → (…, T) weights, exactly 0 at padding. If all is padding, the weights are finite."""
    return torch.softmax(scores.masked_fill(padding, torch.finfo(scores.dtype).min), dim=-1)


def _start_small(output: nn.Linear) -> None:
    """Draw a tenth of Xavier's weights, and set biases to 0."""
    nn.init.xavier_uniform_(output.weight, gain=0.1)
    nn.init.zeros_(output.bias)
