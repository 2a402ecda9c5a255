"""Schedules of the learning rate."""

from __future__ import annotations

import pytest

from bilstm_nlp.training import schedules
from bilstm_nlp.training.protocols import Score


def test_schedules_give_factors_by_epoch_and_score():
    scores = [Score("f1", value, True) for value in (0.5, 0.4, 0.45, 0.6, 0.6, 0.3)]
    assert [schedules.linear(1, 5)(e, []) for e in (0.5, 1, 3, 5)] == [0.5, 1, 0.5, 0]
    assert schedules.cosine(1, 5)(3, []) == pytest.approx(0.5)
    assert schedules.cosine(1, 5)(5, []) == pytest.approx(0)
    assert schedules.constant(2)(0.5, []) == 0.25
    assert [schedules.inverse_time(0.5)(e, []) for e in (0.1, 1, 1.5, 3)] == [1, 1, 1 / 1.5, 1 / 2]
    assert [schedules.plateau(0.5, 2)(0, scores[:n]) for n in range(7)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]
