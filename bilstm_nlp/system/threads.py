"""Threads that share work whose results keep their order. No torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_threads(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Yield `function` of each item, in the order of the items, which `threads` threads compute.

    This thread takes the next items meanwhile: at most two items more than there are threads are under way. If an item
    can't be taken, the error is raised after the results of the items before it; an error of `function` in its turn.

    >>> list(in_threads(str.upper, "abc", 2))
    ['A', 'B', 'C']
    """
    results: deque[Future[R]] = deque()
    left, error = iter(items), None
    pool = ThreadPoolExecutor(threads)
    try:
        while error is None:
            try:
                results.append(pool.submit(function, next(left)))
            except StopIteration:
                break
            except Exception as raised:
                error = raised
            if len(results) > threads + 1:
                yield results.popleft().result()
        while results:
            yield results.popleft().result()
        if error is not None:
            raise error
    finally:
        pool.shutdown(cancel_futures=True)
