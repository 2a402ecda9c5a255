"""Columns that lead others: found out of fold, added to forecasts, saved by target."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.data.series.leads import ROWS, Leads, fit_leads, leads_from, leads_json, led, led_targets

LOOK_BACK, HORIZON = 12, 4


def walks(seed: int, rows: int = 160, columns: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns)).cumsum(axis=0)


def followed(seed: int = 0, lag: int = 2, rows: int = 160) -> np.ndarray:
    """Return a column that repeats three times the other `lag` rows later, and the other."""
    leader = walks(seed, rows + lag, 1)
    return np.concatenate([3 * leader[:rows], leader[lag:]], axis=1)


def windows_of(values: np.ndarray, targets: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return look-backs, the values ahead, and the last values, of every origin."""
    origins = np.arange(LOOK_BACK, len(values) - HORIZON + 1)
    past = values[origins[:, None] - LOOK_BACK + np.arange(LOOK_BACK)]
    return past, values[origins[:, None] + np.arange(HORIZON), :targets], past[:, -1:, :targets]


def fitted(values: np.ndarray, targets: int = 2) -> Leads | None:
    past, future, last = windows_of(values, targets)
    return fit_leads(past, future, last, np.zeros(len(past), np.int64))


def test_leader_tells_the_next_rows_and_no_more():
    leads = fitted(followed())
    assert led_targets(leads, ["y", "x"]) == ["y"]
    past, future, last = windows_of(followed(seed=1))
    ahead = last + led(leads, past, past[..., :0], None)
    errors = np.abs(ahead - future).mean(axis=0)[:, 0] / np.abs(last - future).mean(axis=0)[:, 0]
    assert (errors[:2] < 0.05).all()
    assert (errors[2:] > 0.3).all()
    np.testing.assert_array_equal(ahead[..., 1], np.broadcast_to(last, future.shape)[..., 1])


def test_observed_column_leads_a_target():
    values = followed()
    past, future, last = windows_of(values, targets=1)
    leads = fitted(values, targets=1)
    assert leads.coefficients.shape == (2 * ROWS, HORIZON, 1)
    ahead = last + led(leads, past[..., :1], past[..., 1:], None)
    np.testing.assert_allclose(ahead[:, :2], future[:, :2], atol=0.5)


def test_unrelated_columns_lead_nothing():
    assert all(fitted(walks(seed, columns=2 + seed % 3), targets=2) is None for seed in range(8))


def test_column_that_its_own_changes_tell_is_not_led():
    steps = np.random.default_rng(0).normal(size=(160, 2))
    for row in range(1, 160):
        steps[row, 0] += 0.9 * steps[row - 1, 0]
    assert fitted(steps.cumsum(axis=0)) is None


@pytest.mark.parametrize(("rows", "columns"), [(30, 2), (160, 1)], ids=["few windows", "a single column"])
def test_nothing_leads_without_windows_or_columns(rows, columns):
    assert fitted(followed(rows=rows)[:, :columns], targets=columns) is None


def test_units_of_columns_change_no_forecast():
    past, future, last = windows_of(followed())
    units = np.array([1.0, 1000.0])
    series = np.zeros(len(past), np.int64)
    alike = [
        led(fit_leads(past * unit, future * unit, last * unit, series), past * unit, past[..., :0], None)[..., 0]
        for unit in (np.ones(2), units)
    ]
    np.testing.assert_allclose(alike[0], alike[1], rtol=1e-4, atol=1e-5)


def test_unknown_values_ahead_are_left_out():
    past, future, last = windows_of(followed())
    future = future.copy()
    future[::7, 1:] = np.nan
    leads = fit_leads(past, future, last, np.zeros(len(past), np.int64))
    assert np.isfinite(leads.coefficients).all()
    assert led_targets(leads, ["y", "x"]) == ["y"]


def test_mirrored_targets_mirror_what_is_added():
    leads = fitted(followed(), targets=1)
    past = windows_of(followed(seed=1))[0].astype(np.float32)
    sign = np.where(np.arange(len(past)) % 2, -1, 1).astype(np.float32)[:, None, None]
    plain = led(leads, past[..., :1], past[..., 1:], None)
    np.testing.assert_allclose(led(leads, past[..., :1] * sign, past[..., 1:], sign), plain * sign, rtol=1e-5)


def test_look_back_without_older_rows_counts_them_as_unchanged():
    leads = fitted(followed())
    short = walks(3, 4)[None].astype(np.float32)
    padded = np.concatenate([np.full((1, 5, 2), np.nan, np.float32), short], axis=1)
    still = np.concatenate([np.repeat(short[:, :1], 5, axis=1), short], axis=1)
    expected = led(leads, still, still[..., :0], None)
    assert np.abs(expected[..., 0]).max() > 0.1
    for past in (padded, short):
        np.testing.assert_allclose(led(leads, past, past[..., :0], None), expected, rtol=1e-6)


def test_change_beyond_those_of_training_tells_no_more():
    leads = fitted(followed())
    past = windows_of(followed())[0][:1].copy()
    forecasts = []
    for change in (leads.limits[1], 1000.0):
        past[:, -1, 1] = past[:, -2, 1] + change
        forecasts.append(led(leads, past, past[..., :0], None))
    assert np.abs(forecasts[0][..., 0]).max() > 1
    np.testing.assert_allclose(forecasts[1], forecasts[0], rtol=1e-5)


def test_written_leads_are_read_back():
    leads = fitted(followed())
    written = leads_json(leads, ["y", "x"])
    assert list(written["coefficients"]) == ["y"]
    read = leads_from(written["limits"], written["coefficients"], ["y", "x"])
    np.testing.assert_array_equal(read.coefficients, leads.coefficients)
    np.testing.assert_array_equal(read.limits, leads.limits)
    assert led(None, read.coefficients, read.coefficients, None) == 0.0
    assert led_targets(None, ["y"]) == []
