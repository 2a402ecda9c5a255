"""Dates in the spellings that people's files have."""

from __future__ import annotations

import pandas as pd
import pytest

from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.table_files import table_of
from bilstm_nlp.data.series.tables import SeriesSet, read, series_of
from bilstm_nlp.errors import DataError

PLAIN = TableFormat()
DAYS = pd.date_range("2020-01-30", periods=5)
HOURS = pd.date_range("2020-01-30 11:00", periods=5, freq="h")
MONTHS = pd.date_range("2019-11-01", periods=5, freq="MS")


def read_dates(cells: list, format: TableFormat = PLAIN, name: str = "date") -> SeriesSet:
    """Read a frame with these cells for dates."""
    frame = pd.DataFrame({name: cells, "y": range(len(cells))})
    return series_of(table_of("frame", frame, format), format)


@pytest.mark.parametrize(
    ("cells", "expected", "frequency"),
    [
        (DAYS.strftime("%d.%m.%Y"), DAYS, "D"),
        (DAYS.strftime("%d-%m-%Y"), DAYS, "D"),
        (DAYS.strftime("%Y/%m/%d"), DAYS, "D"),
        (DAYS.strftime("%d-%b-%Y"), DAYS, "D"),
        (DAYS.strftime("%Y%m%d").astype(int), DAYS, "D"),
        (DAYS.strftime("%Y%m%d"), DAYS, "D"),
        (DAYS.date, DAYS, "D"),
        (HOURS.strftime("%m/%d/%Y %I:%M %p"), HOURS, "h"),
        (HOURS.strftime("%d.%m.%Y %H:%M"), HOURS, "h"),
        (HOURS.strftime("%Y%m%d%H").astype(int), HOURS, "h"),
        (HOURS.strftime("%Y%m%d%H%M").astype(int), HOURS, "h"),
        (MONTHS.strftime("%b %Y"), MONTHS, "MS"),
        (MONTHS.strftime("%B %Y"), MONTHS, "MS"),
        (MONTHS.strftime("%b-%y"), MONTHS, "MS"),
        (MONTHS.strftime("%Y-%m"), MONTHS, "MS"),
        (MONTHS.strftime("%YM%m"), MONTHS, "MS"),
        (MONTHS.strftime("%Y%m").astype(int), MONTHS, "MS"),
        (MONTHS.to_period("M"), MONTHS, "MS"),
        ([1949.0, 1949.0833, 1949.1667, 1949.25], pd.date_range("1949-01-01", periods=4, freq="MS"), "MS"),
        ([1949.75, 1950.0, 1950.25], pd.date_range("1949-10-01", periods=3, freq="QS"), "QS"),
        (["2019-Q4", "2020-Q1", "2020-Q2"], pd.date_range("2019-10-01", periods=3, freq="QS"), "QS"),
        (["2019Q4", "2020Q1", "2020Q2"], pd.date_range("2019-10-01", periods=3, freq="QS"), "QS"),
        (["Q4 2019", "Q1 2020", "Q2 2020"], pd.date_range("2019-10-01", periods=3, freq="QS"), "QS"),
        (["2020-W52", "2020-W53", "2021-W01"], pd.date_range("2020-12-21", periods=3, freq="W-MON"), "W-MON"),
        ([1959, 1960, 1961, 1962], pd.date_range("1959-01-01", periods=4, freq="YS"), "YS-JAN"),
        ([1959.0, 1960.0, 1961.0], pd.date_range("1959-01-01", periods=3, freq="YS"), "YS-JAN"),
        (["1959.0", "1960.0", "1961.0"], pd.date_range("1959-01-01", periods=3, freq="YS"), "YS-JAN"),
        (["1959", "1960", "1961"], pd.date_range("1959-01-01", periods=3, freq="YS"), "YS-JAN"),
    ],
)
def test_usual_spellings_of_dates_are_read(cells, expected, frequency):
    result = read_dates(list(cells))
    assert list(result.series[0].dates) == list(expected)
    assert result.frequency.startswith(frequency)


@pytest.mark.parametrize(
    ("unit", "name"), [("s", "seconds"), ("ms", "milliseconds"), ("us", "microseconds"), ("ns", "nanos")]
)
def test_epochs_are_times_in_utc(unit, name):
    cells = HOURS.as_unit(unit).asi8
    result = read_dates(list(cells))
    assert list(result.series[0].dates) == list(HOURS.tz_localize("UTC"))
    assert any(f"read as {name}" in note for note in result.notes)
    result = read_dates(list(cells), TableFormat(timezone="Asia/Tokyo"))
    assert str(result.series[0].dates[0]) == "2020-01-30 20:00:00+09:00"


def test_other_whole_numbers_are_steps():
    for cells, frequency in (
        ([1, 2, 3], "step"),
        ([0, 10, 20], "10step"),
        ([43831, 43832, 43833], "step"),
        ([-1, 0, 1], "step"),
    ):
        result = read_dates(cells)
        assert (result.series[0].dates.tolist(), result.frequency) == (cells, frequency)
        assert any("read as steps, not as dates" in note for note in result.notes)
    assert read_dates([1, 2, 3], name="step").notes == ()


def test_years_are_steps_if_the_frequency_says_so():
    assert read_dates([1959, 1960, 1961], TableFormat(frequency="step")).series[0].dates.tolist() == [1959, 1960, 1961]
    trained = read_dates([1001, 1002], TableFormat(trained="step"))
    assert trained.series[0].dates.tolist() == [1001, 1002]


def test_steps_may_have_gaps_and_bad_cells():
    with pytest.raises(
        DataError, match=r"frame: expected dates without a gap at frequency step in column 'date', found"
    ):
        read_dates([1, 2, 4])
    result = read_dates([1, 2, 4], TableFormat(missing="interpolate"))
    assert result.series[0].dates.tolist() == [1, 2, 3, 4]
    assert result.series[0].values.ravel().tolist() == [0, 1, 1.5, 2]
    with pytest.raises(DataError, match="expected a whole number in column 'date', found 'x' in row 5"):
        read_dates(["1", "2", "3", "4", "x", "6"])


def test_a_number_column_beside_the_date_stays_numbers(tmp_path):
    (tmp_path / "x.csv").write_text("date,year,y\n" + "".join(f"2020-01-0{day},2020,{day}\n" for day in range(1, 5)))
    result = read(str(tmp_path / "x.csv"), PLAIN)
    assert result.columns == ("year", "y")
    assert result.series[0].values[0].tolist() == [2020, 1]


def test_a_given_format_reads_ambiguous_dates():
    cells = ["01/02/20", "02/02/20", "03/02/20"]
    result = read_dates(cells, TableFormat(date_format="%d/%m/%y"))
    assert [str(date.date()) for date in result.series[0].dates] == ["2020-02-01", "2020-02-02", "2020-02-03"]
    months = read_dates(cells, TableFormat(date_format="%m/%d/%y"))
    assert months.series[0].dates[2] == pd.Timestamp("2020-03-02")
    with pytest.raises(DataError, match=r"a date such as %d/%m/%y in column 'date', found '2020-02-02' in row 2"):
        read_dates([cells[0], "2020-02-02", cells[2]], TableFormat(date_format="%d/%m/%y"))


def test_a_given_format_finds_the_date_column():
    frame = pd.DataFrame({"when": ["1/2020", "2/2020", "3/2020"], "y": [1, 2, 3]})
    format = TableFormat(date_format="%m/%Y")
    assert series_of(table_of("frame", frame, format), format).series[0].dates[2] == pd.Timestamp("2020-03-01")


def test_rows_are_numbered_if_there_is_no_date():
    frame = pd.DataFrame({"unique_id": list("ppqpq"), "y": [1, 2, 3, 4, 5]})
    format = TableFormat(frequency="step")
    result = series_of(table_of("frame", frame, format), format)
    assert [(series.id, series.dates.tolist(), series.values.ravel().tolist()) for series in result.series] == [
        ("p", [1, 2, 3], [1, 2, 4]),
        ("q", [1, 2], [3, 5]),
    ]


# --- trading days ---


def test_observed_days_have_no_row_for_holidays(tmp_path):
    days = pd.bdate_range("2024-07-01", periods=20).delete([3, 10])
    frame = pd.DataFrame({"date": days, "y": range(18)})
    frame.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(DataError, match=r'data.frequency = "observed" keeps the dates of the file$'):
        read(str(tmp_path / "x.csv"), PLAIN)
    result = read(str(tmp_path / "x.csv"), TableFormat(frequency="observed"))
    assert result.frequency == "observed-MonTueWedThuFri"
    assert list(result.series[0].dates) == list(days)
    assert (result.series[0].rows > 0).all()
    assert result.filled == ()


def test_observed_days_are_at_most_one_a_day():
    with pytest.raises(
        DataError, match=r"at most one date a day in column 'date', as data.frequency is 'observed', found"
    ):
        read_dates(list(HOURS), TableFormat(frequency="observed"))
    with pytest.raises(DataError, match=r"at most one date a day"):
        read_dates([1, 2, 3], TableFormat(frequency="observed"))


# --- the frequency of training ---


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("training", ["h", "B", "MS", "W-SUN", "month-15", "observed-MonTueWedThuFri", "10step"])
def test_few_rows_are_read_with_the_frequency_of_training(rows, training):
    dates = {
        "month-15": pd.DatetimeIndex(["2024-01-15", "2024-02-15", "2024-03-15"]),
        "observed-MonTueWedThuFri": pd.DatetimeIndex(["2024-01-02", "2024-01-04", "2024-01-05"]),
        "10step": pd.Index([20, 30, 40]),
    }
    whole = dates[training] if training in dates else pd.date_range("2024-01-01", periods=3, freq=training)
    result = read_dates(list(whole[:rows]), TableFormat(trained=training))
    assert result.frequency == training
    assert list(result.series[0].dates) == list(whole[:rows])


def test_rows_that_contradict_training_are_refused_with_the_row():
    for missing in ("error", "interpolate"):
        with pytest.raises(
            DataError, match=r"frequency h, as in training, found D: 2020-01-31 00:00:00 after .* in row 2"
        ):
            read_dates(list(DAYS), TableFormat(trained="h", missing=missing))
        with pytest.raises(
            DataError, match=r"frequency h, as in training, found 2020-01-31 00:00:00 after .* in row 2"
        ):
            read_dates(list(DAYS[:2]), TableFormat(trained="h", missing=missing))
    with pytest.raises(DataError, match=r"frequency D, as in training, found h: 2020-01-30 12:00:00 .* in row 2"):
        read_dates(list(HOURS), TableFormat(trained="D"))
    with pytest.raises(DataError, match=r"frequency D, as in training, found step: 2 after 1 in row 2"):
        read_dates([1, 2], TableFormat(trained="D"))


def test_short_series_have_the_frequency_of_the_others():
    frame = pd.DataFrame({"unique_id": list("aabbbbc"), "ds": [*DAYS[:2], *DAYS[:4], DAYS[3]], "y": range(7)})
    result = series_of(table_of("frame", frame, PLAIN), PLAIN)
    assert result.frequency == "D"
    assert [(series.id, len(series)) for series in result.series] == [("a", 2), ("b", 4), ("c", 1)]
