"""Tables of forecasts, in memory and as files."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.series import Series
from bilstm_nlp.tasks.forecasting.output import Dates, as_csv, as_file, forecast_table, panels


def a_table(name: str = "s", zone: str | None = "Europe/Berlin", **values):
    """Make a table of 3 steps of the columns b and a."""
    dates = pd.date_range("2020-01-01", periods=4, freq="h", tz=zone)
    point, lower, upper = np.random.default_rng(0).normal(size=(3, 1, 3, 2))
    borders = {"lower": lower, "upper": upper}
    return forecast_table([name], dates[:1], dates[1:], ["b", "a"], forecast=point, borders=borders, **values)


def test_a_table_has_a_row_for_each_value():
    true = np.arange(6.0).reshape(3, 2)
    table = a_table(y=true[None])
    dates = pd.date_range("2020-01-01", periods=4, freq="h", tz="Europe/Berlin")
    blocks = (true, *np.random.default_rng(0).normal(size=(3, 3, 2)))
    expected = [
        ("s", dates[0], dates[step + 1], step + 1, "ba"[column], *(block[step, column] for block in blocks))
        for step, column in np.ndindex(3, 2)
    ]
    assert list(table.itertuples(index=False, name=None)) == expected
    assert list(table.columns) == [
        "unique_id", "origin", "ds", "step", "column", "y", "forecast", "lower", "upper"
    ]  # fmt: skip
    assert table["ds"].dt.tz == dates.tz
    assert list(a_table().columns) == [name for name in table.columns if name != "y"]


def test_several_forecasts_follow_each_other():
    dates = pd.date_range("2020-01-01", periods=4, freq="D")
    values = np.arange(8.0).reshape(2, 2, 2)
    borders = {"lower": values - 1, "upper": values + 1}
    ahead = dates[1:3].append(dates[2:])
    table = forecast_table(["s", "t"], dates[[0, 1]], ahead, ["b", "a"], forecast=values, borders=borders)
    assert table["unique_id"].tolist() == ["s"] * 4 + ["t"] * 4
    assert [day.day for day in table["origin"]] == [1] * 4 + [2] * 4
    assert [day.day for day in table["ds"]] == [2, 2, 3, 3, 3, 3, 4, 4]
    assert table["step"].tolist() == [1, 1, 2, 2] * 2
    assert table["column"].tolist() == ["b", "a"] * 4
    assert table["forecast"].tolist() == (table["lower"] + 1).tolist() == list(range(8))


def test_every_format_reads_back_as_the_table():
    table = a_table(zone=None)
    read_back = {
        "csv": pd.read_csv(io.BytesIO(as_file(table, "csv")), parse_dates=["origin", "ds"]),
        "json": pd.DataFrame(json.loads(as_file(table, "json"))),
        "parquet": pd.read_parquet(io.BytesIO(as_file(table, "parquet"))),
    }
    for kind, again in read_back.items():
        again = again.assign(origin=pd.to_datetime(again["origin"]), ds=pd.to_datetime(again["ds"]))
        pd.testing.assert_frame_equal(again, table, check_dtype=False, obj=kind)


@pytest.mark.parametrize("name", ["a", "a\rb", "\r", 'a"\r\n,', ""])
def test_names_survive_csv(name):
    table = pd.DataFrame({"unique_id": [name], "column": ["y"], "forecast": [0.5]})
    rows = list(csv.reader(io.StringIO(as_csv(table).decode(), newline="")))
    assert rows == [["unique_id", "column", "forecast"], [name, "y", "0.5"]]


def test_csv_quotes_only_text_that_needs_quotes():
    table = pd.DataFrame({"unique_id": ["a,b", "c"], "column": ["y", "y"], "forecast": [0.5, 1.0]})
    assert as_csv(table) == b'unique_id,column,forecast\n"a,b",y,0.5\nc,y,1.0\n'


@pytest.mark.parametrize("names", [["s"], ["s", "t"]])
def test_panels_show_the_end_of_each_series_and_its_forecast(names):
    dates = pd.date_range("2019-12-31 15:00", periods=10, freq="h")
    series = [Series(name, dates, np.arange(20.0).reshape(10, 2), ("a", "b"), np.arange(10)) for name in names]
    table = pd.concat([a_table(name, None) for name in names])
    drawn = list(panels(series, ["b", "a"], table, rows=4))
    titles = ["b", "a"] if len(names) == 1 else ["s: b", "s: a", "t: b", "t: a"]
    assert [panel.title for panel in drawn] == titles
    assert drawn[0].history.tolist() == [13, 15, 17, 19]
    assert drawn[1].dates.tolist() == dates[-4:].to_numpy().tolist()
    assert drawn[-1].forecast.tolist() == table[table["column"] == "a"]["forecast"][-3:].tolist()
    assert drawn[-1].ahead.tolist() == pd.date_range("2020-01-01 01:00", periods=3, freq="h").to_numpy().tolist()


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
@pytest.mark.parametrize("scale", [1e-300, 1.15e-11, 1.0, 1e25, 1e300])
def test_numbers_of_any_size_keep_all_digits(kind, scale):
    table = a_table(zone=None)
    table = table.assign(forecast=table["forecast"] * scale, lower=table["lower"] * scale)
    file = io.BytesIO(as_file(table, kind))
    again = {
        "csv": lambda: pd.read_csv(file, dtype=str),
        "json": lambda: pd.DataFrame(json.load(file)),
        "parquet": lambda: pd.read_parquet(file),
    }[kind]()
    for name in ("forecast", "lower", "upper"):
        assert [float(value) for value in again[name]] == table[name].tolist()


def test_json_keeps_offsets_and_leaves_lacking_values_out():
    table = a_table(y=np.array([[[1.0, np.nan], [2.0, 3.0], [4.0, 5.0]]]))
    records = json.loads(as_file(table, "json"))
    assert [record["y"] for record in records] == [1, None, 2, 3, 4, 5]
    assert (records[0]["origin"], records[0]["ds"]) == ("2020-01-01T00:00:00+01:00", "2020-01-01T01:00:00+01:00")


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_steps_stay_whole_numbers(kind):
    values = np.ones((1, 2, 1))
    borders = {"lower": values, "upper": values}
    table = forecast_table(["s"], pd.Index([7]), pd.Index([8, 9]), ["y"], forecast=values, borders=borders)
    file = io.BytesIO(as_file(table, kind))
    read = {"csv": pd.read_csv, "json": lambda file: pd.DataFrame(json.load(file)), "parquet": pd.read_parquet}[kind]
    again = read(file)
    assert again[["origin", "ds"]].values.tolist() == [[7, 8], [7, 9]]
    assert again["ds"].dtype == np.int64


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_of_rows_are_those_of_each_series(zone):
    hours = pd.date_range("2024-03-29", periods=90, freq="h", tz=zone)
    shared, later = hours[:60], hours[20:]
    indexes = [shared, later, shared, pd.DatetimeIndex(list(hours[3:40])), later]
    rows = np.array([[59, 0, 7], [2, 3, 4], [5, 5, 5], [36, 1, 0], [69, 68, 67]])
    expected = [index[row] for index, own in zip(indexes, rows.tolist(), strict=True) for row in own]
    assert list(Dates(indexes).at(rows)) == expected
    numbers = [pd.Index([4, 6, 8]), pd.Index([1, 2])]
    assert Dates(numbers).at(np.array([[2], [0]])).tolist() == [8, 1]
