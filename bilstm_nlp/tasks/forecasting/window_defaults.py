"""Season, look-back, units and trend of a file of series with nothing set, chosen by trials on its training rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.calendar import is_daily, is_part_of_day, season
from bilstm_nlp.data.series.frequencies import is_step
from bilstm_nlp.tasks.forecasting.facts import Choice, Facts
from bilstm_nlp.tasks.forecasting.trials import Trial, Trials

LONGEST_LOOK_BACK = 1024
COUNTED = (4, 7, 12, 24, 52)
"""Seasons that numbered rows may have."""
CLEARLY = 0.97
"""Part of the error without a longer season, below which the longer season is chosen."""
STRONG = 0.85
"""The same for a season of numbered rows, which have none without evidence."""


@dataclass(frozen=True)
class Season:
    """The season of the data, and the choice if the frequency does not tell it."""

    period: int
    """Number of rows; 1 for none."""
    day: int
    """The shorter season that horizons are counted in: a day if `period` is a week."""
    choices: Sequence[Choice] = ()


@dataclass(frozen=True)
class Windows:
    """The settings of windows."""

    look_back: int
    choices: Sequence[Choice]


def training_columns(facts: Facts, kept: int) -> list[Floats]:
    """Return the values (T,) of each column of each series without the last `kept` rows."""
    return [column[: max(0, len(column) - kept)] for values in facts.values for column in values.T]


def choose_season(facts: Facts, shortest: int, given: Mapping[str, Any]) -> Season:
    """Choose the season: that of the frequency, unless forecasts with another are clearly nearer on the older rows.

    Parts of a day may have a week as their season, and numbered rows may have any of COUNTED.
    """
    usual = season(facts.frequency)
    if "data.season" in given:
        return Season(given["data.season"], given["data.season"])
    candidates = list(_candidates(facts.frequency, usual))
    if not candidates:
        return Season(usual, usual)
    trials = Trials(training_columns(facts, shortest // 5), max(1, min(usual if usual > 1 else 12, shortest // 6)))
    look_back = min(3 * max(candidates), LONGEST_LOOK_BACK)
    errors: dict[int, float] = {}
    for period in (usual, *candidates):
        trial = Trial(period, look_back)
        for error in trials.errors([trial], 2 * max(usual, period)).values():
            errors[period] = error
    least = min(errors.values(), default=1.0)
    best = next((period for period, error in errors.items() if error <= least / CLEARLY), usual)
    if best == usual or errors[best] > (CLEARLY if usual > 1 else STRONG) * errors.get(usual, 1.0):
        return Season(usual, usual)
    gain = 1 - errors[best] / errors.get(usual, 1.0)
    choice = Choice("data.season", best, f"forecasts with it are {gain:.0%} nearer on the training rows")
    return Season(best, best if usual == 1 else usual, [choice])


def _candidates(frequency: str, usual: int) -> Iterable[int]:
    """Yield the seasons that rows of a frequency may have beside the usual one."""
    if is_step(frequency):
        yield from COUNTED
    elif is_part_of_day(frequency) and 2 * 7 * usual <= LONGEST_LOOK_BACK:
        yield 7 * usual


def choose_windows(
    facts: Facts, trials: Trials, period: int, least_room: int, room: int, given: Mapping[str, Any]
) -> Windows:
    """Choose look-back, least past, transform and trend by trials on the training rows.

    `least_room`: training rows before a horizon in a short series. `room`: those in the longest.
    """
    if period == 1:
        wanted, reason = 24, "enough to see a level and a trend"
    else:
        # Of days, the look-back has those of a week.
        count = 9 if period <= 12 else 7 if is_part_of_day(facts.frequency) and period == season(facts.frequency) else 3
        wanted, reason = min(count * period, LONGEST_LOOK_BACK), f"{count} seasons of {period} rows"
    look_back = given.get("data.look_back", max(1, min(wanted, room)))
    if look_back < wanted:
        reason = f"the {room} rows before a training window of the longest series"
    least = min(2 * period if period > 1 else 4, max(1, least_room // 2), look_back)
    choices = [
        Choice("data.look_back", look_back, reason),
        Choice("data.min_past", least, "shorter pasts are padded, so that most training rows have windows"),
    ]
    # Trends of days and hours seldom go on.
    trend = not is_daily(facts.frequency)
    chosen = trials.best(period, look_back, least, negative=facts.is_signed, trend=trend)
    best = chosen.trial
    if best.logarithms:
        reason = f"no value is negative, and they differ by a factor; {chosen.reason}"
        choices += [Choice("data.transform", "log1p", reason), Choice("data.lower", 0.0, "no value is negative")]
    if given.get("input.normalisation", "theta") == "theta":
        begun = f"the trend to begin at; {chosen.reason}"
        choices += [
            Choice("input.normalisation", "theta", "the model begins at season, level and slope of each window"),
            Choice("input.damping", best.damping, begun),
            Choice("input.trend_smoothing", best.trend_smoothing, begun),
        ]
    if given.get("data.known"):
        reason = "columns known ahead; their effects are estimated on the training rows, and tell level and future"
        choices.append(Choice("input.effects", "linear", reason))
    return Windows(look_back, choices)
