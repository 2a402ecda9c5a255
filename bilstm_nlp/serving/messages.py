"""The messages of workers that share a stream."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bilstm_nlp.tasks.request import Combine, Request
from bilstm_nlp.tasks.tagging.tally import Tally


@dataclass(frozen=True)
class Work:
    """The work of each worker."""

    paths: Sequence[Path]
    """The run that tags, or several that tag as one."""
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
    """The output for a chunk of sentences."""

    first: int
    """The number of the chunk's first sentence."""
    output: bytes
    error: str | None
    """The reason why the output ends before the chunk's end, if it does."""
    tally: Tally = field(default_factory=Tally)
    """The counts of the chunk."""
