"""Frequencies and dates: the frequency of a series, its season, its future dates, and features of the calendar."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, BusinessDay, Day, Tick

from bilstm_nlp.batch import Floats
from bilstm_nlp.errors import InputError

ROWS_PER_DATE = 50
"""An inferred frequency may have at most so many rows for each date of the file."""
MOST_ROWS_PER_DATE = 1000
"""The same limit for a frequency from the config."""


# --- frequencies ----------------------------------------------------------------------------------------------------


def parse_frequency(frequency: str) -> BaseOffset:
    """Parse a pandas offset alias. Raises `InputError` for other text, and for steps that do not go forward.

    >>> parse_frequency("15min").freqstr
    '15min'
    """
    try:
        with warnings.catch_warnings():
            # Old spellings are accepted as long as pandas accepts them.
            for kind in (FutureWarning, DeprecationWarning):
                warnings.simplefilter("ignore", kind)
            offset = to_offset(frequency)
    except (ValueError, OverflowError):
        offset = None
    if offset is None or offset.n < 1:
        raise InputError(f"expected a frequency such as 15min, h, D, B, W-SUN, MS or YS, found {frequency!r}")
    return offset


def best_frequency(indexes: Sequence[pd.DatetimeIndex]) -> str | None:
    """Infer the frequency of series from their dates, each index ascending and without duplicates.

    Candidates are the frequencies of stretches without a gap, short and long, from all over the series. The best has
    the fewest dates off its grid, then the fewest dates missing. Returns `None` if no stretch has a frequency.

    >>> days = pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-05"])
    >>> best_frequency([days])
    'D'
    """
    candidates: set[str] = set()
    for dates in sorted(indexes, key=len, reverse=True)[:20]:
        for length in (len(dates), 30, 10, 5, 3):
            for start in {int(row) for row in np.linspace(0, max(0, len(dates) - length), 20)}:
                candidates |= _regular_frequency(dates[start : start + length])
    scored = []
    for frequency in sorted(candidates):
        if not any(is_too_fine(dates, frequency, ROWS_PER_DATE) for dates in indexes):
            grids = [grid(dates, frequency) for dates in indexes]
            off_grid = sum(int((~dates.isin(whole)).sum()) for dates, whole in zip(indexes, grids, strict=True))
            scored.append((off_grid, sum(map(len, grids)), frequency))
    return min(scored)[2] if scored else None


def _regular_frequency(dates: pd.DatetimeIndex) -> set[str]:
    """Return the frequency of three or more dates without a gap, as a set of one, else the empty set."""
    if len(dates) < 3:
        return set()
    with warnings.catch_warnings():
        # pandas 3 warns that it will return an offset in future; both are handled here.
        warnings.simplefilter("ignore", DeprecationWarning)
        inferred = pd.infer_freq(dates)
    return set() if inferred is None else {parse_frequency(getattr(inferred, "freqstr", inferred)).freqstr}


def is_too_fine(dates: pd.DatetimeIndex, frequency: str, rows_per_date: int) -> bool:
    """Tell if the frequency's grid has more than `rows_per_date` rows for each date, and so would be too large."""
    try:
        step = (dates[0] + 4 * parse_frequency(frequency) - dates[0]) / 4
    except (ValueError, OverflowError):  # so coarse that the calendar ends before
        return False
    if step <= pd.Timedelta(0):
        return True
    # In seconds: pandas divides two Timedeltas only if both fit into the finer unit. pandas 2 rounds nanoseconds to 0.
    seconds = step.total_seconds() or 1e-9
    return bool((dates[-1] - dates[0]).total_seconds() / seconds > rows_per_date * (len(dates) + 20))


def grid(dates: pd.DatetimeIndex, frequency: str) -> pd.DatetimeIndex:
    """Return every date of the frequency from the first date to the last, in their time zone.

    Raises `ValueError` for dates that pandas lacks, such as nanoseconds before 1677.
    """
    try:
        return pd.date_range(dates[0], dates[-1], freq=frequency, unit=dates.unit)
    except ValueError:  # a frequency finer than the unit of the dates
        return pd.date_range(dates[0], dates[-1], freq=frequency, unit="ns")


def future_dates(last: pd.Timestamp, count: int, frequency: str) -> pd.DatetimeIndex:
    """Return the `count` dates after `last`, in its time zone.

    Raises `InputError` if `last` is not a date of this frequency: a Sunday at business days.

    >>> [str(date.date()) for date in future_dates(pd.Timestamp("2024-01-05"), 2, "B")]
    ['2024-01-08', '2024-01-09']
    """
    dates = pd.date_range(last, periods=count + 1, freq=frequency)
    if dates[0] != last:
        raise InputError(f"expected the last date to be one of frequency {frequency}, found {last}")
    return dates[1:]


def season(frequency: str) -> int:
    """Return the number of rows in the main season of this frequency.

    Below daily, the season is a day (15min 96, h 24), for seconds an hour. For days it is a week (D 7, B 5), for weeks
    (52), months (12) and quarters (4) a year. Other frequencies have none: 1. If the step does not divide the season
    (5h), the season is the first multiple of it that is a whole number of steps.

    >>> season("15min"), season("B"), season("MS"), season("5h")
    (96, 5, 12, 24)
    """
    offset = parse_frequency(frequency)
    if isinstance(offset, Day):
        period, step = 7, offset.n
    elif isinstance(offset, Tick):
        seconds = pd.Timedelta(offset).total_seconds()
        if seconds < 1 or seconds != int(seconds):
            return 1
        step = int(seconds)
        period = 3600 if step < 60 else 86400 if step < 86400 else 7 * 86400
    else:
        period, step = SEASONS.get(_unit(offset), 1), offset.n
    return period // math.gcd(period, step)


SEASONS = {"B": 5, "C": 5, "W": 52, **dict.fromkeys(("ME", "MS", "BME", "BMS"), 12)}
SEASONS |= dict.fromkeys(("QE", "QS", "BQE", "BQS"), 4)
"""Alias → rows in a week for business days, in a year for coarser frequencies."""


def _unit(offset: BaseOffset) -> str:
    """Return the alias without multiple and anchor: QS for 2QS-OCT."""
    return offset.freqstr.lstrip("0123456789").partition("-")[0]


# --- calendar features ----------------------------------------------------------------------------------------------

Encoding = Literal["scaled", "cyclic"]

FIELDS = {"second": 60, "minute": 60, "hour": 24, "day_of_week": 7, "day": 31, "month": 12}
"""Field of a timestamp → number of its values."""


def varying_fields(frequency: str) -> tuple[str, ...]:
    """Return the fields that vary from row to row at this frequency.

    >>> varying_fields("h"), varying_fields("MS")
    (('hour', 'day_of_week', 'day', 'month'), ('month',))
    """
    offset = parse_frequency(frequency)
    if isinstance(offset, Day | BusinessDay):
        return ("day_of_week", "day", "month")
    if isinstance(offset, Tick):
        step = pd.Timedelta(offset)
        within_day = [
            name
            for name, unit in (("second", "1min"), ("minute", "1h"), ("hour", "1D"))
            if step % pd.Timedelta(unit) != pd.Timedelta(0)
        ]
        return (*within_day, "day_of_week", "day", "month")
    unit = _unit(offset)
    if unit == "W":
        return ("day", "month")
    return () if unit in {"YS", "YE", "BYS", "BYE"} else ("month",)


def calendar_features(
    dates: pd.DatetimeIndex, frequency: str, encoding: Encoding = "scaled"
) -> tuple[Floats, tuple[str, ...]]:
    """Compute the features (T, K) of T dates in their own time zone, and the features' names.

    `scaled` makes one column of each field, on [−0.5, 0.5]: hour 0 is −0.5, hour 23 is 0.5. `cyclic` makes two, sine
    and cosine, so that December is next to January. Yearly series have no features: (T, 0).

    >>> noon = pd.DatetimeIndex(["2024-01-01 12:00"])
    >>> calendar_features(noon, "h", "cyclic")[1][:2]
    ('sin(hour)', 'cos(hour)')
    """
    columns: list[Floats] = []
    names: list[str] = []
    for name in varying_fields(frequency):
        values = np.asarray(getattr(dates, name), np.float64) - (name in {"day", "month"})
        if encoding == "scaled":
            columns.append(values / (FIELDS[name] - 1) - 0.5)
            names.append(name)
        else:
            angle = 2 * np.pi * values / FIELDS[name]
            columns += [np.sin(angle), np.cos(angle)]
            names += [f"sin({name})", f"cos({name})"]
    return np.stack(columns, axis=1) if columns else np.empty((len(dates), 0)), tuple(names)
