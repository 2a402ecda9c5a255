"""The roles of a table's columns: the date, the name of the series, values, and the numbers of rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bilstm_nlp.data.series.dates import as_text, kind_of_dates
from bilstm_nlp.data.series.frequencies import is_step
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.errors import DataError, listed

UNNAMED = "Unnamed: "
"""The beginning of the name that a column without a name gets, as in pandas."""
DATE_NAMES = {
    *("date", "dates", "ds", "datetime", "timestamp", "time", "times", "datetimeutc", "utctimestamp", "timestamputc"),
    *("year", "quarter", "month", "week", "day", "hour", "period", "yearmonth", "timeperiod", "observationdate"),
    *("dateutc", "datum", "zeit", "zeitstempel", "zeitpunkt", "uhrzeit", "tag", "monat", "quartal", "jahr", "unix"),
    *("epoch", "step", "steps", "t", "timestep", "datumvon", "datumbis", "von", "start", "starttime", "fecha"),
}
"""Names, in lower case and without blanks, of columns that may be the date though they hold whole numbers."""
INDEX_NAMES = {"index", "level0", "rownames", "rowname", "rownumber", "row", "rowid", "no", "nr", "id"}
"""Names of columns that number the rows, if they hold 0, 1, 2 … or 1, 2, 3 …."""
PARTS = ("year", "quarter", "month", "day", "hour")
PARTS_OF_DATES = (
    ["year", "quarter"],
    ["year", "month"],
    ["year", "month", "day"],
    ["year", "month", "day", "hour"],
)
"""Columns that are a date together."""
COMPOSED = "year, month, day"
"""The name of a date made of several columns."""
LISTED = 20
"""Columns named in a message."""


def unnamed(number: int) -> str:
    """Return the name of a column without a name, given its number from 0."""
    return f"{UNNAMED}{number}"


def is_date_name(name: str) -> bool:
    """Tell if a column's name is that of a date, or nearly.

    >>> is_date_name("Date"), is_date_name("utc_timestamp"), is_date_name("sales")
    (True, True, False)
    """
    return _plain(name) in DATE_NAMES


def _plain(name: str) -> str:
    """Return a name in lower case, without anything but letters and digits."""
    return re.sub(r"[\W_]", "", name).lower()


def with_roles(
    source: str, frame: pd.DataFrame, has_lines: bool, format: TableFormat, notes: Sequence[str] = ()
) -> Table:
    """Find the column of each role. Raises `DataError` if a column is missing."""
    header = [str(name) for name in frame.columns]
    frame, said = frame.set_axis(header, axis=1), list(notes)
    first = 1 if has_lines else None
    is_long = format.layout == "long" or (format.layout == "auto" and format.id_column in header)
    id_column = format.id_column if is_long else None
    usual = ("ds",) if is_long else ("date", "ds")
    date = format.date_column or next((name for name in usual if name in header), None)
    for name in (*([format.id_column] if is_long else []), *([date] if date else []), *(format.columns or ())):
        if header.count(name) > 1:  # a CSV file's header has been checked already
            raise DataError(source, "names that differ for all columns", f"{name!r} twice", first)
        if name not in header:
            raise _lacking(source, name, is_long, header, first)
    if date is None:
        date = _find_date(source, frame, id_column, usual[0], format, first, said)
    roles = {name for name in (date, id_column) if name is not None}
    columns = format.columns
    if columns is None:
        others = [name for name in header if name not in roles and name not in format.static]
        numbering = [name for name in others if _numbers_rows(name, frame[name])]
        said += [f"column {_shown(name)} is left out: it numbers the rows, or is empty" for name in numbering]
        spent = {*numbering, *(name for name in header if date == COMPOSED and _plain(name) in PARTS)}
        columns = tuple(name for name in others if name not in spent)
    for name in columns:
        if name.startswith(UNNAMED) and has_lines and format.columns is None:
            number = header.index(name) + 1
            raise DataError(source, "names that differ for all columns", f"none for column {number}", first)
    if not columns or roles & set(columns):
        shown = "no other" if not columns else f"{', '.join(sorted(roles & set(columns)))} among them"
        beside = f" beside {', '.join(sorted(roles))}" if roles else ""
        raise DataError(source, f"columns of numbers{beside}", shown, first)
    rows = frame.index.to_numpy(np.int64)
    static = tuple(name for name in format.static if header.count(name) == 1)
    return Table(source, frame, rows, has_lines, date, id_column, columns, static, tuple(said))


def _shown(name: str) -> str:
    """Return a column's name for a message."""
    return f"{name!r}, which has no name," if name.startswith(UNNAMED) else repr(name)


def _lacking(
    source: str, name: str, is_long: bool, header: Sequence[str], first: int | None, advice: str = ""
) -> DataError:
    """Make the error for a missing column."""
    layout = "long" if is_long else "wide"
    shown = listed(header, most=LISTED) + (f"; {advice}" if advice else "")
    return DataError(source, f"a column {name!r} (the file is read as {layout})", shown, first)


# --- the date -------------------------------------------------------------------------------------------------------


def _find_date(
    source: str,
    frame: pd.DataFrame,
    id_column: str | None,
    usual: str,
    format: TableFormat,
    first: int | None,
    notes: list[str],
) -> str | None:
    """Return the only column that can be the date, and note it; `None` if the rows are numbered instead.

    Raises `DataError` if no column or several columns can be the date.
    """
    taken = {id_column, *(format.columns or ()), *format.static}
    names = [str(name) for name in frame.columns]
    others = [name for name in names if name not in taken and names.count(name) == 1]
    dated, numbered = [], []
    for name in others:
        kind = kind_of_dates(frame[name], format.date_format)
        if kind == "dates":
            dated.append(name)
        elif kind == "numbers" and is_date_name(name) and _differ(frame, name, id_column):
            numbered.append(name)
    if not dated and _composed(frame, others, id_column, notes):
        return COMPOSED
    same = [name for name in (*dated, *numbered) if _plain(name) in ("date", "ds")]
    can_be = dated or numbered
    chosen = same[0] if len(same) == 1 else can_be[0] if len(can_be) == 1 else None
    if chosen is not None:
        # What a user calls a date, or numbers as steps, is no surprise.
        notes += [] if chosen in ("step", "Date", "ds", "date") else [f"column {_shown(chosen)} is read as the date"]
        return chosen
    frequency = format.frequency or format.trained
    if not can_be and frequency is not None and is_step(frequency):
        return next(
            (name for name in others if _numbers_rows(name, frame[name]) and not frame[name].isna().any()), None
        )
    if can_be:
        advice = "; ".join(f'data.date_column = "{name}"' for name in can_be[:3])
        advice = f"several columns can be the date: {advice}"
    else:
        advice = 'without dates, data.frequency = "step" numbers the rows' if len(frame) else ""
    raise _lacking(source, usual, id_column is not None, names, first, advice)


def _composed(frame: pd.DataFrame, names: Sequence[str], id_column: str | None, notes: list[str]) -> bool:
    """Add dates to the frame if columns hold year, month, day and hour, or year and quarter. Note it."""
    parts = {_plain(name): name for name in names if _plain(name) in PARTS}
    used = [part for part in PARTS if part in parts]
    if used not in PARTS_OF_DATES or COMPOSED in frame.columns:
        return False
    texts = {part: as_text(frame[parts[part]]) for part in used}
    if not all(text.str.fullmatch("[0-9]{1,4}").all() for text in texts.values()):
        return False
    numbers = {part: text.astype(np.int64) for part, text in texts.items()}
    if "quarter" in numbers:
        numbers["month"] = 3 * numbers.pop("quarter") - 2
    numbers.setdefault("day", 1 + 0 * numbers["year"])
    dates = pd.to_datetime(pd.DataFrame(numbers), errors="coerce")
    keys = pd.DataFrame({"date": dates} | ({} if id_column is None else {"id": frame[id_column]}))
    if dates.isna().any() or keys.duplicated().any():
        return False
    frame.insert(0, COMPOSED, dates)
    notes.append(f"columns {', '.join(parts[part] for part in used)} are read as the date")
    return True


def _differ(frame: pd.DataFrame, name: str, id_column: str | None) -> bool:
    """Tell if a column differs from row to row of each series, as dates do."""
    keys = frame[[name] if id_column is None else [id_column, name]].astype(str)
    return not bool(keys.duplicated().any())


# --- the numbers of rows --------------------------------------------------------------------------------------------


def _numbers_rows(name: str, column: pd.Series) -> bool:
    """Tell if a column is an index that was written with the table, or a column without name and cells.

    >>> _numbers_rows("Unnamed: 0", pd.Series([0, 1, 4])), _numbers_rows("sales", pd.Series([0, 1, 2]))
    (True, False)
    """
    nameless = name.startswith(UNNAMED)
    if not nameless and _plain(name) not in INDEX_NAMES:
        return False
    text = as_text(column)
    empty = (column.isna() | (text == "")).to_numpy()
    if empty.all():
        return nameless and len(column) > 0
    if column.dtype.kind == "b" or empty.any() or not text.str.fullmatch("[0-9]{1,18}").all():
        return False
    steps = np.diff(text.astype(np.int64))
    if nameless:
        return bool((steps > 0).all())
    return int(text.iloc[0]) in (0, 1) and bool((steps == 1).all())
