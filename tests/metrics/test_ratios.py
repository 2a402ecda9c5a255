"""A ratio is undefined for a denominator of 0."""

from __future__ import annotations

import numpy as np

from bilstm_nlp.metrics.ratios import ratio


def test_a_ratio_is_a_float_or_none():
    assert ratio(1, 3) == 1 / 3
    assert type(ratio(np.float32(1), np.int64(2))) is float
    assert ratio(0, 0) is None
    assert ratio(2.5, 0.0) is None
