"""Inspection of a file of series: all problems at once, and remarks on unusual values."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.series import split_counts, split_fractions
from bilstm_nlp.tasks.forecasting.inspection import SeriesFigures, inspect_series
from bilstm_nlp.tasks.inspection import as_json, is_wrong


@pytest.fixture
def frame():
    """Return 100 hours of two columns without a problem."""
    noise = np.random.default_rng(0).uniform(-1, 1, size=(100, 2))
    dates = pd.date_range("2020-01-01", periods=100, freq="h")
    return pd.DataFrame({"date": dates, "a": noise[:, 0], "b": noise[:, 1]})


def inspect(frame, tmp_path, format=None, split=lambda s: split_fractions(len(s), (0.6, 0.2, 0.2)), **sizes):
    path = str(tmp_path / "x.csv")
    frame.to_csv(path, index=False)
    sizes = {"look_back": 10, "horizon": 5, **sizes}
    result = inspect_series(path, format or TableFormat(), lambda series: split, lambda data: ([], []), **sizes)
    return result, [(str(complaint).removeprefix(path), complaint.wrong) for complaint in result.complaints]


def test_a_good_file_is_described_without_complaints(frame, tmp_path):
    result, complaints = inspect(frame, tmp_path)
    assert (complaints, is_wrong(result)) == ([], False)
    assert (result.frequency, result.season, result.columns) == ("h", 24, ("a", "b"))
    parts = {"train": 60, "validation": 20, "test": 20}
    assert result.series == [SeriesFigures("x", 100, "2020-01-01 00:00:00", "2020-01-05 03:00:00", parts)]


def test_all_unreadable_cells_are_named_at_once(frame, tmp_path):
    frame = frame.astype(object)
    frame.loc[3, "a"] = "abc"
    frame.loc[[8, 9], "b"] = np.nan
    frame.loc[20, "date"] = "soon"
    frame = frame.drop(index=[50])
    frame.loc[61, "date"] = frame.loc[60, "date"]
    result, complaints = inspect(frame, tmp_path)
    assert is_wrong(result)
    assert all(wrong for _, wrong in complaints)
    beginnings = [message.partition(", found")[0] for message, _ in complaints]
    assert beginnings == [
        ":22: expected a date such as 2016-07-01 or 2016-07-01 13:00:00 in column 'date'",
        ":5: expected a number in column 'a'",
        ":62: expected each date once in column 'date'",
        ":23: expected dates without a gap at frequency h in column 'date'",
        ":10: expected a number in column 'b'",
    ]


def test_an_unreadable_file_is_one_complaint(frame, tmp_path):
    _, complaints = inspect(frame.rename(columns={"date": "when"}).assign(when="noon"), tmp_path)
    message = ":1: expected a column 'date' (the file is read as wide), found when, a, b; without dates, "
    assert complaints == [(message + 'data.frequency = "step" numbers the rows', True)]
    _, complaints = inspect(frame, tmp_path, TableFormat(frequency="hourly"))
    expected = "a frequency such as 15min, h, D, B, W-SUN, MS, YS, step or observed"
    assert complaints == [(f": expected {expected}, found 'hourly'", True)]


def test_decisions_of_reading_are_remarks(frame, tmp_path):
    _, complaints = inspect(frame.rename(columns={"date": "when"}), tmp_path)
    assert complaints == [(": column 'when' is read as the date", False)]


def test_filled_values_are_a_remark(frame, tmp_path):
    frame.loc[[8, 9], "b"] = np.nan
    _, complaints = inspect(frame, tmp_path, TableFormat(missing="ffill"))
    message = ": 2 values missing in column 'b' of series 'x', the first at 2020-01-01 08:00:00; filled by ffill"
    assert complaints == [(message, False)]


def test_constant_drifting_and_outlying_columns_are_remarks(frame, tmp_path):
    frame["same"] = 4.0
    frame.loc[80:, "a"] += 3
    frame.loc[[13, 41], "b"] = [30.0, -40.0]
    result, complaints = inspect(frame, tmp_path)
    assert not is_wrong(result)
    assert not any(wrong for _, wrong in complaints)
    drift, outlier, constant = (message for message, _ in complaints)
    train, test = frame["a"][:60].mean(), frame["a"][80:].mean()
    assert drift == f":82: column 'a' of series 'x' drifts: mean {train:.4g} in training, {test:.4g} in the test part"
    low, high = frame["b"].quantile([0.25, 0.75])
    assert outlier == (
        f":43: column 'b' of series 'x' is -40 at 2020-01-02 17:00:00, half of its values lie in {low:.4g} to "
        f"{high:.4g}, the farthest of 2 such values"
    )
    assert constant == ":2: column 'same' of series 'x' is 4 in all of the training part"


@pytest.mark.parametrize(
    ("counts", "look_back", "horizon"), [((60, 20, 20), 40, 20), ((60, 20, 20), 40, 21), ((14, 5, 5), 10, 5)]
)
def test_parts_of_a_panel_without_a_window_are_remarked_on(frame, tmp_path, counts, look_back, horizon):
    """By definition, a part is too short if no origin has its look-back and its horizon."""
    parts = split_counts(100, counts)
    short = [
        name
        for name, part in (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
        if not any(o >= look_back and o + horizon <= part.stop for o in range(part.start, part.stop))
    ]
    panel = pd.concat([frame.assign(unique_id=name) for name in "ab"]).rename(columns={"date": "ds"})
    _, complaints = inspect(
        panel, tmp_path, split=lambda s: split_counts(len(s), counts), look_back=look_back, horizon=horizon
    )
    assert not any(wrong for _, wrong in complaints)
    messages = [message for message, _ in complaints if " part with " in message]
    names = ("train", "validation", "test")
    assert [next(name for name in names if f"a {name} part" in message) for message in messages] == short * 2
    for message in messages:
        assert f"with {horizon} rows to forecast and {look_back} before them" in message


def test_a_split_that_does_not_fit_is_wrong(frame, tmp_path):
    result, complaints = inspect(frame, tmp_path, split=lambda s: split_counts(len(s), (90, 20, 20)))
    message = ": series 'x': split: expected a training part and at most 100 rows in all, found counts 90/20/20"
    assert complaints == [(message, True)]
    assert result.series[0].parts == {}


def test_figures_and_table_show_every_part(frame, tmp_path):
    result, _ = inspect(frame, tmp_path)
    assert json.loads(json.dumps(as_json(result)))["series"][0]["parts"] == {"train": 60, "validation": 20, "test": 20}
    (section,) = result.sections()
    assert section.title == "Frequency h, season of 24 rows"
    table = section.parts[1]
    assert table.header[-3:] == ("train", "validation", "test")
    assert table.rows == [("x", "100", "2020-01-01 00:00:00", "2020-01-05 03:00:00", "60", "20", "20")]
    days = frame.assign(date=pd.date_range("2020-01-01", periods=100))
    assert inspect(days, tmp_path)[0].sections()[0].parts[1].rows[0][:4] == ("x", "100", "2020-01-01", "2020-04-09")
    long = pd.concat([frame.assign(unique_id=f"s{number}") for number in range(23)]).rename(columns={"date": "ds"})
    (section,) = inspect(long, tmp_path)[0].sections()
    assert len(section.parts[1].rows) == 20
    assert section.parts[2] == "… and 3 more; --json lists all"
