"""report.md: an answer as sentences and tables. The terminal shows its first sections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bilstm_nlp.config.measures import Measure
from bilstm_nlp.reports.markdown import markdown_section
from bilstm_nlp.reports.sections import Row, Section, Table, number
from bilstm_nlp.studies.compare.results import Answer, LearningCurve
from bilstm_nlp.studies.compare.sentences import counted, signed
from bilstm_nlp.studies.compare.setup import Question
from bilstm_nlp.studies.compare.statistics import RESAMPLES
from bilstm_nlp.studies.compare.summary import Variant

DISAGREEMENTS_SHOWN = 10


def markdown(answer: Answer) -> str:
    """Return report.md."""
    return "\n\n".join([f"# {answer.question.name}", *map(markdown_section, sections(answer))]) + "\n"


def sections(answer: Answer) -> list[Section]:
    """Return the report's sections, the most important first."""
    question = answer.question
    report = [
        Section("In words", ["\n".join(f"- {sentence}" for sentence in answer.words)]),
        Section("Scores", [_setting(question), _scores(question, answer.variants), *_differences(answer)]),
    ]
    if any(variant.runs for variant in answer.variants):
        report.append(Section("Cost", [_machine(question), _cost(answer.variants)]))
    if len(question.fractions) > 1:
        report.append(Section("Learning curves", [_learning_curves(question, answer.learning_curves)]))
    if any(variant.per_type for variant in answer.variants):
        report.append(Section(f"By {question.subject.groups}", [_by_type(question, answer.variants)]))
    report.append(Section("Changes", [_changes(answer.variants)]))
    if any(run.status != "finished" for run in answer.runs):
        report.append(Section("Runs without a result", [_unfinished(answer)]))
    if answer.disagreements:
        report.append(Section("Where variants differ most", list(_disagreements(answer))))
    return [*report, Section("How this was measured", [_method(question)])]


# --- scores ----------------------------------------------------------------------------------------------------------


def _setting(question: Question) -> str:
    """Describe the measure, the seeds and the command."""
    part = "all" if question.largest == 1 else f"{question.largest:.4g} of"
    return (
        f"{_shown_name(question.measure)} on the {question.measure.part} part after training on {part} the training "
        f"data with {counted(len(question.seeds), 'seed')} ({', '.join(map(str, question.seeds))}). "
        f"Intervals are of level {question.level:.4g}. To repeat it:\n\n    {question.command}"
    )


def _shown_name(measure: Measure) -> str:
    """Name a measure with its unit."""
    return f"{measure.title} in percent" if measure.scale == 100 else measure.title


def _figure(value: float | None, measure: Measure) -> str:
    """Write a figure: percentages with two decimals, others with four, none as a dash."""
    digits = 2 if measure.scale == 100 else 4
    return number(None if value is None else value * measure.scale, digits)


def _interval(low: float | None, high: float | None, measure: Measure) -> str:
    """Write an interval; a dash without bounds."""
    return "–" if low is None or high is None else f"{_figure(low, measure)} to {_figure(high, measure)}"


def _scores(question: Question, variants: Sequence[Variant]) -> Table:
    """Return a table of the measure over seeds, with a row for each variant."""
    measure = question.measure
    header = ("", "rank", measure.title, "interval", "deviation", "best", "worst", "runs")
    rows: list[Row] = [
        (
            variant.name,
            "–" if variant.rank is None else str(variant.rank),
            _figure(variant.mean, measure),
            _interval(variant.low, variant.high, measure),
            *(_figure(value, measure) for value in (variant.deviation, variant.best, variant.worst)),
            f"{variant.runs}, {variant.failed} failed" if variant.failed else str(variant.runs),
        )
        for variant in variants
    ]
    return Table("Over seeds", header, rows)


def _differences(answer: Answer) -> Iterator[Table]:
    """Yield a table of the differences from the baseline, if there are any."""
    question = answer.question
    header = ("", "difference", "interval", "p", "p (Holm)", "distinguishable")
    rows: list[Row] = []
    for variant in answer.variants:
        if variant.difference is not None:
            difference = variant.difference
            bounds = (difference.mean, difference.low, difference.high)
            mean, low, high = (signed(value, question.measure) for value in bounds)
            chance = (f"{value:.3g}" for value in (difference.p_value, difference.adjusted))
            verdict = "yes" if difference.distinguishable else "no"
            rows.append((variant.name, mean, f"{low} to {high}", *chance, verdict))
    if rows:
        yield Table(f"{question.measure.title} minus that of {question.baseline}", header, rows)
    yield from _splits(answer)


def _splits(answer: Answer) -> Iterator[Table]:
    """Yield a table of the units that only one of two variants answers right, if units are right or wrong."""
    rows: list[Row] = []
    for variant in answer.variants:
        if variant.difference is not None and variant.difference.mcnemar is not None:
            split = variant.difference.mcnemar
            rows.append(
                (variant.name, f"{split.only_variant:,.1f}", f"{split.only_baseline:,.1f}", f"{split.p_value:.3g}")
            )
    if rows:
        baseline = answer.question.baseline
        title = f"{answer.question.subject.units.capitalize()} that only one of the two answers right, mean over seeds"
        yield Table(title, ("", "only it", f"only {baseline}", "p (McNemar, median over seeds)"), rows)


# --- cost ------------------------------------------------------------------------------------------------------------


def _machine(question: Question) -> str:
    """Describe the machine on which the speeds were measured."""
    where = question.environment
    versions = ", ".join(f"{package} {version}" for package, version in where.versions.items())
    return (
        f"Means over seeds, on a machine with {counted(where.cores, 'core')}, {counted(where.jobs, 'run')} at a time "
        f"with {counted(where.threads, 'thread')} each{'; ' * bool(versions)}{versions}. A variant is on the front if "
        "no other is as good and as fast in prediction, and better in one of them."
    )


def _cost(variants: Sequence[Variant]) -> Table:
    """Return a table of sizes, times and speeds, with a row for each variant."""
    header = ("", "parameters", "training s", "sequences/s in training", "in prediction", "MiB at most", "front")

    def whole(value: float | None) -> str:
        return "–" if value is None else f"{value:,.0f}"

    rows: list[Row] = [
        (
            variant.name,
            whole(variant.parameters),
            number(variant.training_seconds, 1),
            *(whole(value) for value in (variant.training_speed, variant.prediction_speed, variant.peak_memory_mb)),
            "yes" if variant.on_front else "",
        )
        for variant in variants
    ]
    return Table("What variants take", header, rows)


# --- by type, by fraction, by change, by run -------------------------------------------------------------------------


def _by_type(question: Question, variants: Sequence[Variant]) -> Table:
    """Return a table with a row for each type or column, so that many types make no wide table."""
    types = sorted({kind for variant in variants for kind in variant.per_type})
    rows: list[Row] = [
        (kind, *(_figure(variant.per_type.get(kind), question.measure) for variant in variants)) for kind in types
    ]
    return Table(f"Mean {question.measure.title} over seeds", ("", *(variant.name for variant in variants)), rows)


def _learning_curves(question: Question, curves: Sequence[LearningCurve]) -> Table:
    """Return a table with a row for each variant and fraction of the training data."""
    measure = question.measure
    rows: list[Row] = [
        (
            curve.variant,
            f"{point.fraction:.4g}",
            _figure(point.mean, measure),
            _interval(point.low, point.high, measure),
            str(point.runs),
        )
        for curve in curves
        for point in curve.points
    ]
    header = ("", "part", measure.title, "interval", "runs")
    return Table("By how much of the training data was seen", header, rows)


def _changes(variants: Sequence[Variant]) -> Table:
    """Return a table of the keys that each variant overrides."""
    rows: list[Row] = [
        (
            variant.name,
            ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in variant.changes.items())
            or "none",
        )
        for variant in variants
    ]
    return Table("What each variant changes in the base", ("", "changes"), rows)


def _unfinished(answer: Answer) -> Table:
    """Return a table of failed and missing runs, each with its message on one line."""
    rows: list[Row] = [
        (run.variant, str(run.seed), f"{run.fraction:.4g}", run.status, run.folder, " ".join((run.error or "").split()))
        for run in answer.runs
        if run.status != "finished"
    ]
    return Table("They count in no figure", ("", "seed", "part", "status", "folder", "error"), rows)


# --- disagreements ---------------------------------------------------------------------------------------------------


def _disagreements(answer: Answer) -> Iterator[Table | str]:
    """Yield the first few disagreements, and where the others are."""
    shown = answer.disagreements[:DISAGREEMENTS_SHOWN]
    yield f"The first {len(shown)} of {len(answer.disagreements):,} in report.json, all from the runs of one seed."
    yield from shown[0].tables(shown, answer.question.measure.title)


# --- method ----------------------------------------------------------------------------------------------------------


def _method(question: Question) -> str:
    """Describe how intervals and p-values are computed."""
    units = f"{question.subject.units} of the part "
    if question.subject.overlapping:
        units += "(Diebold and Mariano's test, with a long-run variance from cosines, since they overlap)"
    else:
        units += f"(resampled {RESAMPLES:,} times, the same for all seeds and both variants)"
    seeds = (
        "There is one seed, so the noise between seeds is in none of the figures."
        if len(question.seeds) == 1
        else "What seeds and units do together is in both, which makes the test a cautious variant."
    )
    if len(question.seeds) == 2:
        seeds += " Two seeds are too few for an interval that says much: a third makes it less than a third as long."
    return (
        "An interval of a score is Student's, over seeds. A difference is the mean over the seeds that both variants "
        f"have, and its variance has two sources: seeds, and the {units}. The two are put together as Welch and "
        f"Satterthwaite do. {seeds} P-values are adjusted for the number of comparisons (Holm); a difference is "
        f"distinguishable if its own is below {1 - question.level:.4g}. The intervals of differences are each for "
        "itself, not adjusted. Speeds are not tested."
    )
