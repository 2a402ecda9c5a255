"""Measures of a classifier's answers, against all answers written out."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from bilstm_nlp.tasks.classification.predictor import Classified
from bilstm_nlp.tasks.classification.uncertainty import uncertainty


def test_measures_of_several_classes_are_those_of_all_answers():
    """Every set of classes is an answer, whose probability is a product over the classes."""
    generator = np.random.default_rng(0)
    for _ in range(20):
        values = sorted(generator.random(4), reverse=True)
        answer = Classified(
            tuple(str(n) for n, value in enumerate(values) if value >= 0.5),
            {str(n): float(value) for n, value in enumerate(values)},
        )
        sets = list(product([False, True], repeat=4))
        products = [np.prod(np.where(flags, values, 1 - np.array(values))) for flags in sets]
        likely = sorted(products, reverse=True)
        assert uncertainty(answer, "least-certain", several=True) == pytest.approx(1 - likely[0] ** 0.25)
        assert uncertainty(answer, "margin", several=True) == pytest.approx(likely[0] - likely[1])
        errors = sum(min(value, 1 - value) for value in values)
        assert uncertainty(answer, "errors", several=True) == pytest.approx(errors)


def test_single_class_has_no_second():
    answer = Classified(("yes",), {"yes": 1.0})
    assert [uncertainty(answer, by, several=False) for by in ("least-certain", "margin", "errors")] == [0, 1, 0]
