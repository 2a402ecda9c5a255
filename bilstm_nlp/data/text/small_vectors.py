"""Vectors in 8 bits: whole numbers from -127 to 127, times a power of two for each vector.

Such vectors are exact in half precision, so a model reads them like all others. Only their file is half as large.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.system.arrays import expect_array

LARGEST = 127
SMALLEST_EXPONENT = -24
"""Of the smallest positive number in half precision."""

ROWS = 1024
"""Vectors that are looked up together: their places in the table stay in the processor's cache."""


def rounded(vectors: NDArray[np.float32]) -> NDArray[np.float16]:
    """Round (E, D) vectors to 8 bits, each by the smallest power of two that holds its largest number.

    >>> rounded(np.array([[1.0, -0.503]], np.float32)).tolist()
    [[1.0, -0.5]]
    """
    exponents = _exponents(vectors)
    numbers = np.rint(np.ldexp(vectors, -exponents)).clip(-LARGEST, LARGEST)
    near: NDArray[np.float16] = np.ldexp(numbers, exponents).astype(np.float16)
    return near


def arrays_of(vectors: NDArray[np.float16]) -> dict[str, AnyArray]:
    """Return the arrays to save (E, D) vectors as: `frozen` in 8 bits with `exponents`, if that is exact.

    Other vectors stay in half precision.

    >>> {name: array.dtype.name for name, array in arrays_of(rounded(np.ones((2, 3), np.float32))).items()}
    {'frozen': 'int8', 'exponents': 'int8'}
    >>> {name: array.dtype.name for name, array in arrays_of(np.full((2, 3), 1 / 3, np.float16)).items()}
    {'frozen': 'float16'}
    """
    if not len(vectors):
        return {"frozen": vectors}
    exponents = _exponents(vectors)
    numbers = np.ldexp(vectors.astype(np.float32), -exponents)
    small = numbers.astype(np.int8)
    if not np.array_equal(small, numbers):
        return {"frozen": vectors}
    return {"frozen": small, "exponents": exponents[:, 0].astype(np.int8)}


def vectors_of(arrays: Mapping[str, AnyArray], count: int) -> NDArray[np.float16]:
    """Return (count, D) vectors from the arrays that `arrays_of` gave. Raises `ValueError` for other arrays."""
    if "frozen" not in arrays or arrays["frozen"].dtype != np.int8:
        return expect_array(arrays, "frozen", np.float16, count, None)
    small = expect_array(arrays, "frozen", np.int8, count, None)
    exponents = expect_array(arrays, "exponents", np.int8, count)
    if exponents.size and not SMALLEST_EXPONENT <= exponents.min() <= exponents.max() < 16:
        raise ValueError(f"expected 'exponents' from {SMALLEST_EXPONENT} to 15, found others")
    return _in_half_precision(small, exponents)


def _in_half_precision(numbers: NDArray[np.int8], exponents: NDArray[np.int8]) -> NDArray[np.float16]:
    """Return (E, D) numbers, each times two to the exponent of its row.

    All results are looked up in a table, which takes a third of the time of multiplying and rounding each.
    """
    first, last = int(exponents.min(initial=0)), int(exponents.max(initial=0))
    powers = np.ldexp(np.float32(1), np.arange(first, last + 1, dtype=np.int32))
    # (exponents, 256): the number n is in column n + 128. Large numbers that no vector has may be infinite.
    with np.errstate(over="ignore"):
        table = (powers[:, None] * np.arange(-128, 128, dtype=np.float32)).astype(np.float16).ravel()
    starts = (exponents.astype(np.int32) - first)[:, None] * 256 + 128
    vectors = np.empty(numbers.shape, np.float16)
    for row in range(0, len(numbers), ROWS):
        part = slice(row, row + ROWS)
        # With another mode, numpy writes to a copy of `out`.
        np.take(table, numbers[part] + starts[part], out=vectors[part], mode="clip")
    return vectors


def _exponents(vectors: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return (E, 1) the smallest exponents by which no number of a vector is larger than `LARGEST`."""
    largest = np.abs(vectors.astype(np.float32)).max(axis=1, initial=0, keepdims=True)
    _, exponents = np.frexp(largest / LARGEST)  # largest / LARGEST <= 2 ** exponents
    exact = np.ldexp(np.float32(LARGEST), exponents - 1) >= largest
    smallest: NDArray[np.int32] = np.maximum(exponents - exact, SMALLEST_EXPONENT).astype(np.int32)
    return smallest
