"""Series from CSV and Parquet: problems are named with column and row, nothing is repaired unasked."""

from __future__ import annotations

import gzip
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from bilstm_nlp.data.series.frequencies import grid
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.table_files import table_of
from bilstm_nlp.data.series.tables import read, series_of
from bilstm_nlp.data.sources import SAMPLES
from bilstm_nlp.errors import DataError, InputError

PLAIN = TableFormat()
ROOT = Path(__file__).parent.parent.parent.parent
WIDE = [f"2020-01-01 0{hour}:00:00,{hour},{hour * hour}" for hour in range(8)]


def wide(path: Path, rows: list[str], header: str = "date,a,b") -> str:
    """Write a file whose line 2 is `rows[0]`."""
    path = path / "x.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)


def changed(**rows: str) -> list[str]:
    """Return `WIDE` with other rows at some lines: line_5="…"."""
    return [rows.get(f"line_{number}", row) for number, row in enumerate(WIDE, 2)]


def problems(source: str, format: TableFormat = PLAIN) -> list[str]:
    """Return all problems, without the path; `read` raises the first."""
    result: list[DataError] = []
    try:
        read(source, format, result.append)
    except DataError as error:
        result.append(error)
    messages = [str(problem).removeprefix(source) for problem in result]
    if messages:
        with pytest.raises(DataError) as raised:
            read(source, format)
        assert str(raised.value) == source + messages[0]
    return messages


# --- good files ---


def test_a_wide_file_is_one_series_with_its_lines(tmp_path):
    result = read(wide(tmp_path, WIDE), TableFormat())
    (series,) = result.series
    assert (result.frequency, result.columns, result.filled) == ("h", ("a", "b"), ())
    assert series.id == "x"
    assert series.values.tolist() == [[hour, hour * hour] for hour in range(8)]
    assert series.rows.tolist() == list(range(2, 10))
    assert series.dates[3] == pd.Timestamp("2020-01-01 03:00")


def test_chosen_columns_keep_their_order_others_hold_anything(tmp_path):
    rows = [f"{row},remark {number}" for number, row in enumerate(WIDE)]
    source = wide(tmp_path, rows, "date,a,b,note")
    result = read(source, TableFormat(columns=("b", "a")))
    assert result.columns == ("b", "a")
    assert result.series[0].values[3].tolist() == [9, 3]
    assert problems(source) == [
        ":2: expected a number in column 'note', found 'remark 0' (and 7 more, the last in line 9)"
    ]


def test_a_long_file_has_series_in_its_own_order(tmp_path):
    """Rows of the series may alternate, and a series may be called NA."""
    rows = [
        "z,2020-01-01,1",
        "NA,2020-03-01,5",
        "z,2020-01-02,2",
        "NA,2020-03-02,6",
        "NA,2020-03-03,7",
        "z,2020-01-03,3",
    ]
    result = read(wide(tmp_path, [*rows, "NA,2020-03-04,8"], "unique_id,ds,y"), TableFormat())
    assert result.frequency == "D"
    assert [(s.id, s.values.ravel().tolist(), s.rows.tolist()) for s in result.series] == [
        ("z", [1, 2, 3], [2, 4, 7]),
        ("NA", [5, 6, 7, 8], [3, 5, 6, 8]),
    ]


@pytest.mark.parametrize("frequency", ["MS", "h", "2D", "B", "month-15"])
def test_a_panel_reads_as_its_series_alone(tmp_path, frequency):
    whole = grid(pd.to_datetime(["2020-01-15" if frequency == "month-15" else "2020-01-01", "2026-01-01"]), frequency)
    spans = {
        "a": (0, 30),
        "b": (0, 30),
        "late": (9, 30),
        "gap": (0, 30),
        "hole": (0, 30),
        "backwards": (2, 24),
        "short": (3, 5),
    }
    frames = {name: pd.DataFrame({"unique_id": name, "ds": whole[slice(*span)]}) for name, span in spans.items()}
    frames["gap"] = frames["gap"].drop(index=[4, 5])
    frames["hole"] = frames["hole"].drop(index=[9, 12])  # as many dates, and the same first and last
    frames["backwards"] = frames["backwards"].iloc[::-1]
    panel = pd.concat(frames.values(), ignore_index=True)
    panel["y"] = np.arange(len(panel), dtype=float)
    format = TableFormat(missing="ffill", frequency=frequency if frequency == "month-15" else None)
    said: list[DataError] = []
    together = series_of(table_of("frame", panel, format), format, said.append)
    assert ["ascending order" in str(problem) for problem in said] == [True]
    for series in together.series:
        rows = panel[panel["unique_id"] == series.id]
        alone = series_of(table_of("frame", rows, format), replace(format, frequency=together.frequency), said.append)
        assert series.dates.equals(alone.series[0].dates)
        assert series.values.tolist() == alone.series[0].values.tolist()
        own_rows = [rows.index[row - 1] + 1 if row else 0 for row in alone.series[0].rows]
        assert series.rows.tolist() == own_rows
        assert len(series) == spans[series.id][1] - spans[series.id][0]


def test_byte_order_marks_gzip_and_blank_lines_change_nothing(tmp_path):
    text = "\n".join(["date,a,b", *WIDE[:4], "", *WIDE[4:], "", ""])
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    series = read(str(path), TableFormat()).series[0]
    assert series.id == "x"
    assert series.rows.tolist() == [2, 3, 4, 5, 7, 8, 9, 10]


values = st.floats(-1e9, 1e9, allow_nan=False).map(float)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["h", "15min", "D", "B", "MS", "W-MON"]),
    st.dictionaries(
        st.text("abNA1é ", min_size=1, max_size=4).filter(str.strip), st.integers(3, 9), min_size=1, max_size=3
    ),
    st.sampled_from([None, "Asia/Tokyo", "Europe/Berlin"]),
    st.booleans(),
    st.data(),
)
@pytest.mark.slow
def test_tables_written_by_pandas_are_read_back(tmp_path, frequency, lengths, zone, parquet, data):
    # In a CSV only the offsets are left of a zone, and Berlin's change: its months begin at two hours of UTC.
    zone = "Asia/Tokyo" if zone and not parquet else zone
    frames = []
    for name, length in lengths.items():
        dates = pd.date_range("2021-02-01", periods=length, freq=frequency, tz=zone)
        y = data.draw(st.lists(values, min_size=length, max_size=length))
        frames.append(pd.DataFrame({"unique_id": name, "ds": dates, "y": y, "x": range(length)}))
    table = pd.concat(frames, ignore_index=True)
    path = tmp_path / ("t.parquet" if parquet else "t.csv")
    table.to_parquet(path) if parquet else table.to_csv(path, index=False)
    result = read(str(path), TableFormat())
    assert [series.id for series in result.series] == list(lengths)
    for series, frame in zip(result.series, frames, strict=True):
        assert list(series.dates) == list(frame["ds"])
        assert np.array_equal(series.values, frame[["y", "x"]].to_numpy())
    if parquet and zone:
        assert str(result.series[0].dates.tz) == zone


def test_one_utc_offset_stays_several_become_utc(tmp_path):
    fixed = read(wide(tmp_path, [f"2020-01-0{day}T00:00:00+02:00,1,1" for day in range(1, 5)]), TableFormat())
    assert str(fixed.series[0].dates[0]) == "2020-01-01 00:00:00+02:00"
    hours = ["2021-03-28 00:00:00+01:00,1,1", "2021-03-28 01:00:00+01:00,1,1", "2021-03-28 03:00:00+02:00,1,1"]
    both = read(wide(tmp_path, hours), TableFormat())
    assert both.frequency == "h"
    assert str(both.series[0].dates[2]) == "2021-03-28 01:00:00+00:00"


@pytest.mark.slow
@pytest.mark.parametrize("time", ["01", "01:00", "1:00:00", "0100", "01:00:00.5"])
@pytest.mark.parametrize("offset", ["Z", "-1", "+01", "-123", "-1:0", "+01:00", "-0130"])
def test_an_offset_of_some_dates_only_is_named(tmp_path, time, offset):
    date = f"2020-01-01 {time}{offset}"
    assert read(wide(tmp_path, [f"{date},1,1"]), TableFormat(frequency="h")).series[0].dates.tz is not None
    message, *_ = problems(wide(tmp_path, ["2020-01-01 00:00:00,1,1", f"{date},1,1", "2020-01-01 02:00:00,1,1"]))
    assert message == f":3: expected a UTC offset with all dates or with none, found {date!r}"


def test_six_hours_with_changing_offsets_get_advice(tmp_path):
    clock = pd.date_range("2021-03-26", periods=16, freq="6h").tz_localize("Europe/Berlin")
    message, *_ = problems(wide(tmp_path, [f"{date},1,1" for date in clock]), TableFormat(missing="ffill"))
    assert message.startswith(":11: expected dates at frequency 6h in column 'date', found 2021-03-28 04:00:00+00:00")
    assert message.endswith("; dates are in UTC: data.timezone names the zone in which they are regular")


def test_dates_in_unambiguous_local_spellings_are_read(tmp_path):
    rows = [f"{day}/01/2020,1,1" for day in range(10, 16)]
    assert read(wide(tmp_path, rows), TableFormat()).series[0].dates[-1] == pd.Timestamp("2020-01-15")
    assert problems(wide(tmp_path, [f"0{day}/01/2020,1,1" for day in range(1, 6)])) == [
        ":2: expected dates like 2016-12-31, found '01/01/2020': day or month first?; "
        'data.date_format = "%d/%m/%Y" or "%m/%d/%Y" tells, spelt as the file does'
    ]


# --- bad cells ---


def test_text_in_a_number_column_is_named(tmp_path):
    source = wide(tmp_path, changed(line_5="2020-01-01 03:00:00,abc,9"))
    assert problems(source) == [":5: expected a number in column 'a', found 'abc'"]
    source = wide(tmp_path, changed(line_5="2020-01-01 03:00:00,3,?", line_9="2020-01-01 07:00:00,7,1 000"))
    assert problems(source, TableFormat(missing="ffill")) == [
        ":5: expected a number in column 'b', found '?' (and 1 more, the last in line 9)"
    ]


@pytest.mark.parametrize("cell", ["", "NaN", "NA", "null"])
def test_an_empty_cell_is_named_with_advice(tmp_path, cell):
    source = wide(tmp_path, changed(line_5=f"2020-01-01 03:00:00,3,{cell}"))
    advice = 'data.missing = "interpolate" or "ffill" fills them'
    assert problems(source) == [f":5: expected a number in column 'b', found nothing; {advice}"]


@pytest.mark.parametrize("large", ["inf", "1e400", "9" * 400])
def test_infinite_numbers_are_named_or_filled(tmp_path, large):
    """Also integers: pandas leaves 400 digits as an integer or as text."""
    source = wide(tmp_path, changed(line_4=f"2020-01-01 02:00:00,{large},4", line_7=f"2020-01-01 05:00:00,-{large},25"))
    (message,) = problems(source)
    assert message.startswith(
        ":4: expected a number in column 'a', found inf (and 1 more, the last in line 7); data.mis"
    )
    result = read(source, TableFormat(missing="interpolate"))
    assert result.series[0].values[:, 0].tolist() == list(range(8))
    assert [(cells.column, cells.count) for cells in result.filled] == [("a", 2)]


def test_a_row_of_too_few_or_many_cells_is_named(tmp_path):
    source = wide(tmp_path, changed(line_5="2020-01-01 03:00:00,3"))
    assert problems(source)[0].startswith(":5: expected a number in column 'b', found nothing")
    assert problems(wide(tmp_path, changed(line_5="2020-01-01 03:00:00,3,9,1"))) == [":5: expected 3 cells, found 4"]
    source = wide(tmp_path, [row + ",1" for row in WIDE])
    assert problems(source) == [":2: expected 3 cells, as in the header, found 4"]


# --- bad dates ---


def test_an_unparsable_date_is_named(tmp_path):
    messages = problems(wide(tmp_path, changed(line_5="yesterday,3,9")), TableFormat(missing="ffill"))
    rule = "a date such as 2016-07-01 or 2016-07-01 13:00:00 in column 'date'"
    assert messages == [f":5: expected {rule}, found 'yesterday'"]
    messages = problems(wide(tmp_path, ["soon,1,1", "later,2,2"]))
    assert messages[0] == f":2: expected {rule}, found 'soon' (and 1 more, the last in line 3)"
    assert problems(wide(tmp_path, changed(line_9=",7,7")))[0] == f":9: expected {rule}, found ''"


def test_unsorted_dates_are_named(tmp_path):
    source = wide(tmp_path, [*WIDE[:3], WIDE[4], WIDE[3], *WIDE[5:]])
    assert problems(source) == [
        ":6: expected dates in ascending order in column 'date', found 2020-01-01 03:00:00 after 2020-01-01 04:00:00"
    ]


def test_repeated_dates_are_named(tmp_path):
    source = wide(tmp_path, [*WIDE[:3], WIDE[2], *WIDE[3:]])
    assert problems(source) == [
        ":5: expected each date once in column 'date', found 2020-01-01 02:00:00 again, which line 4 has already"
    ]


def test_a_date_off_the_grid_is_named(tmp_path):
    messages = problems(wide(tmp_path, changed(line_5="2020-01-01 03:07:00,3,9")), TableFormat(missing="ffill"))
    assert messages == [
        ":5: expected dates at frequency h in column 'date', found 2020-01-01 03:07:00 after 2020-01-01 02:00:00"
    ]


def test_offsets_with_some_dates_only_are_named(tmp_path):
    rows = ["2020-01-01T00:00:00Z,1,1", "2020-01-02T00:00:00,2,2", "2020-01-03T00:00:00Z,3,3"]
    assert problems(wide(tmp_path, rows)) == [
        ":3: expected a UTC offset with all dates or with none, found '2020-01-02T00:00:00'"
    ]


def test_gaps_are_named_by_the_row_after_the_first(tmp_path):
    source = wide(tmp_path, [*WIDE[:3], WIDE[5], WIDE[7]])
    (message,) = problems(source)
    assert message == (
        ":5: expected dates without a gap at frequency h in column 'date', found 2020-01-01 05:00:00 after "
        "2020-01-01 02:00:00: 2 missing (3 missing in 2 gaps altogether); "
        'data.missing = "interpolate" or "ffill" fills them'
    )


def test_the_series_is_named_if_there_are_several(tmp_path):
    rows = [f"{name},2020-01-0{day},{day}" for name in "pq" for day in (1, 2, 3, 5, 6) if (name, day) != ("p", 5)]
    messages = problems(wide(tmp_path, rows, "unique_id,ds,y"))
    assert [message.partition(" in column")[0] for message in messages] == [
        ":5: expected dates of series 'p' without a gap at frequency D",
        ":9: expected dates of series 'q' without a gap at frequency D",
    ]
    messages = problems(wide(tmp_path, [*rows, ",2020-01-07,1"], "unique_id,ds,y"), TableFormat(missing="ffill"))
    assert messages == [":11: expected the name of a series in column 'unique_id', found nothing"]


def test_dates_must_fit_a_given_frequency(tmp_path):
    source = wide(tmp_path, WIDE)
    assert problems(source, TableFormat(frequency="30min"))[0].startswith(
        ":3: expected dates without a gap at frequency 30min in column 'date', found 2020-01-01 01:00:00 after"
    )
    assert problems(source, TableFormat(frequency="2h"))[0] == (
        ":3: expected dates at frequency 2h in column 'date', found 2020-01-01 01:00:00 after 2020-01-01 00:00:00 "
        "(and 3 more, the last in line 9)"
    )
    with pytest.raises(InputError, match=r"expected a frequency such as .*, found 'hourly'"):
        read(source, TableFormat(frequency="hourly"))


def test_an_impossible_frequency_for_the_dates_is_refused(tmp_path):
    """There is no series then even if `complain` returns, and no grid of a million years of nanoseconds."""
    source = wide(tmp_path, WIDE)
    for frequency, result in (
        ("ns", "8 from 2020-01-01 00:00:00 to 2020-01-01 07:00:00, with far too many missing"),
        ("W-SUN", "2020-01-01 00:00:00 and no date at all that is (and 7 more, the last in line 9)"),
    ):
        assert problems(source, TableFormat(frequency=frequency)) == [
            f":2: expected dates at frequency {frequency} in column 'date', found {result}"
        ]
    near = read(
        wide(tmp_path, [f"2020-01-01 00:00:00.00000{part},1,1" for part in (1, 2)]), TableFormat(frequency="us")
    )
    assert len(near.series[0]) == 2


@pytest.mark.skipif(pd.__version__ < "3", reason="pandas 2 has no dates outside of 1677 to 2262")
def test_frequencies_too_fine_for_centuries_are_refused(tmp_path):
    for first, frequency in (("0001-01-01", "B"), ("2020-01-01", "ns")):
        ages = wide(tmp_path, [f"{first},1,1", "9999-12-31,2,2"])
        assert problems(ages, TableFormat(frequency=frequency)) == [
            f":2: expected dates at frequency {frequency} in column 'date', found 2 from {first} 00:00:00 to "
            "9999-12-31 00:00:00, with far too many missing"
        ]
    far = wide(tmp_path, ["1600-01-01,1,1"])
    (message,) = problems(far, TableFormat(frequency="ns"))
    assert message.startswith(":2: expected dates at frequency ns in column 'date', found dates that can't be: ")


def test_two_rows_need_a_given_frequency(tmp_path):
    source = wide(tmp_path, WIDE[:2])
    assert problems(source) == [
        ": expected three dates in a row at the frequency of the series, found none; data.frequency names it"
    ]
    assert len(read(source, TableFormat(frequency="h")).series[0]) == 2


# --- bad files ---


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": expected a header and rows, found an empty file"),
        ("date,a\n", ": expected rows with a date, found none"),
        ("date,a,a\n", ":1: expected names that differ for all columns, found 'a' twice"),
        ("date,a, \n", ":1: expected names that differ for all columns, found none for column 3"),
        ("when,a\n1,2\n", ":1: expected a column 'date' (the file is read as wide), found when, a"),
        (
            "unique_id,when,a\n1,2,3\n",
            ":1: expected a column 'ds' (the file is read as long), found unique_id, when, a",
        ),
        ("date\n2020-01-01\n", ":1: expected columns of numbers beside date, found no other"),
        ('date,a\n2020-01-01,"1\n', ": expected a CSV table, found"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    (result,) = problems(str(path))
    assert result.startswith(message)


def test_an_unreadable_file_is_refused(tmp_path):
    (message,) = problems(str(tmp_path / "none.csv"))
    assert message == ": expected a file, found nothing there"
    (tmp_path / "energy.csv").touch()
    assert "did you mean" in problems(str(tmp_path / "enrgy.csv"))[0]
    (message,) = problems(str(tmp_path))
    assert message.startswith(": expected a .csv or .parquet file, found none that can be read: ")
    path = tmp_path / "latin.csv"
    path.write_bytes("date,größe\n2020-01-01,1\n".encode("latin-1"))
    assert problems(str(path)) == [": expected UTF-8 text, found byte 0xf6"]
    path = tmp_path / "x.csv.gz"
    packed = gzip.compress(b"date,a\n2020-01-01,1\n")
    path.write_bytes(packed[:10] + b"\x07" + packed[11:])
    (message,) = problems(str(path))
    assert message.startswith(": expected a .csv or .parquet file, found none that can be read: Error -3")
    path = tmp_path / "x.parquet"
    path.write_bytes(b"no parquet")
    (message,) = problems(str(path))
    assert message.startswith(": expected a .csv or .parquet file, found none that can be read: ")
    # What pandas notes beside the cells says nothing of an index.
    parquet.write_table(pyarrow.table({"date": [1.0]}).replace_schema_metadata({"pandas": '{"columns": []}'}), path)
    (message,) = problems(str(path))
    assert message.startswith(": expected a .csv or .parquet file, found none that can be read: notes of pandas")


def test_columns_of_roles_can_be_named(tmp_path):
    source = wide(tmp_path, [f"s,{row}" for row in WIDE], "site,when,a,b")
    named = TableFormat(date_column="when", id_column="site")
    assert read(source, named).series[0].id == "s"
    assert problems(source, TableFormat(date_column="day")) == [
        ":1: expected a column 'day' (the file is read as wide), found site, when, a, b"
    ]
    assert problems(source, TableFormat(layout="long", date_column="when"))[0].startswith(
        ":1: expected a column 'unique"
    )
    assert problems(source, TableFormat(date_column="when", id_column="site", columns=("a", "site"))) == [
        ":1: expected columns of numbers beside site, when, found site among them"
    ]


def test_parquet_dates_and_names_may_be_no_text(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"ds": [b"\x80", b"2020"], "unique_id": ["a", "a"], "y": [1, 2]}).to_parquet(path)
    rule = "expected a date such as 2016-07-01 or 2016-07-01 13:00:00 in column 'ds'"
    assert problems(str(path)) == [
        rf""": {rule}, found "b'\\x80'" in row 1 (and 1 more, the last in row 2)""",
        ": expected rows with a date, found none",
    ]
    days = pd.date_range("2020-01-01", periods=3)
    pd.DataFrame({"ds": days, "unique_id": [[1], [1], [1]], "y": [1, 2, 3]}).to_parquet(path)
    (series,) = read(str(path), PLAIN).series
    assert (series.id, series.values.ravel().tolist()) == ("[1]", [1, 2, 3])
    twice = pd.DataFrame([[*days[:2], 1]], columns=["date", "date", "y"])
    with pytest.raises(DataError, match=r"^frame: expected names that differ for all columns, found 'date' twice$"):
        table_of("frame", twice, PLAIN)


def test_parquet_names_rows_instead_of_lines(tmp_path):
    dates = list(pd.date_range("2020-01-01", periods=6, freq="h"))
    path = tmp_path / "x.parquet"
    pd.DataFrame({"date": dates, "a": ["1", "2", "x", "4", "5", "6"]}).to_parquet(path)
    assert problems(str(path)) == [": expected a number in column 'a', found 'x' in row 3"]
    pd.DataFrame({"date": dates[:3] + dates[4:], "a": range(5)}).to_parquet(path)
    (message,) = problems(str(path))
    assert "found 2020-01-01 04:00:00 after 2020-01-01 02:00:00: 1 missing in row 4; data.missing" in message
    pd.DataFrame({"a": range(6)}, index=pd.DatetimeIndex(dates, name="date")).to_parquet(path)
    assert read(str(path), TableFormat()).series[0].rows.tolist() == [1, 2, 3, 4, 5, 6]


# --- the sample ---


@pytest.mark.slow
def test_the_sample_equals_the_output_of_its_script(tmp_path):
    made = tmp_path / "energy.csv"
    subprocess.run([sys.executable, ROOT / "scripts" / "make_sample_series.py", made], check=True)
    assert made.read_bytes() == (SAMPLES / "energy.csv").read_bytes()
    assert made.stat().st_size < 250_000


def test_the_sample_looks_like_real_series():
    result = read("sample:energy.csv", TableFormat())
    (series,) = result.series
    assert (series.id, result.frequency, result.columns) == ("energy", "h", ("demand", "solar", "temperature"))
    demand, solar, temperature = pd.DataFrame(series.values, index=series.dates, columns=result.columns).T.to_numpy()

    def correlation(values, lag):
        return np.corrcoef(values[lag:], values[:-lag])[0, 1]

    assert correlation(demand, 24) > 0.5 > correlation(demand, 12)  # a day
    assert correlation(demand, 168) > correlation(demand, 96)  # a week
    assert np.all(solar[series.dates.hour == 0] == 0)  # night
    assert temperature[-720:].mean() > temperature[:720].mean() + 5  # spring
    residual = temperature - pd.Series(temperature).rolling(24, center=True).mean().bfill().ffill().to_numpy()
    assert np.corrcoef(residual[1:], residual[:-1])[0, 1] > 0.5
