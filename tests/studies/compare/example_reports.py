"""Example reports of comparisons of six taggers and of six forecasters, drawn from a fixed seed, and their pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np

from bilstm_nlp.config.measures import Measure, Subject
from bilstm_nlp.studies.compare import page as pages
from bilstm_nlp.studies.compare.results import answer
from bilstm_nlp.studies.compare.setup import Environment, Question, Run
from bilstm_nlp.studies.engines.trial import Cost, Trial
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples
from bilstm_nlp.tasks.tagging.comparison import SentenceExamples

SEEDS = (1, 2, 3)
ENVIRONMENT = Environment(
    cores=2, jobs=2, threads=1, versions={"bilstm-nlp": "0.1.0", "torch": "2.13.0", "numpy": "2.4.6"}
)
ERROR = (
    "Traceback (most recent call last):\n"
    '  File "training.py", line 132, in fit\n'
    "DivergenceError: the loss became nan in epoch 3; try a lower learning rate"
)
SENTENCES = (
    "[PER Angela Merkel] flew from [LOC Berlin] to [LOC Paris] to meet the [MISC French] president .",
    "[ORG Kestrel Air] orders 14 [ORG Airbus] jets",
    "Shares in [ORG Ford] rose after the company opened a factory in [LOC Brazil] , [ORG Reuters] reported .",
    "[PER Jordan] lost to [LOC Jordan] 's [PER Khalil Amer] in straight sets at the [MISC Australian Open] on Friday .",
    "The [ORG University of Ghent] named [PER An De Smet] its rector , [ORG Belga] said .",
    "[ORG Manchester United] beat [ORG Leeds] 2-1 at [LOC Old Trafford] before 61,000 .",
)
TYPES = ("LOC", "MISC", "ORG", "PER")


# --- tagging ---------------------------------------------------------------------------------------------------------

TAGGERS: dict[str, tuple[dict[str, Any], float, float, int]] = {
    "bilstm-crf": ({}, 0.905, 2100, 4_412_310),
    "bilstm-softmax": ({"head.kind": "softmax"}, 0.893, 3900, 4_411_986),
    "bigru-crf": ({"encoder.cell": "gru"}, 0.903, 2300, 4_190_010),
    "stacked": ({"encoder.layers": 2}, 0.908, 1500, 5_616_510),
    "one-direction": ({"encoder.bidirectional": False}, 0.871, 2900, 4_050_110),
    "no-characters": ({"embeddings.characters.kind": "none"}, 0.842, 5400, 4_380_110),
}
"""Variant → (keys that it changes, F1, sentences predicted a second, parameters)."""


def tagging_report(sentences: tuple[str, ...] = SENTENCES) -> dict[str, Any]:
    """Make a report with three fractions of the training data, a failed run, a missing run, and 30 disagreements."""
    generator = np.random.default_rng(1)
    question = Question(
        name="Taggers of news",
        task="tagging",
        subject=Subject("sentences", overlapping=False, groups="type of entity"),
        command="bilstm-nlp compare configs/compare/ner-variants.toml --out runs/compare-ner-variants",
        measure=Measure("f1", "dev", higher_is_better=True, scale=100),
        baseline="bilstm-crf",
        level=0.95,
        seeds=SEEDS,
        fractions=(0.1, 0.3, 1.0),
        environment=ENVIRONMENT,
        changes={name: changes for name, (changes, *_) in TAGGERS.items()},
    )
    gold = [bracketed(sentence) for sentence in sentences * 8]
    trials, runs = [], []
    for name, (_, f1, speed, parameters) in TAGGERS.items():
        for fraction in question.fractions:
            level = f1 - 0.11 * (0.6 + f1 - 0.9) * -np.log10(fraction)
            for seed in SEEDS:
                run = {"variant": name, "seed": seed, "fraction": fraction}
                folder = f"runs/{name}-{fraction:g}-{seed}-0a1b2c3d"
                if name == "one-direction" and seed == 2 and fraction == 1:
                    runs.append(Run(**run, folder=folder, status="failed", error=ERROR))
                elif name == "no-characters" and seed == 3 and fraction == 1:
                    runs.append(Run(**run, folder=folder, status="missing"))
                else:
                    runs.append(Run(**run, folder=folder, status="finished", seconds=5e5 / speed * fraction))
                    trials.append(tagger(generator, run, level, speed, parameters, gold))
    return answer(question, trials, runs).as_json()


def tagger(generator, run, level, speed, parameters, gold) -> Trial:
    """Make a trial whose entities are right with probability `level`, plus noise of its seed."""
    level += generator.normal(scale=0.004)
    entities = generator.integers(0, 5, size=600)
    correct = generator.binomial(entities, level)
    epochs = np.arange(1, 13)
    return Trial(
        **run,
        numerator=2.0 * correct,
        denominator=2.0 * entities,
        lag=0,
        per_type={
            kind: level + shift + generator.normal(scale=0.006)
            for kind, shift in zip(TYPES, (0.03, -0.09, -0.03, 0.04), strict=True)
        },
        losses=(12 * np.exp(-epochs / 2.2) + 0.4 + 4 * (0.95 - level) + generator.normal(scale=0.08, size=12)).tolist(),
        epoch_scores=(level - 0.5 * np.exp(-epochs / 2) + generator.normal(scale=0.004, size=12)).tolist(),
        cost=Cost(parameters, 5e5 / speed * run["fraction"], speed / 4.2, speed, 610.0 + parameters / 4e4),
        examples=SentenceExamples(
            tokens=[tokens for tokens, _ in gold],
            gold=[spans for _, spans in gold],
            found=[tuple(garbled(generator, spans, len(tokens), 1 - level)) for tokens, spans in gold],
        ),
    )


def bracketed(text: str) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """Read the tokens and spans of a sentence such as `[PER Ada] wrote`."""
    tokens: list[str] = []
    spans, kind, start = [], "", 0
    for word in text.split():
        if word.startswith("[") and word[1:].isalpha():
            kind, start = word[1:], len(tokens)
            continue
        tokens.append(word.removesuffix("]") if kind else word)
        if kind and word.endswith("]"):
            spans.append(Span(kind, start, len(tokens)))
            kind = ""
    return tuple(tokens), tuple(spans)


def garbled(generator, spans, length, chance):
    """Make predictions from gold spans: some missed, cut short or of another type, and sometimes an extra span."""
    for span in spans:
        drawn = generator.random()
        if drawn < chance * 0.5:
            continue
        if drawn < chance:
            yield Span(str(generator.choice(TYPES)), span.start, span.end)
        elif drawn < chance * 1.3 and span.end - span.start > 1:
            yield Span(span.type, span.start + 1, span.end)
        else:
            yield span
    last = Span("ORG", length - 1, length)
    if generator.random() < chance / 2 and all(span.end <= last.start for span in spans):
        yield last


# --- forecasting -----------------------------------------------------------------------------------------------------

FORECASTERS: dict[str, tuple[dict[str, Any], float, float, int]] = {
    "bilstm": ({}, 0.212, 14_000, 181_000),
    "gru": ({"encoder.cell": "gru"}, 0.214, 17_500, 137_000),
    "one direction": ({"encoder.bidirectional": False}, 0.209, 26_000, 92_000),
    "patches, encoder.layers=2": ({"series.patch": 8, "encoder.layers": 2}, 0.187, 41_000, 203_000),
    "patches": ({"series.patch": 8}, 0.193, 68_000, 121_000),
    "last state": ({"head.pooling": "last"}, 0.247, 15_000, 180_000),
}


def forecasting_report() -> dict[str, Any]:
    """Make a report with all training data, all runs finished, and 30 windows of two columns."""
    generator = np.random.default_rng(2)
    question = Question(
        name="Forecasters of energy",
        task="forecasting",
        subject=Subject("windows", overlapping=True, groups="column"),
        command="bilstm-nlp compare configs/compare/energy.toml",
        measure=Measure("mse", "dev", higher_is_better=False, scale=1),
        baseline="bilstm",
        level=0.95,
        seeds=SEEDS,
        fractions=(1.0,),
        environment=ENVIRONMENT,
        changes={name: changes for name, (changes, *_) in FORECASTERS.items()},
    )
    steps = np.arange(-72, 24)
    days = [
        np.sin(2 * np.pi * (steps + generator.integers(24)) / 24) + generator.normal(scale=0.15, size=96)
        for _ in range(30)
    ]
    hard = generator.gamma(4, 1 / 4, size=400)
    trials = [
        forecaster(generator, name, seed, mse, speed, parameters, days, hard)
        for name, (_, mse, speed, parameters) in FORECASTERS.items()
        for seed in SEEDS
    ]
    runs = [
        Run(trial.variant, trial.seed, 1.0, f"runs/{trial.variant}-1-{trial.seed}", "finished", seconds=61.5)
        for trial in trials
    ]
    return answer(question, trials, runs).as_json()


def forecaster(generator, name, seed, mse, speed, parameters, days, hard) -> Trial:
    mse += generator.normal(scale=0.003)
    epochs = np.arange(1, 16)
    drift = np.cumsum([generator.normal(scale=np.sqrt(mse) / 3, size=24) for _ in days], axis=1)
    known = np.array(days)
    examples = WindowExamples(
        series=["energy"] * len(days),
        origins=[f"2023-11-{day:02} 00:00:00" for day in range(1, len(days) + 1)],
        columns=[("demand", "solar")[index % 2] for index in range(len(days))],
        past=known[:, :72],
        actual=known[:, 72:],
        forecast=known[:, 72:] + drift,
        errors={"mse": np.mean(drift**2, axis=1)},
    )
    return Trial(
        variant=name,
        seed=seed,
        fraction=1.0,
        numerator=mse * hard * generator.normal(1, 0.05, size=hard.size),
        denominator=np.ones(hard.size),
        lag=23,
        per_type={"demand": mse * 0.8, "solar": mse * 1.1 + generator.normal(scale=0.004), "temperature": mse * 1.12},
        losses=(0.8 * np.exp(-epochs / 3) + mse * 0.8 + generator.normal(scale=0.004, size=15)).tolist(),
        epoch_scores=(0.4 * np.exp(-epochs / 3) + mse + generator.normal(scale=0.004, size=15)).tolist(),
        cost=Cost(parameters, 1e6 / speed, speed / 3.1, speed, 480.0),
        examples=examples,
    )


# --- pages ---

HOSTILE = (
    "</script><script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    "<!--<script>",
    "&lt;b&amp;",
    "\u2028\u2029",
    "$script ${report} \\u003c",
    "\"'`\\",
)
"""Texts that would harm a page that took them for markup."""
VIEWS = {"tagging": SentenceExamples.view(), "forecasting": WindowExamples.view()}


def page(report):
    """The page of a report, with the view of its task."""
    return pages.page(report, VIEWS.get(report.get("task")))


class Parts(HTMLParser):
    """The elements of a page whose content is no markup, as a browser finds them; and its meta elements."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.raw: list[tuple[str, dict, str]] = []
        self.metas: list[dict] = []
        self.within = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag in {"script", "style"}:
            self.raw.append((tag, dict(attrs), ""))
            self.within = True
        if tag == "meta":
            self.metas.append(dict(attrs))

    def handle_endtag(self, tag):
        self.within = self.within and tag not in {"script", "style"}

    def handle_data(self, data):
        if self.within:
            tag, attributes, before = self.raw[-1]
            self.raw[-1] = (tag, attributes, before + data)


def carried(text: str) -> str:
    """The JSON in a page."""
    (content,) = [content for _, attributes, content in Parts(text).raw if attributes.get("id") == "report"]
    return content
