"""Batches for each kind of model, with shapes that are checked when a batch is made.

A batch is generic over its kind of array: `data` makes batches of numpy arrays, and `nn.tensors.on` makes tensors of
them where a model is called. This module imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

AnyArray: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = NDArray[np.floating[Any]]
"""Of any precision: windows are float32, scales float64."""
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


class Array(Protocol):
    """An array of numpy or a tensor of torch."""

    @property
    def ndim(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...


A = TypeVar("A", bound=Array)
OtherA = TypeVar("OtherA", bound=Array)


@dataclass(frozen=True)
class SentenceWindows(Generic[A]):
    """B sentences of at most T tokens, laid out in W windows of at most V columns.

    A column holds a token, or the boundary between two sentences of the window.
    """

    tokens: A
    """(W, V) int64: the token of each cell, token t of sentence b as b · T + t, a boundary as B · T; 0 at padding."""
    lengths: A
    """(W,) int64: columns in use in each window."""
    cells: A
    """(B, T) int64: the cell of each token, column v of window w as w · V + v; 0 at padding."""

    def mapped(self, convert: Callable[[A], OtherA]) -> SentenceWindows[OtherA]:
        """Convert every array."""
        return SentenceWindows(convert(self.tokens), convert(self.lengths), convert(self.cells))


@dataclass(frozen=True)
class TokenBatch(Generic[A]):
    """B sentences of at most T tokens, with U distinct word forms of at most C characters.

    A form's spelling is encoded once and then looked up for each of its tokens.
    Raises `ValueError` for arrays whose shapes do not fit together.

    >>> import numpy as np
    >>> ids, mask = np.array([[2, 3]]), np.array([[True, True]])
    >>> batch = TokenBatch(ids, ids - 2, np.array([[5], [6]]), np.array([2, 2]), np.array([2]), mask)
    >>> print(batch)
    1 sentences of up to 2 tokens
    """

    words: A
    """(B, T) int64: rows of the word table; 0 at padding."""
    distinct: A
    """(B, T) int64: the token's form, one of U; 0 at padding."""
    characters: A
    """(U, C) int64: characters of each distinct form; 0 at padding."""
    shapes: A
    """(U,) int64: shape of each distinct form."""
    lengths: A
    """(B,) int64: tokens in each sentence, at least 1."""
    mask: A
    """(B, T) bool: True at tokens, False at padding."""
    bigrams: A | None = None
    """(B, T) int64: rows of the table of pairs, each token with the next; 0 at padding. None without such a table."""
    features: A | None = None
    """(B, T, F) float32: features from lexicons, documents and columns of numbers; 0 at padding. None without."""
    values: A | None = None
    """(B, T, C) int64: rows in the tables of C columns of values; 0 at padding. None without such columns."""
    tags: A | None = None
    """(B, T) int64: gold tags; 0 at padding. None if they are unknown."""
    classes: A | None = None
    """(B, K) float32: 1 for each class of a sentence, 0 for all others. None if they are unknown or not asked for."""
    windows: SentenceWindows[A] | None = None
    """The layout of sentences that are read together; None if each is read by itself."""

    def __post_init__(self) -> None:
        if self.words.ndim != 2:
            raise ValueError(f"TokenBatch.words must be (B, T), got {tuple(self.words.shape)}")
        if self.characters.ndim != 2:
            raise ValueError(f"TokenBatch.characters must be (U, C), got {tuple(self.characters.shape)}")
        b, t = self.words.shape
        u = self.characters.shape[0]
        expected = {"distinct": (b, t), "mask": (b, t), "lengths": (b,), "shapes": (u,)}
        expected |= {"bigrams": (b, t), "tags": (b, t)}
        _check_shapes(self, expected)
        if self.features is not None and (self.features.ndim != 3 or tuple(self.features.shape[:2]) != (b, t)):
            raise ValueError(f"TokenBatch.features must be ({b}, {t}, F), got {tuple(self.features.shape)}")
        if self.values is not None and (self.values.ndim != 3 or tuple(self.values.shape[:2]) != (b, t)):
            raise ValueError(f"TokenBatch.values must be ({b}, {t}, C), got {tuple(self.values.shape)}")
        if self.classes is not None and (self.classes.ndim != 2 or self.classes.shape[0] != b):
            raise ValueError(f"TokenBatch.classes must be ({b}, K), got {tuple(self.classes.shape)}")
        if self.windows is not None and tuple(self.windows.cells.shape) != (b, t):
            raise ValueError(f"TokenBatch.windows.cells must be ({b}, {t}), got {tuple(self.windows.cells.shape)}")
        if not _is_bool(self.mask):
            raise ValueError(f"TokenBatch.mask must be bool, got {self.mask.dtype}")

    def __str__(self) -> str:
        """Name the batch by its size, for messages."""
        return f"{len(self)} sentences of up to {self.words.shape[1]} tokens"

    def __len__(self) -> int:
        """Count the sentences."""
        return self.words.shape[0]

    def mapped(self, convert: Callable[[A], OtherA]) -> TokenBatch[OtherA]:
        """Convert every array."""
        return TokenBatch(
            words=convert(self.words),
            distinct=convert(self.distinct),
            characters=convert(self.characters),
            shapes=convert(self.shapes),
            lengths=convert(self.lengths),
            mask=convert(self.mask),
            bigrams=None if self.bigrams is None else convert(self.bigrams),
            features=None if self.features is None else convert(self.features),
            values=None if self.values is None else convert(self.values),
            tags=None if self.tags is None else convert(self.tags),
            classes=None if self.classes is None else convert(self.classes),
            windows=None if self.windows is None else self.windows.mapped(convert),
        )


@dataclass(frozen=True)
class WindowBatch(Generic[A]):
    """B windows of L past steps by F columns; the first C columns are forecast over H steps ahead.

    The targets' past is normalised window by window. Values come back as normalised · scale + level.
    Raises `ValueError` for arrays whose shapes do not fit together.

    >>> import numpy as np
    >>> one = np.ones((8, 1, 2), np.float32)
    >>> batch = WindowBatch(np.zeros((8, 24, 3), np.float32), 0 * one, one, np.zeros((8, 6, 1), np.float32))
    >>> print(batch)
    8 windows of 24 rows and 3 columns
    """

    past: A
    """(B, L, F) float32: the C targets, normalised, then the observed and known columns."""
    level: A
    """(B, 1, C) float32, or (B, H, C) if it differs from step to step."""
    scale: A
    """(B, 1, C) float32, above 0"""
    known: A
    """(B, H, K) float32: columns known over the horizon; K may be 0."""
    future: A | None = None
    """(B, H, C) float32: the targets over the horizon, not normalised; NaN where a value is missing. None if all are
    unknown."""
    facts: A | None = None
    """(B, C, P) float32: facts of each target's window, the same at every step. None if there are none."""
    past_codes: A | None = None
    """(B, L, J) int64: categories over the past, 0 for an unknown one. None if there are none."""
    known_codes: A | None = None
    """(B, H, J) int64: the same categories over the horizon."""
    static_codes: A | None = None
    """(B, C, G) int64: categories of each target's series, 0 for an unknown one. None if there are none."""

    def __post_init__(self) -> None:
        if self.past.ndim != 3 or self.level.ndim != 3 or self.known.ndim != 3:
            shapes = ", ".join(str(tuple(value.shape)) for value in (self.past, self.level, self.known))
            raise ValueError(f"WindowBatch.past, level and known must be (B, L, F), (B, 1, C), (B, H, K), got {shapes}")
        b, (c, h) = self.past.shape[0], (self.level.shape[2], self.known.shape[1])
        steps = h if self.level.shape[1] == h else 1
        expected = {
            "level": (b, steps, c),
            "scale": (b, 1, c),
            "known": (b, h, self.known.shape[2]),
            "future": (b, h, c),
            "facts": (b, c, _last(self.facts)),
            "past_codes": (b, self.past.shape[1], _last(self.past_codes)),
            "known_codes": (b, h, _last(self.known_codes)),
            "static_codes": (b, c, _last(self.static_codes)),
        }
        _check_shapes(self, expected)
        if self.past.shape[2] < c:
            raise ValueError(f"WindowBatch.past must hold the {c} targets, got {self.past.shape[2]} columns")

    def __str__(self) -> str:
        """Name the batch by its size, for messages."""
        _, rows, columns = self.past.shape
        return f"{len(self)} windows of {rows} rows and {columns} columns"

    def __len__(self) -> int:
        """Count the windows."""
        return self.past.shape[0]

    def mapped(self, convert: Callable[[A], OtherA]) -> WindowBatch[OtherA]:
        """Convert every array."""
        return WindowBatch(
            past=convert(self.past),
            level=convert(self.level),
            scale=convert(self.scale),
            known=convert(self.known),
            future=None if self.future is None else convert(self.future),
            facts=None if self.facts is None else convert(self.facts),
            past_codes=None if self.past_codes is None else convert(self.past_codes),
            known_codes=None if self.known_codes is None else convert(self.known_codes),
            static_codes=None if self.static_codes is None else convert(self.static_codes),
        )


@dataclass(frozen=True)
class SequenceBatch(Generic[A]):
    """B sequences of at most T steps of F numbers, as of sensors.

    Raises `ValueError` for arrays whose shapes do not fit together.

    >>> import numpy as np
    >>> print(SequenceBatch(np.zeros((2, 5, 3), np.float32), np.array([5, 4]), np.ones((2, 5), bool)))
    2 sequences of up to 5 steps
    """

    values: A
    """(B, T, F) float32, scaled; 0 at padding."""
    lengths: A
    """(B,) int64: steps in each sequence, at least 1."""
    mask: A
    """(B, T) bool: True at steps, False at padding."""
    tags: A | None = None
    """(B, T) int64: gold labels of the steps; 0 at padding. None if they are unknown."""
    classes: A | None = None
    """(B, K) float32: 1 for each class of a sequence, 0 for all others. None if they are unknown or not asked for."""

    def __post_init__(self) -> None:
        if self.values.ndim != 3:
            raise ValueError(f"SequenceBatch.values must be (B, T, F), got {tuple(self.values.shape)}")
        b, t = self.values.shape[:2]
        _check_shapes(self, {"lengths": (b,), "mask": (b, t), "tags": (b, t)})
        if self.classes is not None and (self.classes.ndim != 2 or self.classes.shape[0] != b):
            raise ValueError(f"SequenceBatch.classes must be ({b}, K), got {tuple(self.classes.shape)}")
        if not _is_bool(self.mask):
            raise ValueError(f"SequenceBatch.mask must be bool, got {self.mask.dtype}")

    def __str__(self) -> str:
        """Name the batch by its size, for messages."""
        return f"{len(self)} sequences of up to {self.values.shape[1]} steps"

    def __len__(self) -> int:
        """Count the sequences."""
        return self.values.shape[0]

    def mapped(self, convert: Callable[[A], OtherA]) -> SequenceBatch[OtherA]:
        """Convert every array."""
        return SequenceBatch(
            values=convert(self.values),
            lengths=convert(self.lengths),
            mask=convert(self.mask),
            tags=None if self.tags is None else convert(self.tags),
            classes=None if self.classes is None else convert(self.classes),
        )


def _last(array: A | None) -> int:
    """Return the size of an array's last dimension; 0 without an array."""
    return 0 if array is None else array.shape[-1]


def _is_bool(array: Array) -> bool:
    """Tell whether an array holds booleans. The name of a type takes longer than comparing types."""
    return array.dtype == np.bool_ or str(array.dtype) == "torch.bool"


def _check_shapes(
    batch: TokenBatch[A] | WindowBatch[A] | SequenceBatch[A], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Raises `ValueError` for an array of another shape than expected; absent arrays are fine."""
    for name, shape in expected.items():
        value = getattr(batch, name)
        if value is not None and tuple(value.shape) != shape:
            raise ValueError(f"{type(batch).__name__}.{name} must be {shape}, got {tuple(value.shape)}")
