"""The block between encoder and head: every position reads the whole sequence, padding excepted.

Both kinds turn states s into s + O c, where c_i is a weighted mean over the sequence's real positions. It is made of n,
the states after a layer normalisation; the sum is not normalised again (Xiong et al. 2020, figure 1b), and O begins
small, so that an untrained block hands the encoder's states on nearly as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from bilstm_nlp.nn.padding import inside

BLOCK = 2**24
"""Numbers of (B, queries, T, size) that additive attention holds at a time.

As float32 they are 64 MiB, above the 32 MiB from which glibc gives every buffer back to the system. Smaller ones leave
holes between the blocks' results: with blocks of 2**22, a sentence of 10,000 tokens was seen to take 9 GiB.
"""


class AdditiveAttention(nn.Module):
    """Additive attention with every position as a query (Bahdanau et al. 2015, section 3.1 and appendix A.1.2).

    α_ij = softmax_j(v · tanh(W n_i + U n_j + b)), c_i = Σ_j α_ij n_j
    """

    heads = 1

    def __init__(self, inputs: int, size: int) -> None:
        """`size` is that of the hidden layer that weighs two positions."""
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.query = nn.Linear(inputs, size)
        self.key = nn.Linear(inputs, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)
        self.output = nn.Linear(inputs, inputs)
        for layer in (self.query, self.key, self.score):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.query.bias)
        begin_small(self.output)

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, T, D); what stands at padding means nothing.

        A long sentence is worked off in blocks of queries, and training computes a block's weights a second time
        instead of keeping them: no more than `BLOCK` numbers are held at once, as long as T · size are no more.
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
        """(B, T, D) states, (B,) lengths → (B, 1, T, T): how much each position (row) reads of each (column).

        A row adds up to 1 over the sequence's real positions and is 0 at padding; a padding's own row means nothing.
        """
        normed = self.norm(states)
        keys, padding = self.key(normed), ~inside(lengths, states.shape[1])
        return torch.cat([self.block_weights(block, keys, padding) for block in self.blocks(normed)], dim=1)[:, None]

    def blocks(self, normed: Tensor) -> Sequence[Tensor]:
        """(B, T, D) → (B, q, A) queries, q of them at a time."""
        queries: Tensor = self.query(normed)
        blocks: Sequence[Tensor] = queries.split(max(1, BLOCK // queries.numel()), dim=1)
        return blocks

    def block_weights(self, queries: Tensor, keys: Tensor, padding: Tensor) -> Tensor:
        """(B, q, A) queries, (B, T, A) keys, (B, T) padding → (B, q, T)"""
        scores = self.score((queries[:, :, None] + keys[:, None]).tanh_()).squeeze(3)
        return softmax_but(padding[:, None], scores)

    def context(self, queries: Tensor, keys: Tensor, values: Tensor, padding: Tensor) -> Tensor:
        """(B, q, A) queries, (B, T, A) keys, (B, T, D) values, (B, T) padding → (B, q, D)"""
        return self.block_weights(queries, keys, padding) @ values


class MultiHeadAttention(nn.Module):
    """Scaled dot-product self-attention in several heads of D / heads features each (Vaswani et al. 2017, section 3.2).

    In each head α_ij = softmax_j(Q n_i · K n_j / √(D / heads)), c_i = Σ_j α_ij V n_j; the heads' c stand side by side.
    """

    def __init__(self, inputs: int, heads: int, dropout: float = 0.0) -> None:
        """`dropout` is the share of weights that training drops. Raises `ValueError` unless `heads` divide `inputs`."""
        super().__init__()
        if heads < 1 or inputs % heads:
            raise ValueError(f"'heads' must divide the {inputs} inputs. Got {heads}.")
        self.heads, self.dropout = heads, dropout
        self.norm = nn.LayerNorm(inputs)
        self.projection = nn.Linear(inputs, 3 * inputs, bias=False)
        self.output = nn.Linear(inputs, inputs)
        for part in self.projection.weight.data.chunk(3):
            nn.init.xavier_uniform_(part)
        begin_small(self.output)

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, T, D); what stands at padding means nothing."""
        queries, keys, values = self.project(states)
        real = inside(lengths, states.shape[1])[:, None, None]
        dropout = self.dropout if self.training else 0.0
        read = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=real, dropout_p=dropout)
        return states + torch.as_tensor(self.output(read.transpose(1, 2).flatten(2)))

    def weights(self, states: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) states, (B,) lengths → (B, heads, T, T): how much each position (row) reads of each (column).

        A row adds up to 1 over the sequence's real positions and is 0 at padding; a padding's own row means nothing.
        """
        queries, keys, _ = self.project(states)
        scores = queries @ keys.transpose(2, 3) / queries.shape[3] ** 0.5
        return softmax_but(~inside(lengths, states.shape[1])[:, None, None], scores)

    def project(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, D) → queries, keys and values, each (B, heads, T, D / heads)"""
        projected: Tensor = self.projection(self.norm(states))
        queries, keys, values = projected.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return queries, keys, values


def softmax_but(padding: Tensor, scores: Tensor) -> Tensor:
    """(…, T) scores → weights: exactly 0 at padding, and a number even where all is padding."""
    return torch.softmax(scores.masked_fill(padding, torch.finfo(scores.dtype).min), dim=-1)


def begin_small(output: nn.Linear) -> None:
    """A tenth of Xavier's weights, zero biases."""
    nn.init.xavier_uniform_(output.weight, gain=0.1)
    nn.init.zeros_(output.bias)
