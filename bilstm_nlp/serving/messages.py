"""The messages of workers that share a stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """The reason why a worker can't meet a request at all."""

    message: str


@dataclass(frozen=True)
class ChunkOutput:
    """The output for a chunk of sentences."""

    first: int
    """The number of the chunk's first sentence."""
    output: bytes
    error: str | None
    """The reason why the output ends before the chunk's end, if it does."""
