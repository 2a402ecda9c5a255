"""Vectors in 8 bits: what is rounded comes back from its arrays exactly, and is near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bilstm_nlp.data.text.small_vectors import arrays_of, rounded, vectors_of

VECTORS = arrays.arrays(
    np.float32, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.floats(-1000, 1000, width=32)
)


@given(VECTORS)
def test_rounded_vectors_come_back_exactly(vectors):
    near = rounded(vectors)
    saved = arrays_of(near)
    assert (saved["frozen"].dtype, saved["exponents"].shape) == (np.int8, (len(vectors),))
    np.testing.assert_array_equal(vectors_of(saved, len(vectors)), near)
    np.testing.assert_array_equal(rounded(near.astype(np.float32)), near)


@given(VECTORS)
def test_rounding_errs_by_half_a_step_of_the_largest_number(vectors):
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    steps = np.maximum(largest / 64, 2.0**-23)  # the largest number takes at least 6 of the 7 bits
    assert (np.abs(rounded(vectors) - vectors) <= steps / 2 + largest * 1e-6).all()


@given(VECTORS)
def test_vectors_in_half_precision_come_back_exactly(vectors):
    half = vectors.astype(np.float16)
    np.testing.assert_array_equal(vectors_of(arrays_of(half), len(half)), half)


def test_every_number_and_exponent_is_a_product():
    exponents = np.arange(-24, 16, dtype=np.int8)
    numbers = np.tile(np.arange(-128, 128, dtype=np.int8), (len(exponents), 1))
    with np.errstate(over="ignore"):
        expected = np.ldexp(numbers.astype(np.float64), exponents[:, None]).astype(np.float16)
    vectors = vectors_of({"frozen": numbers, "exponents": exponents}, len(exponents))
    np.testing.assert_array_equal(vectors.view(np.uint16), expected.view(np.uint16))


def test_no_vectors_stay_none():
    none = np.empty((0, 7), np.float16)
    assert vectors_of(arrays_of(none), 0).shape == (0, 7)


@pytest.mark.parametrize(
    ("exponents", "message"),
    [(np.array([1], np.int8), "'exponents'"), (np.array([0, 99], np.int8), "from -24 to 15")],
)
def test_wrong_arrays_are_refused(exponents, message):
    with pytest.raises(ValueError, match=message):
        vectors_of({"frozen": np.ones((2, 3), np.int8), "exponents": exponents}, 2)
