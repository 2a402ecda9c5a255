"""Scores: the better of two, in both directions."""

from __future__ import annotations

import pytest

from bilstm_nlp.training.protocols import Score


@pytest.mark.parametrize(
    ("value", "other", "as_f1", "as_error"),
    [(0.5, 0.25, True, False), (0.25, 0.5, False, True), (0.5, 0.5, True, True), (float("nan"), 0.5, False, False)],
)
def test_scores_compare_in_their_direction(value, other, as_f1, as_error):
    for higher, expected in ((True, as_f1), (False, as_error)):
        assert Score("x", value, higher).at_least(Score("x", other, higher)) == expected


@pytest.mark.parametrize(
    ("value", "loss", "other_loss", "expected"),
    [
        (0.5, 0.1, 0.2, True),
        (0.5, 0.2, 0.1, False),
        (0.5, None, 0.1, True),
        (0.6, 0.9, 0.1, True),
        (0.4, 0.1, 0.9, False),
    ],
)
def test_loss_decides_between_equal_values_alone(value, loss, other_loss, expected):
    assert Score("x", value, True, loss=loss).at_least(Score("x", 0.5, True, loss=other_loss)) == expected
