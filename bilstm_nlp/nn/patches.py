"""The number of patches of a sequence, for arrays of numpy and tensors of torch. Imports no torch."""

from __future__ import annotations

from typing import Any, TypeVar

A = TypeVar("A", bound=Any)


def patch_counts(lengths: A, length: int, stride: int) -> A:
    """(N,) steps of sequences → (N,) patches of `length` steps that begin `stride` steps apart.

    A sequence that is shorter than a patch has one.

    >>> import numpy as np
    >>> patch_counts(np.array([3, 4, 5, 10]), length=4, stride=2).tolist()
    [1, 1, 2, 4]
    """
    counts: A = ((lengths - length).clip(min=0) + stride - 1) // stride + 1
    return counts
