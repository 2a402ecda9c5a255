"""Questions, trials and runs made by hand, for the tests of what is said about them."""

from __future__ import annotations

import numpy as np

from bilstm_nlp.config.measures import Measure, Subject
from bilstm_nlp.studies.compare.setup import Environment, Question, Run
from bilstm_nlp.studies.engines.trial import Cost, Trial
from bilstm_nlp.tasks.comparison import NoExamples

F1 = Measure("f1", "dev", higher_is_better=True, scale=100)
SENTENCES = Subject("sentences", overlapping=False, groups="type of entity")
WINDOWS = Subject("windows", overlapping=True, groups="column")
NO_EXAMPLES = NoExamples()
MSE = Measure("mse", "dev", higher_is_better=False, scale=1)


def question(*variants: str, seeds=(1, 2, 3), fractions=(1.0,), measure=F1) -> Question:
    """With the first variant as baseline."""
    return Question(
        name="a | b",
        task="tagging" if measure is F1 else "forecasting",
        subject=SENTENCES if measure is F1 else WINDOWS,
        command="bilstm-nlp compare grid.toml",
        measure=measure,
        baseline=variants[0],
        level=0.95,
        seeds=seeds,
        fractions=fractions,
        environment=Environment(cores=2, jobs=1, threads=2, versions={"torch": "2.7"}),
        changes={name: {"encoder.cell": name} for name in variants},
    )


def trial(
    variant: str,
    seed: int,
    score: float,
    *,
    fraction=1.0,
    units=400,
    lag=0,
    speed=100.0,
    spread=0.1,
    examples=NO_EXAMPLES,
) -> Trial:
    """Units that vary by `spread` about the score, by chance of their own but for their mean."""
    noise = np.random.default_rng([seed, *variant.encode()]).normal(size=units)
    return Trial(
        variant=variant,
        seed=seed,
        fraction=fraction,
        numerator=score + spread * (noise - noise.mean()),
        denominator=np.ones(units),
        lag=lag,
        per_type={"PER": score, "ORG": None},
        losses=[2.0, 1.0],
        epoch_scores=[score / 2, score],
        cost=Cost(1000, training_seconds=60.0, training_speed=speed, prediction_speed=10 * speed, peak_memory_mb=500.0),
        examples=examples,
    )


def runs(trials: list[Trial]) -> list[Run]:
    """Those of the trials, finished."""
    return [
        Run(one.variant, one.seed, one.fraction, f"{one.variant}-{one.seed}", "finished", seconds=70.0)
        for one in trials
    ]
