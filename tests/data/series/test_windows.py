"""Windows over series, against a slow reference that lists rows one by one."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.series.panel import Panel
from bilstm_nlp.data.series.series import split_counts, split_fractions
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError

often = settings(max_examples=100, deadline=None)


def slow_windows(lengths, parts, look_back, horizon, stride, min_future=None):
    """Return (series, past rows, target rows) of every window, row by row."""
    least = horizon if min_future is None else min_future
    windows = []
    for series, (length, part) in enumerate(zip(lengths, parts, strict=True)):
        rows = set(range(length)[part])
        first = None
        for origin in range(length + 1):
            past, ahead = range(origin - look_back, origin), range(origin, origin + horizon)
            if past[0] < 0 or not set(ahead[:least]) <= rows:
                continue
            first = origin if first is None else first
            if (origin - first) % stride == 0:
                windows.append((series, list(past), list(ahead)))
    return windows


@often
@given(st.data())
def test_windows_equal_those_of_the_slow_reference(data):
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
    for row, number in enumerate(order):
        series, past, ahead = expected[number]
        assert np.array_equal(taken.past[row], blocks[series][past])
        assert np.array_equal(taken.future[row], blocks[series][ahead][:, :2])
        assert np.array_equal(taken.known[row], blocks[series][ahead][:, 2:])
    blocks_again = list(windows.blocks(3))
    assert all(len(block.past) <= 3 for block in blocks_again)
    assert np.array_equal(
        np.concatenate([block.future for block in blocks_again]), windows.gather(np.arange(len(windows))).future
    )


@often
@given(st.integers(10, 60), st.integers(1, 8), st.integers(1, 8))
def test_targets_lie_in_their_part_and_training_sees_no_other(length, look_back, horizon):
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


@often
@given(st.data())
def test_targets_beyond_the_part_are_missing(data):
    """The next rows of the file, and the next series in the panel, are not seen."""
    lengths = data.draw(st.lists(st.integers(1, 25), min_size=1, max_size=4))
    look_back, horizon = (data.draw(st.integers(1, 6)) for _ in range(2))
    min_future, known = data.draw(st.integers(1, horizon)), data.draw(st.integers(0, 1))
    parts = [slice(*sorted(data.draw(st.tuples(*[st.integers(0, length)] * 2)))) for length in lengths]
    blocks = [1000.0 * series + np.arange(n)[:, None] + np.arange(1 + known) / 2 for series, n in enumerate(lengths)]
    panel = Panel.stack(blocks, targets=1, known=known)
    expected = slow_windows(lengths, parts, look_back, horizon, 1, min_future)
    if known:
        expected = [window for window in expected if window[2][-1] < lengths[window[0]]]
    if not expected:
        with pytest.raises(InputError, match=f"with {min_future} rows to forecast and {look_back} rows before them"):
            Windows.over(panel, parts, look_back, horizon, min_future=min_future)
        return
    windows = Windows.over(panel, parts, look_back, horizon, min_future=min_future)
    assert windows.series.tolist() == [series for series, _, _ in expected]
    assert windows.rows.tolist() == [ahead[0] for _, _, ahead in expected]
    taken = windows.gather(np.arange(len(expected)))
    for row, (series, past, ahead) in enumerate(expected):
        assert np.array_equal(taken.past[row], blocks[series][past])
        targets = [1000.0 * series + number if number < parts[series].stop else np.nan for number in ahead]
        np.testing.assert_array_equal(taken.future[row, :, 0], targets)
        assert not known or np.array_equal(taken.known[row], blocks[series][ahead][:, 1:])


def test_window_with_targets_filled_in_its_part_alone_is_left_out():
    observed = np.array([1, 1, 1, 0, 1, 1], dtype=bool)[:, None]
    panel = Panel.stack([np.arange(6.0)[:, None]], targets=1, observed=[observed])
    windows = Windows.over(panel, [slice(1, 4)], look_back=1, horizon=3, min_future=1)
    assert (windows.rows.tolist(), windows.left_out.tolist()) == ([1, 2], [1])
    np.testing.assert_array_equal(windows.gather(np.arange(2)).future[..., 0], [[1, 2, np.nan], [2, np.nan, np.nan]])


def test_window_counts_are_those_of_the_literature():
    """2,880 rows of test hold 2,785 horizons of 96, whatever the look-back."""
    panel = Panel.stack([np.zeros((17420, 7))], targets=7)
    parts = split_counts(17420, (8640, 2880, 2880))
    for look_back in (96, 336, 720):
        assert len(Windows.over(panel, [parts.test], look_back, 96)) == 2880 - 96 + 1
        assert len(Windows.over(panel, [parts.train], look_back, 96)) == 8640 - look_back - 96 + 1


def test_windows_are_not_copied_until_they_are_gathered():
    values = np.random.default_rng(0).normal(size=(17420, 7))
    tracemalloc.start()
    try:
        panel = Panel.stack([values], targets=7)
        windows = Windows.over(panel, [slice(0, 17420)], 720, 720)
        for _, _ in zip(range(20), windows.blocks(8), strict=False):
            pass
        assert panel.values is values
        assert tracemalloc.get_traced_memory()[1] < 3 * values.nbytes
    finally:
        tracemalloc.stop()


def test_windows_at_origins_have_the_rows_around_them():
    panel = Panel.stack([np.arange(5.0)[:, None], 100 + np.arange(6.0)[:, None]], targets=1)
    windows = Windows.at(panel, [np.array([3]), np.array([4, 3])], look_back=3, horizon=2)
    arrays = windows.gather(np.arange(3))
    assert arrays.past[..., 0].tolist() == [[0, 1, 2], [101, 102, 103], [100, 101, 102]]
    assert arrays.future[..., 0].tolist() == [[3, 4], [104, 105], [103, 104]]
    with pytest.raises(InputError, match=r"^expected 3 rows before an origin and 2 from it on, found 2 and 3$"):
        Windows.at(panel, [np.array([2]), np.array([3])], look_back=3, horizon=2)


def test_open_gap_is_filled_from_the_rows_before_the_origin():
    """The file's later rows may have filled it otherwise: here by lines to 50 and to 90."""
    values = np.array([[1.0, 7], [2, 7], [30, 7], [50, 50], [70, 70], [90, 90]])
    observed = np.array([[1, 0], [1, 0], [0, 0], [1, 1], [0, 0], [1, 1]], dtype=bool)
    panel = Panel.stack([values], targets=2, observed=[observed])
    windows = Windows.at(panel, [np.array([3, 5])], look_back=2, horizon=1)
    arrays = windows.gather(np.arange(2))
    # Before row 3 the second column has not begun: its values are unknown, and no target is scored.
    np.testing.assert_array_equal(arrays.past, [[[2, np.nan], [2, np.nan]], [[50, 50], [50, 50]]])
    assert windows.past(np.array([0]), 2).tolist() == [[[2, 0], [2, 0]]]
    np.testing.assert_array_equal(arrays.future, [[[50, np.nan]], [[90, 90]]])


def test_windows_without_an_observed_target_are_left_out_and_counted():
    observed = np.array([1, 1, 0, 0, 0, 1], dtype=bool)[:, None]
    panel = Panel.stack([np.arange(6.0)[:, None]], targets=1, observed=[observed])
    windows = Windows.over(panel, [slice(1, 6)], look_back=1, horizon=2)
    assert windows.rows.tolist() == [1, 4]
    assert windows.left_out.tolist() == [2]
    with pytest.raises(InputError, match="found none in 2 windows: the file lacks these values"):
        Windows.over(panel, [slice(2, 5)], look_back=1, horizon=2)


def test_impossible_roles_and_sizes_are_refused():
    with pytest.raises(ValueError, match="targets and known among 3 columns, found 2 and 2"):
        Panel.stack([np.zeros((5, 3))], targets=2, known=2)
    with pytest.raises(ValueError, match="sizes of at least 1"):
        Windows.over(Panel.stack([np.zeros((5, 3))], targets=1), [slice(0, 5)], 0, 1)
