"""The classes of a training corpus that are most likely wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from bilstm_nlp.config.classification import (
    ClassificationConfig,
    SeriesClassificationConfig,
    TextClassificationConfig,
)
from bilstm_nlp.config.sequences import SequenceFold
from bilstm_nlp.config.text_classes import TextFold
from bilstm_nlp.errors import DataError, excerpt
from bilstm_nlp.reports.sections import Section, Table, number
from bilstm_nlp.system.files import write_text
from bilstm_nlp.tasks.audit import CONFIDENCE_LEVELS, TITLE, levels_shown
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.classification import errors_page
from bilstm_nlp.tasks.classification.codec import classes_of
from bilstm_nlp.tasks.classification.decoding import names
from bilstm_nlp.tasks.classification.ends import Labelled, Part
from bilstm_nlp.tasks.classification.evaluation import Evaluation
from bilstm_nlp.tasks.classification.inputs import input_end
from bilstm_nlp.tasks.classification.parts import hold_out
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.requirements import check

PAIRS_SHOWN = 20
"""Pairs of classes in the table of counts, at most."""


@dataclass(frozen=True)
class Disagreement:
    """A sequence whose classes a model that had not seen it would change."""

    source: str
    line: int
    shown: str
    annotated: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: float
    """Probability of the predicted class; of several classes, that of the change the model is most sure of."""
    annotated_probability: float
    """Probability of the annotated class; of several, the least."""

    @property
    def pair(self) -> tuple[str, str]:
        """The annotated and the predicted classes, for people."""
        return ", ".join(self.annotated) or "none", ", ".join(self.predicted) or "none"


@dataclass(frozen=True)
class ClassificationAudit:
    """The result of a cross-validation of classes."""

    source: str
    units: str
    folds: int
    total: int
    disagreements: Sequence[Disagreement]
    """The most confident first."""

    @property
    def accuracy(self) -> float:
        """The share of sequences whose classes the models predict."""
        return 1 - len(self.disagreements) / self.total

    def as_json(self) -> dict[str, Any]:
        """Return the content of audit.json."""
        return {
            "source": self.source,
            "folds": self.folds,
            self.units: self.total,
            "accuracy": self.accuracy,
            "disagreements": [
                {
                    "source": wrong.source,
                    "line": wrong.line,
                    "confidence": wrong.confidence,
                    "annotated": list(wrong.annotated),
                    "annotated_probability": wrong.annotated_probability,
                    "predicted": list(wrong.predicted),
                    "shown": wrong.shown,
                }
                for wrong in self.disagreements
            ],
        }

    def sections(self, limit: int) -> list[Section]:
        """Return tables of the number of disagreements, and of the first `limit` of them."""
        rows = []
        for pair, _ in Counter(wrong.pair for wrong in self.disagreements).most_common(PAIRS_SHOWN):
            sure = [wrong.confidence for wrong in self.disagreements if wrong.pair == pair]
            counts = [sum(confidence >= level for confidence in sure) for level in CONFIDENCE_LEVELS]
            rows.append((" → ".join(pair), *(f"{count:,}" for count in counts)))
        each = [sum(wrong.confidence >= level for wrong in self.disagreements) for level in CONFIDENCE_LEVELS]
        rows.append(("all", *(f"{count:,}" for count in each)))
        summary = (
            f"{self.source}: {self.total:,} {self.units}; "
            f"models that had not seen them gave {number(self.accuracy)} of them the annotated class."
        )
        tables = [Table("Disagreements, by how sure the models were", ("annotated → predicted", *levels_shown()), rows)]
        if shown := self.disagreements[:limit]:
            header = ("line", "how sure", "annotated", "predicted", self.units)
            first = [(str(wrong.line), f"{wrong.confidence:.4f}", *wrong.pair, excerpt(wrong.shown)) for wrong in shown]
            tables.append(Table("The most sure", header, first))
        return [Section("Audit", [summary, *tables])]

    def write(self, path: Path) -> None:
        """Write the page of all disagreements."""
        rows = [
            errors_page.Mistake(
                f"{wrong.source}:{wrong.line}", wrong.shown, *wrong.pair, wrong.confidence, wrong.annotated_probability
            )
            for wrong in self.disagreements
        ]
        write_text(path, errors_page.page_of(rows, self.total, self.source, self.units, TITLE))


class ClassificationAuditor:
    """The training part of a classifier in folds. Equal sequences are in one fold."""

    def __init__(self, config: ClassificationConfig, folds: int) -> None:
        """Raises `InputError` for data that can't be used, and for fewer sequences than folds."""
        self.config, self.folds = config, folds
        self.end = input_end(config)
        data = self.end.load()
        check(config, data, classes_of(data.train.examples))
        self.part = data.train
        needed = {name for example in data.dev.examples for name in example.classes}
        for fold in range(1, folds + 1):
            left = {name for example in self._parts(fold)[0].examples for name in example.classes}
            if lost := sorted(needed - left):
                expected = f"two different {self.end.units} or more of each class, so that a fold can be left out"
                raise DataError(data.train.source, expected, f"fewer of {lost[0]}")

    def _parts(self, fold: int) -> tuple[Part[Any], Part[Any]]:
        """Return the sequences without a fold, and the fold. Raises `DataError` for fewer sequences than folds."""
        return hold_out(self.part, fold, self.folds, self.end.key)

    def without_each_fold(self) -> Iterator[ClassificationConfig]:
        """Yield the config of a training without each fold."""
        for fold in range(1, self.folds + 1):
            held_out: TextFold | SequenceFold
            match self.config:
                case TextClassificationConfig():
                    held_out = TextFold(fold=fold, folds=self.folds)
                case SeriesClassificationConfig():
                    held_out = SequenceFold(fold=fold, folds=self.folds)
                case _:
                    assert_never(self.config)
            data = self.config.data.model_copy(update={"held_out": held_out})
            yield self.config.model_copy(update={"data": data})

    def conclude(self, predictors: Iterator[Predictor]) -> ClassificationAudit:
        """Classify each fold with the model that was trained without it, and collect the disagreements."""
        disagreements: list[Disagreement] = []
        for fold, classifier in enumerate(predictors, 1):
            assert isinstance(classifier, Classifier)
            disagreements += self._disagreements(classifier, self._parts(fold)[1])
        disagreements.sort(key=lambda wrong: (-wrong.confidence, wrong.annotated_probability, wrong.source, wrong.line))
        return ClassificationAudit(self.part.source, self.end.units, self.folds, len(self.part.examples), disagreements)

    def _disagreements(self, classifier: Classifier, part: Part[Any]) -> Iterator[Disagreement]:
        """Yield the sequences of a fold with other classes than its model predicts.

        A class that only this fold has is none that the model can predict: its probability is 0.
        """
        evaluation = Evaluation(classifier.network, classifier.codec, classifier.end, part, classifier.threshold)
        values, flags = evaluation.probabilities(), evaluation.predicted
        classes = classifier.codec.classes
        for row, example in enumerate(part.examples):
            predicted = tuple(names(classes, flags[row]))
            if set(predicted) != set(example.classes):
                probability = dict(zip(classes, values[row].tolist(), strict=True))
                yield self._disagreement(example, predicted, probability)

    def _disagreement(
        self, example: Labelled[Any], predicted: tuple[str, ...], probability: dict[str, float]
    ) -> Disagreement:
        """Make the disagreement about a sequence, from the probability of each class that the model knows."""
        likely = {name: probability.get(name, 0.0) for name in example.classes}
        confidence = max(probability.values())
        if self.config.head.kind == "sigmoid":
            added = [probability[name] for name in predicted if name not in likely]
            removed = [1 - likely[name] for name in example.classes if name not in predicted]
            confidence = max([*added, *removed])
        return Disagreement(
            example.source,
            example.line,
            self.end.shown(example.input),
            example.classes,
            predicted,
            confidence,
            min(likely.values(), default=1 - confidence),
        )
