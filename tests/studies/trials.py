"""Questions, trials and runs made by hand, for the tests of comparisons."""

from __future__ import annotations

import numpy as np

from bilstm_nlp.config.measures import Measure, Subject
from bilstm_nlp.studies.compare.results import Answer
from bilstm_nlp.studies.compare.setup import Environment, Question, Run
from bilstm_nlp.studies.engines.trial import Cost, Trial
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.comparison import NoExamples
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples
from bilstm_nlp.tasks.tagging.comparison import SentenceExamples

F1 = Measure("f1", "dev", higher_is_better=True, scale=100)
SENTENCES = Subject("sentences", overlapping=False, groups="type of entity")
WINDOWS = Subject("windows", overlapping=True, groups="column")
NO_EXAMPLES = NoExamples()
MSE = Measure("mse", "dev", higher_is_better=False, scale=1)


def question(*variants: str, seeds=(1, 2, 3), fractions=(1.0,), measure=F1) -> Question:
    """Return the setup of a comparison with the first variant as baseline."""
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
    """Return a trial whose units have random values: their mean is the score, their deviation about `spread`."""
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
    """Return the finished runs of trials."""
    return [
        Run(trial.variant, trial.seed, trial.fraction, f"{trial.variant}-{trial.seed}", "finished", seconds=70.0)
        for trial in trials
    ]


def trials_of(scores, *, speeds=None, **kinds) -> list[Trial]:
    """Return trials of {variant: its scores with seeds 1, 2, …}."""
    return [
        trial(name, seed, value, speed=(speeds or {}).get(name, 100.0), **kinds)
        for name, values in scores.items()
        for seed, value in enumerate(values, 1)
    ]


def sentence_about(answer: Answer, name: str) -> str:
    """Return the sentence about a variant."""
    return answer.words[[variant.name for variant in answer.variants].index(name)]


def tagged(*predictions: str) -> SentenceExamples:
    """Return sentences of four tokens, each with its predictions: a letter for a type, a dash for none."""
    return SentenceExamples(
        tokens=[(f"{index}", "a", "b", "c") for index in range(len(predictions))],
        gold=[(Span("PER", 0, 1),)] * len(predictions),
        found=[
            tuple(Span(kind, token, token + 1) for token, kind in enumerate(types) if kind != "-")
            for types in predictions
        ],
    )


def windows(*errors: float) -> WindowExamples:
    """Return windows with these errors."""
    count = len(errors)
    return WindowExamples(
        series=["s"] * count,
        origins=[f"day {index}" for index in range(count)],
        columns=["OT"] * count,
        past=np.tile(np.arange(3.0), (count, 1)),
        actual=np.zeros((count, 2)),
        forecast=np.repeat(np.array(errors)[:, None], 2, axis=1),
        errors={"mse": np.array(errors)},
    )
