"""Frequencies: the rule by which the rows of a series follow each other, and the dates that it gives.

A frequency is a pandas alias, or text for what pandas lacks: `step` for numbered rows, `month-15` for a fixed day of
the month, and `observed-MonTueWedThuFri` for the days that a file has.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import assert_never

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset

from bilstm_nlp.batch import Ints
from bilstm_nlp.errors import InputError

OBSERVED = "observed"
"""The frequency, in a config, of days that follow no rule. The weekdays are added when the file is read."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
RARE = 0.1
"""Fraction of the most frequent weekday's dates, below which a weekday is an exception."""


@dataclass(frozen=True)
class Steps:
    """A frequency of rows that carry whole numbers in place of dates, `n` apart."""

    n: int = 1

    @property
    def freqstr(self) -> str:
        """The text of the frequency."""
        return "step" if self.n == 1 else f"{self.n}step"


@dataclass(frozen=True)
class FixedDay:
    """A frequency of one day in every month, or in every third: the last day if the month is shorter."""

    months: int
    """Months from row to row: a divisor of 12."""
    day: int
    """From 1 to 31."""
    month: int = 0
    """The first such month of the year, from 0."""

    @property
    def freqstr(self) -> str:
        """The text of the frequency."""
        return f"month-{self.day}" if self.months == 1 else f"{self.months}month-{self.day}-{MONTHS[self.month]}"

    def dates(self, first: pd.Timestamp, count: int) -> pd.DatetimeIndex:
        """Return `count` dates from the month of `first` on, at its time of the day and in its time zone."""
        wall = first.tz_localize(None)
        months = np.datetime64(wall.to_pydatetime().date(), "M") + self.months * np.arange(count)
        lengths = ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(np.int64)
        days = months.astype("M8[D]") + (np.minimum(lengths, self.day) - 1)
        dates = pd.DatetimeIndex(days.astype("M8[s]")).as_unit(first.unit) + (wall - wall.normalize())
        return dates.tz_localize(first.tz)


@dataclass(frozen=True)
class ObservedDays:
    """A frequency of days that a file has: trading days, without a row for holidays."""

    weekdays: tuple[int, ...]
    """From 0 for Mondays, ascending."""

    @property
    def freqstr(self) -> str:
        """The text of the frequency."""
        return f"{OBSERVED}-{''.join(WEEKDAYS[day] for day in self.weekdays)}"

    @classmethod
    def of(cls, dates: pd.DatetimeIndex) -> ObservedDays:
        """Return the frequency of dates. A weekday with few dates, such as one Saturday in ten years, is left out."""
        counts = np.bincount(np.asarray(dates.day_of_week), minlength=7)
        return cls(tuple(int(day) for day in np.flatnonzero(counts > RARE * counts.max())))

    def after(self, last: pd.Timestamp, count: int) -> pd.DatetimeIndex:
        """Return the next `count` dates of these weekdays."""
        days = pd.date_range(last, periods=7 * count + 8, freq="D")[1:]
        return pd.DatetimeIndex(days[np.isin(days.day_of_week, self.weekdays)][:count])


Frequency = BaseOffset | Steps | FixedDay | ObservedDays


def is_step(frequency: str) -> bool:
    """Tell if a frequency is that of numbered rows.

    >>> is_step("2step"), is_step("h")
    (True, False)
    """
    return isinstance(parse_frequency(frequency), Steps)


def parse_frequency(frequency: str) -> Frequency:
    """Parse the text of a frequency. Raises `InputError` for other text, and for steps that do not go forward.

    >>> parse_frequency("15min").freqstr, parse_frequency("month-15")
    ('15min', FixedDay(months=1, day=15, month=0))
    """
    own = _own_frequency(frequency)
    if own is not None:
        return own
    try:
        with warnings.catch_warnings():
            # Old spellings are accepted as long as pandas accepts them.
            for kind in (FutureWarning, DeprecationWarning):
                warnings.simplefilter("ignore", kind)
            offset = to_offset(frequency)
    except (ValueError, OverflowError):
        offset = None
    if offset is None or offset.n < 1:
        raise InputError(
            f"expected a frequency such as 15min, h, D, B, W-SUN, MS, YS, step or observed, found {frequency!r}"
        )
    return offset


def _own_frequency(frequency: str) -> Steps | FixedDay | ObservedDays | None:
    """Parse a frequency that pandas lacks; `None` for any other text."""
    if match := re.fullmatch(r"([1-9][0-9]{0,17})?step", frequency):
        return Steps(int(match[1] or 1))
    if match := re.fullmatch(r"month-([1-9]|[12][0-9]|3[01])", frequency):
        return FixedDay(1, int(match[1]))
    pattern = rf"([2346]|12)month-([1-9]|[12][0-9]|3[01])-({'|'.join(MONTHS)})"
    if match := re.fullmatch(pattern, frequency):
        months, month = int(match[1]), MONTHS.index(match[3])
        return FixedDay(months, int(match[2]), month) if month < months else None
    if frequency == OBSERVED:
        return ObservedDays(tuple(range(5)))
    if match := re.fullmatch(rf"{OBSERVED}-((?:{'|'.join(WEEKDAYS)})+)", frequency):
        days = [WEEKDAYS.index(name) for name in re.findall("...", match[1])]
        return ObservedDays(tuple(days)) if days == sorted(set(days)) else None
    return None


def moments(dates: pd.Index) -> Ints:
    """Return dates (T,) as numbers in the order of time: nanoseconds, or the numbers of steps."""
    values: Ints = dates.as_unit("ns").asi8 if isinstance(dates, pd.DatetimeIndex) else np.asarray(dates, np.int64)
    return values


def grid(dates: pd.Index, frequency: str) -> pd.Index:
    """Return every date of the frequency from the first date to the last, in their time zone.

    Raises `ValueError` for dates that pandas lacks, such as nanoseconds before 1677.

    >>> [str(day.date()) for day in grid(pd.DatetimeIndex(["2024-01-31", "2024-03-31"]), "month-31")]
    ['2024-01-31', '2024-02-29', '2024-03-31']
    """
    parsed = parse_frequency(frequency)
    match parsed:
        case Steps(n):
            return pd.Index(np.arange(dates[0], dates[-1] + 1, n, dtype=np.int64))
        case FixedDay(months=months, month=month):
            first, last = dates[0], dates[-1]
            if (first.month - 1) % months != month:
                return pd.DatetimeIndex([], tz=first.tz)
            count = (12 * (last.year - first.year) + last.month - first.month) // months + 1
            return parsed.dates(first, count)
        case ObservedDays():
            return dates
        case BaseOffset():
            assert isinstance(dates, pd.DatetimeIndex)
            try:
                return pd.date_range(dates[0], dates[-1], freq=frequency, unit=dates.unit)
            except ValueError:  # a frequency finer than the unit of the dates
                return pd.date_range(dates[0], dates[-1], freq=frequency, unit="ns")
        case unknown:
            assert_never(unknown)


class Grids:
    """A cache of grids: many series of a panel begin and end together."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, object, object], pd.Index] = {}

    def of(self, dates: pd.Index, frequency: str) -> pd.Index:
        """Return the grid of dates. Raises `ValueError` as `grid` does.

        >>> grids, days = Grids(), pd.DatetimeIndex(["2024-01-01", "2024-01-03"])
        >>> len(grids.of(days, "D")), grids.of(days, "D") is grids.of(days[[0, 1]], "D")
        (3, True)
        """
        key = (frequency, dates[0], dates[-1])
        if key in self._known:
            return self._known[key]
        whole = grid(dates, frequency)
        if whole is not dates:  # those of observed days depend on all dates
            self._known[key] = whole
        return whole


def future_dates(last: pd.Timestamp | int, count: int, frequency: str) -> pd.Index:
    """Return the `count` dates after `last`, in its time zone, or the numbers after it.

    Raises `InputError` if `last` is not a date of this frequency: a Sunday at business days.

    >>> [str(date.date()) for date in future_dates(pd.Timestamp("2024-01-05"), 2, "B")]
    ['2024-01-08', '2024-01-09']
    >>> future_dates(7, 2, "step").tolist()
    [8, 9]
    """
    parsed = parse_frequency(frequency)
    if isinstance(parsed, Steps) or not isinstance(last, pd.Timestamp):
        if not isinstance(parsed, Steps) or isinstance(last, pd.Timestamp):
            raise InputError(f"expected the last date to be one of frequency {frequency}, found {last}")
        return pd.Index(int(last) + parsed.n * np.arange(1, count + 1, dtype=np.int64))
    match parsed:
        case ObservedDays():
            return parsed.after(last, count)
        case FixedDay(months=months, month=month):
            dates = parsed.dates(last, count + 1)
            off_grid = dates[0] != last or (last.month - 1) % months != month
        case BaseOffset():
            dates = pd.date_range(last, periods=count + 1, freq=frequency)
            off_grid = dates[0] != last
        case unknown:
            assert_never(unknown)
    if off_grid:
        raise InputError(f"expected the last date to be one of frequency {frequency}, found {last}")
    return dates[1:]
