"""The input end for text: vectors of words, spellings, neighbouring pairs and shapes, concatenated for each token.

B sentences of at most T tokens; U distinct word forms of at most C characters.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

from bilstm_nlp.batch import TokenBatch
from bilstm_nlp.nn.encoder import Sequences

UNKNOWN = 1
"""The row of the unknown word. Row 0 is padding."""


class WordVectors(nn.Module):
    """(B, T) → (B, T, D): trainable vectors of the training words, frozen vectors of further words.

    `trainable` (V, D) float32 are parameters; they include padding and the unknown word. `frozen` (E, D) in half
    precision continue the table at row V. These words, which only the pretrained file knows, keep their vectors. They
    have no gradient and are not saved with the weights.

    >>> vectors = WordVectors(torch.zeros(4, 3), torch.ones(2, 3).half()).eval()
    >>> vectors(torch.tensor([[2, 5]])).sum(2).tolist()
    [[0.0, 3.0]]
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
    """(U, C) → (U, F): filters over a word's characters, with max pooling over its windows (Ma and Hovy 2016).

    A filter's response to a window is a sum over the window's positions, with one summand for the character at each
    position. There are few characters, so the summands are a table, computed from the weights for every batch. The
    convolution is a sum of rows of this table, and only the winning windows have a gradient.
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
        """(U, C) characters → (U, F). Filters read padding as zeros. A window of padding alone never wins."""
        windows, bias = self._windows(characters), self.convolution.bias
        assert bias is not None
        return torch.as_tensor(_LargestSums.apply(self._summands(), windows)) + bias

    def _summands(self) -> Tensor:
        """Return the (width · characters + 1, F) responses to a character at a position; the last row is -inf."""
        embeddings = self.embedding(torch.arange(self.embedding.num_embeddings, device=self.embedding.weight.device))
        summands = torch.matmul(embeddings, self.convolution.weight.permute(2, 1, 0)).flatten(0, 1)
        return torch.cat([summands, summands.new_full((1, summands.shape[1]), float("-inf"))])

    def _windows(self, characters: Tensor) -> Tensor:
        """(U, C) characters → (P, U, width): the rows of the summands for each of the P windows of a word."""
        width, count = self.convolution.kernel_size[0], self.embedding.num_embeddings
        padded = functional.pad(characters, (width - 1, width - 1)).T.contiguous()
        windows = padded.unfold(0, width, 1) + count * torch.arange(width, device=characters.device)
        lengths = (characters > 0).sum(1).clamp(min=1)
        beyond = torch.arange(len(windows), device=characters.device)[:, None] >= lengths + width - 1
        windows[..., 0].masked_fill_(beyond, width * count)
        return windows


class _LargestSums(torch.autograd.Function):
    """(R, F) summands, (P, U, width) rows → (U, F): the largest of P sums of `width` summands. Winners have gradients.

    The first of several equal sums wins. torch's own `max` takes three times as long to find it.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, summands: Tensor, windows: Tensor) -> Tensor:
        count, words, _ = windows.shape
        sums = functional.embedding_bag(windows.flatten(0, 1), summands, mode="sum").view(count, words, -1)
        largest = sums.amax(0)
        if ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
            # Comparisons are several times as fast if they give floats instead of bools.
            wins = torch.eq(sums, largest, out=torch.empty_like(sums, dtype=torch.float32))
            ranks = torch.arange(count, 0, -1, dtype=torch.float32, device=sums.device)
            winners = count - wins.mul_(ranks[:, None, None]).amax(0).long()  # (U, F)
            ctx.save_for_backward(windows, winners.clamp_(max=count - 1))  # NaN wins nowhere
            ctx.shape = summands.shape  # type: ignore[attr-defined]
        return largest

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        windows, winners = ctx.saved_tensors  # type: ignore[attr-defined]
        rows, filters = ctx.shape  # type: ignore[attr-defined]
        words, width = windows.shape[1:]
        places = winners * words + torch.arange(words, device=winners.device)[:, None]
        cells = functional.embedding(places, filters * windows.flatten(0, 1))  # (U, F, width)
        cells += torch.arange(filters, device=cells.device)[:, None]
        summed = gradient.new_zeros(rows * filters)
        summed.scatter_add_(0, cells.flatten(), gradient[..., None].expand(-1, -1, width).flatten())
        return summed.view(rows, filters), None


class CharacterLstm(nn.Module):
    """(U, C) → (U, 2H): the last states of a forward and a backward LSTM over a word's characters.

    After Lample et al. 2016.
    """

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
    """(B, T, outputs): words, characters, neighbouring pairs, shapes, columns and features of each token, concatenated.

    `characters` maps (U, C) characters to (U, outputs); `bigrams` and `shapes` are tables. Each of them may be None.
    `columns` are the tables of the batch's columns of values. `features` is the number of features that the batch
    brings for each token; they are used unchanged.
    """

    def __init__(
        self,
        words: WordVectors,
        characters: CharacterCnn | CharacterLstm | None,
        bigrams: WordVectors | None,
        shapes: nn.Embedding | None,
        features: int = 0,
        columns: Sequence[WordVectors] = (),
    ) -> None:
        super().__init__()
        self.words, self.characters, self.bigrams, self.shapes = words, characters, bigrams, shapes
        self.columns = nn.ModuleList(columns)
        self.features = features
        self.outputs = words.outputs
        self.outputs += characters.outputs if characters is not None else 0
        self.outputs += bigrams.outputs if bigrams is not None else 0
        self.outputs += shapes.embedding_dim if shapes is not None else 0
        self.outputs += sum(column.outputs for column in columns)
        self.outputs += features

    def forward(self, batch: TokenBatch[Tensor]) -> Sequences:
        """Embed a batch as (B, T, outputs) sequences, one for each sentence.

        Raises `ValueError` for a batch without the pairs, columns or features that the embedder needs.
        """
        parts = [self.words(batch.words)]
        if self.characters is not None:
            parts.append(functional.embedding(batch.distinct, self.characters(batch.characters)))
        if self.bigrams is not None:
            if batch.bigrams is None:
                raise ValueError("The embedder needs a batch with bigrams. Got one without.")
            parts.append(self.bigrams(batch.bigrams))
        if self.shapes is not None:
            parts.append(self.shapes(functional.embedding(batch.distinct, batch.shapes[:, None]).squeeze(2)))
        if self.columns:
            if batch.values is None or batch.values.shape[2] != len(self.columns):
                given = "none" if batch.values is None else str(batch.values.shape[2])
                raise ValueError(f"The embedder needs a batch with {len(self.columns)} columns of values. Got {given}.")
            parts += [column(batch.values[:, :, number]) for number, column in enumerate(self.columns)]
        if self.features:
            if batch.features is None or batch.features.shape[2] != self.features:
                given = "none" if batch.features is None else str(batch.features.shape[2])
                raise ValueError(f"The embedder needs a batch with {self.features} features a token. Got {given}.")
            parts.append(batch.features)
        return Sequences(torch.cat(parts, dim=2), batch.lengths, batch.windows)
