"""`bilstm-nlp audit`: the annotations of a training corpus that are most likely wrong.

Every sentence is tagged by a model that was trained without the sentence and its document (cross-validation). If such a
model is confident and the annotation differs, one of the two is wrong, and a look is worth its time. The idea is that
of CrossWeigh (Wang et al. 2019), which gives such annotations less weight; here they are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from bilstm_nlp.config import load as load_config
from bilstm_nlp.config import shipped
from bilstm_nlp.config.corpora import HeldOut
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.data.text.formats.corpus_parts import hold_out
from bilstm_nlp.errors import ConfigError, WorkerError
from bilstm_nlp.metrics import labels
from bilstm_nlp.metrics.labels import PRF
from bilstm_nlp.reports.sections import Section, Table, number
from bilstm_nlp.runs.load import load_tagger
from bilstm_nlp.studies.engines.base import Engine, Watch, complete, no_progress
from bilstm_nlp.studies.engines.jobs import Job, jobs_of, missing
from bilstm_nlp.studies.engines.local import LocalProcesses
from bilstm_nlp.studies.engines.trial import PlannedRun
from bilstm_nlp.system.files import write_json
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.registry import tagging
from bilstm_nlp.tasks.tagging import errors_page
from bilstm_nlp.tasks.tagging.errors import KINDS, AssessedEntity, WrongEntity, wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.tagging.meaning import meaning_of
from bilstm_nlp.tasks.tagging.words import ENTITIES, Words

TITLE = "Annotations to look at"
"""The title of audit.html."""
CONFIDENCE_LEVELS = (0.99, 0.9, 0.5, 0.0)
"""The columns of the table of counts: disagreements of at least this confidence."""


@dataclass(frozen=True)
class Folds:
    """The trainings of an audit, and the config that asks for them."""

    source: Path
    runs: Sequence[PlannedRun]


@dataclass(frozen=True)
class Audit:
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
        levels = [f"at least {level:g}" if level else "all" for level in CONFIDENCE_LEVELS]
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
        tables = [Table("Disagreements, by how sure the models were", ("", *levels), [*rows, total])]
        if shown:
            tables.append(Table("The most sure", ("line", "how sure", "kind", "annotated", "predicted"), shown))
        return [Section("Audit", [summary, *tables])]


def audit(
    config: str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    folds: int = 5,
    overrides: Sequence[str] = (),
    engine: Engine | None = None,
    watch: Watch = no_progress,
) -> Audit:
    """Train a tagger without each fold of its training corpus, and write audit.html and audit.json into `out`.

        audit("configs/ner/sample.toml").disagreements[0]

    `out` is by default runs/audit-CONFIG's name. Finished trainings in it are not repeated. The other parameters are
    those of `compare`.
    Raises `InputError` for configs, data and directories that can't be used. Raises `WorkerError` if a training fails;
    the same call then tries the missing trainings again.
    """
    path = Path(config)
    folder = default_out(path) if out is None else Path(out)
    task = tagging(load_config(path, overrides), str(path))
    _check_nothing_held_out(task.config, path)
    corpus = task.loader.load().train
    hold_out(corpus, 1, folds)  # raises an error for fewer sentences than folds, before any training
    jobs = jobs_of(Folds(path, list(_runs(task.config, folds))), folder)
    complete(jobs, engine or LocalProcesses(), watch)
    failed = missing(jobs)
    if failed:
        raise WorkerError(
            f"{len(failed)} of {folds} folds failed, the same command tries them again; "
            f"{failed[0].folder}: {failed[0].error()}"
        )
    result = _conclude(corpus, jobs)
    write_json(folder / "audit.json", result.as_json())
    facts = errors_page.facts(result.score.f1, result.score.support, len(corpus.sentences), result.words)
    errors_page.write(
        folder / "audit.html", corpus.source, result.disagreements, TITLE, words=result.words, facts=facts
    )
    return result


def default_out(config: Path) -> Path:
    """Return the folder of a config's folds and reports if no other is given."""
    return shipped.default_out(config, "audit-")


def _check_nothing_held_out(config: TaggingConfig, path: Path) -> None:
    """Raise `ConfigError` if the config holds out a fold itself."""
    if config.data.held_out is not None:
        raise ConfigError(str(path), ["data.held_out: expected none, since an audit holds out each fold itself"])


def _runs(config: TaggingConfig, folds: int) -> Iterator[PlannedRun]:
    """Yield a training without each fold."""
    for fold in range(1, folds + 1):
        data = config.data.model_copy(update={"held_out": HeldOut(fold=fold, folds=folds)})
        without_fold = config.model_copy(update={"data": data})
        yield PlannedRun(f"fold {fold}", config.seed, config.data.fraction, without_fold)


def _conclude(corpus: TaggedCorpus, jobs: Sequence[Job]) -> Audit:
    """Tag each fold with the model that was trained without it, and collect the disagreements."""
    correct = predicted = support = 0
    disagreements: list[WrongEntity] = []
    words = ENTITIES
    for fold, job in enumerate(jobs, 1):
        tagger = load_tagger(job.folder)
        held_out = hold_out(corpus, fold, len(jobs))[1]
        evaluation = Evaluation(tagger.decoder, held_out)
        words = meaning_of(tagger.codec).words
        disagreements += wrong_entities(evaluation)
        counts = labels.micro_f1(evaluation.gold, evaluation.predicted)
        correct += counts.true_positives
        predicted += counts.predicted
        support += counts.support
    score = PRF.from_counts(true_positives=correct, predicted=predicted, support=support)
    disagreements.sort(key=lambda wrong: (-wrong.confidence, wrong.line))
    return Audit(corpus, len(jobs), score, disagreements, words)


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
