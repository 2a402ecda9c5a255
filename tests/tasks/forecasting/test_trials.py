"""Trials on training rows: their errors beside the last value's, and what is chosen by them."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.tasks.forecasting.trials import LEAST_ERROR, Trial, Trials

ROWS = np.arange(120)
LAST_VALUE = Trial(1, 24)


def test_error_of_the_last_value_is_that_of_the_last_value():
    """A line rises by 1 a row: the level lags by less than a row, so the error is a little more than 1."""
    errors = Trials([ROWS.astype(float)], horizon=6).errors([LAST_VALUE], 4)
    assert 1.0 <= errors[LAST_VALUE] < 1.05


def test_season_without_noise_has_the_least_error():
    trial = Trial(12, 60)
    values = np.tile([1.0, 5.0, 2.0, 8.0, 3.0, 9.0, 1.0, 4.0, 7.0, 2.0, 6.0, 0.0], 10)
    assert Trials([values], horizon=12).errors([trial], 24) == pytest.approx({trial: LEAST_ERROR})


@pytest.mark.parametrize("values", [[np.full(50, 3.0)], [], [np.full(50, np.nan)], [np.array([8.0, 9.0, 8.5])]])
def test_without_evidence_the_usual_is_chosen(values):
    trials = Trials(values, horizon=6)
    assert trials.errors([LAST_VALUE], 4) == {}
    for trend, usual in ((True, Trial(1, 24, damping=0.5, trend_smoothing=0.5)), (False, Trial(1, 24))):
        chosen = trials.best(1, 24, 4, negative=False, trend=trend)
        assert (chosen.trial, chosen.reason) == (usual, "the usual choice")


def test_values_before_the_first_and_in_gaps_are_left_out():
    values = ROWS.astype(float)
    gaps = np.concatenate([np.full(30, np.nan), values])
    assert Trials([gaps], 6).errors([LAST_VALUE], 4) == Trials([values], 6).errors([LAST_VALUE], 4)


def test_trial_sees_no_row_after_its_origin():
    """The newest horizon alone differs: only the errors of windows that reach into it do."""
    values = np.cumsum(np.random.default_rng(1).normal(size=120))
    other = values.copy()
    other[-6:] += 1000
    past = [next(iter(Trials([each], 6)._windows(24, 4)))[0] for each in (values, other)]
    np.testing.assert_array_equal(past[0], past[1])
