"""Missing values: filled from inside what was observed, marked, counted, and said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import DataError

DATES = pd.date_range("2020-01-01", periods=20, freq="D")


def written(path, frame: pd.DataFrame, name: str = "x.csv") -> str:
    frame.to_csv(path / name, index=False)
    return str(path / name)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(1, 18)), st.sets(st.integers(0, 18)), st.sampled_from(["interpolate", "ffill"]))
def test_filled_values_equal_those_of_pandas_and_are_counted(tmp_path, gaps, empty, missing):
    truth = pd.DataFrame({"a": np.random.default_rng(0).normal(size=20), "b": np.arange(20.0)}, index=DATES)
    truth.loc[DATES[sorted(empty)], "a"] = np.nan
    truth.loc[DATES[sorted(gaps)]] = np.nan
    path = tmp_path / "x.csv"
    truth.drop(DATES[sorted(gaps)]).to_csv(path, index_label="date")
    filled = truth.interpolate() if missing == "interpolate" else truth.ffill()
    observed = truth.notna().to_numpy()
    result = read(str(path), TableFormat(missing=missing, frequency="D"))
    (series,) = result.series
    expected = filled.bfill().to_numpy()
    assert np.allclose(series.values, expected)
    assert np.array_equal(series.observed_of(["a", "b"]), observed)
    assert (series.rows == 0).sum() == len(gaps)
    begin = int(observed[:, 0].argmax())
    lacking = {"a": [row for row in sorted(gaps | empty) if row > begin], "b": sorted(gaps)}
    assert {cells.column: (cells.count, cells.first, cells.by) for cells in result.filled} == {
        name: (len(rows), DATES[rows[0]], missing) for name, rows in lacking.items() if rows
    }
    assert any("column 'a' begins at" in note for note in result.notes) == (begin > 0)


def test_lines_end_where_values_end(tmp_path):
    b = [1.0, np.nan, 3.0, 4.0, np.nan, np.nan]
    source = written(tmp_path, pd.DataFrame({"date": DATES[:6], "a": range(6), "b": b}))
    result = read(source, TableFormat(missing="interpolate"))
    assert result.series[0].select(["b"]).ravel().tolist() == [1, 2, 3, 4, 4, 4]
    assert result.series[0].observed_of(["b"]).ravel().tolist() == [True, False, True, True, False, False]
    assert [(cells.count, cells.first, cells.by) for cells in result.filled] == [
        (1, DATES[1], "interpolate"),
        (2, DATES[4], "the last value"),
    ]
    assert result.remarks() == [
        f"{source}: 1 values of column b of series x were missing, the first at {DATES[1]}; filled by interpolate",
        f"{source}: 2 values of column b of series x were missing, the first at {DATES[4]}; filled by the last value",
    ]


def test_a_line_leads_to_the_next_value_not_beyond_infinities(tmp_path):
    source = written(tmp_path, pd.DataFrame({"date": DATES[:5], "a": [2, np.inf, 6, -np.inf, np.nan]}))
    result = read(source, TableFormat(missing="interpolate"))
    assert result.series[0].values.ravel().tolist() == [2, 4, 6, 6, 6]
    assert [(cells.count, cells.by) for cells in result.filled] == [(1, "interpolate"), (2, "the last value")]


@pytest.mark.parametrize("missing", ["error", "interpolate", "ffill"])
def test_a_column_that_begins_later_is_no_error(tmp_path, missing):
    frame = pd.DataFrame({"date": DATES[:6], "a": range(6), "b": [np.nan, np.nan, np.nan, 7, 8, 9]})
    result = read(written(tmp_path, frame), TableFormat(missing=missing))
    (series,) = result.series
    assert series.select(["b"]).ravel().tolist() == [7, 7, 7, 7, 8, 9]
    assert series.observed_of(["a", "b"]).tolist() == [[True, row >= 3] for row in range(6)]
    assert result.filled == ()
    assert result.notes == (
        "rows before the first value of a column do not count: column 'b' begins at 2020-01-04 00:00:00, after 3 rows",
    )


def test_a_series_begins_with_its_first_value(tmp_path):
    """Rows without any value at its beginning are no rows of it; they are counted."""
    y = [np.nan, np.nan, 3, 4, 5, 6]
    frame = pd.DataFrame({"unique_id": "p", "ds": DATES[:6], "y": y})
    whole = frame.assign(unique_id="q", y=range(6))
    result = read(written(tmp_path, pd.concat([frame, whole])), TableFormat())
    late, early = result.series
    assert (late.dates[0], late.rows.tolist(), late.values.ravel().tolist()) == (DATES[2], [4, 5, 6, 7], [3, 4, 5, 6])
    assert len(early) == 6
    assert "column 'y' of series 'p' begins at 2020-01-03 00:00:00, after 2 rows" in result.notes[0]


def test_many_late_columns_are_one_note(tmp_path):
    values = np.arange(60.0).reshape(6, 10)
    values[:2, 1:] = np.nan
    frame = pd.DataFrame(values, columns=[f"c{index}" for index in range(10)])
    (note,) = read(written(tmp_path, frame.assign(date=DATES[:6])), TableFormat()).notes
    assert note.count("begins at") == 5
    assert note.endswith(" and 4 more")


def test_empty_cells_inside_and_empty_columns_stay_errors(tmp_path):
    frame = pd.DataFrame({"date": DATES[:5], "a": range(5), "b": [np.nan, 1, np.nan, 2, 3]})
    with pytest.raises(DataError, match=r":4: expected a number in column 'b', found nothing; data.missing = "):
        read(written(tmp_path, frame), TableFormat())
    for missing in ("error", "interpolate", "ffill"):
        with pytest.raises(DataError, match=r":2: expected a number in column 'b', found nothing \(and 4 more"):
            read(written(tmp_path, frame.assign(b=np.nan)), TableFormat(missing=missing))


def test_columns_known_ahead_must_be_complete_if_asked(tmp_path):
    source = written(tmp_path, pd.DataFrame({"date": DATES[:4], "promo": [np.nan, 1, 0, 1]}))
    with pytest.raises(DataError, match=r":2: expected a number in column 'promo', found nothing"):
        read(source, TableFormat(begins_late=False))
    assert read(source, TableFormat()).series[0].values.ravel().tolist() == [1, 0, 1]


# --- rows to forecast in the same file ---


def test_rows_after_the_last_target_are_rows_to_forecast(tmp_path):
    frame = pd.DataFrame({"date": DATES[:6], "y": [1, 2, 3, 4, np.nan, np.nan], "promo": [0, 1, 0, 1, 1, 0]})
    source = written(tmp_path, frame)
    result = read(source, TableFormat(ahead=("promo",)))
    assert result.series[0].values.tolist() == [[1, 0], [2, 1], [3, 0], [4, 1]]
    (ahead,) = result.ahead
    assert (ahead.id, ahead.columns, ahead.values.tolist()) == ("x", ("promo",), [[1], [0]])
    assert (list(ahead.dates), ahead.rows.tolist()) == (list(DATES[4:6]), [6, 7])
    assert result.notes == ("the last 2 rows of a series have known columns only: they are rows to forecast",)
    assert read(written(tmp_path, frame[:4]), TableFormat(ahead=("promo",))).ahead == ()


def test_series_have_rows_to_forecast_of_their_own(tmp_path):
    frames = [
        pd.DataFrame({"unique_id": name, "ds": DATES[:6], "y": [1.0] * rows + [np.nan] * (6 - rows), "x": range(6)})
        for name, rows in (("p", 4), ("q", 6))
    ]
    result = read(written(tmp_path, pd.concat(frames)), TableFormat(ahead=("x",)))
    assert [len(series) for series in result.series] == [4, 6]
    assert [(ahead.id, ahead.values.ravel().tolist()) for ahead in result.ahead] == [("p", [4, 5]), ("q", [])]


def test_rows_to_forecast_need_all_known_columns(tmp_path):
    frame = pd.DataFrame({"date": DATES[:6], "y": [1, 2, 3, 4, np.nan, np.nan], "x": [0, 1, 0, 1, 1, np.nan]})
    with pytest.raises(DataError, match=r":7: expected a number in column 'x', found nothing; a row to forecast needs"):
        read(written(tmp_path, frame), TableFormat(ahead=("x",)))
    gap = frame.assign(x=1.0, date=[*DATES[:5], DATES[6]])
    with pytest.raises(DataError, match=r":7: expected dates without a gap at frequency D in column 'date', found"):
        read(written(tmp_path, gap), TableFormat(ahead=("x",)))
