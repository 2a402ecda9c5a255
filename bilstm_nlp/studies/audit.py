"""`bilstm-nlp audit`: which annotations of a training corpus are most likely wrong.

Every sentence is tagged by a model that has seen neither it nor its document (cross-validation). Where such a model is
sure, and the annotation says something else, one of the two is wrong, and a look at it is well spent (after CrossWeigh,
Wang et al. 2019, which weighs such annotations down in place of showing them).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilstm_nlp.config import load as load_config
from bilstm_nlp.config import shipped
from bilstm_nlp.config.tagging import HeldOut, TaggingConfig
from bilstm_nlp.data.text.corpus import TaggedCorpus, split
from bilstm_nlp.errors import ConfigError, WorkerError
from bilstm_nlp.metrics import labels
from bilstm_nlp.metrics.labels import PRF
from bilstm_nlp.reports.sections import Section, Table, number
from bilstm_nlp.runs.load import load_tagger
from bilstm_nlp.studies.compare.compare import Watch, unwatched
from bilstm_nlp.studies.engines.base import Engine
from bilstm_nlp.studies.engines.jobs import Job, jobs_of, missing
from bilstm_nlp.studies.engines.local import LocalProcesses
from bilstm_nlp.studies.engines.trial import PlannedRun
from bilstm_nlp.system.files import write_json
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.registry import tagging
from bilstm_nlp.tasks.tagging import errors_page
from bilstm_nlp.tasks.tagging.errors import KINDS, AssessedEntity, WrongEntity, wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation

TITLE = "Annotations to look at"
"""Of the page."""
SURE = (0.99, 0.9, 0.5, 0.0)
"""How sure the models were: what the table of counts has a row for."""


@dataclass(frozen=True)
class Folds:
    """The trainings of an audit, and the config that asks for them."""

    source: Path
    runs: Sequence[PlannedRun]


@dataclass(frozen=True)
class Audit:
    """What cross-validation says of the annotations of a corpus."""

    corpus: TaggedCorpus
    folds: int
    score: PRF
    """Of all folds together: each sentence as a model tags it that has not seen it."""
    disagreements: Sequence[WrongEntity]
    """Most sure first."""

    def as_json(self) -> dict[str, Any]:
        """All of it, as written to audit.json."""
        return {
            "corpus": self.corpus.source,
            "folds": self.folds,
            "sentences": len(self.corpus.sentences),
            "entities": self.score.support,
            "precision": self.score.precision,
            "recall": self.score.recall,
            "f1": self.score.f1,
            "disagreements": [as_json(one) for one in self.disagreements],
        }

    def sections(self, most: int) -> list[Section]:
        """For people: how many there are, and the first of them."""
        counts = Counter((one.kind, level) for one in self.disagreements for level in SURE if one.confidence >= level)
        levels = [f"at least {level:g}" if level else "all" for level in SURE]
        rows = [(kind, *(f"{counts[kind, level]:,}" for level in SURE)) for kind in KINDS]
        total = ["all", *(f"{sum(counts[kind, level] for kind in KINDS):,}" for level in SURE)]
        summary = (
            f"{self.corpus.source}: {self.score.support:,} annotated entities in {len(self.corpus.sentences):,} "
            f"sentences; models that had not seen them found them with F1 {number(self.score.f1)}."
        )
        shown = [
            (str(one.line), f"{one.confidence:.4f}", one.kind, entity(one, one.gold), entity(one, one.predicted))
            for one in self.disagreements[:most]
        ]
        tables = [Table("Disagreements, by how sure the models were", ("", *levels), [*rows, total])]
        if shown:
            tables.append(Table("The most sure", ("line", "how sure", "kind", "annotated", "predicted"), shown))
        return [Section("Audit", [summary, *tables])]


def audit(
    config: str | Path,
    out: str | Path | None = None,
    *,
    folds: int = 5,
    overrides: Sequence[str] = (),
    engine: Engine | None = None,
    watch: Watch = unwatched,
) -> Audit:
    """Train a tagger for each fold of its training corpus on all others, as the config says, and write audit.html and
    audit.json, with all disagreements, into `out`, by default runs/audit-CONFIG's name.

    What is there already is not made anew. `watch` is as in `compare`. Raises `InputError` for configs, data and
    directories that can't be used, and `WorkerError` where a training dies: the same call then makes what is missing.
    """
    path = Path(config)
    folder = default_out(path) if out is None else Path(out)
    wanted = audited_config(path, overrides)
    task = tagging(wanted)
    corpus = task.loader.load().train
    split(corpus, 1, folds)  # says at once where there are too few sentences
    jobs = jobs_of(Folds(path, list(runs(wanted, folds))), folder)
    todo = missing(jobs)
    with closing((engine or LocalProcesses()).execute(todo)) as progress:
        for _ in watch(jobs, todo, progress):
            pass
    failed = missing(jobs)
    if failed:
        raise WorkerError(
            f"{len(failed)} of {folds} folds failed, the same command tries them again; "
            f"{failed[0].folder}: {failed[0].error()}"
        )
    found = concluded(corpus, jobs)
    write_json(folder / "audit.json", found.as_json())
    errors_page.write(folder / "audit.html", corpus.source, found.disagreements, TITLE)
    return found


def default_out(config: Path) -> Path:
    """Return where a config's folds and reports go if the user names no directory."""
    return shipped.default_out(config, "audit-")


def audited_config(path: Path, overrides: Sequence[str]) -> TaggingConfig:
    """The config of a tagger whose whole training corpus is looked at. Raises `ConfigError`."""
    config = load_config(path, overrides)
    if not isinstance(config, TaggingConfig):
        raise ConfigError(str(path), [f"task: expected tagging, whose annotations are audited, found {config.task}"])
    if config.data.held_out is not None:
        raise ConfigError(str(path), ["data.held_out: expected none, since an audit holds out each fold itself"])
    return config


def runs(config: TaggingConfig, folds: int) -> Iterator[PlannedRun]:
    """A training without each fold."""
    for fold in range(1, folds + 1):
        data = config.data.model_copy(update={"held_out": HeldOut(fold=fold, folds=folds)})
        without = config.model_copy(update={"data": data})
        yield PlannedRun(f"fold {fold}", config.seed, config.data.fraction, without)


def concluded(corpus: TaggedCorpus, jobs: Sequence[Job]) -> Audit:
    """What the models of all folds say, each of the fold that it was trained without."""
    right = predicted = support = 0
    disagreements: list[WrongEntity] = []
    for fold, job in enumerate(jobs, 1):
        tagger = load_tagger(job.folder)
        held = split(corpus, fold, len(jobs))[1]
        evaluation = Evaluation(tagger.model, tagger.codec, held)
        disagreements += wrong_entities(evaluation)
        counts = labels.micro_f1(evaluation.gold, evaluation.predicted)
        right, predicted, support = (
            right + counts.true_positives,
            predicted + counts.predicted,
            support + counts.support,
        )
    score = PRF.from_counts(true_positives=right, predicted=predicted, support=support)
    return Audit(corpus, len(jobs), score, sorted(disagreements, key=lambda one: (-one.confidence, one.line)))


def as_json(one: WrongEntity) -> dict[str, Any]:
    """A disagreement as plain data."""
    return {
        "line": one.line,
        "kind": one.kind,
        "confidence": one.confidence,
        "tokens": list(one.sentence.tokens),
        "annotated": side(one, one.gold),
        "predicted": side(one, one.predicted),
    }


def side(one: WrongEntity, assessed: AssessedEntity | None) -> dict[str, Any] | None:
    if assessed is None:
        return None
    return {
        "type": assessed.span.type,
        "start": assessed.span.start,
        "end": assessed.span.end,
        "text": text(one, assessed.span),
        "probability": assessed.probability,
        "elsewhere": list(assessed.other_types),
    }


def entity(one: WrongEntity, assessed: AssessedEntity | None) -> str:
    """An entity for people."""
    return "–" if assessed is None else f"{assessed.span.type} {text(one, assessed.span)}"


def text(one: WrongEntity, span: Span) -> str:
    return " ".join(one.sentence.tokens[span.start : span.end])
