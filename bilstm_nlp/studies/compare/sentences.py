"""A comparison in words: one sentence for each variant, which claims no more than its runs show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bilstm_nlp.config.measures import Measure
from bilstm_nlp.studies.compare.setup import Question
from bilstm_nlp.studies.compare.summary import Difference, Variant


def words(question: Question, variants: Sequence[Variant], seeds: Mapping[str, Sequence[int]]) -> list[str]:
    """Return a sentence for each variant.

    `seeds` are, for each variant, the seeds over which it is compared with the baseline.
    """
    baseline = next(variant for variant in variants if variant.name == question.baseline)
    comparisons = sum(variant.difference is not None for variant in variants)
    return [
        _with_failures(
            _own(question, variant)
            if variant is baseline or variant.mean is None
            else _compared(question, variant, baseline, seeds[variant.name], comparisons),
            variant,
        )
        for variant in variants
    ]


def _with_failures(sentence: str, variant: Variant) -> str:
    """Add the number of failed runs to a sentence, if there are any."""
    runs = f"{variant.failed} of its runs" if variant.failed > 1 else "1 of its runs"
    return f"{sentence}; {runs} failed" if variant.failed else sentence


def _own(question: Question, variant: Variant) -> str:
    """Describe a variant without comparing it."""
    name = f"{variant.name}, the baseline," if variant.name == question.baseline else variant.name
    title = question.measure.title
    if not variant.runs:
        return f"{name} has no finished run"
    if variant.mean is None:
        return f"the {title} of {name} is undefined in {counted(variant.runs, 'finished run')}"
    figure = _figure_of(variant.mean, question.measure)
    if variant.low is None or variant.high is None:
        return f"{name} has an {title} of {figure} with 1 seed; the noise between seeds is then not measured"
    interval = f"{_figure_of(variant.low, question.measure)} to {_figure_of(variant.high, question.measure)}"
    return f"{name} has an {title} of {figure} ({interval}) with {counted(variant.runs, 'seed')}"


def _compared(question: Question, variant: Variant, baseline: Variant, seeds: Sequence[int], comparisons: int) -> str:
    """Describe how a variant differs from the baseline, in speed and in the measure."""
    if not baseline.runs:
        return f"{_own(question, variant)}; there is nothing to compare it with: {baseline.name} has no finished run"
    sentence = f"{variant.name} is {_speed(variant, baseline)}; its {question.measure.title} "
    if variant.name in question.methods:
        sentence = f"{variant.name} is fitted at each origin; its {question.measure.title} "
    if not seeds:
        return sentence + f"can't be compared: there is no seed with which both it and {baseline.name} have one"
    if variant.difference is None:
        return sentence + f"can't be compared: the {question.measure.part} part is too small to say how chance moves it"
    return sentence + _verdict(question, variant.difference, seeds, comparisons)


def _speed(variant: Variant, baseline: Variant) -> str:
    """Compare the speed: 18 % faster in training than …"""
    if not variant.training_speed or not baseline.training_speed:
        return f"of unknown speed beside {baseline.name}"
    percent = round(100 * (variant.training_speed / baseline.training_speed - 1))
    if percent == 0:
        return f"as fast in training as {baseline.name}"
    return f"{abs(percent)} % {'faster' if percent > 0 else 'slower'} in training than {baseline.name}"


def _verdict(question: Question, difference: Difference, seeds: Sequence[int], comparisons: int) -> str:
    """Describe a difference: differs by −0.1 (−0.4 to +0.2): not distinguishable with 5 seeds."""
    measure = question.measure
    by = counted(len(seeds), "seed")
    if len(seeds) < len(question.seeds):
        by += f" ({_listed(seeds)}, all that both have)"
    if len(seeds) == 1:
        by += "; the noise between seeds is then not measured"
    if not difference.distinguishable:
        mean, low, high = (signed(value, measure) for value in (difference.mean, difference.low, difference.high))
        alone = difference.p_value < 1 - question.level
        among = f" among {comparisons} comparisons" if alone else ""
        return f"differs by {mean} ({low} to {high}): not distinguishable{among} with {by}"
    low, high = (_figure_of(bound, measure) for bound in sorted([abs(difference.low), abs(difference.high)]))
    better = (difference.mean > 0) == measure.higher_is_better
    size = _figure_of(abs(difference.mean), measure)
    return f"is {'better' if better else 'worse'} by {size} ({low} to {high}): distinguishable with {by}"


# --- figures ---------------------------------------------------------------------------------------------------------


def _figure_of(value: float, measure: Measure) -> str:
    """Write a figure: percentages with one decimal, others with four."""
    text = f"{value * measure.scale:.{1 if measure.scale == 100 else 4}f}"
    return text.replace("-", "−") if any(digit in text for digit in "123456789") else text.removeprefix("-")


def signed(value: float, measure: Measure) -> str:
    """Write a figure with its sign; no sign if it is rounded to 0."""
    text = _figure_of(value, measure)
    positive = value > 0 and any(digit in text for digit in "123456789")
    return f"+{text}" if positive else text


def counted(count: int, name: str) -> str:
    """Write a count with its noun.

    >>> counted(1, "seed"), counted(1200, "seed")
    ('1 seed', '1,200 seeds')
    """
    return f"1 {name}" if count == 1 else f"{count:,} {name}s"


def _listed(seeds: Sequence[int]) -> str:
    """Join seeds: 1, 2 and 5."""
    *others, last = map(str, seeds)
    return f"{', '.join(others)} and {last}" if others else last
