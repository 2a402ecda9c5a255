"""What a model is fed: tensors whose shapes are checked when the batch is made."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class SentenceWindows:
    """How B sentences of at most T tokens are read in W windows of at most V tokens and boundaries."""

    cells: Tensor
    """(W, V) int64: token t of sentence b as b · T + t, between two sentences B · T; 0 at padding."""
    lengths: Tensor
    """(W,) int64: tokens and boundaries in each window."""
    places: Tensor
    """(B, T) int64: where a token is read, column v of window w as w · V + v; 0 at padding."""

    def to(self, device: torch.device) -> SentenceWindows:
        """The same windows on `device`."""
        return SentenceWindows(self.cells.to(device), self.lengths.to(device), self.places.to(device))


@dataclass(frozen=True)
class TokenBatch:
    """B sentences of at most T tokens, which have U distinct word forms of at most C characters.

    Whatever depends on a word's spelling alone is computed once for each distinct form and then looked up.
    """

    words: Tensor
    """(B, T) int64: rows of the word table; 0 at padding."""
    distinct: Tensor
    """(B, T) int64: which of the U distinct forms the token is; 0 at padding."""
    characters: Tensor
    """(U, C) int64: characters of each distinct form; 0 at padding."""
    shapes: Tensor
    """(U,) int64: shape of each distinct form."""
    lengths: Tensor
    """(B,) int64: tokens in each sentence, at least 1."""
    mask: Tensor
    """(B, T) bool: True at tokens, False at padding."""
    bigrams: Tensor | None = None
    """(B, T) int64: rows of the table of pairs, each token with the one after it; 0 at padding. None without one."""
    features: Tensor | None = None
    """(B, T, F) float32: what the lexicon and the document say of each token; 0 at padding. None where neither is
    asked."""
    tags: Tensor | None = None
    """(B, T) int64: gold tags, where they are known; 0 at padding."""
    windows: SentenceWindows | None = None
    """How the sentences are read together; None where each is read by itself."""

    def __post_init__(self) -> None:
        if self.words.dim() != 2:
            raise ValueError(f"TokenBatch.words must be (B, T), got {tuple(self.words.shape)}")
        if self.characters.dim() != 2:
            raise ValueError(f"TokenBatch.characters must be (U, C), got {tuple(self.characters.shape)}")
        b, t = self.words.shape
        u = self.characters.shape[0]
        expected = {"distinct": (b, t), "mask": (b, t), "lengths": (b,), "shapes": (u,)}
        expected |= {"bigrams": (b, t), "tags": (b, t)}
        for name, shape in expected.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"TokenBatch.{name} must be {shape}, got {tuple(value.shape)}")
        if self.features is not None and (self.features.dim() != 3 or self.features.shape[:2] != (b, t)):
            raise ValueError(f"TokenBatch.features must be ({b}, {t}, F), got {tuple(self.features.shape)}")
        if self.windows is not None and self.windows.places.shape != (b, t):
            raise ValueError(f"TokenBatch.windows.places must be ({b}, {t}), got {tuple(self.windows.places.shape)}")
        if self.mask.dtype != torch.bool:
            raise ValueError(f"TokenBatch.mask must be bool, got {self.mask.dtype}")

    def __str__(self) -> str:
        """How large it is."""
        return f"{len(self)} sentences of up to {self.words.shape[1]} tokens"

    def __len__(self) -> int:
        """Sentences."""
        return self.words.shape[0]

    def to(self, device: torch.device) -> TokenBatch:
        """The same batch on `device`."""
        moved = {f.name: value.to(device) for f in fields(self) if (value := getattr(self, f.name)) is not None}
        return replace(self, **moved)


@dataclass(frozen=True)
class WindowBatch:
    """B windows of L past steps by F columns, of which the first C are forecast over H steps ahead.

    The targets' past is normalised window by window; `scale` and `level` give values back: normalised · scale + level.
    """

    past: Tensor
    """(B, L, F) float32: first the C targets, normalised, then what else is observed or known."""
    level: Tensor
    """(B, 1, C) float32"""
    scale: Tensor
    """(B, 1, C) float32, above 0"""
    known: Tensor
    """(B, H, K) float32: what is known of the horizon ahead; K may be 0."""
    future: Tensor | None = None
    """(B, H, C) float32: the targets ahead, where they are known; not normalised."""

    def __post_init__(self) -> None:
        if self.past.dim() != 3 or self.level.dim() != 3 or self.known.dim() != 3:
            shapes = ", ".join(str(tuple(value.shape)) for value in (self.past, self.level, self.known))
            raise ValueError(f"WindowBatch.past, level and known must be (B, L, F), (B, 1, C), (B, H, K), got {shapes}")
        b, (c, h) = self.past.shape[0], (self.level.shape[2], self.known.shape[1])
        expected = {"level": (b, 1, c), "scale": (b, 1, c), "known": (b, h, self.known.shape[2]), "future": (b, h, c)}
        for name, shape in expected.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"WindowBatch.{name} must be {shape}, got {tuple(value.shape)}")
        if self.past.shape[2] < c:
            raise ValueError(f"WindowBatch.past must hold the {c} targets, got {self.past.shape[2]} columns")

    def __str__(self) -> str:
        """How large it is."""
        _, rows, columns = self.past.shape
        return f"{len(self)} windows of {rows} rows and {columns} columns"

    def __len__(self) -> int:
        """Windows."""
        return self.past.shape[0]

    def to(self, device: torch.device) -> WindowBatch:
        """The same batch on `device`."""
        moved = {f.name: value.to(device) for f in fields(self) if (value := getattr(self, f.name)) is not None}
        return replace(self, **moved)
