"""The roles of columns: near misses of the date, indices, and files without header or with other separators."""

from __future__ import annotations

import pandas as pd
import pytest

from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.table_files import load
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import DataError

PLAIN = TableFormat()
DAYS = [f"2020-01-{day:02}" for day in range(1, 7)]


def written(path, header: str, rows: list[str]) -> str:
    (path / "x.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path / "x.csv")


# --- the date ---


@pytest.mark.parametrize(
    "name", ["Date", "DATE", "ds", "datetime", "Timestamp", "time", "Datum", "period", "when", "Day"]
)
def test_the_only_date_is_the_date(tmp_path, name):
    result = read(written(tmp_path, f"y,{name}", [f"{row},{day}" for row, day in enumerate(DAYS)]), PLAIN)
    assert (result.columns, result.series[0].dates[5]) == (("y",), pd.Timestamp("2020-01-06"))
    surprises = [f"column {name!r} is read as the date"] if name not in ("Date", "ds") else []
    assert list(result.notes) == surprises


def test_a_long_file_may_call_its_dates_otherwise(tmp_path):
    rows = [f"{name},{day},{row}" for name in "pq" for row, day in enumerate(DAYS)]
    result = read(written(tmp_path, "unique_id,Date,y", rows), PLAIN)
    assert [series.id for series in result.series] == ["p", "q"]
    assert result.columns == ("y",)


def test_dates_win_over_whole_numbers_of_a_calendar(tmp_path):
    rows = [f"{day},{row},1,2020,{row}" for row, day in enumerate(DAYS)]
    table = load(written(tmp_path, "Timestamp,hour,month,year,y", rows), PLAIN)
    assert (table.date, table.columns) == ("Timestamp", ("hour", "month", "year", "y"))


def test_several_dates_are_named_with_the_setting(tmp_path):
    source = written(tmp_path, "utc_timestamp,local_timestamp,y", [f"{day},{day},1" for day in DAYS])
    with pytest.raises(
        DataError, match=r"data.date_column = \"utc_timestamp\"; data.date_column = \"local_timestamp\"$"
    ):
        read(source, PLAIN)
    assert load(source, TableFormat(date_column="utc_timestamp", columns=("y",))).date == "utc_timestamp"
    # If the other columns are named, only one date is left.
    assert load(source, TableFormat(columns=("utc_timestamp", "y"))).date == "local_timestamp"


def test_whole_numbers_that_repeat_are_no_dates(tmp_path):
    source = written(tmp_path, "month,y", [f"{1 + row % 3},{row}" for row in range(6)])
    with pytest.raises(
        DataError, match=r":1: expected a column 'date' .*, found month, y; without dates, data.frequency"
    ):
        read(source, PLAIN)


@pytest.mark.parametrize(
    ("header", "rows", "frequency", "last"),
    [
        ("year,month,y", ["2019,11,0", "2019,12,1", "2020,1,2"], "MS", "2020-01-01"),
        ("Year,Quarter,y", ["2019.0,3.0,0", "2019.0,4.0,1", "2020.0,1.0,2"], "QS", "2020-01-01"),
        (
            "No,year,month,day,hour,y",
            [f"{hour},2020,2,29,{20 + hour},{hour}" for hour in (1, 2, 3)],
            "h",
            "2020-02-29 23",
        ),
    ],
)
def test_years_months_and_hours_are_a_date_together(tmp_path, header, rows, frequency, last):
    result = read(written(tmp_path, header, rows), PLAIN)
    assert result.columns == ("y",)
    assert result.frequency.startswith(frequency)
    assert result.series[0].dates[-1] == pd.Timestamp(last)
    assert any(note.endswith("are read as the date") for note in result.notes)


def test_prices_are_no_dates(tmp_path):
    source = written(tmp_path, "a;b;c", ["12,5;1.234,5;14:00", "12,6;1.234,6;15:00"])
    with pytest.raises(DataError, match=r"expected a column 'date' .*, found a, b, c; without dates"):
        read(source, PLAIN)


def test_the_column_of_names_is_proposed(tmp_path):
    rows = [f"{day},{store},{row}" for store in (1, 2) for row, day in enumerate(DAYS)]
    with pytest.raises(DataError, match=r":8: expected dates in ascending .*; data.id_column = \"store\" if its names"):
        read(written(tmp_path, "date,store,sales", rows), PLAIN)
    by_day = [f"{day},{store},{row}" for row, day in enumerate(DAYS) for store in (1, 2)]
    source = written(tmp_path, "date,store,sales", by_day)
    with pytest.raises(DataError, match=r":3: expected each date once .*; data.id_column = \"store\" if its names"):
        read(source, PLAIN)
    result = read(source, TableFormat(id_column="store"))
    assert [(series.id, series.values.ravel().tolist()) for series in result.series] == [
        ("1", [0, 1, 2, 3, 4, 5]),
        ("2", [0, 1, 2, 3, 4, 5]),
    ]


# --- columns that number the rows ---


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0", "index", "rownames", "id"])
@pytest.mark.parametrize("first", [0, 1])
def test_indices_are_left_out_and_said(tmp_path, name, first):
    result = read(
        written(tmp_path, f"{name},date,y", [f"{row + first},{day},7" for row, day in enumerate(DAYS)]), PLAIN
    )
    assert (result.columns, result.series[0].values.ravel().tolist()) == (("y",), [7] * 6)
    assert len(result.notes) == 1
    assert "is left out: it numbers the rows" in result.notes[0]


def test_the_index_of_a_filtered_frame_is_left_out(tmp_path):
    result = read(written(tmp_path, ",date,y", [f"{row * row + 3},{day},7" for row, day in enumerate(DAYS)]), PLAIN)
    assert result.columns == ("y",)


def test_columns_that_only_resemble_an_index_stay(tmp_path):
    rows = [f"{7 - row},{row},{day},{row}" for row, day in enumerate(DAYS)]
    assert read(written(tmp_path, "index,trend,date,y", rows), PLAIN).columns == ("index", "trend", "y")
    with pytest.raises(DataError, match=r":1: expected names that differ for all columns, found none for column 1"):
        read(written(tmp_path, ",trend,date,y", rows), PLAIN)


def test_a_named_index_is_read(tmp_path):
    source = written(tmp_path, "index,date,y", [f"{row},{day},7" for row, day in enumerate(DAYS)])
    result = read(source, TableFormat(columns=("index", "y")))
    assert (result.series[0].values[2].tolist(), result.notes) == ([2, 7], ())


def test_a_nameless_column_of_dates_is_the_date(tmp_path):
    result = read(written(tmp_path, ",y", [f"{day},{row}" for row, day in enumerate(DAYS)]), PLAIN)
    assert (result.columns, result.frequency) == (("y",), "D")


def test_an_index_numbers_steps_if_there_are_no_dates(tmp_path):
    source = written(tmp_path, ",y", [f"{row},{row * 2}" for row in range(5)])
    with pytest.raises(DataError, match=r'without dates, data.frequency = "step" numbers the rows$'):
        read(source, PLAIN)
    (series,) = read(source, TableFormat(frequency="step")).series
    assert (series.dates.tolist(), series.values.ravel().tolist()) == ([0, 1, 2, 3, 4], [0, 2, 4, 6, 8])


# --- separators and headers ---


@pytest.mark.parametrize(("separator", "name"), [(";", "a semicolon"), ("\t", "a tab"), ("|", "a vertical bar")])
def test_other_separators_are_read_and_said(tmp_path, separator, name):
    rows = [separator.join([day, str(row), "8"]) for row, day in enumerate(DAYS)]
    result = read(written(tmp_path, separator.join(["date", "a,b", "c"]), rows), PLAIN)
    assert result.columns == ("a,b", "c")
    assert result.series[0].values[3].tolist() == [3, 8]
    assert result.notes == (f"cells are separated by {name}",)


def test_excel_files_of_europe_are_read(tmp_path):
    text = "Datum;Umsatz;\r\n" + "".join(f"{day}.01.2020;{day}.000,5;\r\n" for day in range(10, 16))
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    result = read(str(path), TableFormat(decimal=",", thousands="."))
    assert (result.frequency, result.columns) == ("D", ("Umsatz",))
    assert result.series[0].values.ravel().tolist() == [1000 * day + 0.5 for day in range(10, 16)]
    assert result.series[0].dates[0] == pd.Timestamp("2020-01-10")


def test_a_file_without_header_is_named(tmp_path):
    rows = [f"{day},{row}" for row, day in enumerate(DAYS)]
    source = written(tmp_path, rows[0], rows[1:])
    with pytest.raises(
        DataError, match=r':1: expected a header, found a row of data; data.columns = \["date", "a"\] names'
    ):
        read(source, PLAIN)
    (series,) = read(source, TableFormat(names=("date", "a"))).series
    assert (len(series), series.rows.tolist(), series.values.ravel().tolist()) == (
        6,
        [1, 2, 3, 4, 5, 6],
        list(range(6)),
    )
    with pytest.raises(DataError, match=r":1: expected 3 cells, as data.columns has names, found 2"):
        read(source, TableFormat(names=("date", "a", "b")))


def test_numbers_may_be_the_names_of_columns(tmp_path):
    rows = [f"{day},{row},7" for row, day in enumerate(DAYS)]
    assert read(written(tmp_path, "date,1,2", rows), PLAIN).columns == ("1", "2")
    source = written(tmp_path, "112", ["118", "132"])
    with pytest.raises(DataError, match=r":1: expected a header, found a row of data"):
        read(source, TableFormat(frequency="step"))
    result = read(source, TableFormat(frequency="step", names=("y",)))
    assert (result.series[0].dates.tolist(), result.series[0].values.ravel().tolist()) == ([1, 2, 3], [112, 118, 132])


def test_standard_input_is_a_csv_file(tmp_path, monkeypatch):
    source = written(tmp_path, "date,y", [f"{day},{row}" for row, day in enumerate(DAYS)])
    with open(source, encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        result = read("-", PLAIN)
    assert (result.source, result.series[0].id) == ("standard input", "series")
    assert result.series[0].values.ravel().tolist() == list(range(6))
