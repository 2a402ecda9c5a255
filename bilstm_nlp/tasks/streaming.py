"""The contract between a predictor that works on a stream, chunk by chunk, and the processes that share it.

Knows no torch, so that a process that only reads starts at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from bilstm_nlp.tasks.request import Request


class Chunk(Protocol):
    """Inputs that are worked on together."""

    @property
    def first(self) -> int:
        """The number of the first input in the stream, from 1."""
        ...


class Counts(Protocol):
    """Counts over a part of a stream, which are said at its end."""

    def add(self, other: Any, /) -> None:
        """Add the counts of another part of the stream."""
        ...

    def messages(self) -> Iterator[str]:
        """Yield a sentence for each count that is not 0."""
        ...


class Reading(Protocol):
    """The decisions about a request before anything is read."""

    @property
    def header(self) -> str:
        """The beginning of the output, for every input."""
        ...

    @property
    def footer(self) -> str:
        """The end of the output, for every input."""
        ...

    @property
    def may_be_slow(self) -> bool:
        """Tell whether the next input may have to be waited for."""
        ...

    def chunks(self) -> Iterator[Any]:
        """Yield the stream's inputs in their order.

        Raises `InputError` for a faulty line, after the inputs before it.
        """
        ...


@runtime_checkable
class Streaming(Protocol):
    """A predictor whose input is a stream."""

    def reading(self, request: Request, /) -> Reading:
        """Decide how to read a request's source. Raises `InputError` for a request that can't be met."""
        ...

    def render(self, chunk: Any, request: Request, /) -> Iterator[bytes]:
        """Yield the output for each input of a chunk, in the request's format."""
        ...

    def take_tally(self) -> Counts:
        """Return what was counted since the last call."""
        ...
