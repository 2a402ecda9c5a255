"""Settings for a file of series with nothing set, chosen from its frequency, its lengths and its number of series.

`choose` is a pure function of facts. Every choice has its reason, which `train` says and `init` writes. Knows no torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.config.toml import toml
from bilstm_nlp.data.series.static import ConstantColumns
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.conformal import scores_needed
from bilstm_nlp.tasks.forecasting.facts import Choice, Facts, observed_days
from bilstm_nlp.tasks.forecasting.trials import Trials
from bilstm_nlp.tasks.forecasting.window_defaults import choose_season, choose_windows, training_columns

LEAST = 10
"""Rows of the shortest series that a model is trained on."""
LEVELS = (0.9, 0.8, 0.5)
"""Levels of intervals, the best first."""
LONGEST_HORIZON = 96
PANEL = 10
"""Number of series from which on each needs only a single window in validation and test part."""
MANY = 500
"""Horizons in the training rows, from which on the encoder and the batches are larger."""
NEWEST = 32
"""Number of rows that the encoder reads of series without a season."""
EPOCHS = 10
INDEPENDENT = 20
"""Horizons in the validation part from which on it calibrates the intervals of a few series alone."""
MOST_LEADING = 32
"""Largest number of columns among which leads are looked for: a regression on more tells little, and is large."""
STEP_BY_STEP = 64
"""Largest number of rows that the encoder reads row by row."""


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
    season = choose_season(facts, long_enough[0], given)
    rows, reason = _rows(facts, long_enough, season.day, given)
    kept = rows.validation + rows.test
    # A tenth of the series may be too short for a training window: they are forecast, not trained on.
    short = long_enough[len(long_enough) // 10] - kept - rows.horizon
    trials = Trials(training_columns(facts, kept), rows.horizon)
    room = long_enough[-1] - kept - rows.horizon
    windows = choose_windows(facts, trials, season.period, short, room, given)
    horizons = facts.columns * sum(max(0, length - kept) for length in long_enough) // rows.horizon
    choices = [
        *observed_days(facts),
        *season.choices,
        Choice("data.horizon", rows.horizon, reason),
        Choice("data.split", {"kind": "last", "validation": rows.validation, "test": rows.test}, _parts_reason(rows)),
        *windows.choices,
        *_treatments(facts, long_enough),
        *_model(windows.look_back, season.period, season.day, rows.horizon, horizons),
        *_training(facts, horizons, len(long_enough), given),
        *_small(season.period, rows, len(long_enough)),
        *_leads(season.period, facts.columns, given),
    ]
    if rows.level != 0.9:
        choices.append(Choice("interval", rows.level, "the validation part is too small for intervals of 0.9"))
    return [choice for choice in choices if not _is_given(choice.key, given)]


def roles(constant: ConstantColumns) -> list[Choice]:
    """Choose the roles of columns that have one value within each series."""
    choices = []
    if constant.single:
        left_out = f"{', '.join(constant.single)} with one value in all rows tells nothing, and is left out"
        choices.append(Choice("data.targets", list(constant.others), left_out))
    if constant.static:
        reason = "one value within each series; text is read as categories"
        choices.append(Choice("data.static", list(constant.static), reason))
    return choices


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
    # A validation part of few windows chooses the epoch by chance: that of a lone series is twice the test part.
    longer = share if series >= PANEL else 2 * share
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


# --- treatments, model and training ---------------------------------------------------------------------------------


def _treatments(facts: Facts, lengths: Sequence[int]) -> Iterable[Choice]:
    """Choose the treatment of missing values and of series of unequal lengths."""
    if facts.filled:
        yield Choice("data.missing", "interpolate", f"the file lacks {facts.filled:,} values; they are not scored")
    if facts.outlier is not None:
        yield Choice("data.scaler", "robust", f"a value is out of all proportion: {facts.outlier}")
    if lengths[-1] >= 2 * lengths[0]:
        reason = f"series have {lengths[0]:,} to {lengths[-1]:,} rows; long ones shall not outweigh short ones"
        yield Choice("data.sampling", "series", reason)


def _model(look_back: int, period: int, day: int, horizon: int, horizons: int) -> Iterable[Choice]:
    """Choose reader, sizes and objective, for training rows as long as `horizons` horizons."""
    if period == 1:
        wanted = NEWEST
    elif period <= 12:
        wanted = max(3 * period, 2 * horizon)
    elif period > day:
        wanted = period + day
    else:
        wanted = 2 * day
    read = min(wanted, look_back)
    if read < look_back:
        yield Choice("input.rows", read, "older rows tell season and level alone")
    if read <= STEP_BY_STEP:
        yield Choice("input.reader", {"kind": "steps"}, f"{read} rows are few enough to be read row by row")
    else:
        length = max((size for size in range(6, 25) if day % size == 0), default=16)
        reader = {"kind": "patches", "length": length, "stride": length, "size": 64}
        yield Choice("input.reader", reader, f"{read} rows are read in patches of {length}")
    yield Choice("encoder.hidden", 32 if horizons < MANY else 64, f"the training rows are {horizons:,} horizons")
    yield Choice("encoder.dropout", 0.0, "the model begins at a forecast, and learns corrections only")
    if period > day:
        yield Choice(
            "head.bypass", {"kind": "linear"}, "a linear map of a week and a day corrects the days of the week"
        )
    yield Choice("head.objective", {"kind": "mae"}, "robust against single large errors")


def _training(facts: Facts, horizons: int, series: int, given: Mapping[str, Any]) -> Iterable[Choice]:
    """Choose batches and the number of steps. Batches of several columns have fewer windows."""
    has_categories = facts.has_categories or bool(given.get("data.static_file"))
    counts = (1000, 2000) if series >= PANEL else (200, 400, 1000)
    limits = (2000,) if series >= PANEL else (20, 100)
    steps = counts[sum(horizons >= limit for limit in limits)]
    epochs = min(EPOCHS, given.get("training.steps", steps))
    of_epochs = "fewer data are learnt in fewer steps"
    if "training.epochs" in given:  # an epoch remains as long as it is otherwise
        of_epochs = f"{steps // EPOCHS} in each epoch; {of_epochs}"
        steps = steps // EPOCHS * given["training.epochs"]
    size = max(4, (32 if horizons < MANY else 128) // facts.columns)
    yield Choice("training.batch_size", size, f"the training rows are {horizons:,} horizons")
    yield Choice("training.steps", steps, of_epochs)
    yield Choice("training.epochs", epochs, "as often is the model scored")
    if not has_categories and not given.get("data.observed"):  # their effects would be mirrored too, and cancel out
        yield Choice("training.mirror", 0.5, "the training rows' rise or fall by accident is not learnt")
    optimizer = {"kind": "adamw", "learning_rate": 4e-3 if has_categories else 1e-3}
    reason = "vectors of categories begin at random" if has_categories else "the usual for small networks"
    yield Choice("training.optimizer", optimizer, reason)
    yield Choice("training.schedule", {"kind": "cosine", "warmup": 0.5}, "falls to 0 at the end")
    yield Choice("training.average", 0.98, "steadier than the last weights")


def _small(period: int, rows: _Rows, series: int) -> Iterable[Choice]:
    """Choose shrinkage without a season, and what calibrates intervals of few validation windows."""
    if period == 1:
        reason = (
            "without a season, the last value is hard to beat; windows before the test part tell how much to add to it"
        )
        yield Choice("head.shrinkage", "last", reason)
    if series < PANEL and rows.validation < INDEPENDENT * rows.horizon:
        few = (
            f"the validation part has {rows.validation} rows for horizons of {rows.horizon}, too few to tell the width"
        )
        yield Choice("calibration", "training", few)


def _leads(period: int, columns: int, given: Mapping[str, Any]) -> Iterable[Choice]:
    """Choose leads for several columns without a season. Effects of columns known ahead have no leads beside them."""
    read = columns + len(given.get("data.observed", ()))
    if period == 1 and 2 <= read <= MOST_LEADING and not given.get("data.known"):
        yield Choice("input.leads", "linear", "a column may lead others; those it clearly does not lead are without it")


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
