"""A tagger's figures on one corpus, as metrics.json has them. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

from bilstm_nlp.metrics.labels import PRF, Confusion
from bilstm_nlp.metrics.plain_labels import Accuracy
from bilstm_nlp.metrics.reliability import Threshold
from bilstm_nlp.system.json_values import as_json
from bilstm_nlp.tasks.temperature import Calibration


class Results(Protocol):
    """All figures of a tagger on a corpus."""

    @property
    def headline(self) -> float | None:
        """The score that sums the figures up: F1 or accuracy."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON values; what is undefined is None."""
        ...


@dataclass(frozen=True)
class ReadingDisagreement:
    """A span that only one of the two readings of broken tag sequences counts."""

    line: int
    """Where its sentence begins."""
    side: Literal["gold", "predicted"]
    reading: Literal["conlleval", "strict"]
    type: str
    text: str


@dataclass(frozen=True)
class EntityCalibration(Calibration):
    """Confidences of predicted entities or labels against how often they are right."""

    thresholds: list[Threshold]
    """The scores if predictions below a confidence are left out."""


@dataclass(frozen=True)
class SegmentResults:
    """The figures of entities and other segments. The fields are the keys of metrics.json, in their order."""

    source: str
    sentences: int
    tokens: int
    precision: float | None
    """As the CoNLL scoring script reads broken tag sequences; so are recall, F1 and the groups."""
    recall: float | None
    f1: float | None
    precision_strict: float | None
    """With the entities that keep to the scheme only."""
    recall_strict: float | None
    f1_strict: float | None
    macro_f1: float | None
    token_accuracy: float | None
    """Of the tags in the scheme of the files, as the CoNLL scoring script counts them."""
    per_type: dict[str, PRF]
    disagreements: list[ReadingDisagreement]
    by_novelty: dict[str, PRF]
    by_length: dict[str, PRF]
    confusion: Confusion
    calibration: EntityCalibration

    @property
    def headline(self) -> float | None:
        """F1."""
        return self.f1

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON values; what is undefined is None."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class LabelResults:
    """The figures of plain labels. The fields are the keys of metrics.json, in their order."""

    source: str
    sentences: int
    tokens: int
    accuracy: float | None
    accuracy_unknown: float | None
    """On words that the training data does not have."""
    macro_f1: float | None
    sentence_accuracy: float | None
    """Share of the sentences without a wrong label."""
    by_word: dict[str, Accuracy]
    """By what the training data has of the word."""
    per_label: dict[str, PRF]
    confusion: Confusion
    calibration: EntityCalibration

    @property
    def headline(self) -> float | None:
        """The accuracy."""
        return self.accuracy

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON values; what is undefined is None."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}
