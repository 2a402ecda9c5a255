"""Frames: dates in the index, and frames of other libraries."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow
import pytest

from bilstm_nlp.data.series.frames import frame_of
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.table_files import table_of
from bilstm_nlp.data.series.tables import SeriesSet, series_of
from bilstm_nlp.errors import DataError, InputError

DAYS = pd.date_range("2020-01-01", periods=4, freq="D")


PLAIN = TableFormat()


def series(value: object, format: TableFormat = PLAIN) -> SeriesSet:
    frame = frame_of(value, "frame")
    assert frame is not None
    return series_of(table_of("frame", frame, format), format)


class Exchanged:
    """A frame of another library, which gives its columns through the interchange protocol."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.table = pyarrow.Table.from_pandas(frame)

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> object:
        return self.table.__dataframe__(nan_as_null, allow_copy)


class Streamed:
    """A frame of another library, which gives its columns as an Arrow stream, as Polars does."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.table = pyarrow.Table.from_pandas(frame)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("name", [None, "date", "when", "Month"])
def test_an_index_of_dates_is_the_date(name):
    (result,) = series(pd.DataFrame({"y": range(4)}, index=DAYS.rename(name))).series
    assert (list(result.dates), result.columns, result.rows.tolist()) == (list(DAYS), ("y",), [1, 2, 3, 4])


def test_periods_are_the_dates_of_their_beginnings():
    months = pd.period_range("2020-01", periods=4, freq="M")
    for frame in (pd.DataFrame({"y": range(4)}, index=months), pd.DataFrame({"month": months, "y": range(4)})):
        result = series(frame)
        assert result.frequency == "MS"
        assert list(result.series[0].dates) == list(pd.date_range("2020-01-01", periods=4, freq="MS"))
    named = TableFormat(date_column="month")
    assert series(pd.DataFrame({"month": months, "y": range(4)}), named).frequency == "MS"


def test_an_index_beside_its_own_column_is_one_date():
    frame = pd.DataFrame({"date": DAYS, "y": range(4)}).set_index("date", drop=False)
    assert series(frame).columns == ("y",)
    with pytest.raises(DataError, match=r"frame: expected one 'date', found an index and a column of this name"):
        series(frame.assign(date=DAYS[::-1]))


def test_an_index_of_names_and_dates_is_long():
    index = pd.MultiIndex.from_product([["p", "q"], DAYS], names=["unique_id", None])
    result = series(pd.DataFrame({"y": range(8)}, index=index))
    assert [(each.id, each.values.ravel().tolist()) for each in result.series] == [
        ("p", [0, 1, 2, 3]),
        ("q", [4, 5, 6, 7]),
    ]


def test_columns_of_several_levels_are_joined():
    columns = pd.MultiIndex.from_tuples([("Close", "AAPL"), ("Close", "MSFT")], names=["Price", "Ticker"])
    frame = pd.DataFrame(np.arange(8.0).reshape(4, 2), index=DAYS.rename("Date"), columns=columns)
    assert series(frame).columns == ("Close AAPL", "Close MSFT")


def test_a_series_of_pandas_with_dates_is_a_frame():
    assert series(pd.Series(range(4), index=DAYS, name="load")).columns == ("load",)
    assert frame_of(pd.Series([1.0]), "frame") is None


@pytest.mark.parametrize("library", [Exchanged, Streamed, pyarrow.Table.from_pandas])
def test_frames_of_other_libraries_are_taken(library):
    frame = pd.DataFrame({"unique_id": ["p"] * 4, "ds": DAYS, "y": [1.0, 2.0, 3.0, 4.5]})
    (result,) = series(library(frame)).series
    assert (result.id, list(result.dates), result.values.ravel().tolist()) == ("p", list(DAYS), [1, 2, 3, 4.5])


def test_a_frame_that_cannot_be_converted_is_refused():
    class Broken:
        def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> object:
            raise RuntimeError("no columns")

    with pytest.raises(InputError, match="known: expected a frame that can be read as Arrow data, found no columns"):
        frame_of(Broken(), "known")


@pytest.mark.parametrize("value", [None, 3, "x.csv", {"y": [1]}, [1, 2], np.zeros((2, 2))])
def test_other_values_are_no_frames(value):
    assert frame_of(value, "frame") is None
