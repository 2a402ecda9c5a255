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
