"""Threads that share work: results keep their order, and errors their place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.system.threads import in_threads


def numbers(count: int, broken: bool) -> Iterator[int]:
    yield from range(count)
    if broken:
        raise KeyError("items")


@given(st.integers(0, 9), st.integers(1, 4), st.none() | st.integers(0, 8), st.booleans())
def test_results_come_in_order_up_to_the_first_error(count, threads, wrong, broken):
    def squared(number: int) -> int:
        if number == wrong:
            raise ValueError("function")
        return number * number

    got: list[int] = []
    expected, error = [number * number for number in range(count)], KeyError if broken else None
    if wrong is not None and wrong < count:
        expected, error = expected[:wrong], ValueError
    if error is None:
        got.extend(in_threads(squared, numbers(count, broken), threads))
    else:
        with pytest.raises(error):
            got.extend(in_threads(squared, numbers(count, broken), threads))
    assert got == expected


@given(st.integers(1, 3))
def test_items_are_not_taken_long_before_their_results(threads):
    taken: list[int] = []

    def watched() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    for results, _ in enumerate(in_threads(abs, watched(), threads), 1):
        assert len(taken) - results <= threads + 2


def test_items_are_computed_at_the_same_time():
    together = threading.Barrier(3)
    assert list(in_threads(lambda _: together.wait(60) >= 0, range(6), 3)) == [True] * 6
