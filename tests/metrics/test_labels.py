"""Scores of spans equal values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from bilstm_nlp.errors import InputError
from bilstm_nlp.metrics.labels import PRF, confusion, micro_f1
from bilstm_nlp.tags import Span
from tests.metrics.strategies import annotated, thorough


def test_an_undefined_score_is_none() -> None:
    assert PRF.from_counts(0, 0, 0) == PRF(None, None, None, 0, 0, 0)
    assert PRF.from_counts(0, 0, 3) == PRF(None, 0.0, 0.0, 0, 0, 3)
    assert PRF.from_counts(0, 2, 0) == PRF(0.0, None, 0.0, 0, 2, 0)
    assert PRF.from_counts(1, 2, 4) == PRF(0.5, 0.25, 2 / 6, 1, 2, 4)


def test_micro_f1_counts_a_repeated_span_once() -> None:
    span = Span("PER", 0, 1)
    assert micro_f1([[span]], [[span, span]]) == PRF.from_counts(1, 1, 1)


def test_micro_f1_refuses_sides_of_different_length() -> None:
    with pytest.raises(InputError, match="predictions for 1 sentences, found 2"):
        micro_f1([[]], [[], []])


def test_confusion_of_a_worked_example() -> None:
    gold = [[Span("PER", 0, 2), Span("LOC", 3, 4)], [Span("LOC", 0, 1)]]
    predicted = [[Span("PER", 0, 2), Span("PER", 3, 4)], [Span("LOC", 0, 2)]]
    result = confusion(gold, predicted)
    assert result.labels == ["LOC", "PER", "none"]
    assert result.counts.tolist() == [
        [0, 1, 1],  # one place taken for a person, one missed: the predicted borders differ
        [0, 1, 0],
        [1, 0, 0],  # and so that prediction is spurious
    ]


def test_confusion_keeps_a_type_called_none_apart() -> None:
    result = confusion([[Span("none", 0, 1)]], [[]])
    assert result.labels == ["none", "none"]
    assert result.counts.tolist() == [[0, 1], [0, 0]]


@thorough
@given(sample=annotated())
def test_confusion_has_every_span_once(sample) -> None:  # type: ignore[no-untyped-def]
    gold, predicted, _ = sample
    result = confusion(gold, predicted)
    total = micro_f1(gold, predicted)
    assert np.trace(result.counts) == total.true_positives
    for position, name in enumerate(result.labels[:-1]):
        assert result.counts[position].sum() == sum(span.type == name for entities in gold for span in entities)
        assert result.counts[:, position].sum() == sum(span.type == name for entities in predicted for span in entities)
    assert result.counts[-1, -1] == 0
