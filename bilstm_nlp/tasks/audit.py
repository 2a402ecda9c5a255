"""The contract between the audit of a training corpus and a task: what is left out, and what models say about it.

To add the audit of a task, write an `Auditor` in its folder and name it in `registry.auditor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from bilstm_nlp.config.reading import Config
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.tasks.base import Predictor

TITLE = "Annotations to look at"
"""The title of the page."""
CONFIDENCE_LEVELS = (0.99, 0.9, 0.5, 0.0)
"""The columns of tables of counts: disagreements of at least this confidence."""


class Audit(Protocol):
    """The annotations that models disagree with, which had not seen them."""

    def as_json(self) -> dict[str, Any]:
        """Return all disagreements, the most confident first."""
        ...

    def sections(self, limit: int) -> list[Section]:
        """Return tables of the number of disagreements, and of the first `limit` of them."""
        ...

    def write(self, path: Path) -> None:
        """Write a page of HTML with all disagreements."""
        ...


class Auditor(Protocol):
    """A training corpus in folds."""

    def without_each_fold(self) -> Iterator[Config]:
        """Yield the config of a training without each fold."""
        ...

    def conclude(self, predictors: Iterator[Predictor]) -> Audit:
        """Predict each fold with the model that was trained without it: the models come in the order of the folds."""
        ...


def levels_shown() -> list[str]:
    """Return the names of the confidence levels, for a table.

    >>> levels_shown()
    ['at least 0.99', 'at least 0.9', 'at least 0.5', 'all']
    """
    return [f"at least {level:g}" if level else "all" for level in CONFIDENCE_LEVELS]
