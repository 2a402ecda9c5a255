"""Baselines against plain loops, the linear map against least squares on all windows at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bilstm_nlp.data.series.baselines import LinearMap, drift, moving_average, naive, seasonal_naive
from bilstm_nlp.data.series.windows import Panel, Windows
from bilstm_nlp.errors import InputError

pasts = arrays(
    st.sampled_from([np.float64, np.float32]),
    st.tuples(st.integers(1, 3), st.integers(2, 9), st.integers(1, 2)),
    elements=st.floats(-1000, 1000, width=32),
)


@settings(max_examples=100, deadline=None)
@given(pasts, st.integers(1, 12), st.integers(1, 9))
def test_each_is_what_a_loop_over_steps_gives(past, horizon, width):
    length = past.shape[1]
    width = min(width, length)
    found = {
        "naive": naive(past, horizon),
        "seasonal": seasonal_naive(past, horizon, width),
        "drift": drift(past, horizon),
        "average": moving_average(past, horizon, width),
    }
    for name, forecast in found.items():
        assert forecast.shape == (len(past), horizon, past.shape[2]), name
        assert forecast.dtype == past.dtype, name
    for window, column in np.ndindex(len(past), past.shape[2]):
        history = [float(value) for value in past[window, :, column]]
        known = list(history)
        for step in range(horizon):
            known.append(known[-width])
            expected = {
                "naive": history[-1],
                "seasonal": known[-1],
                "drift": history[-1] + (step + 1) * (history[-1] - history[0]) / (length - 1),
                "average": sum(history[-width:]) / width,
            }
            for name, value in expected.items():
                assert found[name][window, step, column] == pytest.approx(value, rel=1e-4, abs=1e-2), name


def test_a_look_back_that_is_too_short_is_refused():
    past = np.zeros((1, 5, 1))
    with pytest.raises(InputError, match=r"^expected a look-back of at least 24 rows for a season, found 5$"):
        seasonal_naive(past, 3, 24)
    with pytest.raises(InputError, match="at least 6 rows for the average, found 5"):
        moving_average(past, 3, 6)
    with pytest.raises(InputError, match="at least 2 rows for a line, found 1"):
        drift(past[:, :1], 3)


def blocks(past, future, size):
    return ((past[i : i + size], future[i : i + size]) for i in range(0, len(past), size))


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("ridge", [0.0, 3.0])
def test_the_linear_map_is_least_squares_however_the_windows_come(size, ridge):
    generator = np.random.default_rng(0)
    past, future = generator.normal(size=(40, 5, 2)), generator.normal(size=(40, 3, 2))
    fitted = LinearMap.fit(blocks(past, future, size), ridge)
    # Every column of every window is an example; the penalty is five more, which say 0 and leave the bias alone.
    x = np.array([[*past[window, :, column], 1.0] for window in range(40) for column in range(2)])
    y = np.array([future[window, :, column] for window in range(40) for column in range(2)])
    penalty = np.sqrt(ridge) * np.eye(5, 6)
    expected = np.linalg.lstsq(np.vstack([x, penalty]), np.vstack([y, np.zeros((5, 3))]), rcond=None)[0]
    assert np.allclose(fitted.weights, expected[:-1])
    assert np.allclose(fitted.bias, expected[-1])
    for window, column in np.ndindex(40, 2):
        by_hand = past[window, :, column] @ expected[:-1] + expected[-1]
        assert np.allclose(fitted(past)[window, :, column], by_hand)


def test_a_linear_law_is_found_exactly_and_a_constant_series_does_no_harm():
    """A sine obeys y_t = 2·cos(w)·y_{t−1} − y_{t−2}; a constant column leaves the map undecided."""
    steps = np.arange(200)
    values = np.stack([np.sin(0.3 * steps), np.full(200, 5.0)], axis=1)
    windows = Windows.over(Panel.stack([values], targets=2), [slice(0, 150)], look_back=6, horizon=4)
    fitted = LinearMap.fit((block.past, block.future) for block in windows.blocks(16))
    later = Windows.over(Panel.stack([values], targets=2), [slice(150, 200)], look_back=6, horizon=4)
    taken = later.gather(np.arange(len(later)))
    assert np.allclose(fitted(taken.past), taken.future, atol=1e-6)


def test_fitting_never_holds_all_windows():
    values = np.random.default_rng(0).normal(size=(3000, 2))
    windows = Windows.over(Panel.stack([values], targets=2), [slice(0, 3000)], look_back=100, horizon=50)
    all_at_once = len(windows) * 150 * 2 * 8
    tracemalloc.start()
    try:
        LinearMap.fit((block.past, block.future) for block in windows.blocks(64))
        assert tracemalloc.get_traced_memory()[1] < all_at_once / 5
    finally:
        tracemalloc.stop()


def test_without_windows_there_is_no_map():
    with pytest.raises(InputError, match="expected windows to fit the linear map to, found none"):
        LinearMap.fit(())
