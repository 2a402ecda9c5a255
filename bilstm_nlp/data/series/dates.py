"""Dates from the cells of a table: ISO 8601, local spellings, quarters, years, epochs, and numbers in their place."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.api import guess_datetime_format

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.series.frequencies import is_step
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.zones import OFFSET, in_one_zone, in_zone
from bilstm_nlp.errors import InputError

UNGUESSED = (
    *("%b %Y", "%b-%Y", "%Y %b", "%Y-%b", "%B %Y", "%B-%Y", "%b-%y", "%b %y", "%m/%Y", "%m.%Y", "%m-%Y"),
    *("%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p"),
)
"""Local spellings that pandas does not guess: months, and twelve hours of the clock."""
YEAR_DAY = ("%Y/%d", "%Y-%d", "%Y.%d")
"""Spellings that nobody uses: the day after the year."""
INTEGER = r"[+-]?(?:[0-9]{1,18}|[0-8][0-9]{18})"
NUMBER = r"[+-]?[0-9.,' ]*(?:[eE][+-]?[0-9]+)?%?"
THREE_PARTS = r"[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}.*"
CLOCK = r"[0-9]{1,2}:[0-9:.]+"
MOSTLY = 0.8
"""Fraction of the cells that tell the spelling of all."""
STEP_NAMES = {"step", "steps", "t", "timestep", "index", "ds"}
"""Columns, in lower case and without blanks, of which no user is surprised that they number the rows."""

Compact = Literal["%Y%m", "%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"]
IntegerKind = Compact | Literal["years", "s", "ms", "us", "ns", "steps"]
EPOCHS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
EPOCH_UNITS: tuple[tuple[int, IntegerKind], ...] = ((10**17, "ns"), (10**14, "us"), (10**11, "ms"), (10**8, "s"))
"""Smallest number → unit in which it counts the time since 1970: each begins in 1973."""


@dataclass(frozen=True)
class ParsedDates:
    """The dates of a table."""

    dates: pd.Index
    """(N,) dates, or whole numbers for steps."""
    usable: NDArray[np.bool_]
    """(N,)"""
    notes: tuple[str, ...] = ()
    """Decisions to be said to the user."""


def parse_dates(table: Table, format: TableFormat, complain: Complain) -> ParsedDates:
    """Parse the dates of a table. Without a date column, the rows of each series are numbered from 1.

    A UTC offset that all rows share is kept, and so is the time zone of a Parquet file, unless the format names
    another zone. Complains of cells that are no date.
    """
    if table.date is None:
        return ParsedDates(pd.Index(_numbers(table)), np.ones(len(table.frame), bool))
    column = table.frame[table.date]
    notes: tuple[str, ...] = ()
    if isinstance(column.dtype, pd.PeriodDtype):
        dates = pd.DatetimeIndex(column.dt.to_timestamp())
    elif isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        dates = pd.DatetimeIndex(column)
    else:
        text = as_text(column)
        filled = text[(text != "").to_numpy() & column.notna().to_numpy()]
        if format.date_format is None and len(filled) and filled.str.fullmatch(INTEGER).mean() >= MOSTLY:
            parsed = _from_integers(table, text, _integer_kind(filled, format), column, complain)
            if not isinstance(parsed.dates, pd.DatetimeIndex):
                return parsed
            dates, notes = parsed.dates, parsed.notes
        elif format.date_format is None and len(filled) and (years := _decimal_years(text)) is not None:
            dates, notes = years, (f"column {table.date!r} is read as years with decimals, of months or quarters",)
        elif format.date_format is not None:
            dates = _in_format(text, format.date_format)
        else:
            dates, notes = _from_text(table, text, format, complain)
    _complain_of_dates(table, column, np.asarray(dates.isna()), format, complain)
    if zone := format.timezone or format.trained_zone:
        if format.timezone is None and dates.tz is None:
            notes += (f"dates have no time zone: they are taken to be of {zone}, that of training",)
        dates = in_zone(table, dates, zone, complain)
    elif format.trained_zone == "" and dates.tz is not None:
        notes += (f"dates are in {dates.tz}, but those of training had no time zone: hours and days may be others",)
    return ParsedDates(dates, np.asarray(dates.notna()), notes)


def kind_of_dates(column: pd.Series, date_format: str | None = None) -> Literal["dates", "numbers"] | None:
    """Tell if the cells of a column can be dates, or numbers in their place."""
    if isinstance(column.dtype, pd.DatetimeTZDtype | pd.PeriodDtype) or column.dtype.kind == "M":
        return "dates"
    if column.dtype.kind in "bc" or column.isna().any() or not len(column):
        return None
    text = as_text(column)
    if date_format is not None:
        return "dates" if _in_format(text, date_format).notna().all() else None
    if text.str.fullmatch(INTEGER).all() or _decimal_years(text) is not None:
        return "numbers"
    if column.dtype.kind in "iuf":
        return None
    sample = text[text != ""].iloc[:50]
    is_number = sample.str.fullmatch(NUMBER) & ~sample.str.fullmatch(THREE_PARTS)
    if not len(sample) or is_number.any() or sample.str.fullmatch(CLOCK).any():
        return None
    can_be = bool(_iso(sample, utc=True).notna().all() or _periods(sample).notna().all())
    can_be = can_be or any(bool(reading.notna().all()) for reading in _local_readings(sample))
    return "dates" if can_be else None


def as_text(column: pd.Series) -> pd.Series:
    """Return cells as text. Whole numbers, such as the years of a float column, have no decimals."""
    if column.dtype.kind == "f":
        whole = (column % 1 == 0).all() and (column.abs() < 2**53).all()
        column = column.astype(np.int64) if whole else column
    # `astype` alone would decode the bytes that a Parquet file may have for dates.
    column = column.map(str, na_action="ignore") if column.dtype == object else column
    text = column.astype(str).str.strip()
    return text.str.replace(r"\.0+$", "", regex=True) if text.str.fullmatch(r"[+-]?[0-9]+\.0+").all() else text


def _complain_of_dates(
    table: Table, column: pd.Series, unparsed: NDArray[np.bool_], format: TableFormat, complain: Complain
) -> None:
    """Complain of the cells that are no date."""
    if unparsed.any():
        shown = repr(str(column.iloc[int(unparsed.argmax())]))
        example = "2016-07-01 or 2016-07-01 13:00:00" if format.date_format is None else format.date_format
        advice = "" if format.date_format is None else "data.date_format has the spelling"
        complain(table.problem(f"a date such as {example}{table.in_dates}", shown, table.rows[unparsed], advice))


def _numbers(table: Table) -> Ints:
    """Number the rows of each series from 1, in file order."""
    if table.id is None:
        return np.arange(1, len(table.frame) + 1, dtype=np.int64)
    ids = as_text(table.frame[table.id])
    return np.asarray(ids.groupby(ids).cumcount(), np.int64) + 1


# --- whole numbers --------------------------------------------------------------------------------------------------


def _integer_kind(text: pd.Series, format: TableFormat) -> IntegerKind:
    """Tell what whole numbers stand for: all of them must look like years, days or times to be read so."""
    frequency = format.frequency or format.trained
    if frequency is not None and is_step(frequency):
        return "steps"
    values = pd.to_numeric(text, errors="coerce").dropna()
    lengths = set(text[text.str.fullmatch(INTEGER)].str.len())
    if lengths == {4} and values.between(1000, 2999).all():
        return "years"
    compact: dict[int, Compact] = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
    for length, name in compact.items():
        if lengths == {length}:
            years = values // 10 ** (length - 4)
            dates = pd.to_datetime(text, format=name, errors="coerce")
            if years.between(1800, 2199).all() and dates.notna().mean() >= MOSTLY:
                return name
    for smallest, unit in EPOCH_UNITS:
        if (values >= smallest).all():
            return unit
    return "steps"


def _from_integers(
    table: Table, text: pd.Series, kind: IntegerKind, column: pd.Series, complain: Complain
) -> ParsedDates:
    """Parse whole numbers of a kind. Complains of other cells if the numbers are steps."""
    match kind:
        case "steps":
            values, usable = _whole_numbers(text)
            if not usable.all():
                shown = repr(str(column.iloc[int((~usable).argmax())]))
                complain(table.problem(f"a whole number{table.in_dates}", shown, table.rows[~usable]))
            known = re.sub(r"[\W_]", "", str(table.date)).lower() in STEP_NAMES
            note = f"column {table.date!r} has whole numbers: they are read as steps, not as dates"
            return ParsedDates(pd.Index(values), usable, () if known else (note,))
        case "s" | "ms" | "us" | "ns":
            values, usable = _whole_numbers(text)
            dates = pd.DatetimeIndex(pd.to_datetime(values, unit=kind, errors="coerce", utc=True)).where(usable)
            note = f"column {table.date!r} is read as {EPOCHS[kind]} since 1970 (UTC)"
            return ParsedDates(dates, np.asarray(dates.notna()), (note,))
        case "years":
            dates = pd.DatetimeIndex(pd.to_datetime(text, format="%Y", errors="coerce"))
        case name:
            dates = pd.DatetimeIndex(pd.to_datetime(text, format=name, errors="coerce"))
    return ParsedDates(dates, np.asarray(dates.notna()))


def _whole_numbers(text: pd.Series) -> tuple[Ints, NDArray[np.bool_]]:
    """Parse whole numbers (N,), and tell which cells are some; the others are 0."""
    usable = text.str.fullmatch(INTEGER).to_numpy(bool)
    values = np.zeros(len(text), np.int64)
    values[usable] = text[usable].astype(np.int64)
    return values, usable


def _decimal_years(text: pd.Series) -> pd.DatetimeIndex | None:
    """Parse the years of R's time series, such as 1949.0833 for February; `None` for other cells.

    >>> _decimal_years(pd.Series(["1949.0833", "1949.1667"]))[0]
    Timestamp('1949-02-01 00:00:00')
    """
    if not text.str.fullmatch(r"[12][0-9]{3}(\.[0-9]+)?").all() or text.str.fullmatch(INTEGER).all():
        return None
    months = 12 * text.astype(np.float64).to_numpy()
    number = np.round(months).astype(np.int64)
    if (np.abs(months - number) > 0.06).any():
        return None
    return pd.DatetimeIndex((number - 12 * 1970).astype("M8[M]").astype("M8[s]"))


# --- text -----------------------------------------------------------------------------------------------------------


def _from_text(
    table: Table, text: pd.Series, format: TableFormat, complain: Complain
) -> tuple[pd.DatetimeIndex, tuple[str, ...]]:
    """Parse text in ISO 8601, else as quarters, months and weeks, else in a local spelling."""
    codes, spellings = pd.factorize(text)  # each is read once: the series of a panel share their dates
    parts = pd.Series(spellings).str.extract(OFFSET).iloc[codes].set_axis(text.index)
    offsets = parts[1]
    mixed = (offsets.isna() != offsets.isna().iloc[:1].any()).to_numpy()
    if mixed.any():
        shown = repr(text.iloc[int(mixed.argmax())])
        complain(table.problem("a UTC offset with all dates or with none", shown, table.rows[mixed]))
    changing = bool(offsets.nunique() > 1 or mixed.any())
    dates = _iso(text, utc=changing)
    if len(text) and dates.isna().all():
        dates = _periods(text)
    if len(text) and dates.isna().all():
        dates = _in_local_format(table, text)
    if changing and not mixed.any() and not (format.timezone or format.trained_zone):
        return in_one_zone(table, dates, _iso(parts[0], utc=False), offsets)
    return dates, ()


def _in_format(text: pd.Series, date_format: str) -> pd.DatetimeIndex:
    """Parse text in a spelling as for `strptime`; NaT for other text. Raises `InputError` for no such spelling."""
    try:
        return pd.DatetimeIndex(pd.to_datetime(text, format=date_format, errors="coerce", utc="%z" in date_format))
    except (ValueError, TypeError) as error:
        expected = "a spelling such as %d.%m.%Y or %m/%d/%Y %H:%M"
        raise InputError(f"data.date_format: expected {expected}, found {date_format!r}: {error}") from None


def _iso(text: pd.Series, *, utc: bool) -> pd.DatetimeIndex:
    """Parse ISO 8601; NaT for other text."""
    return pd.DatetimeIndex(pd.to_datetime(text, format="ISO8601", errors="coerce", utc=utc))


def _periods(text: pd.Series) -> pd.DatetimeIndex:
    """Parse quarters, months and weeks, such as 2020-Q1, 2020M01 and 2020-W05, to their first day."""
    parts = text.str.extract(r"^([0-9]{4})[- ]?([QMW])([0-9]{1,2})$")
    turned = text.str.extract(r"^([Q])([1-4])[- /]([0-9]{4})$")
    if parts[0].isna().all() and turned[0].isna().all():
        return pd.DatetimeIndex([pd.NaT] * len(text))
    year, unit, number = parts[0].fillna(turned[2]), parts[1].fillna(turned[0]), parts[2].fillna(turned[1])
    month = pd.to_numeric(number)
    month = month.where(unit != "Q", 3 * month - 2)
    first = year + "-" + month.astype("Int64").astype(str).str.zfill(2) + "-01"
    dates = pd.to_datetime(first.where(unit.isin(["Q", "M"])), format="%Y-%m-%d", errors="coerce")
    weeks = pd.to_datetime(
        (year + "-" + number.str.zfill(2) + "-1").where(unit == "W"), format="%G-%V-%u", errors="coerce"
    )
    return pd.DatetimeIndex(dates.fillna(weeks))


def _local_readings(text: pd.Series) -> list[pd.DatetimeIndex]:
    """Parse dates such as 31/12/2016 with the month first and with the day first, as far as the first cell allows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        guesses = [guess_datetime_format(str(text.iloc[0]), dayfirst=day_first) for day_first in (False, True)]
    formats = sorted({guess for guess in guesses if guess is not None and not guess.startswith(YEAR_DAY)})
    readings = [
        pd.DatetimeIndex(pd.to_datetime(text, format=name, errors="coerce", utc="%z" in name))
        for name in formats or UNGUESSED
    ]
    return [reading for reading in readings if reading.notna().any()]


def _in_local_format(table: Table, text: pd.Series) -> pd.DatetimeIndex:
    """Parse dates such as 31/12/2016. Raises `DataError` if the file does not tell day and month apart."""
    readings = _local_readings(text)
    unparsed = [int(np.asarray(dates.isna()).sum()) for dates in readings]
    if len(unparsed) == 2 and unparsed[0] == unparsed[1] and not readings[0].equals(readings[1]):
        advice = 'data.date_format = "%d/%m/%Y" or "%m/%d/%Y" tells, spelt as the file does'
        raise table.problem("dates like 2016-12-31", f"{text.iloc[0]!r}: day or month first?", table.rows[:1], advice)
    return readings[int(np.argmin(unparsed))] if readings else pd.DatetimeIndex([pd.NaT] * len(text))
