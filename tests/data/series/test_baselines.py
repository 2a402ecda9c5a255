"""Baselines against plain loops, the linear map against least squares on all windows at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bilstm_nlp.data.series.baselines import (
    SEASONAL_NAIVE,
    Baselines,
    LinearMap,
    drift,
    moving_average,
    naive,
    seasonal_naive,
)
from bilstm_nlp.data.series.panel import Panel
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError, RunError
from tests.data.series.test_codec import PARTS, a_codec, a_series_set

pasts = arrays(
    st.sampled_from([np.float64, np.float32]),
    st.tuples(st.integers(1, 3), st.integers(2, 9), st.integers(1, 2)),
    elements=st.floats(-1000, 1000, width=32),
)


@settings(max_examples=100, deadline=None)
@given(pasts, st.integers(1, 12), st.integers(1, 9))
def test_each_baseline_equals_a_loop_over_steps(past, horizon, width):
    length = past.shape[1]
    width = min(width, length)
    forecasts = {
        "naive": naive(past, horizon),
        "seasonal": seasonal_naive(past, horizon, width),
        "drift": drift(past, horizon),
        "average": moving_average(past, horizon, width),
    }
    for name, forecast in forecasts.items():
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
                assert forecasts[name][window, step, column] == pytest.approx(value, rel=1e-4, abs=1e-2), name


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
def test_the_linear_map_is_least_squares_for_any_block_size(size):
    generator = np.random.default_rng(0)
    past, future = generator.normal(size=(40, 5, 2)), generator.normal(size=(40, 3, 2))
    fitted = LinearMap.fit(blocks(past, future, size))
    # Every column of every window is an example.
    x = np.array([[*past[window, :, column], 1.0] for window in range(40) for column in range(2)])
    y = np.array([future[window, :, column] for window in range(40) for column in range(2)])
    expected = np.linalg.lstsq(x, y, rcond=None)[0]
    assert np.allclose(fitted.weights, expected[:-1])
    assert np.allclose(fitted.bias, expected[-1])
    for window, column in np.ndindex(40, 2):
        by_hand = past[window, :, column] @ expected[:-1] + expected[-1]
        assert np.allclose(fitted(past)[window, :, column], by_hand)


def test_the_linear_map_recovers_a_linear_law_exactly():
    """A sine obeys y_t = 2·cos(w)·y_{t−1} − y_{t−2}; a constant column leaves the map undecided."""
    steps = np.arange(200)
    values = np.stack([np.sin(0.3 * steps), np.full(200, 5.0)], axis=1)
    windows = Windows.over(Panel.stack([values], targets=2), [slice(0, 150)], look_back=6, horizon=4)
    fitted = LinearMap.fit((block.past, block.future) for block in windows.blocks(16))
    later = Windows.over(Panel.stack([values], targets=2), [slice(150, 200)], look_back=6, horizon=4)
    taken = later.gather(np.arange(len(later)))
    assert np.allclose(fitted(taken.past), taken.future, atol=1e-6)


def test_fitting_never_copies_all_windows():
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


# --- all of them, fitted to training rows ---


def fitted(season_length=None):
    return Baselines.fit(a_codec(), a_series_set(), PARTS, season_length)


def test_baselines_are_fitted_to_training_rows_alone():
    changed = a_series_set()
    changed.series[0].values[PARTS[0].train.stop :] += 100
    baselines, again = fitted(), Baselines.fit(a_codec(), changed, PARTS, None)
    assert again.to_json() == baselines.to_json()
    assert np.array_equal(again.linear.weights, baselines.linear.weights)
    assert (baselines.season, fitted(5).season) == (7, 5)


def test_training_rows_without_a_window_are_refused():
    with pytest.raises(InputError, match=r"^x, train part: expected a part with 2 rows to forecast and 15 rows before"):
        Baselines.fit(a_codec(look_back=15), a_series_set(), PARTS, None)


def test_seasonal_naive_needs_a_season_before_every_window():
    codec, (series,) = a_codec(), a_series_set().series
    windows = codec.windows([series], [slice(7, 20)])
    names = [name for name, _ in fitted(7).forecasts(windows, np.arange(2))]
    assert names == ["naive", SEASONAL_NAIVE, "drift", "mean of the last 3", "linear map"]
    assert SEASONAL_NAIVE not in dict(fitted(8).forecasts(windows, np.arange(2)))


def test_an_unknown_series_has_no_scale_of_mase():
    baselines = fitted()
    assert baselines.naive_error(None).tolist() == [0.0]
    assert baselines.naive_error("s") is baselines.naive_errors["s"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("season", 0, "season: expected greater than 0, found 0"),
        ("season", None, "season: expected a valid integer, found None"),
        ("naive_errors", {"s": [1.0, 2.0]}, "expected naive_errors of 1 targets for the series that have scalers"),
        ("naive_errors", {}, "expected naive_errors of 1 targets for the series that have scalers"),
        ("naive_errors", {"s": ["1"]}, r"naive_errors\.s\.0: expected a valid number, found '1'"),
    ],
)
def test_a_wrong_baseline_in_codec_json_is_named(key, value, message):
    baselines = fitted()
    assert Baselines.from_json(baselines.to_json(), baselines.tensors(), a_codec()).season == 7
    with pytest.raises(RunError, match=rf"^codec\.json: .*{message}"):
        Baselines.from_json(baselines.to_json() | {key: value}, baselines.tensors(), a_codec())


def test_arrays_of_another_shape_or_type_are_refused():
    baselines = fitted()
    arrays = baselines.tensors()
    for changed, message in (
        ({"linear.bias": np.zeros(2, np.float32)}, r"linear\.bias in float64 of shape \(2,\), found float32"),
        ({"linear.weights": np.zeros((4, 2))}, r"linear\.weights in .* \(3, 2\), found float64 of shape \(4, 2\)"),
    ):
        with pytest.raises(RunError, match=rf"^codec\.safetensors: expected {message}"):
            Baselines.from_json(baselines.to_json(), arrays | changed, a_codec())
    with pytest.raises(RunError, match=r"expected linear\.bias in .*, found none"):
        Baselines.from_json(baselines.to_json(), {"linear.weights": arrays["linear.weights"]}, a_codec())
