"""Time zones of dates: conversion to a zone, and UTC offsets that change over a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.series.layout import Table
from bilstm_nlp.errors import InputError

OFFSET = r"^(.*?\d[T ]\d.*?)\s?(Z|[+-]\d{1,2}:?\d{0,2})$"
"""A date and its UTC offset, in all forms that pandas reads: `+01:00`, `-0130`, `Z`, and `-1` after an hour alone."""
EXAMPLES = {
    ("+00:00", "+01:00"): "Europe/London",
    ("+01:00", "+02:00"): "Europe/Berlin",
    ("+02:00", "+03:00"): "Europe/Helsinki",
    ("-05:00", "-04:00"): "America/New_York",
    ("-06:00", "-05:00"): "America/Chicago",
    ("-08:00", "-07:00"): "America/Los_Angeles",
    ("+10:00", "+11:00"): "Australia/Sydney",
}
"""UTC offsets of winter and summer → a time zone that has them."""


def zone_of(dates: pd.Index) -> str:
    """Return the name of the dates' time zone in pandas. It is empty for dates without a zone and for steps.

    >>> zone_of(pd.DatetimeIndex(["2024-07-01"], tz="Europe/Berlin")), zone_of(pd.DatetimeIndex(["2024-07-01"]))
    ('Europe/Berlin', '')
    """
    if not isinstance(dates, pd.DatetimeIndex) or dates.tz is None:
        return ""
    name = str(dates.tz)
    try:
        pd.Timestamp(0, tz="UTC").tz_convert(name)
    except (KeyError, ValueError, TypeError):  # a fixed offset of a library, by its own name
        offset = dates[0].strftime("%z")
        return f"UTC{offset[:3]}:{offset[3:5]}"
    return name


def in_zone(table: Table, dates: pd.DatetimeIndex, zone: str, complain: Complain) -> pd.DatetimeIndex:
    """Convert dates to a time zone. Dates without a zone are taken to be of this zone.

    An hour that the clock shows twice in autumn is read as summer time first, if a series has it twice. Complains of
    an hour that the clock never shows, and of one that it shows twice and the series has once; they become NaT.
    Raises `InputError` for an unknown zone.
    """
    try:
        if dates.tz is not None:
            return dates.tz_convert(zone)
        shown = dates.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward")
        exists = dates.tz_localize(zone, ambiguous=np.ones(len(dates), bool), nonexistent="NaT")
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"data.timezone: expected a time zone such as Europe/Berlin, found {zone!r}") from error
    given = np.asarray(dates.notna())
    ambiguous, nonexistent = np.asarray(shown.isna()) & given, np.asarray(exists.isna()) & given
    summer, unclear = _summer(table, dates, ambiguous)
    for wrong, problem in ((nonexistent, "the clock jumps over it"), (unclear, "the clock shows it twice")):
        if wrong.any():
            refused = f"{dates[int(wrong.argmax())]}: {problem}"
            rule = f"a time of {zone}{table.in_dates}"
            complain(table.problem(rule, refused, table.rows[wrong], "UTC offsets in the file would tell"))
    usable = pd.DatetimeIndex(dates.where(~(nonexistent | unclear)))
    return usable.tz_localize(zone, ambiguous=summer)


def _summer(
    table: Table, dates: pd.DatetimeIndex, ambiguous: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which ambiguous times (N,) are of summer, the first of two in a series, and which have no second."""
    summer, unclear = np.ones(len(dates), bool), np.zeros(len(dates), bool)
    rows = np.flatnonzero(ambiguous)
    if len(rows):
        names = table.frame[table.id].astype(str).to_numpy()[rows] if table.id is not None else "all"
        times = pd.DataFrame({"series": names, "time": dates[rows]})
        groups = times.groupby(["series", "time"], sort=False)["time"]
        summer[rows] = groups.cumcount().to_numpy() == 0
        unclear[rows] = groups.transform("size").to_numpy() != 2
    return summer, unclear


def in_one_zone(
    table: Table, dates: pd.DatetimeIndex, clock: pd.DatetimeIndex, offsets: pd.Series
) -> tuple[pd.DatetimeIndex, tuple[str, ...]]:
    """Return dates whose UTC offsets change over the file: as days if all are midnights, else in UTC; with a note.

    `dates` are in UTC, `clock` is what the clock showed.
    """
    pair = tuple(sorted({str(offset) for offset in offsets.dropna()}, key=_minutes))
    example = EXAMPLES.get((pair[0], pair[-1]), "Europe/Berlin")
    if clock.notna().all() and bool((clock == clock.normalize()).all()):
        return clock, (f"column {table.date!r}: midnights of changing UTC offsets are read as days without a zone",)
    note = f"column {table.date!r}: UTC offsets change ({' and '.join(pair[:3])}), so that dates are read in UTC, "
    note += f'not by the clock; data.timezone = "{example}" keeps the clock of that zone'
    return dates, (note,)


def is_clock_change(dates: pd.Index) -> bool:
    """Tell if dates without a zone lie in Sunday nights of months in which clocks change.

    >>> is_clock_change(pd.DatetimeIndex(["2024-03-31 02:00"])), is_clock_change(pd.DatetimeIndex(["2024-03-30 02:00"]))
    (True, False)
    """
    if not isinstance(dates, pd.DatetimeIndex) or dates.tz is not None or not len(dates):
        return False
    is_night = (dates.hour >= 1) & (dates.hour < 4) & (dates.day_of_week == 6)
    return bool((is_night & dates.month.isin([3, 4, 9, 10, 11])).all())


def _minutes(offset: str) -> int:
    """Return a UTC offset in minutes."""
    if offset == "Z":
        return 0
    digits = offset[1:].replace(":", "").ljust(2, "0") if ":" in offset or len(offset) > 3 else offset[1:].zfill(2)
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    return (-1 if offset[0] == "-" else 1) * (60 * hours + minutes)
