"""Each variant's figures over its seeds, and their differences from the baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bilstm_nlp.config.measures import Measure
from bilstm_nlp.studies.compare import statistics
from bilstm_nlp.studies.compare.setup import Question, Run
from bilstm_nlp.studies.compare.statistics import McNemar, Units
from bilstm_nlp.studies.engines.trial import Trial


@dataclass(frozen=True)
class Difference(statistics.Difference):
    """A difference from the baseline, as one of several comparisons."""

    adjusted: float
    """The p-value, raised for the number of comparisons (Holm)."""
    distinguishable: bool
    mcnemar: McNemar | None = None
    """The test of units that are right or wrong; None for other measures."""


@dataclass(frozen=True)
class Variant:
    """A variant's figures over its seeds, at the largest fraction of the training data; missing figures are `None`."""

    name: str
    changes: Mapping[str, Any]
    rank: int | None
    """The rank by the mean; `None` without a mean."""
    runs: int
    """The number of finished runs."""
    failed: int
    mean: float | None
    deviation: float | None
    """Standard deviation over seeds."""
    best: float | None
    worst: float | None
    low: float | None
    high: float | None
    """Student's interval of the mean over seeds."""
    parameters: int | None
    training_seconds: float | None
    training_speed: float | None
    prediction_speed: float | None
    peak_memory_mb: float | None
    per_type: Mapping[str, float | None]
    on_front: bool
    """No other variant is as good and as fast in prediction, and better in one of them."""
    difference: Difference | None


Groups = Mapping[str, Sequence[Trial]]
"""The trials of each variant by seed, all with one fraction of the training data."""


def variants(question: Question, groups: Groups, runs: Sequence[Run]) -> list[Variant]:
    """Return the variants, the best first; variants without a score come last, in the question's order."""
    differences = _compare(question, groups)
    failed = [run.variant for run in runs if run.status == "failed" and run.fraction == question.largest]
    unranked = [
        _figures(name, question, trials, failed.count(name), differences.get(name)) for name, trials in groups.items()
    ]
    scored = [(_quality(variant, question.measure), variant) for variant in unranked if variant.mean is not None]
    scored.sort(key=lambda pair: -pair[0])
    front = statistics.pareto([good for good, _ in scored], [variant.prediction_speed or 0.0 for _, variant in scored])
    ranked = [
        replace(variant, rank=rank, on_front=ahead)
        for rank, ((_, variant), ahead) in enumerate(zip(scored, front, strict=True), 1)
    ]
    return ranked + [variant for variant in unranked if variant.mean is None]


def _quality(variant: Variant, measure: Measure) -> float:
    """Return the mean score, negated if lower is better."""
    assert variant.mean is not None
    return variant.mean if measure.higher_is_better else -variant.mean


def _figures(
    name: str, question: Question, trials: Sequence[Trial], failed: int, difference: Difference | None
) -> Variant:
    """Return the figures of one variant, without its rank."""
    if name in question.methods:  # another seed would change nothing
        trials = trials[:1]
    scores = [value for value in map(score, trials) if value is not None]
    costs = [trial.cost for trial in trials if trial.cost is not None]
    best, worst = (max, min) if question.measure.higher_is_better else (min, max)
    interval = statistics.interval_of_mean(scores, question.level)
    low, high = (None, None) if interval is None else question.measure.within_range(interval)
    types = dict.fromkeys(kind for trial in trials for kind in trial.per_type)
    return Variant(
        name=name,
        changes=question.changes[name],
        rank=None,
        runs=len(trials),
        failed=failed,
        mean=mean(scores),
        deviation=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        best=best(scores, default=None),
        worst=worst(scores, default=None),
        low=low,
        high=high,
        parameters=costs[0].parameters if costs else None,
        training_seconds=mean([cost.training_seconds for cost in costs]),
        training_speed=mean([cost.training_speed for cost in costs]),
        prediction_speed=mean([cost.prediction_speed for cost in costs]),
        peak_memory_mb=mean([cost.peak_memory_mb for cost in costs]),
        per_type={kind: mean([trial.per_type.get(kind) for trial in trials]) for kind in types},
        on_front=False,
        difference=difference,
    )


def _compare(question: Question, groups: Groups) -> dict[str, Difference]:
    """Compare every variant with the baseline; variants without a common seed are left out."""
    differences: dict[str, statistics.Difference] = {}
    splits: dict[str, McNemar | None] = {}
    for name, trials in groups.items():
        seeds = paired_seeds(trials, groups[question.baseline])
        if name == question.baseline or not seeds:
            continue
        first, baseline = (
            _units([trial for trial in group if trial.seed in seeds]) for group in (trials, groups[question.baseline])
        )
        # All comparisons use the same resamples, so another variant does not change their results.
        generator = np.random.default_rng(0)
        difference = statistics.difference(first, baseline, level=question.level, generator=generator)
        if difference is not None:
            differences[name] = difference
            splits[name] = statistics.mcnemar(first, baseline)
    adjusted = statistics.holm([difference.p_value for difference in differences.values()])
    return {
        name: Difference(raw.mean, raw.low, raw.high, raw.p_value, p_value, p_value < 1 - question.level, splits[name])
        for (name, raw), p_value in zip(differences.items(), adjusted, strict=True)
    }


def paired_seeds(first: Sequence[Trial], second: Sequence[Trial]) -> list[int]:
    """Return the seeds for which both variants have a score."""
    others = {trial.seed for trial in second if score(trial) is not None}
    return [trial.seed for trial in first if trial.seed in others and score(trial) is not None]


def _units(trials: Sequence[Trial]) -> Units:
    """Stack the units of one variant's trials, one for each seed."""
    return Units(
        numerator=np.stack([trial.numerator for trial in trials]).astype(np.float64),
        denominator=np.stack([trial.denominator for trial in trials]).astype(np.float64),
        lag=trials[0].lag,
    )


def score(trial: Trial) -> float | None:
    """Return the measure over the trial's units; `None` if it is 0/0 or not finite."""
    value = float(_units([trial]).scores[0])
    return value if math.isfinite(value) else None


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the defined values; `None` without any."""
    defined = [value for value in values if value is not None]
    return math.fsum(defined) / len(defined) if defined else None
