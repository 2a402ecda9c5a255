"""The input end for text: a word's vector, what its spelling says, and its shape, side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.batch import TokenBatch
from bilstm_nlp.nn.encoder import Sequences

UNKNOWN = 1
"""The row of the unknown word; row 0 is padding."""


class WordVectors(nn.Module):
    """Trainable rows for padding, the unknown word and the training words; frozen rows for words beyond them.

    `trainable` (V, D) float32 are parameters. `frozen` (E, D) in half precision continue the table at row V: words
    that only the pretrained file knows keep their vectors, outside autograd and outside the saved weights.
    """

    frozen: Tensor

    def __init__(self, trainable: Tensor, frozen: Tensor, *, fine_tune: bool = True, word_dropout: float = 0.0) -> None:
        super().__init__()
        if trainable.dim() != 2 or frozen.dim() != 2 or trainable.shape[1] != frozen.shape[1]:
            raise ValueError(
                f"WordVectors needs tables (V, D) and (E, D). Got {tuple(trainable.shape)}, {tuple(frozen.shape)}."
            )
        self.table = nn.Embedding.from_pretrained(trainable, freeze=not fine_tune, padding_idx=0)
        self.register_buffer("frozen", frozen, persistent=False)
        self.word_dropout = word_dropout
        self.outputs = trainable.shape[1]

    def forward(self, words: Tensor) -> Tensor:
        """(B, T) rows → (B, T, D) vectors"""
        if self.training and self.word_dropout > 0:
            drop = torch.rand(words.shape, device=words.device) < self.word_dropout
            words = words.masked_fill(drop & (words > 0), UNKNOWN)
        beyond = words - self.table.num_embeddings
        known = self.table(words.masked_fill(beyond >= 0, UNKNOWN))
        if not (beyond >= 0).any():
            return torch.as_tensor(known)
        vectors = functional.embedding(beyond.clamp(min=0), self.frozen).to(known.dtype)
        return torch.where((beyond >= 0)[..., None], vectors, known)


class CharacterCnn(nn.Module):
    """Filters over a word's characters, the largest answer of each kept (Ma and Hovy 2016).

    A filter's answer to a window is a sum over its places of what it answers to the character there. There are few
    characters, so these parts are a table, made anew from the weights for every batch; a convolution is then a sum of
    its rows, and only the windows that won have a gradient.
    """

    def __init__(self, characters: int, embedding: int, filters: int, *, width: int = 3) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, embedding, padding_idx=0)
        self.convolution = nn.Conv1d(embedding, filters, width, padding=width - 1)
        self.outputs = filters
        bound = (3 / embedding) ** 0.5
        nn.init.uniform_(self.embedding.weight, -bound, bound)
        with torch.no_grad():
            self.embedding.weight[0].zero_()

    def forward(self, characters: Tensor) -> Tensor:
        """(U, C) characters → (U, F). Padding is zeros to the filters, and no window of padding alone may win."""
        parts, windows, bias = self.parts(), self.windows(characters), self.convolution.bias
        assert bias is not None
        width, filters = windows.shape[2], parts.shape[1]
        with torch.no_grad():
            answers = functional.embedding_bag(windows.flatten(0, 1), parts, mode="sum")
            answers = answers.view(*windows.shape[:2], filters)
        if not torch.is_grad_enabled():
            return torch.as_tensor(answers.amax(0) + bias)
        won = answers.max(0).indices  # (U, F)
        rows = windows.permute(1, 2, 0).gather(2, won[:, None].expand(-1, width, -1))  # (U, width, F)
        cells = rows * filters + torch.arange(filters, device=rows.device)
        largest = parts.flatten().gather(0, cells.flatten()).view_as(cells).sum(1)
        return torch.as_tensor(largest + bias)

    def parts(self) -> Tensor:
        """(width · characters + 1, F): what a filter answers to a character at a place of its window; at last, -inf."""
        embeddings = self.embedding(torch.arange(self.embedding.num_embeddings, device=self.embedding.weight.device))
        parts = torch.matmul(embeddings, self.convolution.weight.permute(2, 1, 0)).flatten(0, 1)
        return torch.cat([parts, parts.new_full((1, parts.shape[1]), float("-inf"))])

    def windows(self, characters: Tensor) -> Tensor:
        """(U, C) characters → (P, U, width) the rows of `parts` that add up to the answers to each window of a word."""
        width, count = self.convolution.kernel_size[0], self.embedding.num_embeddings
        padded = functional.pad(characters, (width - 1, width - 1)).T.contiguous()
        windows = padded.unfold(0, width, 1) + count * torch.arange(width, device=characters.device)
        lengths = (characters > 0).sum(1).clamp(min=1)
        beyond = torch.arange(len(windows), device=characters.device)[:, None] >= lengths + width - 1
        windows[..., 0].masked_fill_(beyond, width * count)
        return windows


class CharacterLstm(nn.Module):
    """Last states of a forward and a backward LSTM over a word's characters (Lample et al. 2016)."""

    def __init__(self, characters: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, embedding, padding_idx=0)
        self.recurrence = nn.LSTM(embedding, hidden, batch_first=True, bidirectional=True)
        self.outputs = 2 * hidden

    def forward(self, characters: Tensor) -> Tensor:
        """(U, C) characters → (U, 2H)"""
        lengths = (characters > 0).sum(1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(characters), lengths, batch_first=True, enforce_sorted=False
        )
        _, (hidden, _) = self.recurrence(packed)  # (2, U, H)
        return torch.cat([hidden[0], hidden[1]], dim=1)


class TokenEmbedder(nn.Module):
    """Word vectors, characters, pairs of neighbours, shapes and the features of the batch side by side.

    `characters` maps (U, C) characters to (U, outputs), `bigrams` and `shapes` are tables; each of them may be None.
    The batch's `features` for each token are taken as they are.
    """

    def __init__(
        self,
        words: WordVectors,
        characters: CharacterCnn | CharacterLstm | None,
        bigrams: WordVectors | None,
        shapes: nn.Embedding | None,
        features: int = 0,
    ) -> None:
        super().__init__()
        self.words, self.characters, self.bigrams, self.shapes = words, characters, bigrams, shapes
        self.features = features
        self.outputs = words.outputs
        self.outputs += characters.outputs if characters is not None else 0
        self.outputs += bigrams.outputs if bigrams is not None else 0
        self.outputs += shapes.embedding_dim if shapes is not None else 0
        self.outputs += features

    def forward(self, batch: TokenBatch[Tensor]) -> Sequences:
        """(B, T, outputs), a sentence each. Raises `ValueError` for a batch without the pairs or features it needs."""
        parts = [self.words(batch.words)]
        if self.characters is not None:
            parts.append(functional.embedding(batch.distinct, self.characters(batch.characters)))
        if self.bigrams is not None:
            if batch.bigrams is None:
                raise ValueError("The embedder needs a batch with bigrams. Got one without.")
            parts.append(self.bigrams(batch.bigrams))
        if self.shapes is not None:
            parts.append(self.shapes(functional.embedding(batch.distinct, batch.shapes[:, None]).squeeze(2)))
        if self.features:
            if batch.features is None or batch.features.shape[2] != self.features:
                found = "none" if batch.features is None else str(batch.features.shape[2])
                raise ValueError(f"The embedder needs a batch with {self.features} features a token. Got {found}.")
            parts.append(batch.features)
        return Sequences(torch.cat(parts, dim=2), batch.lengths, batch.windows)
