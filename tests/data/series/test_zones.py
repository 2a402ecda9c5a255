"""Time zones: dates by the clock of a zone, also where clocks change."""

from __future__ import annotations

import pandas as pd
import pytest

from bilstm_nlp.data.series.calendar import calendar_features
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.data.series.zones import zone_of
from bilstm_nlp.errors import DataError, InputError

BERLIN = TableFormat(timezone="Europe/Berlin")
AUTUMN = pd.date_range("2021-10-31 00:00", periods=6, freq="h", tz="Europe/Berlin")
"""The hour from 2 to 3 comes twice."""
SPRING = pd.date_range("2021-03-28 00:00", periods=6, freq="h", tz="Europe/Berlin")
"""The hour from 2 to 3 is left out."""


def written(path, dates, name: str = "x") -> str:
    pd.DataFrame({"date": list(map(str, dates)), "y": range(len(dates))}).to_csv(path / f"{name}.csv", index=False)
    return str(path / f"{name}.csv")


@pytest.mark.parametrize("dates", [AUTUMN, SPRING])
def test_changing_offsets_become_the_clock_of_the_zone(tmp_path, dates):
    result = read(written(tmp_path, dates), BERLIN)
    (series,) = result.series
    assert (list(series.dates), result.frequency, result.notes) == (list(dates), "h", ())
    assert calendar_features(series.dates, "h")[0][:, 0].tolist() == [hour / 23 - 0.5 for hour in dates.hour]


def test_changing_offsets_without_a_zone_are_utc_and_said(tmp_path):
    result = read(written(tmp_path, SPRING), TableFormat())
    assert list(result.series[0].dates) == list(SPRING.tz_convert("UTC"))
    (note,) = result.notes
    assert note.endswith('; data.timezone = "Europe/Berlin" keeps the clock of that zone')
    york = pd.date_range("2021-03-14 00:00", periods=6, freq="h", tz="America/New_York")
    assert 'data.timezone = "America/New_York"' in read(written(tmp_path, york), TableFormat()).notes[0]


def test_days_with_changing_offsets_are_days(tmp_path):
    days = pd.date_range("2021-03-25", periods=6, freq="D", tz="Europe/Berlin")
    source = written(tmp_path, days)
    plain = read(source, TableFormat())
    assert (plain.frequency, list(plain.series[0].dates)) == ("D", list(days.tz_localize(None)))
    assert plain.notes == ("column 'date': midnights of changing UTC offsets are read as days without a zone",)
    zoned = read(source, BERLIN)
    assert (zoned.frequency, list(zoned.series[0].dates), zoned.notes) == ("D", list(days), ())


@pytest.mark.parametrize("frequency", ["D", "W-SUN", "MS", "month-15"])
def test_coarse_frequencies_stay_on_the_grid_over_summer_time(tmp_path, frequency):
    begin = "2021-01-15" if frequency == "month-15" else "2021-01-01"
    days = pd.date_range(begin, periods=12, freq="MS" if frequency == "month-15" else frequency)
    days = days + pd.Timedelta("14D") if frequency == "month-15" else days
    result = read(written(tmp_path, days.date), BERLIN)
    assert result.frequency == frequency
    assert list(result.series[0].dates) == list(days.tz_localize("Europe/Berlin"))


def test_an_hour_that_comes_twice_is_summer_first(tmp_path):
    result = read(written(tmp_path, AUTUMN.tz_localize(None)), BERLIN)
    assert list(result.series[0].dates) == list(AUTUMN)
    quarters = pd.date_range("2021-10-31 01:30", periods=14, freq="15min", tz="Europe/Berlin")
    assert list(read(written(tmp_path, quarters.tz_localize(None)), BERLIN).series[0].dates) == list(quarters)
    with pytest.raises(
        DataError, match=r":5: expected each date once .* again, .*; data.timezone = \"Europe/Berlin\", or"
    ):
        read(written(tmp_path, AUTUMN.tz_localize(None)), TableFormat())


def test_each_series_has_its_own_hours_that_come_twice(tmp_path):
    frames = [pd.DataFrame({"unique_id": name, "ds": AUTUMN.tz_localize(None), "y": range(6)}) for name in "pq"]
    pd.concat(frames).to_csv(tmp_path / "x.csv", index=False)
    assert [list(series.dates) for series in read(str(tmp_path / "x.csv"), BERLIN).series] == [list(AUTUMN)] * 2


def test_hours_that_no_clock_tells_are_named(tmp_path):
    once = AUTUMN.tz_localize(None).unique()
    with pytest.raises(
        DataError, match=r":4: expected a time of Europe/Berlin .* 2021-10-31 02:00:00: the clock shows it"
    ):
        read(written(tmp_path, once), BERLIN)
    every = pd.date_range("2021-03-28 00:00", periods=6, freq="h")
    with pytest.raises(
        DataError, match=r":4: expected a time of Europe/Berlin .* 2021-03-28 02:00:00: the clock jumps"
    ):
        read(written(tmp_path, every), BERLIN)


def test_a_missing_hour_of_spring_gets_the_zone_as_advice(tmp_path):
    clock = SPRING.tz_localize(None)
    with pytest.raises(DataError, match=r":4: .* 1 missing; data.timezone = .*, or another, knows the hour"):
        read(written(tmp_path, clock), TableFormat())
    assert list(read(written(tmp_path, clock), BERLIN).series[0].dates) == list(SPRING)
    with pytest.raises(DataError, match=r":4: .* 1 missing; data.missing"):
        read(written(tmp_path, clock - pd.Timedelta("1D")), TableFormat())


def test_files_of_other_zones_are_converted(tmp_path):
    tokyo = pd.date_range("2021-06-01 00:00", periods=4, freq="h", tz="Asia/Tokyo")
    assert str(read(written(tmp_path, tokyo), BERLIN).series[0].dates[0]) == "2021-05-31 17:00:00+02:00"
    fixed = read(written(tmp_path, tokyo), TableFormat(timezone="UTC+02:00"))
    assert str(fixed.series[0].dates[0]) == "2021-05-31 17:00:00+02:00"
    pd.DataFrame({"date": tokyo, "y": range(4)}).to_parquet(tmp_path / "x.parquet")
    assert str(read(str(tmp_path / "x.parquet"), BERLIN).series[0].dates[0]) == "2021-05-31 17:00:00+02:00"


def test_an_unknown_zone_is_refused(tmp_path):
    for dates in (SPRING, SPRING.tz_localize(None)):
        with pytest.raises(
            InputError, match=r"data\.timezone: expected a time zone such as Europe/Berlin, found 'Berlin'"
        ):
            read(written(tmp_path, dates), TableFormat(timezone="Berlin"))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+02:00", "-03:30"])
def test_recorded_zone_is_found_again(zone):
    dates = pd.date_range("2024-07-01", periods=3, freq="h", tz=zone)
    again = dates.tz_convert("Asia/Tokyo").tz_convert(zone_of(dates))
    assert [date.isoformat() for date in again] == [date.isoformat() for date in dates]
