"""Settings for a file of series with nothing set, chosen from its frequency, its lengths and its number of series.

`choose` is a pure function of facts. Every choice has its reason, which `train` says and `init` writes. Knows no torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.batch import Floats
from bilstm_nlp.config.toml import toml
from bilstm_nlp.data.series.calendar import is_part_of_day, season
from bilstm_nlp.data.series.frequencies import is_step
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.conformal import scores_needed
from bilstm_nlp.tasks.forecasting.trials import Trial, Trials

LEAST = 10
"""Rows of the shortest series that a model is trained on."""
LEVELS = (0.9, 0.8, 0.5)
"""Levels of intervals, the best first."""
LONGEST_HORIZON = 96
LONGEST_LOOK_BACK = 1024
PANEL = 10
"""Number of series from which on each needs only a single window in validation and test part."""
STEP_BY_STEP = 64
"""Largest number of rows that the encoder reads row by row."""
COUNTED = (4, 7, 12, 24, 52)
"""Seasons that numbered rows may have."""
CLEARLY = 0.97
"""Part of the error of the usual setting, below which another setting is chosen."""
STRONG = 0.85
"""The same for a season of numbered rows, which have none without evidence."""


@dataclass(frozen=True)
class Facts:
    """The facts of a file of series that settings are chosen by."""

    frequency: str
    lengths: Sequence[int]
    columns: int = 1
    """Number of columns to forecast."""
    filled: int = 0
    """Number of values that the file lacks."""
    values: Sequence[Floats] = ()
    """Series → (T, C) values to forecast, NaN where the file has none; empty if they are unknown."""


@dataclass(frozen=True)
class Choice:
    """A setting by its dotted key, and why it is chosen."""

    key: str
    value: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.key} = {toml(self.value)}: {self.reason}"


@dataclass(frozen=True)
class _Rows:
    """Numbers of rows, and the level of the intervals that they allow."""

    horizon: int
    validation: int
    test: int
    level: float


def choose(facts: Facts, given: Mapping[str, Any]) -> list[Choice]:
    """Choose all settings but those that are `given` by their dotted key, or of which a part is given.

    Raises `InputError` if the series are too short, with the least number of rows.
    """
    long_enough = sorted(length for length in facts.lengths if length >= LEAST)
    if not long_enough:
        raise InputError(f"expected a series of at least {LEAST} rows, found {max(facts.lengths)} in the longest")
    period, horizon_period, seasons = _seasons(facts, long_enough[0], given)
    rows, reason = _rows(facts, long_enough, horizon_period, given)
    # A tenth of the series may be too short for a training window: they are forecast, not trained on.
    train = long_enough[len(long_enough) // 10] - rows.validation - rows.test
    trials = Trials(_columns(facts, rows.validation + rows.test), rows.horizon)
    theta = _theta(trials, period, train - rows.horizon, long_enough[-1] - rows.validation - rows.test, given)
    look_back = given.get("data.look_back", theta.look_back)
    training_rows = sum(max(0, n - rows.validation - rows.test) for n in long_enough)
    draws = facts.columns * training_rows // rows.horizon
    choices = [
        *seasons,
        Choice("data.horizon", rows.horizon, reason),
        Choice("data.split", {"kind": "last", "validation": rows.validation, "test": rows.test}, _parts_reason(rows)),
        *theta.choices,
        *_treatments(facts, long_enough),
        *_model(look_back, period, horizon_period, rows.horizon, draws),
        *_training(draws, len(long_enough)),
    ]
    if rows.level != 0.9:
        choices.append(Choice("interval", rows.level, "the validation part is too small for intervals of 0.9"))
    return [choice for choice in choices if not _is_given(choice.key, given)]


def _is_given(key: str, given: Iterable[str]) -> bool:
    return any(other == key or other.startswith(f"{key}.") for other in given)


# --- rows -----------------------------------------------------------------------------------------------------------


def _rows(facts: Facts, lengths: Sequence[int], period: int, given: Mapping[str, Any]) -> tuple[_Rows, str]:
    """Choose horizon, parts and the level of intervals for series of these ascending lengths, and the horizon's reason.

    Raises `InputError` if a given horizon is too long.
    """
    shortest, series = lengths[0], len(lengths)
    horizon, reason = _horizon(period, shortest, panel=series >= PANEL)
    horizon = given.get("data.horizon", horizon)
    share = horizon if series >= PANEL else max(horizon, shortest // 10)
    levels = (given["interval"],) if "interval" in given else LEVELS
    # Rows of the smallest validation part that calibrates each level.
    smallest = [horizon - 1 + math.ceil(scores_needed(level) / (series * horizon * facts.columns)) for level in levels]
    # A validation part of a single window chooses the epoch by chance: a lone series has two horizons if it can.
    longer = share if series >= PANEL else max(share, 2 * horizon)
    # The training part needs a horizon too, and a row to forecast from.
    for wanted, test, most in (
        (longer, share, shortest // 2),
        (share, share, shortest // 2),
        (horizon, horizon, shortest - horizon - 1),
    ):
        for level, enough in zip(levels, smallest, strict=True):
            validation = max(wanted, enough)
            if validation + test <= most and shortest - validation - test > horizon:
                return _Rows(horizon, validation, test, level), reason
    raise InputError(
        f"data.horizon: expected a series of at least {2 * horizon + 1 + smallest[-1]} rows for a horizon of "
        f"{horizon}, found {shortest} in the shortest"
    )


def _horizon(period: int, shortest: int, *, panel: bool) -> tuple[int, str]:
    """Choose the horizon for a season of `period` rows."""
    if period <= 1:
        wanted, reason = 6, "six rows, as there is no season"
    elif period <= 7:
        wanted, reason = 2 * period, f"two seasons of {period} rows"
    elif period == 52:
        wanted, reason = 13, "a quarter of a year"
    elif period <= LONGEST_HORIZON:
        wanted, reason = period, f"a season of {period} rows"
    else:
        wanted, reason = LONGEST_HORIZON, f"part of a season of {period} rows"
    # The longer series of a panel have training windows enough.
    limit, share = ((shortest - 1) // 3, "third") if panel else (shortest // 6, "sixth")
    return (wanted, reason) if wanted <= limit else (limit, f"a {share} of the shortest series, {shortest} rows")


def _parts_reason(rows: _Rows) -> str:
    if rows.validation == rows.test == rows.horizon:
        return "a horizon for each, at the end of every series"
    return "at the end of every series; the validation part chooses the epoch and the width of the intervals"


# --- season, level and slope ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Theta:
    """The settings of the forecast that the model begins at."""

    look_back: int
    choices: Sequence[Choice]


def _columns(facts: Facts, kept: int) -> list[Floats]:
    """Return the values of each column of each series without the last `kept` rows."""
    return [column[: max(0, len(column) - kept)] for values in facts.values for column in values.T]


def _seasons(facts: Facts, shortest: int, given: Mapping[str, Any]) -> tuple[int, int, list[Choice]]:
    """Choose the season, and the season that decides the horizon; with the choice if the frequency doesn't tell it."""
    usual = season(facts.frequency)
    if "data.season" in given:
        return given["data.season"], given["data.season"], []
    candidates, margin = list(_candidates(facts.frequency, usual)), CLEARLY if usual > 1 else STRONG
    if not candidates:
        return usual, usual, []
    trials = Trials(_columns(facts, shortest // 5), max(1, min(usual if usual > 1 else 12, shortest // 6)))
    errors = {}
    for period in (usual, *candidates):
        look_back = min(3 * max(usual, *candidates), LONGEST_LOOK_BACK)
        error = trials.error(Trial(period, look_back, 0.0, logarithms=False), 2 * max(usual, period))
        if error is not None:
            errors[period] = error
    least = min(errors.values(), default=1.0)
    best = next((period for period, error in errors.items() if error <= least / CLEARLY), usual)
    if best == usual or errors[best] > margin * errors[usual]:
        return usual, usual, []
    gain = 1 - errors[best] / errors[usual]
    choice = Choice("data.season", best, f"its forecasts are {gain:.0%} nearer on the training rows")
    return best, best if usual == 1 else usual, [choice]


def _candidates(frequency: str, usual: int) -> Iterable[int]:
    """Yield the seasons that rows of a frequency may have beside the usual one."""
    if is_step(frequency):
        yield from COUNTED
    elif is_part_of_day(frequency) and 2 * 7 * usual <= LONGEST_LOOK_BACK:
        yield 7 * usual


def _theta(trials: Trials, period: int, least_room: int, room: int, given: Mapping[str, Any]) -> _Theta:
    """Choose look-back, least past, transform and damping by trials on the training rows.

    `least_room`: rows before the horizon in a short series. `room`: those in the longest.
    """
    limit, least_limit = max(1, room - trials.horizon), max(1, least_room // 2)
    wanted, reason = (24, "enough to see a level and a trend") if period == 1 else _seasons_seen(period)
    look_back = given.get("data.look_back", min(wanted, limit))
    least = min(2 * period if period > 1 else 4, least_limit, look_back)
    if look_back < wanted:
        reason = "the training rows of the longest series, without a horizon"
    best, gain = trials.best(period, look_back, least)
    return _Theta(
        look_back,
        [
            Choice("data.look_back", look_back, reason),
            Choice("data.min_past", least, "shorter pasts are padded, so that all training rows have windows"),
            Choice("data.transform", "log1p" if best.logarithms else "none", gain),
            Choice("input.normalisation", "theta", "the model begins at season, level and slope of each window"),
            Choice("input.damping", best.damping, gain),
        ],
    )


def _seasons_seen(period: int) -> tuple[int, str]:
    count = 9 if period <= 12 else 3
    return min(count * period, LONGEST_LOOK_BACK), f"{count} seasons of {period} rows"


# --- treatments, model and training ---------------------------------------------------------------------------------


def _treatments(facts: Facts, lengths: Sequence[int]) -> Iterable[Choice]:
    """Choose the treatment of missing values and of series of unequal lengths."""
    if facts.filled:
        yield Choice("data.missing", "interpolate", f"the file lacks {facts.filled:,} values; they are not scored")
    if lengths[-1] >= 2 * lengths[0]:
        reason = f"series have {lengths[0]:,} to {lengths[-1]:,} rows; long ones shall not outweigh short ones"
        yield Choice("data.sampling", "series", reason)


def _model(look_back: int, period: int, day: int, horizon: int, draws: int) -> Iterable[Choice]:
    """Choose reader, sizes and objective."""
    read = 3 * period if 1 < period <= 12 else 2 * day if day > 12 else 32
    read = min(max(read, 2 * horizon if horizon <= 12 else 0), look_back)
    if read < look_back:
        yield Choice("input.rows", read, "older rows tell only the season and the level")
    if read <= STEP_BY_STEP:
        yield Choice("input.reader", {"kind": "steps"}, f"{read} rows are few enough to be read row by row")
    else:
        length = max((size for size in range(6, 25) if day % size == 0), default=16)
        reader = {"kind": "patches", "length": length, "stride": length, "size": 64}
        yield Choice("input.reader", reader, f"{read} rows are read in patches of {length}")
    yield Choice("encoder.hidden", 32 if draws < 500 else 64, f"the training rows have {draws:,} horizons")
    yield Choice("encoder.dropout", 0.0, "the forecast begins at season, level and slope, and changes little")
    yield Choice("head.objective", {"kind": "mae"}, "robust against single large errors")


def _training(draws: int, series: int) -> Iterable[Choice]:
    """Choose batches and the number of steps."""
    if series < PANEL:
        steps = 200 if draws < 20 else 400 if draws < 100 else 1000
    else:
        steps = 1000 if draws < 2000 else 2000
    yield Choice("training.batch_size", 32 if draws < 500 else 128, f"{draws:,} horizons to draw from")
    yield Choice("training.steps", steps, "few data are learnt in few steps")
    yield Choice("training.epochs", 10, "as often is the model scored")
    yield Choice("training.mirror", 0.5, "no trend is learnt by heart")
    yield Choice("training.optimizer", {"kind": "adamw", "learning_rate": 1e-3}, "the usual for small networks")
    yield Choice("training.schedule", {"kind": "cosine", "warmup": 0.5}, "falls to 0 at the end")
    yield Choice("training.average", 0.98, "steadier than the last weights")


# --- as a file ------------------------------------------------------------------------------------------------------


def as_file(source: str, given: Mapping[str, Any], choices: Sequence[Choice]) -> str:
    """Write given and chosen settings as a config file, each choice below a comment with its reason."""
    lines = [f"# A forecaster of {source}; each setting was chosen from the data.", 'task = "forecasting"', ""]
    chosen = {choice.key: (choice.value, choice.reason) for choice in choices}
    settings = {"data.file": (source, None)} | {key: (value, None) for key, value in given.items()} | chosen
    tables = dict.fromkeys(key.rpartition(".")[0] for key in settings if key != "task")
    for table in sorted(tables, key=lambda name: (name != "", list(tables).index(name))):
        if table:
            lines += ["", f"[{table}]"]
        for key, (value, reason) in settings.items():
            if key.rpartition(".")[0] == table and key != "task":
                lines += [f"# {reason[0].upper()}{reason[1:]}."] if reason else []
                lines.append(f"{key.rpartition('.')[2]} = {toml(value)}")
    return "\n".join(lines) + "\n"
