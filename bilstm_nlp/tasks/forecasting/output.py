"""Forecasts as tidy tables, as files, and as panels of a plot."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Ints, Values
from bilstm_nlp.data.series.series import Series

if TYPE_CHECKING:
    from bilstm_nlp.reports.plots import ForecastPanel

TableKind = Literal["csv", "json", "parquet"]


def forecast_table(
    series: Sequence[str],
    origins: pd.Index,
    dates: pd.Index,
    columns: Sequence[str],
    *,
    forecast: Values,
    borders: Mapping[str, Values],
    y: Values | None = None,
) -> pd.DataFrame:
    """Make a tidy table of N forecasts (N, H, C), with a row for each value.

    `series` (N,) and `origins` (N,) are those of each forecast, `dates` (N·H,) those of its steps. The table's columns
    are unique_id, origin, ds, step, column, forecast, and those of `borders`, such as lower and upper. If the true
    values `y` (N, H, C) are given, they come before the forecast.

    >>> days = pd.date_range("2024-01-02", periods=2)
    >>> values = np.array([[[1.0], [2.0]]])
    >>> borders = {"lower": values - 1, "upper": values + 1}
    >>> table = forecast_table(["shop"], days[:1], days, ["sales"], forecast=values, borders=borders)
    >>> table[["step", "column", "lower", "upper"]].values.tolist()
    [[1, 'sales', 0.0, 2.0], [2, 'sales', 1.0, 3.0]]
    """
    count, horizon, width = forecast.shape
    table = {
        "unique_id": repeated(series, horizon * width),
        "origin": origins.repeat(horizon * width),
        "ds": dates.repeat(width),
        "step": np.tile(np.repeat(np.arange(1, horizon + 1), width), count),
        "column": np.tile(np.array(columns, dtype=object), count * horizon),
    }
    values = {"forecast": forecast, **borders}
    values = values if y is None else {"y": y, **values}
    return pd.DataFrame(table | {name: block.ravel() for name, block in values.items()})


class Dates:
    """The dates of N series, whose indexes many of them share."""

    def __init__(self, indexes: Sequence[pd.Index]) -> None:
        """`indexes`: the dates of each series, one or more."""
        distinct = {id(index): index for index in indexes}
        first, *others = distinct.values()
        self._all = first.append(others)
        starts = np.cumsum([0, *map(len, distinct.values())])
        begin = dict(zip(distinct, starts.tolist(), strict=False))
        self._begins = np.array([begin[id(index)] for index in indexes])

    def at(self, rows: Ints) -> pd.Index:
        """(N, R) rows of each series → (N · R,) their dates, one series after another

        >>> days = pd.date_range("2024-01-01", periods=3, freq="D")
        >>> [str(day.date()) for day in Dates([days, days]).at(np.array([[0], [2]]))]
        ['2024-01-01', '2024-01-03']
        """
        return self._all.take((self._begins[:, None] + rows).ravel())


def repeated(texts: Sequence[str], times: int) -> pd.Series:
    """Repeat each text, as a column of a table.

    >>> repeated(["a", "b"], 2).tolist()
    ['a', 'a', 'b', 'b']
    """
    return pd.Series(texts).repeat(times).reset_index(drop=True)


def border_names(level: float) -> tuple[str, str]:
    """Return the names of the columns with the borders of a level's intervals.

    >>> border_names(0.8), border_names(0.995)
    (('lower_80', 'upper_80'), ('lower_99.5', 'upper_99.5'))
    """
    return f"lower_{100 * level:.10g}", f"upper_{100 * level:.10g}"


def as_file(table: pd.DataFrame, kind: TableKind) -> bytes:
    """Write a table of forecasts as CSV, JSON or Parquet."""
    match kind:
        case "csv":
            return as_csv(table)
        case "json":
            return as_json(table)
        case "parquet":
            return table.to_parquet(index=False)


def as_json(table: pd.DataFrame) -> bytes:
    """Write a table of forecasts as JSON: an array of objects. Numbers keep all digits, and dates their UTC offset.

    >>> as_json(pd.DataFrame({"step": [1], "forecast": [1.15e-11]}))
    b'[\\n {\\n  "step": 1,\\n  "forecast": 1.15e-11\\n }\\n]\\n'
    """
    columns = {name: [_as_json(value) for value in table[name].tolist()] for name in table.columns}
    records = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return json.dumps(records, indent=1, allow_nan=False).encode() + b"\n"


def _as_json(value: object) -> object:
    """Return a cell as JSON has it: a date as text, and nothing for a value that the file lacks."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_csv(table: pd.DataFrame) -> bytes:
    """Write a table of forecasts as CSV; text that needs quotes has quotes.

    Python before 3.13 does not quote a carriage return, so a table that has any is quoted throughout.
    """
    has_return = any(table[name].astype(str).str.contains("\r").any() for name in ("unique_id", "column"))
    return table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL).encode()


def panels(
    series: Sequence[Series],
    columns: Sequence[str],
    table: pd.DataFrame,
    rows: int,
    borders: tuple[str, str] = ("lower", "upper"),
) -> Iterator[ForecastPanel]:
    """Yield a panel for each column of each series: the last `rows` rows, then the forecasts in the table.

    `borders`: the columns with lower and upper border.
    """
    from bilstm_nlp.reports import plots

    for each in series:
        for name in columns:
            ahead = table[(table["unique_id"] == each.id) & (table["column"] == name)]
            yield plots.ForecastPanel(
                title=f"{each.id}: {name}" if len(series) > 1 else name,
                dates=each.dates[-rows:].to_numpy(),
                history=each.select([name])[-rows:, 0],
                ahead=ahead["ds"].to_numpy(),
                forecast=ahead["forecast"].to_numpy(),
                lower=ahead[borders[0]].to_numpy(),
                upper=ahead[borders[1]].to_numpy(),
            )
