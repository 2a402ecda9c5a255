"""The messages of workers that share a stream."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bilstm_nlp.tasks.request import Combine, Request
from bilstm_nlp.tasks.streaming import Counts


@dataclass(frozen=True)
class Work:
    """The work of each worker."""

    paths: Sequence[Path]
    """The run that predicts, or several that predict as one."""
    combine: Combine
    """The combination of several runs."""
    request: Request
    level: int = logging.WARNING
    """The lowest level of messages that the worker shows."""


@dataclass(frozen=True)
class Refusal:
    """The reason why a worker can't meet a request at all."""

    message: str


@dataclass(frozen=True)
class ChunkOutput:
    """The output for a chunk of a stream."""

    first: int
    """The number of the chunk's first input."""
    output: bytes
    error: str | None
    """The reason why the output ends before the chunk's end, if it does."""
    tally: Counts | None = None
    """The counts of the chunk."""
