"""The chronological split, scalers, and windows against a slow twin that lists rows one by one."""

from __future__ import annotations

import json
import statistics
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bilstm_nlp.data.series.series import Parts, Scaler, Series, split_counts, split_dates, split_fractions
from bilstm_nlp.data.series.windows import Panel, Windows
from bilstm_nlp.errors import InputError, RunError

often = settings(max_examples=150, deadline=None)
KINDS = ("standard", "robust", "min-max", "none")
tables = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.floats(-1e6, 1e6, width=32))


def hourly(length: int, columns: int = 1, name: str = "s") -> Series:
    values = np.arange(length * columns, dtype=np.float64).reshape(length, columns)
    dates = pd.date_range("2020-01-01", periods=length, freq="h")
    return Series(name, dates, values, tuple("abcdefg"[:columns]), np.arange(length) + 2)


# --- series ---


def test_a_slice_of_a_series_is_a_view_with_its_own_dates_and_rows():
    series = hourly(10, 2)
    part = series[3:6]
    assert np.shares_memory(part.values, series.values)
    assert (len(part), part.dates[0], list(part.rows)) == (3, pd.Timestamp("2020-01-01 03:00"), [5, 6, 7])


def test_columns_are_selected_by_name_and_an_unknown_one_is_named():
    series = hourly(4, 3)
    assert series.select(["c", "a"]).tolist() == [[2, 0], [5, 3], [8, 6], [11, 9]]
    with pytest.raises(InputError, match=r"^expected one of the columns a, b, c, found 'd'$"):
        series.select(["a", "d"])


def test_a_series_of_unequal_lengths_cannot_be_made():
    with pytest.raises(ValueError, match=r"expected values \(3, 1\)"):
        Series("s", pd.date_range("2020", periods=3), np.zeros((4, 1)), ("a",), np.zeros(3, np.int64))


# --- split ---


def test_the_split_of_the_literature_leaves_the_rest_unused():
    parts = split_counts(17420, (8640, 2880, 2880))
    assert parts == Parts(slice(0, 8640), slice(8640, 11520), slice(11520, 14400))


@often
@given(st.integers(1, 400), st.integers(1, 100), st.data())
def test_fractions_are_rounded_down_and_add_up_to_all_rows(length, percent, data):
    test = data.draw(st.integers(0, 100 - percent))
    fractions = (percent / 100, (100 - percent - test) / 100, test / 100)
    if percent * length < 100:
        with pytest.raises(InputError, match="expected a training part"):
            split_fractions(length, fractions)
        return
    parts = split_fractions(length, fractions)
    # In whole numbers, which know no rounding error.
    assert parts.train == slice(0, percent * length // 100)
    assert parts.test == slice(length - test * length // 100, length)
    assert parts.validation == slice(parts.train.stop, parts.test.start)


def test_fractions_of_less_than_one_leave_rows_unused():
    assert split_fractions(100, (0.5, 0.1, 0.2)) == Parts(slice(0, 50), slice(50, 60), slice(60, 80))


def test_splits_that_cannot_be_are_refused():
    with pytest.raises(InputError, match=r"at most 10 rows in all, found counts 8/2/1"):
        split_counts(10, (8, 2, 1))
    with pytest.raises(InputError, match=r"expected a training part .*, found counts 0/5/5"):
        split_counts(10, (0, 5, 5))
    with pytest.raises(InputError, match=r"add up to at most 1, found 0.7/0.2/0.2"):
        split_fractions(10, (0.7, 0.2, 0.2))


def test_dates_split_where_they_stand_or_at_the_next_row():
    dates = hourly(48).dates
    parts = split_dates(dates, pd.Timestamp("2020-01-01 10:30"), pd.Timestamp("2020-01-02"))
    assert parts == Parts(slice(0, 11), slice(11, 24), slice(24, 48))
    parts = split_dates(dates, dates[10], dates[20], end=dates[30])
    assert parts == Parts(slice(0, 10), slice(10, 20), slice(20, 30))


def test_dates_without_a_zone_are_read_in_that_of_the_series():
    dates = pd.date_range("2020-01-01", periods=48, freq="h", tz="Europe/Berlin")
    berlin, utc = pd.Timestamp("2020-01-01 10:00"), pd.Timestamp("2020-01-01 19:00", tz="UTC")
    assert split_dates(dates, berlin, utc) == Parts(slice(0, 10), slice(10, 20), slice(20, 48))
    with pytest.raises(InputError, match="expected dates without a time zone"):
        split_dates(dates.tz_localize(None), berlin, utc)


def test_dates_in_the_wrong_order_or_before_the_series_are_refused():
    dates = hourly(48).dates
    with pytest.raises(InputError, match=r"ascending dates after 2020-01-01 00:00:00, found 2020-01-01 20:00:00, 2020"):
        split_dates(dates, dates[20], dates[10])
    with pytest.raises(InputError, match=r"ascending dates after 2020-01-01 00:00:00"):
        split_dates(dates, dates[0], dates[10])


# --- scaler ---


@often
@given(st.sampled_from(KINDS), tables, tables)
def test_a_scaler_undoes_itself_on_any_values(kind, train, others):
    scaler = Scaler.fit(kind, train)
    assert np.all(scaler.scale > 0)
    values = others[:, :1].repeat(train.shape[1], axis=1)
    scale = np.abs(values).max() + np.abs(train).max() + 1
    assert np.allclose(scaler.inverse(scaler.transform(values)), values, rtol=0, atol=1e-12 * scale)


def test_each_kind_is_what_its_name_says():
    column = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
    values = np.array(column)[:, None]
    low, middle, high = statistics.quantiles(column, n=4, method="inclusive")
    expected = {
        "standard": (statistics.fmean(column), statistics.pstdev(column)),
        "robust": (middle, high - low),
        "min-max": (1.0, 8.0),
        "none": (0.0, 1.0),
    }
    for kind, (centre, scale) in expected.items():
        scaler = Scaler.fit(kind, values)
        assert (scaler.centre.item(), scaler.scale.item()) == pytest.approx((centre, scale))
        assert scaler.transform(values).ravel() == pytest.approx([(x - centre) / scale for x in column])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e12])
def test_a_column_that_never_changes_is_only_shifted(kind, value):
    scaler = Scaler.fit(kind, np.full((7, 1), value))
    assert scaler.scale.tolist() == [1.0]
    assert abs(scaler.transform(np.full((1, 1), value)).item() - (value if kind == "none" else 0)) < 1e-3


def test_a_scaler_survives_json_exactly_and_a_damaged_one_is_refused():
    scaler = Scaler.fit("standard", np.random.default_rng(0).normal(size=(20, 3)))
    again = Scaler.from_json(json.loads(json.dumps(scaler.to_json())))
    assert again.kind == "standard"
    assert np.array_equal(again.centre, scaler.centre)
    assert np.array_equal(again.scale, scaler.scale)
    assert np.array_equal(scaler.select([2, 0]).scale, scaler.scale[[2, 0]])
    for damaged in (
        {},
        {**scaler.to_json(), "scale": [1.0]},
        {**scaler.to_json(), "scale": [1.0, 0.0, 1.0]},
        {**scaler.to_json(), "kind": "odd"},
        {**scaler.to_json(), "scale": [10**400]},
    ):
        with pytest.raises(RunError, match=r"^codec.json: expected a scaler, found"):
            Scaler.from_json(damaged)


# --- windows ---


def slow_windows(lengths, parts, look_back, horizon, stride):
    """(series, past rows, target rows) of every window, row by row."""
    windows = []
    for series, (length, part) in enumerate(zip(lengths, parts, strict=True)):
        rows = set(range(length)[part])
        first = None
        for origin in range(length + 1):
            past, ahead = range(origin - look_back, origin), range(origin, origin + horizon)
            if past[0] < 0 or not set(ahead) <= rows:
                continue
            first = origin if first is None else first
            if (origin - first) % stride == 0:
                windows.append((series, list(past), list(ahead)))
    return windows


@often
@given(st.data())
def test_windows_are_those_of_the_slow_twin(data):
    lengths = data.draw(st.lists(st.integers(1, 25), min_size=1, max_size=4))
    borders = [sorted(data.draw(st.tuples(*[st.integers(0, length)] * 2))) for length in lengths]
    look_back, horizon, stride = (data.draw(st.integers(1, 6)) for _ in range(3))
    parts = [slice(*border) for border in borders]
    blocks = [
        1000.0 * series + np.stack([np.arange(n), np.arange(n) + 0.25, np.arange(n) + 0.5], axis=1)
        for series, n in enumerate(lengths)
    ]
    panel = Panel.stack(blocks, targets=2, known=1)
    expected = slow_windows(lengths, parts, look_back, horizon, stride)
    if not expected:
        with pytest.raises(InputError, match=f"with {horizon} rows to forecast and {look_back} rows before them"):
            Windows.over(panel, parts, look_back, horizon, stride)
        return
    windows = Windows.over(panel, parts, look_back, horizon, stride)
    assert len(windows) == len(expected)
    assert windows.series.tolist() == [series for series, _, _ in expected]
    assert windows.rows.tolist() == [ahead[0] for _, _, ahead in expected]
    assert windows.counts.tolist() == [sum(s == n for s, _, _ in expected) for n in range(len(lengths))]
    order = data.draw(st.permutations(range(len(expected))))
    taken = windows.gather(np.array(order))
    for place, number in enumerate(order):
        series, past, ahead = expected[number]
        assert np.array_equal(taken.past[place], blocks[series][past])
        assert np.array_equal(taken.future[place], blocks[series][ahead][:, :2])
        assert np.array_equal(taken.known[place], blocks[series][ahead][:, 2:])
        view_past, view_future = windows[number]
        assert np.array_equal(view_past, taken.past[place])
        assert np.array_equal(view_future, taken.future[place])
    blocks_again = list(windows.blocks(3))
    assert all(len(block.past) <= 3 for block in blocks_again)
    assert np.array_equal(
        np.concatenate([block.future for block in blocks_again]), windows.gather(np.arange(len(windows))).future
    )


@often
@given(st.integers(10, 60), st.integers(1, 8), st.integers(1, 8))
def test_no_window_has_a_target_of_another_part_and_no_training_window_sees_one(length, look_back, horizon):
    parts = split_fractions(length, (0.6, 0.2, 0.2))
    panel = Panel.stack([np.arange(length, dtype=np.float64)[:, None]], targets=1)
    for part in (parts.train, parts.validation, parts.test):
        try:
            windows = Windows.over(panel, [part], look_back, horizon)
        except InputError:
            assert part.stop - max(part.start, look_back) < horizon
            continue
        taken = windows.gather(np.arange(len(windows)))
        assert taken.future.min() >= part.start
        assert taken.future.max() < part.stop
        assert np.all(taken.past.max(axis=1) == taken.future[:, 0] - 1)
        if part == parts.train:
            assert taken.past.max() < part.stop


def test_the_windows_of_the_literature():
    """2,880 rows of test hold 2,785 horizons of 96, whatever the look-back."""
    panel = Panel.stack([np.zeros((17420, 7))], targets=7)
    parts = split_counts(17420, (8640, 2880, 2880))
    for look_back in (96, 336, 720):
        assert len(Windows.over(panel, [parts.test], look_back, 96)) == 2880 - 96 + 1
        assert len(Windows.over(panel, [parts.train], look_back, 96)) == 8640 - look_back - 96 + 1


def test_windows_are_views_and_cost_next_to_nothing():
    values = np.random.default_rng(0).normal(size=(17420, 7))
    tracemalloc.start()
    try:
        panel = Panel.stack([values], targets=7)
        windows = Windows.over(panel, [slice(0, 17420)], 720, 720)
        for number in range(0, len(windows), 1000):
            assert all(np.shares_memory(view, values) for view in windows[number])
        for _, _ in zip(range(20), windows.blocks(8), strict=False):
            pass
        assert panel.values is values
        assert tracemalloc.get_traced_memory()[1] < 3 * values.nbytes
    finally:
        tracemalloc.stop()


def test_the_end_of_each_series_is_what_its_future_is_forecast_from():
    panel = Panel.stack([hourly(5).values, 100 + hourly(3).values], targets=1)
    assert panel.last(3)[..., 0].tolist() == [[2, 3, 4], [100, 101, 102]]
    with pytest.raises(InputError, match=r"^series 2: expected at least 4 rows, found 3$"):
        panel.last(4)


def test_roles_and_sizes_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="targets and known among 3 columns, found 2 and 2"):
        Panel.stack([np.zeros((5, 3))], targets=2, known=2)
    with pytest.raises(ValueError, match="sizes of at least 1"):
        Windows.over(Panel.stack([np.zeros((5, 3))], targets=1), [slice(0, 5)], 0, 1)
