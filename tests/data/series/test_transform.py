"""Transforms of targets: exact inverses, domains, and the fitted power."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.transform import POWERS, Curve, Units, check_lower
from bilstm_nlp.errors import InputError

often = settings(max_examples=100, deadline=None)
positive = arrays(np.float64, (7, 1), elements=st.floats(1e-3, 1e6))


def series_of(values: list[float], observed: list[bool] | None = None) -> Series:
    dates = pd.date_range("2024-01-01", periods=len(values), freq="D")
    mask = None if observed is None else np.array(observed)[:, None]
    return Series("shop", dates, np.array(values)[:, None], ("sales",), np.arange(2, len(values) + 2), mask)


@often
@given(positive, st.sampled_from(POWERS.tolist()), st.sampled_from([0.0, 1.0]))
def test_undo_reverses_apply(values, power, shift):
    curve = Curve(np.array([power]), np.array([shift]))
    np.testing.assert_allclose(curve.undo(curve.apply(values)), values, rtol=1e-6, atol=1e-6)


def test_log1p_is_the_logarithm_of_one_more():
    values = np.array([[0.0], [1.0], [99.0]])
    curve = Curve.fit("log1p", values, np.ones_like(values, dtype=bool))
    np.testing.assert_allclose(curve.apply(values), np.log1p(values))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_power_is_that_of_the_likelihood(power):
    normal = np.random.default_rng(3).normal(loc=20, scale=1, size=400)
    values = np.exp(normal / 4) if power == 0 else (power * normal + 1) ** (1 / power)
    curve = Curve.fit("box-cox", values[:, None], np.ones((400, 1), dtype=bool))
    best = min(max(scipy.stats.boxcox_normmax(values, method="mle"), 0), 1)
    assert curve.power.item() == pytest.approx(best, abs=0.026)


def test_box_cox_shifts_a_column_with_zeros():
    values = np.array([[0.0, 1.0], [3.0, 2.0], [8.0, 9.0]])
    curve = Curve.fit("box-cox", values, np.ones((3, 2), dtype=bool))
    assert curve.shift.tolist() == [1.0, 0.0]
    np.testing.assert_allclose(curve.undo(curve.apply(values)), values, atol=1e-12)


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_wild_values_have_a_finite_inverse(power):
    curve = Curve(np.array([power]), np.array([0.0]))
    own = curve.undo(np.array([[-1e9], [1e9]]))
    assert np.isfinite(own).all()
    assert own[0] >= 0


def test_values_outside_the_domain_are_named_with_their_line():
    curve = Curve(np.array([0.0]), np.array([1.0]))
    message = r"series 'shop', column 'sales', 2024-01-03 .* \(line or row 4\): expected values above -1 .*, found -1$"
    with pytest.raises(InputError, match=message):
        curve.check(series_of([1, 2, -1.0]), ["sales"])
    curve.check(series_of([1, 2, -1.0], [True, True, False]), ["sales"])
    with pytest.raises(InputError, match=r"expected values of at least data.lower = 0, found -0.5$"):
        check_lower(0, series_of([1, -0.5]), ["sales"])


def test_units_undo_scale_then_curve_then_bound():
    units = Units(
        Scale(np.full((1, 1, 1), 2.0), np.full((1, 1, 1), 3.0)), Curve(np.zeros((1, 1, 1)), np.ones((1, 1, 1))), 5.0
    )
    own = units.undo(np.array([[[0.5], [-9.0]]]))
    assert own.ravel().tolist() == [pytest.approx(np.exp(3.5) - 1), 5.0]
