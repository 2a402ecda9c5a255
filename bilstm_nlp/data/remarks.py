"""Remarks on what a reader has changed or left out, with their lines, to be counted and shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bilstm_nlp.errors import in_line, listed

logger = logging.getLogger(__name__)

SHOWN = 3
"""Remarks of a kind that a warning lists."""


@dataclass(frozen=True)
class Remark:
    """A change that a reader made to a line, or a line that it left out."""

    source: str
    line: int | None
    kind: str
    """The subject of remarks of this kind, in the plural."""
    message: str


Note = Callable[[Remark], None]
"""Called with each remark."""


def ignore(remark: Remark) -> None:
    """Leave a remark out, for a caller that reads the file again."""


def warn(remarks: Iterable[Remark]) -> None:
    """Log a warning for each kind of remark in each source, with its number and its first lines."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for remark in remarks:
        text = remark.message if remark.line is None else f"line {remark.line}: {remark.message}"
        kinds.setdefault((remark.source, remark.kind), []).append(in_line(text))
    for (source, kind), texts in kinds.items():
        logger.warning("%s: %s: %s (%s)", source, kind, f"{len(texts):,}", listed(texts, "; ", SHOWN))
