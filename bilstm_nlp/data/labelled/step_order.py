"""The order of steps: numbers or times that ascend within each sequence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.series.layout import Table, TableFormat
from bilstm_nlp.data.series.numbers import parsed_cells

PLAIN = TableFormat()
CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
"""A time of a day, such as 10:00:01.5."""
SHORT_CLOCK = r"^([0-9]{1,2}:[0-9]{2})$"
NOT_A_STEP = "data.step_column names another column; a column of data.values is none"


def order_of(table: Table, complain: Complain) -> Floats | None:
    """Return the number or the time of each row (N,), `None` without a column of steps.

    Complains of cells that are neither numbers nor dates; they become NaN.
    """
    if table.date is None:
        return None
    column = table.frame[table.date]
    if column.dtype.kind == "M":
        order, wrong = _times(column), column.isna().to_numpy()
    else:
        order, is_text = parsed_cells(column, PLAIN)
        wrong = np.isnan(order)
        if is_text.any():
            text = column.map(str).str.strip()
            times = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
            # `str.replace`, since `replace` would change the type of a column of nothing, of which pandas 2 warns.
            clocks = text.where(text.str.fullmatch(CLOCK)).str.replace(SHORT_CLOCK, r"\1:00", regex=True)
            clock = pd.to_timedelta(clocks)
            order, wrong = min(
                (
                    (order, wrong),
                    (_times(times), times.isna().to_numpy()),
                    (_durations(clock), clock.isna().to_numpy()),
                ),
                key=lambda reading: int(reading[1].sum()),
            )
    if wrong.any():
        shown = repr(str(column.iloc[int(wrong.argmax())]))
        rule = f"a number, a time, or a date and time in ISO 8601, in column {table.date!r}"
        complain(table.problem(rule, shown, table.rows[wrong], NOT_A_STEP))
    return order


def check_order(table: Table, name: str, rows: Ints, order: Floats | None, complain: Complain) -> None:
    """Complain of steps of a sequence that go back or repeat."""
    if order is None:
        return
    own = order[rows]
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(np.diff(own) <= 0) + 1
    if not len(wrong):
        return
    cells = table.frame[table.date]
    now, before = (str(cells.iloc[int(rows[row])]) for row in (wrong[0], wrong[0] - 1))
    shown = f"{now} again" if own[wrong[0]] == own[wrong[0] - 1] else f"{now} after {before}"
    of_sequence = "" if table.id is None else f" of sequence {name!r}"
    advice = "data.id_column names the column of the sequences' names" if table.id is None else NOT_A_STEP
    rule = f"steps{of_sequence} in ascending order, each once, in column {table.date!r}"
    complain(table.problem(rule, shown, table.rows[rows[wrong]], advice))


def gaps_of(table: Table, name: str, rows: Ints, order: Floats | None) -> list[str]:
    """Describe the gaps in a sequence whose steps are evenly spaced otherwise; a list of one text, or of none."""
    if order is None or len(rows) < 3:
        return []
    distances = np.diff(order[rows])
    usual = np.median(distances)
    even = np.isclose(distances, usual, rtol=1e-3)
    wide = np.flatnonzero(distances > 1.5 * usual) + 1
    if not len(wide) or even.mean() < 0.5:
        return []
    cells = table.frame[table.date]
    now, before = (str(cells.iloc[int(rows[row])]) for row in (wide[0], wide[0] - 1))
    unit = "line" if table.has_lines else "row"
    return [f"{unit} {table.rows[rows[wide[0]]]}: {name!r}, {now} after {before}; {len(wide)} in this sequence"]


def _durations(column: pd.Series) -> Floats:
    """Return times of a day in seconds; NaN for none."""
    seconds: Floats = column.dt.total_seconds().to_numpy(np.float64)
    return seconds


def _times(column: pd.Series) -> Floats:
    """Return times in nanoseconds; NaN for none."""
    times = pd.DatetimeIndex(column).as_unit("ns").asi8.astype(np.float64)
    return np.where(column.isna().to_numpy(), np.nan, times)
