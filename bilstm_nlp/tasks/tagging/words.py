"""The words for a tagger's predictions in reports: entities, segments or labels. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass

from bilstm_nlp.tags import Scheme


@dataclass(frozen=True)
class Words:
    """The words of reports."""

    one: str
    many: str
    kind: str
    """What tells two predictions of the same tokens apart: a type or a label."""
    score: str
    """The headline."""
    of: str
    """What has this type or label."""
    outside: bool
    """There are tokens without a prediction."""

    def mistake(self, kind: str) -> str:
        """Name a kind of mistake.

        >>> LABELS.mistake("wrong type"), ENTITIES.mistake("wrong type")
        ('wrong label', 'wrong type')
        """
        return f"wrong {self.kind}" if kind == "wrong type" else kind


ENTITIES = Words("entity", "entities", "type", "F1", "entities", outside=True)
LABELS = Words("label", "labels", "label", "accuracy", "tokens", outside=False)


def words_of(scheme: Scheme) -> Words:
    """Return the words for tags of files in a scheme."""
    return LABELS if scheme == "plain" else ENTITIES
