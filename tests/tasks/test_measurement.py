"""Helpers of measurements: evenly spaced numbers, and the time of a call."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.tasks.measurement import evenly_spaced, timed


@pytest.mark.parametrize(("total", "most"), [(0, 5), (3, 5), (5, 5), (6, 5), (7, 3), (1000, 7)])
def test_numbers_are_distinct_and_even(total, most):
    numbers = evenly_spaced(total, most)
    assert len(numbers) == min(total, most)
    assert len(set(numbers.tolist())) == len(numbers)
    assert all(0 <= number < total for number in numbers)
    assert len(numbers) < 2 or np.ptp(np.diff(numbers)) <= 1


def test_the_faster_of_two_calls_is_timed(monkeypatch):
    times = iter([10.0, 13.0, 20.0, 21.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    assert timed(lambda: "done") == ("done", 1.0)
