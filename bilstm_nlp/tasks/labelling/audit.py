"""The labels of training recordings that are most likely wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.config.sequences import SequenceFold
from bilstm_nlp.data.labelled.sequence import SequenceSet
from bilstm_nlp.errors import DataError
from bilstm_nlp.reports.sections import Section, Table, number
from bilstm_nlp.system.files import write_text
from bilstm_nlp.tasks.audit import CONFIDENCE_LEVELS, TITLE, levels_shown
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.labelling import errors_page
from bilstm_nlp.tasks.labelling.data import PartsLoader, fold_of
from bilstm_nlp.tasks.labelling.evaluation import Evaluation
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.labelling.stretches import KINDS, WrongStretch, most_confident_first

PAIRS_SHOWN = 20
"""Pairs of labels in the table of counts, at most."""


@dataclass(frozen=True)
class LabellingAudit:
    """The result of a cross-validation of labels."""

    source: str
    folds: int
    sequences: int
    steps: int
    disagreements: Sequence[WrongStretch]
    """Stretches whose label a model that had not seen the recording would change, the most confident first."""

    @property
    def accuracy(self) -> float:
        """The share of steps whose label the models predict."""
        return 1 - sum(wrong.steps for wrong in self.disagreements) / self.steps

    def as_json(self) -> dict[str, Any]:
        """Return the content of audit.json."""
        return {
            "source": self.source,
            "folds": self.folds,
            "sequences": self.sequences,
            "steps": self.steps,
            "accuracy": self.accuracy,
            "disagreements": [_as_json(wrong) for wrong in self.disagreements],
        }

    def sections(self, limit: int) -> list[Section]:
        """Return tables of the number of disagreements, and of the first `limit` of them."""
        pairs = Counter((wrong.gold, wrong.predicted) for wrong in self.disagreements)
        rows = [
            (f"{gold} → {predicted}", *_at_levels(self.disagreements, gold, predicted))
            for (gold, predicted), _ in pairs.most_common(PAIRS_SHOWN)
        ]
        rows.append(("all", *_at_levels(self.disagreements)))
        summary = (
            f"{self.source}: {self.steps:,} steps of {self.sequences:,} recordings; "
            f"models that had not seen them gave {number(self.accuracy)} of the steps the annotated label."
        )
        header = ("annotated → predicted", *levels_shown())
        tables = [Table("Stretches of steps with another label, by how sure the models were", header, rows)]
        if first := self.disagreements[:limit]:
            header = ("line", "how sure", "annotated", "predicted", "steps", "recording", "kind")
            shown = [
                (
                    *(str(wrong.line), f"{wrong.confidence:.4f}", wrong.gold, wrong.predicted),
                    *(f"{wrong.first} – {wrong.last}", wrong.sequence, KINDS[wrong.kind]),
                )
                for wrong in first
            ]
            tables.append(Table("The most sure", header, shown))
        return [Section("Audit", [summary, *tables])]

    def write(self, path: Path) -> None:
        """Write the page of all disagreements."""
        page = errors_page.page_of(
            self.disagreements, steps=self.steps, sequences=self.sequences, source=self.source, title=TITLE
        )
        write_text(path, page)


class LabellingAuditor:
    """The training recordings of a labeller in folds."""

    def __init__(self, config: LabellingConfig, folds: int) -> None:
        """Raises `InputError` for data that can't be used, and for fewer recordings than folds."""
        self.config, self.folds = config, folds
        self.train = PartsLoader(config.data, config.seed).load().train
        for fold in range(1, folds + 1):
            left = {label for sequence in self._parts(fold)[0].sequences for label in sequence.labels or ()}
            if len(left) < 2:
                expected = f"steps with at least two labels without each of {folds} folds"
                raise DataError(self.train.source, expected, f"{', '.join(left)} alone without fold {fold}")

    def _parts(self, fold: int) -> tuple[SequenceSet, SequenceSet]:
        """Return the recordings without a fold, and the fold. Raises `DataError` for fewer recordings than folds."""
        return fold_of(self.train, fold, self.folds)

    def without_each_fold(self) -> Iterator[LabellingConfig]:
        """Yield the config of a training without each fold."""
        for fold in range(1, self.folds + 1):
            held_out = SequenceFold(fold=fold, folds=self.folds)
            data = self.config.data.model_copy(update={"held_out": held_out})
            yield self.config.model_copy(update={"data": data})

    def conclude(self, predictors: Iterator[Predictor]) -> LabellingAudit:
        """Label each fold with the model that was trained without it, and collect the disagreements."""
        wrong: list[WrongStretch] = []
        for fold, labeller in enumerate(predictors, 1):
            assert isinstance(labeller, Labeller)
            evaluation = Evaluation(labeller.network, labeller.codec, self._parts(fold)[1])
            wrong += errors_page.mistakes(evaluation)
        steps = sum(map(len, self.train.sequences))
        return LabellingAudit(
            self.train.source, self.folds, len(self.train.sequences), steps, most_confident_first(wrong)
        )


def _at_levels(wrong: Sequence[WrongStretch], *pair: str) -> list[str]:
    """Count the stretches of at least each confidence: of a pair of labels, or of all."""
    sure = [each.confidence for each in wrong if not pair or pair == (each.gold, each.predicted)]
    return [f"{sum(confidence >= level for confidence in sure):,}" for level in CONFIDENCE_LEVELS]


def _as_json(wrong: WrongStretch) -> dict[str, Any]:
    """Return a disagreement as audit.json has it."""
    values = asdict(wrong)
    values["annotated"], values["annotated_probability"] = values.pop("gold"), values.pop("likely")
    return values
