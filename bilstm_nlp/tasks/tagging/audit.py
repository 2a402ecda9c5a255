"""The annotations of a tagger's training corpus that are most likely wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilstm_nlp.config.corpora import HeldOut
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.data.text.formats.corpus_parts import hold_out
from bilstm_nlp.metrics import labels
from bilstm_nlp.metrics.labels import PRF
from bilstm_nlp.reports.sections import Section, Table, number
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.audit import CONFIDENCE_LEVELS, TITLE, levels_shown
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.tagging import errors_page
from bilstm_nlp.tasks.tagging.errors import KINDS, AssessedEntity, WrongEntity, wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.tagging.meaning import meaning_of
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.task import TaggingTask
from bilstm_nlp.tasks.tagging.words import ENTITIES, Words


@dataclass(frozen=True)
class TaggingAudit:
    """The result of a cross-validation of annotations."""

    corpus: TaggedCorpus
    folds: int
    score: PRF
    """The scores over all folds together, each sentence tagged by the model that has not seen it."""
    disagreements: Sequence[WrongEntity]
    """The most confident first."""
    words: Words = ENTITIES
    """The words for what is annotated."""

    def as_json(self) -> dict[str, Any]:
        """Return the content of audit.json."""
        return {
            "corpus": self.corpus.source,
            "folds": self.folds,
            "sentences": len(self.corpus.sentences),
            "entities": self.score.support,
            "precision": self.score.precision,
            "recall": self.score.recall,
            "f1": self.score.f1,
            **({} if self.words.outside else {"accuracy": self.score.f1}),
            "disagreements": [_disagreement_json(wrong) for wrong in self.disagreements],
        }

    def sections(self, limit: int) -> list[Section]:
        """Return tables of the number of disagreements, and of the first `limit` of them."""
        counts = Counter(
            (wrong.kind, level)
            for wrong in self.disagreements
            for level in CONFIDENCE_LEVELS
            if wrong.confidence >= level
        )
        rows = [
            (self.words.mistake(kind), *(f"{counts[kind, level]:,}" for level in CONFIDENCE_LEVELS))
            for kind in errors_page.kinds_of(self.words)
        ]
        total = ["all", *(f"{sum(counts[kind, level] for kind in KINDS):,}" for level in CONFIDENCE_LEVELS)]
        annotated = f"{self.score.support:,} annotated {self.words.many}"
        summary = (
            f"{self.corpus.source}: {annotated} in {len(self.corpus.sentences):,} sentences; "
            f"models that had not seen them found them with {self.words.score} {number(self.score.f1)}."
        )
        shown = [
            (
                str(wrong.line),
                f"{wrong.confidence:.4f}",
                self.words.mistake(wrong.kind),
                _entity_text(wrong, wrong.gold),
                _entity_text(wrong, wrong.predicted),
            )
            for wrong in self.disagreements[:limit]
        ]
        tables = [Table("Disagreements, by how sure the models were", ("", *levels_shown()), [*rows, total])]
        if shown:
            tables.append(Table("The most sure", ("line", "how sure", "kind", "annotated", "predicted"), shown))
        return [Section("Audit", [summary, *tables])]

    def write(self, path: Path) -> None:
        """Write the page of all disagreements."""
        facts = errors_page.facts(self.score.f1, self.score.support, len(self.corpus.sentences), self.words)
        errors_page.write(path, self.corpus.source, self.disagreements, TITLE, words=self.words, facts=facts)


class TaggingAuditor:
    """The training corpus of a tagger in folds."""

    def __init__(self, config: TaggingConfig, folds: int) -> None:
        """Raises `DataError` for fewer sentences than folds."""
        self.config, self.folds = config, folds
        self.corpus = TaggingTask(config).loader.load().train
        hold_out(self.corpus, 1, folds)

    def without_each_fold(self) -> Iterator[TaggingConfig]:
        """Yield the config of a training without each fold."""
        for fold in range(1, self.folds + 1):
            data = self.config.data.model_copy(update={"held_out": HeldOut(fold=fold, folds=self.folds)})
            yield self.config.model_copy(update={"data": data})

    def conclude(self, predictors: Iterator[Predictor]) -> TaggingAudit:
        """Tag each fold with the model that was trained without it, and collect the disagreements."""
        correct = predicted = support = 0
        disagreements: list[WrongEntity] = []
        words = ENTITIES
        for fold, tagger in enumerate(predictors, 1):
            assert isinstance(tagger, Tagger)
            evaluation = Evaluation(tagger.decoder, hold_out(self.corpus, fold, self.folds)[1])
            words = meaning_of(tagger.codec).words
            disagreements += wrong_entities(evaluation)
            counts = labels.micro_f1(evaluation.gold, evaluation.predicted)
            correct += counts.true_positives
            predicted += counts.predicted
            support += counts.support
        score = PRF.from_counts(true_positives=correct, predicted=predicted, support=support)
        disagreements.sort(key=lambda wrong: (-wrong.confidence, wrong.line))
        return TaggingAudit(self.corpus, self.folds, score, disagreements, words)


def _disagreement_json(wrong: WrongEntity) -> dict[str, Any]:
    return {
        "line": wrong.line,
        "kind": wrong.kind,
        "confidence": wrong.confidence,
        "tokens": list(wrong.sentence.tokens),
        "annotated": _entity_json(wrong, wrong.gold),
        "predicted": _entity_json(wrong, wrong.predicted),
    }


def _entity_json(wrong: WrongEntity, entity: AssessedEntity | None) -> dict[str, Any] | None:
    if entity is None:
        return None
    return {
        "type": entity.span.type,
        "start": entity.span.start,
        "end": entity.span.end,
        "text": _text(wrong, entity.span),
        "probability": entity.probability,
        "elsewhere": list(entity.other_types),
    }


def _entity_text(wrong: WrongEntity, entity: AssessedEntity | None) -> str:
    """Write an entity with its type, or a dash for none."""
    return "–" if entity is None else f"{entity.span.type} {_text(wrong, entity.span)}"


def _text(wrong: WrongEntity, span: Span) -> str:
    return " ".join(wrong.sentence.tokens[span.start : span.end])
