"""Tables of series: any bytes, cells and dates give series or a refusal."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.series.calendar import calendar_features, season
from bilstm_nlp.data.series.frequencies import future_dates, parse_frequency
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import DataError
from tests.fuzz.files import changed, check_message, files, packed, result_or_refusal

HOURS = [f"2020-01-01 {hour:02}:00:00,{hour},{hour * 1.5}" for hour in range(9)]
WIDE = "date,a,b\n" + "\n".join(HOURS) + "\n"
LONG = "unique_id,ds,y\n" + "".join(f"{name},2020-01-{day:02},{day}\n" for day in range(1, 7) for name in ("x", "NA"))
LOCAL = "ds,y\n" + "".join(f"{day}/12/2016,{day}\n" for day in range(10, 17))
ZONED = "date,y\n" + "".join(f"2020-01-{day:02}T00:00:00+02:00,{day}\n" for day in range(1, 7))
MONTHS = "date,y\n" + "".join(f'2020-{month:02}-01,"{month}"\n' for month in range(1, 9))
STEPS = "step;y\n" + "".join(f'{row};"{row},5"\n' for row in range(1, 9))
UNNAMED = ",date,y\n" + "".join(f"{row},2020-01-{row + 1:02},{row}\n" for row in range(8))
VALID = [
    text.encode() for text in (STEPS, UNNAMED, WIDE, LONG, LOCAL, ZONED, MONTHS, "\ufeff" + WIDE.replace("\n", "\r\n"))
]
DATES = [
    "0001-01-01",
    "0000-00-00",
    "9999-12-31",
    "9999-12-31 23:59:59.999999999",
    "1677-09-21",
    "2262-04-12",
    "-2020-01-01",
    "20200101",
    "2020-02-30",
    "2020-W01-1",
    "2020-01-01T24:00:00",
    "2020-01-01 00:00:60",
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00+99:99",
    "2020-01-01T00:00:00.0000000001",
    "31/12/2016",
    "12/31/99999",
    "1",
    "now",
    "today",
    "1959",
    "195901",
    "1580382000",
    "99999999999999999999",
    "2020-Q3",
    "2020-W54",
    "2020M13",
    "1949.0833",
    "Jan 2020",
    "Jan-20",
    "NaT",
]
PIECES = [
    text.encode()
    for text in (*DATES, "date", "ds", "unique_id", "y", "a", ",", ";", "\t", "|", "\n", '"', ",,", '""', "True")
]
CONTENTS = files(VALID, PIECES)
FREQUENCIES = [None] * 6 + [
    "step",
    "5step",
    "month-15",
    "observed",
    "h",
    "D",
    "B",
    "MS",
    "W-SUN",
    "YE",
    "2h",
    "99D",
    "s",
    "ns",
]
NO_FREQUENCIES = [
    "",
    "0D",
    "-1h",
    "x",
    "H",
    "W-FOO",
    "QS-XXX",
    "99999999999999999999D",
    "1e9h",
    "1.5D",
    "D5",
    "\0",
    "ß",
]
COLUMNS = [None] * 4 + [("a",), ("y",), ("b", "a"), ("date",), ("a", "a"), ("\n",)]
FORMATS = st.builds(
    TableFormat,
    layout=st.sampled_from(["auto", "auto", "wide", "long"]),
    date_column=st.sampled_from([None, None, None, "date", "ds", "a", "unique_id"]),
    id_column=st.sampled_from(["unique_id", "unique_id", "a", "date"]),
    columns=st.sampled_from(COLUMNS),
    missing=st.sampled_from(["error", "interpolate", "ffill"]),
    frequency=st.sampled_from(FREQUENCIES + NO_FREQUENCIES),
    trained=st.sampled_from([None, None, "h", "D", "step", "month-15", "observed-MonTueWedThuFri", "3month-31-JAN"]),
    timezone=st.sampled_from([None, None, None, "Europe/Berlin", "UTC+02:00", "nowhere"]),
    date_format=st.sampled_from([None, None, None, "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S%z", "%", "%Q"]),
    decimal=st.sampled_from([".", ".", ","]),
    thousands=st.sampled_from([None, None, ",", ".", " "]),
    names=st.sampled_from([None, None, None, ("date", "a", "b"), ("ds", "y")]),
    ahead=st.sampled_from([(), (), ("a",), ("y",)]),
)


@given(CONTENTS, FORMATS)
def test_any_bytes_are_series_or_refused(folder, content, format):
    check(folder / "x.csv", content, format)


@given(packed(CONTENTS), FORMATS)
def test_any_gzip_is_series_or_refused(folder, content, format):
    check(folder / "x.csv.gz", content, format)


@st.composite
def parquet(draw: st.DrawFn) -> bytes:
    """Draw a Parquet file with cells of any type in any column; its bytes may be changed."""
    columns = draw(st.lists(st.sampled_from(["date", "ds", "unique_id", "y", "a"]), min_size=1, max_size=4))
    length = draw(st.integers(0, 5))
    table = {}
    for name in columns:
        kind = draw(st.sampled_from(sorted(CELLS)))
        table[name] = draw(st.lists(CELLS[kind], min_size=length, max_size=length))
    frame = pd.DataFrame(table)
    if draw(st.booleans()) and length:
        frame.insert(0, "date", pd.date_range("2020-01-01", periods=length), allow_duplicates=True)
        frame = frame.loc[:, ~frame.columns.duplicated()]
        if draw(st.booleans()):
            frame = frame.set_index("date")
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return draw(changed(stream.getvalue())) if draw(st.booleans()) else stream.getvalue()


CELLS: dict[str, st.SearchStrategy] = {
    "numbers": st.floats(),
    "integers": st.integers(-(2**63), 2**63 - 1),
    "truths": st.booleans(),
    "texts": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3) | st.sampled_from(DATES),
    "bytes": st.binary(max_size=3),
    "lists": st.lists(st.integers(0, 3), max_size=2),
    "objects": st.fixed_dictionaries({"a": st.integers(0, 3)}),
    "dates": st.dates(),
    "times": st.times(),
    "stamps": st.datetimes(),
    "spans": st.timedeltas(timedelta(-9), timedelta(9)),
    "decimals": st.decimals(-100, 100, allow_nan=False, places=2),
}


@given(parquet(), FORMATS)
def test_any_parquet_is_series_or_refused(folder, content, format):
    check(folder / "x.parquet", content, format)


def check(path, content, format):
    path.write_bytes(content)
    result = result_or_refusal(lambda: read(str(path), format))
    complaints: list[DataError] = []
    patient = result_or_refusal(lambda: read(str(path), format, complaints.append))
    for complaint in complaints:
        check_message(complaint)
    assert (result is None) == (patient is None or bool(complaints))
    for series in patient.series if patient else ():
        assert len(series) > 0
        assert np.isfinite(series.values).all()
        assert series.dates.is_monotonic_increasing
        assert series.dates.is_unique
        assert result is None or (series.rows > 0).all() or format.missing != "error"
    if result is not None:
        season(result.frequency)
        for series in result.series:
            ahead = result_or_refusal(lambda series=series: future_dates(series.dates[-1], 3, result.frequency))
            assert ahead is None or len(ahead) == 3
            calendar_features(series.dates, result.frequency, "cyclic")


@given(st.sampled_from([text.encode() for text in FREQUENCIES + NO_FREQUENCIES if text]).flatmap(changed))
def test_any_text_is_a_frequency_or_refused(content):
    offset = result_or_refusal(lambda: parse_frequency(content.decode("utf-8", "replace")))
    if offset is not None:
        assert season(offset.freqstr) >= 1
        assert parse_frequency(offset.freqstr) == offset
