"""The scale of a series: fitted, applied, undone, and taken to other units."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bilstm_nlp.data.series.scale import Scale

often = settings(max_examples=100, deadline=None)
KINDS = ("standard", "robust", "min-max", "none")
tables = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.floats(-1e6, 1e6, width=32))


@often
@given(st.sampled_from(KINDS), tables, tables)
def test_undo_reverses_apply_for_any_values(kind, train, others):
    scale = Scale.fit(kind, train)
    assert np.all(scale.size > 0)
    values = others[:, :1].repeat(train.shape[1], axis=1)
    size = np.abs(values).max() + np.abs(train).max() + 1
    assert np.allclose(scale.undo(scale.apply(values)), values, rtol=0, atol=1e-12 * size)


def test_each_kind_has_the_statistics_of_its_name():
    column = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
    values = np.array(column)[:, None]
    low, middle, high = statistics.quantiles(column, n=4, method="inclusive")
    expected = {
        "standard": (statistics.fmean(column), statistics.pstdev(column)),
        "robust": (middle, high - low),
        "min-max": (1.0, 8.0),
        "none": (0.0, 1.0),
    }
    for kind, (centre, size) in expected.items():
        scale = Scale.fit(kind, values)
        assert (scale.centre.item(), scale.size.item()) == pytest.approx((centre, size))
        assert scale.apply(values).ravel() == pytest.approx([(x - centre) / size for x in column])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e12])
def test_a_constant_column_is_only_shifted(kind, value):
    scale = Scale.fit(kind, np.full((7, 1), value))
    assert scale.size.tolist() == [1.0]
    assert abs(scale.apply(np.full((1, 1), value)).item() - (value if kind == "none" else 0)) < 1e-3


def test_a_scale_without_rows_is_refused():
    with pytest.raises(ValueError, match="expected training rows to fit a scale to, found none"):
        Scale.fit("standard", np.empty((0, 2)))


# --- several series ---


def three_scales():
    generator = np.random.default_rng(0)
    return [Scale.fit("standard", generator.normal(i, 1 + i, size=(20, 2))) for i in range(3)]


def test_windows_have_the_scales_of_their_series():
    scales, windows = three_scales(), np.random.default_rng(1).normal(size=(4, 5, 2))
    series = np.array([2, 0, 2, 1])
    undone = Scale.stack(scales).of_windows(series).undo(windows)
    for window, index in enumerate(series):
        assert np.array_equal(undone[window], scales[index].undo(windows[window]))


def test_selected_columns_keep_their_scale_in_the_new_order():
    stacked = Scale.stack(three_scales())
    assert np.array_equal(stacked.select([1, 0]).size, stacked.size[:, [1, 0]])
    assert np.array_equal(stacked.select([1]).centre, stacked.centre[:, [1]])


@often
@given(st.sampled_from(KINDS), tables, st.data())
def test_expanding_scale_equals_a_fit_to_the_rows_before(kind, values, data):
    observed = data.draw(arrays(np.bool_, values.shape))
    scale = Scale.expanding(kind, values, observed)
    assert scale.centre.shape == (len(values) + 1, values.shape[1])
    for row in range(1, len(values) + 1):
        expected = Scale.fit(kind, values[:row], observed[:row])
        size = np.abs(values).max() + 1
        np.testing.assert_allclose(scale.centre[row], expected.centre, rtol=1e-9, atol=1e-9 * size)
        # The deviation of values that are nearly equal has few digits.
        np.testing.assert_allclose(scale.size[row], expected.size, rtol=1e-6, atol=1e-6 * size)


@pytest.mark.parametrize("kind", KINDS)
def test_expanding_scale_depends_on_no_later_value(kind):
    values = np.random.default_rng(1).normal(size=(40, 2))
    other, observed = values.copy(), np.ones((40, 2), dtype=bool)
    other[25:] = 1e9
    before, after = (Scale.expanding(kind, each, observed) for each in (values, other))
    assert before.size[:26].tobytes() == after.size[:26].tobytes()
    assert before.centre[:26].tobytes() == after.centre[:26].tobytes()


def test_values_that_were_filled_do_not_count():
    values = np.array([[1.0, 5], [900, 5], [3, 5]])
    observed = np.array([[1, 0], [0, 0], [1, 0]], dtype=bool)
    scale = Scale.fit("standard", values, observed)
    assert (scale.centre.tolist(), scale.size.tolist()) == ([2, 0], [1, 1])


def test_robust_scale_falls_back_to_the_deviation_where_quartiles_are_equal():
    values = np.array([[0.0]] * 9 + [[10.0]])
    assert Scale.fit("robust", values).size.tolist() == [3.0]
