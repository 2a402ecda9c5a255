"""The rows that a training needs, judged before it begins. Knows no torch.

`train`, `check` and `compare` ask the same function, so that no finished training is lost to a part without a window,
or to a validation part that is too small to calibrate intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np

from bilstm_nlp.config.forecasting import ForecastingConfig, ForecastingData
from bilstm_nlp.config.splits import CountsSplit, DatesSplit, FractionsSplit, LastSplit
from bilstm_nlp.data.series.panel import Panel
from bilstm_nlp.data.series.series import Parts, SeriesSet, split_last
from bilstm_nlp.data.series.statistical import lacking_package
from bilstm_nlp.data.series.windows import BLOCK, Windows
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.tasks.forecasting.conformal import scores_needed
from bilstm_nlp.tasks.forecasting.covariates import idle_remarks
from bilstm_nlp.tasks.forecasting.data import SeriesLoader, SeriesParts

LEVELS = (0.8, 0.5)
"""Levels of intervals that are proposed where a higher one can't be calibrated."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of a training: parts of each series, look-back, horizon and the level of intervals."""

    parts: Sequence[Parts]
    look_back: int
    horizon: int
    level: float
    columns: int = 1
    """Number of columns to forecast."""
    with_test: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The parts that need a window."""
        return ("train", "validation", "test") if self.with_test else ("train", "validation")

    def rows(self, name: str) -> list[slice]:
        """Return the rows of each series in which the windows of a part have their targets."""
        rows: list[slice] = [getattr(parts, name) for parts in self.parts]
        # Look-backs of other parts reach into the rows before the part. Rows before the training part are not used.
        return [slice(part.start + self.look_back, part.stop) for part in rows] if name == "train" else rows

    def windows(self, name: str) -> int:
        """Count the windows of a part, if no value is missing."""
        spans = [part.stop - max(part.start, self.look_back) - self.horizon + 1 for part in self.rows(name)]
        return sum(max(0, span) for span in spans)

    @property
    def calibrated(self) -> bool:
        """True if the validation part has values enough to calibrate the intervals, over all windows and steps."""
        return self.windows("validation") * self.horizon * self.columns >= scores_needed(self.level)

    @property
    def fit(self) -> bool:
        """True if every part has a window, and the intervals can be calibrated."""
        return all(map(self.windows, self.names)) and self.calibrated


def check(config: ForecastingConfig, data: SeriesParts) -> None:
    """Raise `ConfigError` with all problems, if these series can't be trained on as the config says."""
    if unmet := problems(config, data):
        raise ConfigError(data.series_set.source, unmet)


def judged(config: ForecastingConfig, loader: SeriesLoader, series_set: SeriesSet) -> tuple[list[str], list[str]]:
    """List what these series, which are not split yet, lack for a training as the config says, and remarks on them."""
    try:
        data = loader.split(series_set)
    except ConfigError as error:
        return error.problems, []
    except InputError as error:
        return [str(error).removeprefix(f"{series_set.source}, ")], []
    return problems(config, data), list(idle_remarks(data.columns, data.series_set.series, data.parts))


def problems(config: ForecastingConfig, data: SeriesParts) -> list[str]:
    """List what a training as the config says lacks. Problems of the series end with settings that work."""
    settings = config.data
    with_test = wants_test(settings) and not data.refitted
    columns = len(data.columns.targets)
    sizes = Sizes(data.parts, settings.least_past, settings.horizon, config.interval, columns, with_test)
    if settings.validate_on == "test":
        if not sizes.with_test:
            return ['data.validate_on: expected "validation", as there is no test part, found "test"']
        sizes = replace(sizes, parts=[replace(parts, validation=parts.test) for parts in data.parts])
    lengths = [len(series) for series in data.series_set.series]
    package = lacking_package(config.baselines)
    if max(lengths) <= sizes.horizon:
        unmet = [
            f"data.horizon: expected less than the {max(lengths)} rows of the longest series, found {sizes.horizon}"
        ]
    else:
        unmet = [problem for name in sizes.names if (problem := _too_short(sizes, name, settings))]
    values = sizes.windows("validation") * sizes.horizon * sizes.columns
    if not unmet and (problem := _too_few(sizes, values)):
        share = settings.validation_series
        unmet = [problem + (f" of the data.validation_series = {share:g} of all series" if share < 1 else "")]
    if unmet and (advice := working_settings(sizes, lengths, settings)):
        unmet[-1] += f"; settings that work: {advice}"
    return [*(unmet or _lost_to_gaps(sizes, data)), *([package] if package else [])]


def wants_test(data: ForecastingData) -> bool:
    """Return True if the config asks for a test part."""
    match data.split:
        case FractionsSplit(test=test) | CountsSplit(test=test) | LastSplit(test=test):
            return test > 0
        case DatesSplit(test=test, end=end):
            return end is None or test != end
        case unknown:
            assert_never(unknown)


def _too_short(sizes: Sizes, name: str, settings: ForecastingData) -> str | None:
    """Describe a part without a window."""
    if sizes.windows(name):
        return None
    longest = max(part.stop - part.start for part in (getattr(parts, name) for parts in sizes.parts))
    problem = (
        f"{name} part: expected a part with {sizes.horizon} rows to forecast and {sizes.look_back} rows before them, "
        f"found no such window in parts of at most {longest} rows"
    )
    shortened = name == "train" and settings.fraction < 1
    return problem + (f", as data.fraction = {settings.fraction} leaves them" if shortened else "")


def _too_few(sizes: Sizes, values: int) -> str | None:
    """Describe a validation part with too few values for the intervals, over all windows and steps."""
    needed = scores_needed(sizes.level)
    if values >= needed:
        return None
    expected = f"expected at least {needed} values to calibrate intervals of {sizes.level:.4g}"
    return f"validation part: {expected}, found {values} in all windows and steps"


def _lost_to_gaps(sizes: Sizes, data: SeriesParts) -> Iterator[str]:
    """Describe parts that have windows, but too few with values that the file has."""
    series, targets = data.series_set.series, data.columns.targets
    if all(each.observed_of(targets).all() for each in series):
        return
    observed = [each.observed_of(targets) for each in series]
    panel = Panel.stack([each.select(targets) for each in series], len(targets), observed=observed)
    for name in sizes.names:
        try:
            windows = Windows.over(panel, sizes.rows(name), sizes.look_back, sizes.horizon)
        except InputError as error:
            yield f"{name} part: {error}"
            continue
        if name == "validation":
            values = sum(int((~np.isnan(block.future)).sum()) for block in windows.blocks(BLOCK))
            if problem := _too_few(sizes, values):
                yield f"{problem}: the file lacks the others"


# --- settings that work ----------------------------------------------------------------------------------------------


def working_settings(sizes: Sizes, lengths: Sequence[int], settings: ForecastingData) -> str:
    """Return the smallest change of the settings that makes a training possible; empty if there is none.

    First the look-back is changed, then the split, then the level of the intervals, at last the horizon.
    """
    for horizon in _falling(sizes.horizon):
        for level in (sizes.level, *(level for level in LEVELS if level < sizes.level)):
            wanted = replace(sizes, horizon=horizon, level=level)
            for candidate, split in _candidates(wanted, lengths, settings):
                if (look_back := _largest_look_back(candidate)) is not None:
                    key = "data.look_back" if settings.min_past is None else "data.min_past"
                    return _shown(sizes, replace(candidate, look_back=look_back), split, key)
    return ""


def _candidates(
    sizes: Sizes, lengths: Sequence[int], settings: ForecastingData
) -> Iterator[tuple[Sizes, LastSplit | None]]:
    """Yield the sizes with the parts that they have, then with larger parts at the end of each series."""
    yield sizes, None
    if settings.fraction < 1 or settings.validation_series < 1 or settings.validate_on == "test":
        return
    test = max(sizes.horizon, *(parts.test.stop - parts.test.start for parts in sizes.parts)) if sizes.with_test else 0
    for test_rows in dict.fromkeys((test, sizes.horizon if sizes.with_test else 0)):
        # The shortest validation part with enough windows, if any series is long enough for it.
        for validation in range(sizes.horizon, sizes.horizon + scores_needed(sizes.level)):
            if min(lengths) <= validation + test_rows:
                break
            parts = [split_last(length, validation, test_rows) for length in lengths]
            larger = replace(sizes, parts=parts)
            # Counted for the shortest look-back: the look-back is chosen last.
            if replace(larger, look_back=1).calibrated:
                yield larger, LastSplit(validation=validation, test=test_rows)
                break


def _largest_look_back(sizes: Sizes) -> int | None:
    """Return the largest look-back, at most that of the sizes, with which they fit; `None` if none does."""
    longest = max(parts.train.stop - parts.train.start for parts in sizes.parts)
    look_back = min(sizes.look_back, longest - sizes.horizon)
    return look_back if look_back >= 1 and replace(sizes, look_back=look_back).fit else None


def _falling(horizon: int) -> Iterator[int]:
    """Yield a horizon and its halves, down to 1."""
    while horizon >= 1:
        yield horizon
        horizon //= 2


def _shown(before: Sizes, after: Sizes, split: LastSplit | None, look_back: str) -> str:
    """Write the settings that differ, as in a config. `look_back`: the key of the rows before an origin."""
    changes = [
        f"{key} = {new}"
        for key, old, new in (
            ("data.horizon", before.horizon, after.horizon),
            (look_back, before.look_back, after.look_back),
            ("interval", before.level, after.level),
        )
        if old != new
    ]
    if split is not None:
        changes.append(f'data.split = {{ kind = "last", validation = {split.validation}, test = {split.test} }}')
    return ", ".join(changes)
