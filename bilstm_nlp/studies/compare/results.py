"""The answer of a comparison: the figures of all variants, with tests of their differences. No torch, no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from bilstm_nlp.studies.compare import statistics
from bilstm_nlp.studies.compare.disagreements import disagreements
from bilstm_nlp.studies.compare.sentences import words
from bilstm_nlp.studies.compare.setup import Question, Run
from bilstm_nlp.studies.compare.summary import Groups, Variant, mean, paired_seeds, score, variants
from bilstm_nlp.studies.engines.trial import Trial
from bilstm_nlp.system.json_values import Json, as_json
from bilstm_nlp.tasks.comparison import Disagreement


@dataclass(frozen=True)
class Point:
    """A point of a learning curve: the mean over runs with one fraction of the training data."""

    fraction: float
    mean: float | None
    low: float | None
    high: float | None
    runs: int


@dataclass(frozen=True)
class LearningCurve:
    """A variant's scores by fraction of the training data."""

    variant: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Curve:
    """A run's losses and scores by epoch."""

    variant: str
    seed: int
    fraction: float
    losses: Sequence[float]
    scores: Sequence[float]


@dataclass(frozen=True)
class Answer:
    """The content of all reports."""

    question: Question
    variants: Sequence[Variant]
    """The variants at the largest fraction of the training data, the best first."""
    words: Sequence[str]
    """A sentence for each variant, in the same order."""
    learning_curves: Sequence[LearningCurve]
    curves: Sequence[Curve]
    runs: Sequence[Run]
    disagreements: Sequence[Disagreement]
    """The disagreements of one seed, the largest first."""

    def as_json(self) -> dict[str, Json]:
        """Return the content of report.json: the question's fields, then these. NaN and infinities become `null`."""
        report = {field.name: as_json(getattr(self, field.name)) for field in fields(self)}
        question = report.pop("question")
        assert isinstance(question, dict)
        del question["changes"]
        return {**question, **report}


def answer(question: Question, trials: Sequence[Trial], runs: Sequence[Run]) -> Answer:
    """Compare the trials of the finished runs. The order of the trials has no effect."""
    order = {variant: number for number, variant in enumerate(question.changes)}
    trials = sorted(trials, key=lambda trial: (order[trial.variant], trial.fraction, question.seeds.index(trial.seed)))
    groups = _at(question.largest, question, trials)
    seeds = {name: paired_seeds(group, groups[question.baseline]) for name, group in groups.items()}
    ranked = variants(question, groups, runs)
    scores = {(trial.variant, trial.seed, trial.fraction): score(trial) for trial in trials}
    return Answer(
        question=question,
        variants=ranked,
        words=words(question, ranked, seeds),
        learning_curves=[
            _learning_curve(name, question, trials) for name in question.changes if name not in question.methods
        ],
        curves=[
            Curve(trial.variant, trial.seed, trial.fraction, trial.losses, trial.epoch_scores)
            for trial in trials
            if trial.variant not in question.methods
        ],
        runs=[replace(run, score=scores.get((run.variant, run.seed, run.fraction))) for run in runs],
        disagreements=disagreements(_of_one_seed(question, groups), question.measure.name),
    )


def _at(fraction: float, question: Question, trials: Sequence[Trial]) -> Groups:
    """Return the trials of each variant with one fraction of the training data."""
    return {
        name: [trial for trial in trials if trial.variant == name and trial.fraction == fraction]
        for name in question.changes
    }


def _learning_curve(name: str, question: Question, trials: Sequence[Trial]) -> LearningCurve:
    """Return a point for each fraction of the training data with which a run of the variant finished."""
    points = []
    for fraction in sorted(question.fractions):
        group = _at(fraction, question, trials)[name]
        scores = [value for value in map(score, group) if value is not None]
        interval = statistics.interval_of_mean(scores, question.level)
        low, high = (None, None) if interval is None else question.measure.within_range(interval)
        if group:
            points.append(Point(fraction, mean(scores), low, high, len(group)))
    return LearningCurve(name, points)


def _of_one_seed(question: Question, groups: Groups) -> list[Trial]:
    """Return one trial for each variant, all of one seed: the first seed with which most variants finished."""
    by_seed = [[trial for group in groups.values() for trial in group if trial.seed == seed] for seed in question.seeds]
    return max(by_seed, key=len)
