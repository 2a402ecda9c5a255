"""The calendar of a frequency: its season, and features of its dates."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd
from pandas.tseries.offsets import BaseOffset, BusinessDay, Day, Tick

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.frequencies import FixedDay, ObservedDays, Steps, parse_frequency


def season(frequency: str) -> int:
    """Return the number of rows in the main season of this frequency.

    Below daily, the season is a day (15min 96, h 24), for seconds an hour. For days it is a week (D 7, B 5), for weeks
    (52), months (12) and quarters (4) a year. Other frequencies, and steps without dates, have none: 1. If the step
    does not divide the season (5h), the season is the first multiple of it that is a whole number of steps.

    >>> season("15min"), season("B"), season("MS"), season("5h")
    (96, 5, 12, 24)
    """
    offset = parse_frequency(frequency)
    if isinstance(offset, Steps):
        return 1
    if isinstance(offset, ObservedDays):
        return len(offset.weekdays)
    if isinstance(offset, FixedDay):
        return 12 // offset.months
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


def is_part_of_day(frequency: str) -> bool:
    """Tell if rows of this frequency divide a day, so that both days and weeks may be seasons.

    >>> is_part_of_day("30min"), is_part_of_day("5h"), is_part_of_day("D")
    (True, False, False)
    """
    offset = parse_frequency(frequency)
    if not isinstance(offset, Tick):
        return False
    seconds = pd.Timedelta(offset).total_seconds()
    return 60 <= seconds < 86400 and 86400 % seconds == 0


def is_daily(frequency: str) -> bool:
    """Tell if rows of this frequency are days, business days, or parts of them.

    >>> is_daily("B"), is_daily("15min"), is_daily("W-SUN"), is_daily("step")
    (True, True, False, False)
    """
    return isinstance(parse_frequency(frequency), Tick | Day | BusinessDay | ObservedDays)


SEASONS = {"B": 5, "C": 5, "W": 52, **dict.fromkeys(("ME", "MS", "BME", "BMS"), 12)}
SEASONS |= dict.fromkeys(("QE", "QS", "BQE", "BQS"), 4)
"""Alias → rows in a week for business days, in a year for coarser frequencies."""


def _unit(offset: BaseOffset) -> str:
    """Return the alias without multiple and anchor: QS for 2QS-OCT."""
    return offset.freqstr.lstrip("0123456789").partition("-")[0]


# --- calendar features ----------------------------------------------------------------------------------------------

Encoding = Literal["scaled", "cyclic"]
Calendar = Literal["none", "scaled", "cyclic"]

FIELDS = {"second": 60, "minute": 60, "hour": 24, "day_of_week": 7, "day": 31, "month": 12}
"""Field of a timestamp → number of its values."""


def varying_fields(frequency: str) -> tuple[str, ...]:
    """Return the fields that vary from row to row at this frequency.

    >>> varying_fields("h"), varying_fields("MS")
    (('hour', 'day_of_week', 'day', 'month'), ('month',))
    """
    offset = parse_frequency(frequency)
    if isinstance(offset, Steps):
        return ()
    if isinstance(offset, FixedDay):
        return ("month",) if offset.months < 12 else ()
    if isinstance(offset, Day | BusinessDay | ObservedDays):
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


def calendar_features(dates: pd.Index, frequency: str, encoding: Encoding = "scaled") -> tuple[Floats, tuple[str, ...]]:
    """Compute the features (T, K) of T dates in their own time zone, and the features' names.

    `scaled` makes one column of each field, on [−0.5, 0.5]: hour 0 is −0.5, hour 23 is 0.5. `cyclic` makes two, sine
    and cosine, so that December is next to January. Yearly series, and steps without dates, have no features: (T, 0).

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
