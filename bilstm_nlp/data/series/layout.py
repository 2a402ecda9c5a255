"""The layout of tables of series: the roles of columns, and the spelling of dates and numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.series.series import Columns
from bilstm_nlp.errors import DataError

Missing = Literal["error", "interpolate", "ffill"]

LARGEST = 1e140
"""The largest number whose squares can be added without an overflow."""

LARGEST_UNSCALED = 3.4e38
"""The largest number of single precision, for values that are not scaled."""


@dataclass(frozen=True)
class TableFormat:
    """A description of a file: the roles of its columns, the spelling of its cells, the treatment of missing values."""

    layout: Literal["auto", "wide", "long"] = "auto"
    """`auto`: long if the file has the id column, else wide."""
    date_column: str | None = None
    """By default ds in long files, date (or ds) in wide files, else the only column that can be the date."""
    id_column: str = "unique_id"
    """The name of the series in a long file."""
    columns: tuple[str, ...] | None = None
    """Columns to read, in this order; by default all but date and id. Other columns may hold anything."""
    missing: Missing = "error"
    """The treatment of gaps between dates, empty cells and infinities: an error, a straight line between the
    neighbours in time (which looks at the later neighbour), or the last value before."""
    frequency: str | None = None
    """The frequency of the rows; by default inferred from the dates."""
    trained: str | None = None
    """The frequency of training: rows that fit it are read with it, other rows are refused."""
    trained_zone: str | None = None
    """The time zone of the dates of training; empty for dates without one. Without `timezone`, dates are converted to
    it."""
    timezone: str | None = None
    """The time zone that dates are converted to. Dates without a zone or UTC offset are of this zone."""
    date_format: str | None = None
    """The spelling of dates, as for `strptime`; by default ISO 8601, or guessed."""
    decimal: str = "."
    """The decimal separator."""
    thousands: str | None = None
    """The separator between groups of three digits."""
    names: tuple[str, ...] | None = None
    """Names of all columns of a CSV file without a header."""
    encoding: str = "utf-8"
    """The encoding of a CSV file."""
    largest: float = LARGEST
    """The largest number, of either sign, that can be trained on."""
    begins_late: bool = True
    """Take empty cells before the first value of a column as its late beginning, not as missing values."""
    ahead: tuple[str, ...] = ()
    """Columns known ahead: rows after the last value of all other columns are rows to forecast, not missing values."""
    static: tuple[str, ...] = ()
    """Columns that are constant within each series. The file may lack them."""
    categorical: tuple[str, ...] = ()
    """Columns, known ahead or static, whose cells are categories."""
    decided: bool = False
    """True if `categorical` has all such columns; otherwise columns of text are categories too."""

    @property
    def may_be_text(self) -> tuple[str, ...]:
        """The columns whose cells may be categories: those known ahead, and those of a series."""
        return (*self.ahead, *self.static)

    def with_columns(self, columns: Columns) -> TableFormat:
        """Return the layout with these columns in place of its own."""
        return replace(
            self,
            columns=columns.all,
            ahead=columns.known,
            static=columns.static,
            categorical=columns.categorical,
            decided=True,
        )

    def as_trained(self, columns: Columns, frequency: str, zone: str | None) -> TableFormat:
        """Return the layout of files for a trained model, with these columns in place of its own."""
        return replace(self.with_columns(columns), trained=frequency, trained_zone=zone)


@dataclass(frozen=True, eq=False)
class Table:
    """A table of unparsed cells, with the role of each column."""

    source: str
    frame: pd.DataFrame
    rows: Ints
    """(N,) line of each row, or its number if the file has no lines; both from 1."""
    has_lines: bool
    date: str | None
    """`None` if rows are numbered in their order."""
    id: str | None
    columns: tuple[str, ...]
    static: tuple[str, ...] = ()
    """The static columns that the file has."""
    notes: tuple[str, ...] = ()
    """Decisions made while reading, to be said to the user."""

    def problem(self, expected: str, found: str, rows: Ints, advice: str = "") -> DataError:
        """Make the error for these rows. It names the first row and counts the others."""
        unit = "line" if self.has_lines else "row"
        found += "" if self.has_lines else f" in row {rows[0]}"
        if len(rows) > 1:
            found += f" (and {len(rows) - 1} more, the last in {unit} {rows[-1]})"
        return DataError(
            self.source, expected, found + (f"; {advice}" if advice else ""), int(rows[0]) if self.has_lines else None
        )

    def of_series(self, name: str) -> str:
        """Return " of series NAME" for a message about a long table; nothing for a wide table."""
        return "" if self.id is None else f" of series {name!r}"

    @property
    def in_dates(self) -> str:
        """Return " in column DATE" for a message about dates; nothing if there is no such column."""
        return "" if self.date is None else f" in column {self.date!r}"
