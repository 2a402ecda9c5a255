"""Frames of pandas and of other libraries, as pandas frames whose dates are a column."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bilstm_nlp.data.series.roles import UNNAMED
from bilstm_nlp.errors import DataError, InputError


def frame_of(value: object, name: str) -> pd.DataFrame | None:
    """Return a pandas frame of a frame of any library, or of a pandas series with dates; `None` for other values.

    Polars, PyArrow and others give their columns as Arrow data, or through the interchange protocol. No library but
    PyArrow is imported. Raises `InputError` if a frame can't be converted.

    >>> dated = pd.Series([1.0], index=pd.DatetimeIndex(["2024-01-01"]), name="load")
    >>> frame_of(dated, "frame").columns.tolist()
    ['load']
    """
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series):
        dated = isinstance(value.index, pd.DatetimeIndex | pd.PeriodIndex)
        return value.to_frame("y" if value.name is None else str(value.name)) if dated else None
    if not (hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__")):
        return None
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow.interchange import from_dataframe  # type: ignore[import-untyped]

    given: Any = value
    try:
        table = pyarrow.table(given) if hasattr(value, "__arrow_c_stream__") else from_dataframe(given)
        frame: pd.DataFrame = table.to_pandas()
    except (pyarrow.ArrowException, TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{name}: expected a frame that can be read as Arrow data, found {error}") from None
    return frame


def numbered(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Number the rows from 1. A named index, and one of dates by any name, becomes a column.

    Raises `DataError` if an index has the name of a column and other values.
    """
    index = frame.index
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    dated = [isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) for level in levels]
    pairs = zip(levels, dated, strict=True)
    names = ["date" if level.name is None and is_date else level.name for level, is_date in pairs]
    frame = frame.reset_index(drop=True)
    header = [_text(label) for label in frame.columns]
    frame = frame.set_axis(header, axis=1)
    if all(label is None for label in names):
        frame.index += 1
        return frame
    for number, (label, level) in enumerate(zip(names, levels, strict=True)):
        text = f"{UNNAMED}level {number}" if label is None else _text(label)
        if text not in header:
            frame.insert(number, text, pd.Series(level, index=frame.index), allow_duplicates=True)
        elif header.count(text) == 1 and not _same(frame[text], level):
            raise DataError(name, f"one {text!r}", "an index and a column of this name with other values")
    frame.index += 1
    return frame


def _text(label: object) -> str:
    """Return the name of a column: the levels of a name that has several, such as those of yfinance, with blanks."""
    return " ".join(str(part) for part in label if str(part)) if isinstance(label, tuple) else str(label)


def _same(column: pd.Series, level: pd.Index) -> bool:
    """Tell if a column and an index have the same values."""
    return bool((column.astype(str).to_numpy() == level.astype(str).to_numpy()).all())
