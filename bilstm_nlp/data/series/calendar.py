"""Frequencies and dates: which frequency a series has, its season, its future dates, and features of its calendar."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, BusinessDay, Day, Tick

from bilstm_nlp.data.series.series import Floats
from bilstm_nlp.errors import InputError

ROWS_PER_DATE = 50
"""A grid with more than so many rows for each date of the file is not that file's."""
MOST_ROWS_PER_DATE = 1000
"""… not even if somebody says so."""


# --- frequencies ----------------------------------------------------------------------------------------------------


def parse_frequency(frequency: str) -> BaseOffset:
    """A pandas offset alias as an offset. Raises `InputError` for what is none, or what does not go forward."""
    try:
        with warnings.catch_warnings():
            # Old spellings are understood for as long as pandas understands them.
            for kind in (FutureWarning, DeprecationWarning):
                warnings.simplefilter("ignore", kind)
            offset = to_offset(frequency)
    except (ValueError, OverflowError):
        offset = None
    if offset is None or offset.n < 1:
        raise InputError(f"expected a frequency such as 15min, h, D, B, W-SUN, MS or YS, found {frequency!r}")
    return offset


def best_frequency(indexes: Sequence[pd.DatetimeIndex]) -> str | None:
    """The frequency on whose grid most of these dates lie, then the one with the fewest dates missing.

    `indexes` are ascending and without duplicates. pandas tells the frequency of stretches that have no gap, long and
    short and from everywhere; which of those it tells is that of the series is decided by all dates. `None` where no
    stretch has one.
    """
    candidates: set[str] = set()
    for dates in sorted(indexes, key=len, reverse=True)[:20]:
        for length in (len(dates), 30, 10, 5, 3):
            for start in {int(place) for place in np.linspace(0, max(0, len(dates) - length), 20)}:
                candidates |= regular_frequency(dates[start : start + length])
    scored = []
    for frequency in sorted(candidates):
        if not any(is_too_fine(dates, frequency, ROWS_PER_DATE) for dates in indexes):
            expected = [grid(dates, frequency) for dates in indexes]
            off = sum(int((~dates.isin(whole)).sum()) for dates, whole in zip(indexes, expected, strict=True))
            scored.append((off, sum(map(len, expected)), frequency))
    return min(scored)[2] if scored else None


def regular_frequency(dates: pd.DatetimeIndex) -> set[str]:
    """The frequency of dates without a gap, if three or more have one."""
    if len(dates) < 3:
        return set()
    with warnings.catch_warnings():
        # pandas 3 warns that it will answer with an offset one day; both are understood here.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = pd.infer_freq(dates)
    return set() if found is None else {parse_frequency(getattr(found, "freqstr", found)).freqstr}


def is_too_fine(dates: pd.DatetimeIndex, frequency: str, rows_per_date: int) -> bool:
    """Whether the grid would be so much finer than the dates that it is not theirs (and too large to make)."""
    try:
        step = (dates[0] + 4 * parse_frequency(frequency) - dates[0]) / 4
    except (ValueError, OverflowError):  # so coarse that the calendar ends before
        return False
    if step <= pd.Timedelta(0):
        return True
    # By seconds: of two lengths of time pandas divides only those that both fit into the finer one's unit.
    return bool((dates[-1] - dates[0]).total_seconds() / step.total_seconds() > rows_per_date * (len(dates) + 20))


def grid(dates: pd.DatetimeIndex, frequency: str) -> pd.DatetimeIndex:
    """Every date from the first to the last at this frequency, in the time zone of `dates`.

    Raises `ValueError` where pandas has no such dates: of nanoseconds before 1677, say.
    """
    try:
        return pd.date_range(dates[0], dates[-1], freq=frequency, unit=dates.unit)
    except ValueError:  # a frequency finer than the unit that the dates are kept in
        return pd.date_range(dates[0], dates[-1], freq=frequency, unit="ns")


def future_dates(last: pd.Timestamp, count: int, frequency: str) -> pd.DatetimeIndex:
    """The `count` dates that follow `last`, in its time zone.

    Raises `InputError` if `last` is not itself a date of this frequency: a Sunday at business days.
    """
    dates = pd.date_range(last, periods=count + 1, freq=frequency)
    if dates[0] != last:
        raise InputError(f"expected the last date to be one of frequency {frequency}, found {last}")
    return dates[1:]


def season(frequency: str) -> int:
    """Rows after which the main season comes again: a day below daily (15min 96, h 24), a week of days (D 7, B 5),
    a year of weeks (52), months (12) or quarters (4); an hour of seconds, and 1 where there is none.

    Where the step does not divide the season (5h), the first multiple of it that is a whole number of steps.
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
        period, step = SEASONS.get(unit_of(offset), 1), offset.n
    return period // math.gcd(period, step)


SEASONS = {"B": 5, "C": 5, "W": 52, **dict.fromkeys(("ME", "MS", "BME", "BMS"), 12)}
SEASONS |= dict.fromkeys(("QE", "QS", "BQE", "BQS"), 4)
"""Rows in a week of business days, else in a year, by the alias."""


def unit_of(offset: BaseOffset) -> str:
    """The alias without multiple and anchor: QS of 2QS-OCT."""
    return offset.freqstr.lstrip("0123456789").partition("-")[0]


# --- calendar features ----------------------------------------------------------------------------------------------

Encoding = Literal["scaled", "cyclic"]

FIELDS = {"second": 60, "minute": 60, "hour": 24, "day_of_week": 7, "day": 31, "month": 12}
"""Fields of a timestamp and how many values each has."""


def fields_of(frequency: str) -> tuple[str, ...]:
    """The fields that vary from row to row at this frequency: nothing but the month for monthly series."""
    offset = parse_frequency(frequency)
    if isinstance(offset, Day | BusinessDay):
        return ("day_of_week", "day", "month")
    if isinstance(offset, Tick):
        step = pd.Timedelta(offset)
        varying = [
            name
            for name, unit in (("second", "1min"), ("minute", "1h"), ("hour", "1D"))
            if step % pd.Timedelta(unit) != pd.Timedelta(0)
        ]
        return (*varying, "day_of_week", "day", "month")
    unit = unit_of(offset)
    if unit == "W":
        return ("day", "month")
    return () if unit in {"YS", "YE", "BYS", "BYE"} else ("month",)


def calendar_features(
    dates: pd.DatetimeIndex, frequency: str, encoding: Encoding = "scaled"
) -> tuple[Floats, tuple[str, ...]]:
    """(T, K) features of the dates, in their own time zone, and their names.

    `scaled`: each field on [−0.5, 0.5], one column (hour 0 is −0.5, hour 23 is 0.5). `cyclic`: its sine and cosine, two
    columns, in which December is next to January. Yearly series have no feature: (T, 0).
    """
    columns: list[Floats] = []
    names: list[str] = []
    for name in fields_of(frequency):
        values = np.asarray(getattr(dates, name), np.float64) - (name in {"day", "month"})
        if encoding == "scaled":
            columns.append(values / (FIELDS[name] - 1) - 0.5)
            names.append(name)
        else:
            angle = 2 * np.pi * values / FIELDS[name]
            columns += [np.sin(angle), np.cos(angle)]
            names += [f"sin({name})", f"cos({name})"]
    return np.stack(columns, axis=1) if columns else np.empty((len(dates), 0)), tuple(names)
