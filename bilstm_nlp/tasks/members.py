"""A trained run among several that are combined, as the tasks see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bilstm_nlp.config import Config
from bilstm_nlp.tasks.base import Predictor


@dataclass(frozen=True)
class Member:
    """A trained run that is combined with others."""

    name: str
    """Its path, for messages."""
    config: Config
    predictor: Predictor
    digest_at_training: Callable[[str], str | None]
    """Source of data → the digest of what was trained on; `None` if it was not recorded."""
    digest: Callable[[str], str | None]
    """Source of data → the digest of its present content; `None` if there is no such file."""
