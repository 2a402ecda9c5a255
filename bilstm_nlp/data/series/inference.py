"""The frequency of series, inferred from their dates, and compared with the frequency of training."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bilstm_nlp.data.series.frequencies import FixedDay, Grids, ObservedDays, Steps, parse_frequency

ROWS_PER_DATE = 50
"""An inferred frequency may have at most so many rows for each date of the file."""
MOST_ROWS_PER_DATE = 1000
"""The same limit for a frequency from the config."""
LOOKED_AT = 20
"""Series, the longest ones, that candidates are taken from."""
MOSTLY = 0.8
"""Fraction of the dates that a fixed day of the month must explain."""


def best_frequency(indexes: Sequence[pd.Index], grids: Grids | None = None) -> str | None:
    """Infer the frequency of series from their dates, each index ascending and without duplicates.

    Candidates are the frequencies of stretches without a gap, short and long, from all over the series. The best has
    the fewest dates off its grid, then the fewest dates missing. Returns `None` if no stretch has a frequency.
    If a single frequency gives all dates and no others, none can be better, and stretches are not looked at.

    >>> days = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-05"])
    >>> best_frequency([days])
    'D'
    """
    grids = grids or Grids()
    longest = sorted(indexes, key=len, reverse=True)[:LOOKED_AT]
    distinct = {np.asarray(dates).tobytes(): dates for dates in longest}.values()
    dated = [dates for dates in distinct if isinstance(dates, pd.DatetimeIndex)]
    if len(dated) < len(distinct):
        return _step_frequency(indexes)
    candidates = set[str]().union(*map(_fixed_days, dated), *map(_regular_frequency, dated))
    scored = _scored(candidates, indexes, grids)
    if not (len(candidates) == 1 and scored and scored[0][:2] == (0, sum(map(len, indexes)))):
        scored = _scored(candidates.union(*map(_frequencies_of_stretches, dated)), indexes, grids)
    return scored[0][2] if scored else None


def _scored(candidates: set[str], indexes: Sequence[pd.Index], grids: Grids) -> list[tuple[int, int, str]]:
    """Return the dates off the grid, the rows and the name of each frequency that is not too fine, the best first."""
    spans = _spans(indexes)
    return sorted(
        (*_misfit(indexes, frequency, grids), frequency)
        for frequency in candidates
        if not any(is_too_fine(dates, frequency, ROWS_PER_DATE) for dates in spans)
    )


def _frequencies_of_stretches(dates: pd.DatetimeIndex) -> set[str]:
    """Return the frequencies of the stretches without a gap, short and long, from all over a series."""
    frequencies = set[str]()
    for length in (30, 10, 5, 3):
        for start in {int(row) for row in np.linspace(0, max(0, len(dates) - length), 20)}:
            frequencies |= _regular_frequency(dates[start : start + length])
    return frequencies


def _spans(indexes: Sequence[pd.Index]) -> list[pd.Index]:
    """Return the indexes that differ in their first date, their last date or their length."""
    return list({(dates[0], dates[-1], len(dates)): dates for dates, _ in _counted(indexes)}.values())


def _counted(indexes: Sequence[pd.Index]) -> list[tuple[pd.Index, int]]:
    """Return each index once, with the number of series that share it."""
    counts = Counter(map(id, indexes))
    return [(dates, counts[key]) for key, dates in {id(dates): dates for dates in indexes}.items()]


def fits_training(indexes: Sequence[pd.Index], training: str, own: str | None, grids: Grids | None = None) -> bool:
    """Tell if dates may be read at the frequency of training, given the frequency that they have by themselves.

    A few dates can't tell days from business days: they may, unless their own frequency fits better.

    >>> days = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03"])
    >>> fits_training([days], "B", "D"), fits_training([days], "h", "D")
    (True, False)
    """
    grids, parsed = grids or Grids(), parse_frequency(training)
    if any(isinstance(dates, pd.DatetimeIndex) == isinstance(parsed, Steps) for dates in indexes):
        return False
    if isinstance(parsed, ObservedDays):
        return all(_are_days(dates, parsed) for dates in indexes)
    if any(is_too_fine(dates, training, MOST_ROWS_PER_DATE) for dates in _spans(indexes)):
        return False
    if own is not None:
        return own == training or _misfit(indexes, training, grids) <= _misfit(indexes, own, grids)
    return all(len(dates) == 1 or _has_neighbours(dates, training, grids) for dates in indexes)


def _has_neighbours(dates: pd.Index, frequency: str, grids: Grids) -> bool:
    """Tell if all dates are on the grid of a frequency, and two of them follow each other."""
    rows = grids.of(dates, frequency).get_indexer(dates)
    return bool((rows >= 0).all() and (np.diff(rows) == 1).any())


def _are_days(dates: pd.Index, frequency: ObservedDays) -> bool:
    """Tell if dates come as days do: at most one a day, and not much rarer than the weekdays."""
    assert isinstance(dates, pd.DatetimeIndex)
    days = dates.tz_localize(None).normalize()
    steps = np.diff(days.values) / np.timedelta64(1, "D")
    return days.is_unique and (len(steps) < 2 or bool(np.median(steps) <= 14 / len(frequency.weekdays)))


def _misfit(indexes: Sequence[pd.Index], frequency: str, grids: Grids) -> tuple[int, int]:
    """Count the dates off the grid of a frequency, and the rows of the grid."""
    off_grid = rows = 0
    for dates, count in _counted(indexes):
        whole = grids.of(dates, frequency)
        rows += count * len(whole)
        off_grid += 0 if dates.equals(whole) else count * int((~dates.isin(whole)).sum())
    return off_grid, rows


def _step_frequency(indexes: Sequence[pd.Index]) -> str:
    """Return the frequency of numbered rows: the smallest distance of two rows."""
    distances = [int(np.diff(np.asarray(dates, np.int64)).min()) for dates in indexes if len(dates) > 1]
    return Steps(min(distances, default=1)).freqstr


def _regular_frequency(dates: pd.DatetimeIndex) -> set[str]:
    """Return the frequency of three or more dates without a gap, as a set of one, else the empty set."""
    if len(dates) < 3:
        return set()
    with warnings.catch_warnings():
        # pandas 3 warns that it will return an offset in future; both are handled here.
        warnings.simplefilter("ignore", DeprecationWarning)
        inferred = pd.infer_freq(dates)
    return set() if inferred is None else {parse_frequency(getattr(inferred, "freqstr", inferred)).freqstr}


def _fixed_days(dates: pd.DatetimeIndex) -> set[str]:
    """Return the frequencies of a fixed day of the month that most of three or more dates have."""
    if len(dates) < 3:
        return set()
    days, months = np.asarray(dates.day), np.asarray(12 * dates.year + dates.month - 1)
    distances = np.diff(months)
    if (distances <= 0).mean() > 1 - MOSTLY:
        return set()
    step = int(np.gcd.reduce(distances))
    step = 12 if step and step % 12 == 0 else step
    if step == 0 or 12 % step:
        return set()
    result = set()
    for day in {Counter(days.tolist()).most_common(1)[0][0], int(days.max())}:
        explained = days == np.minimum(np.asarray(dates.days_in_month), day)
        at_month_end = bool((days == np.asarray(dates.days_in_month)).all())
        if explained.mean() >= MOSTLY and day > 1 and not at_month_end:
            result.add(FixedDay(step, day, int(months[0] % step)).freqstr)
    return result


def is_too_fine(dates: pd.Index, frequency: str, rows_per_date: int) -> bool:
    """Tell if the frequency's grid has more than `rows_per_date` rows for each date, and so would be too large."""
    parsed = parse_frequency(frequency)
    if isinstance(parsed, Steps):
        return int(dates[-1] - dates[0]) > parsed.n * rows_per_date * (len(dates) + 20)
    if isinstance(parsed, FixedDay | ObservedDays):
        return False
    try:
        step = (dates[0] + 4 * parsed - dates[0]) / 4
    except (ValueError, OverflowError):  # so coarse that the calendar ends before
        return False
    if step <= pd.Timedelta(0):
        return True
    # In seconds: pandas divides two Timedeltas only if both fit into the finer unit. pandas 2 rounds nanoseconds to 0.
    seconds = step.total_seconds() or 1e-9
    return bool((dates[-1] - dates[0]).total_seconds() / seconds > rows_per_date * (len(dates) + 20))
