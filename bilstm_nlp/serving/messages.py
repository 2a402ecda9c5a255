"""What workers that share a stream send back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a worker can't meet a request at all."""

    message: str


@dataclass(frozen=True)
class Written:
    """What became of a chunk."""

    first: int
    """The number of its first sentence."""
    output: bytes
    error: str | None
    """Why it ends before the chunk's end, if it does."""
