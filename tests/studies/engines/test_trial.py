"""Trials: two can be compared if they were measured on the same units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.studies.trials import tagged, trial


def test_trials_of_two_variants_on_the_same_units_compare_equal():
    first = trial("crf", 1, 0.8, examples=tagged("P---"))
    second = trial("gru", 2, 0.9, examples=tagged("O---"))
    assert first.measured_on == second.measured_on


def test_other_units_lag_or_examples_compare_unequal():
    first = trial("crf", 1, 0.8, examples=tagged("P---"))
    fewer = replace(first, numerator=np.ones(3), denominator=np.ones(3))
    for other in (fewer, replace(first, lag=5), replace(first, examples=tagged("P---", "P---"))):
        assert other.measured_on != first.measured_on
