"""Settings for a file of series with nothing set, chosen from its frequency, its lengths and its number of series.

`choose` is a pure function of facts. Every choice has its reason, which `train` says and `init` writes. Knows no torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.config.toml import toml
from bilstm_nlp.data.series.calendar import season
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.conformal import scores_needed

LEAST = 10
"""Rows of the shortest series that a model is trained on."""
LEVELS = (0.9, 0.8, 0.5)
"""Levels of intervals, the best first."""
LONGEST_HORIZON = 96
PANEL = 10
"""Number of series from which on each needs only a single window in validation and test part."""
STEP_BY_STEP = 64
"""Largest look-back that is read row by row."""


@dataclass(frozen=True)
class Facts:
    """The facts of a file of series that settings are chosen by."""

    frequency: str
    lengths: Sequence[int]
    columns: int = 1
    """Number of columns to forecast."""
    filled: int = 0
    """Number of values that the file lacks."""


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
    period = given.get("data.season") or season(facts.frequency)
    rows, reason = _rows(facts, long_enough, period, given)
    # A tenth of the series may be too short for a training window: they are forecast, not trained on.
    train = long_enough[len(long_enough) // 10] - rows.validation - rows.test
    look_back, look_back_reason = _look_back(period, rows.horizon, train)
    look_back = given.get("data.look_back", look_back)
    windows = sum(max(0, n - rows.validation - rows.test - look_back - rows.horizon + 1) for n in long_enough)
    choices = [
        Choice("data.horizon", rows.horizon, reason),
        Choice("data.look_back", look_back, look_back_reason),
        Choice("data.split", {"kind": "last", "validation": rows.validation, "test": rows.test}, _parts_reason(rows)),
        *_treatments(facts, long_enough),
        *_model(look_back, period, windows * facts.columns),
        *_training(windows, len(long_enough)),
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
    # The training part needs a horizon too, and a row to forecast from.
    for test, most in ((share, shortest // 2), (horizon, shortest - horizon - 1)):
        for level, enough in zip(levels, smallest, strict=True):
            validation = max(test, enough)
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


def _look_back(period: int, horizon: int, train: int) -> tuple[int, str]:
    """Choose the look-back for a training part of so many rows."""
    if period <= 1:
        wanted, reason = max(12, 2 * horizon), "enough to see a trend"
    elif period <= 12:
        wanted, reason = 4 * period, f"four seasons of {period} rows"
    elif period <= 52:
        wanted, reason = 7 * period if period in (24, 48) else 2 * period, "a week of days, or two seasons"
    else:
        wanted, reason = 2 * min(period, 168), f"two seasons of at most {min(period, 168)} rows"
    limit = max(1, (train - horizon) // 2)
    return (wanted, reason) if wanted <= limit else (limit, f"leaves half of the {train} training rows as origins")


def _parts_reason(rows: _Rows) -> str:
    if rows.validation == rows.test == rows.horizon:
        return "a horizon for each, at the end of every series"
    return "at the end of every series, each at least a horizon or a tenth of the shortest series"


# --- treatments, model and training ---------------------------------------------------------------------------------


def _treatments(facts: Facts, lengths: Sequence[int]) -> Iterable[Choice]:
    """Choose the treatment of missing values and of series of unequal lengths."""
    if facts.filled:
        yield Choice("data.missing", "interpolate", f"the file lacks {facts.filled:,} values; they are not scored")
    if lengths[-1] >= 2 * lengths[0]:
        reason = f"series have {lengths[0]:,} to {lengths[-1]:,} rows; long ones shall not outweigh short ones"
        yield Choice("data.sampling", "series", reason)


def _model(look_back: int, period: int, windows: int) -> Iterable[Choice]:
    """Choose reader, sizes and objective."""
    if look_back <= STEP_BY_STEP:
        yield Choice("input.reader", {"kind": "steps"}, "the look-back is short enough to be read row by row")
    else:
        length = max((size for size in range(6, 25) if period % size == 0), default=16)
        reader = {"kind": "patches", "length": length, "stride": length, "size": 64}
        yield Choice("input.reader", reader, f"a long look-back is read in patches of {length} rows")
    hidden = 32 if windows < 2000 else 64
    yield Choice("encoder.hidden", hidden, f"there are {windows:,} training windows")
    yield Choice("encoder.dropout", 0.2, "against overfitting")
    yield Choice("head.bypass", {"kind": "linear"}, "a linear map learns trend and season at once")
    yield Choice("head.objective", {"kind": "mae"}, "robust against single large errors")


def _training(windows: int, series: int) -> Iterable[Choice]:
    """Choose batches and the number of steps."""
    size = 32 if windows < 2000 else 128
    steps = 1000 if series < PANEL else 2000
    yield Choice("training.batch_size", size, f"{windows:,} windows to draw from")
    yield Choice("training.steps", steps, "the same time for few data and many")
    yield Choice("training.epochs", 20, "as often is the model scored")
    yield Choice("training.optimizer", {"kind": "adam", "learning_rate": 2e-3}, "the usual for small networks")
    yield Choice("training.schedule", {"kind": "cosine", "warmup": 0.5}, "falls to 0 at the end")
    yield Choice("training.average", 0.99, "steadier than the last weights")


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
