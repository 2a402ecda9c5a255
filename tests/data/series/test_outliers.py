"""Values out of all proportion: named where there are some, and no false alarm for ordinary values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.outliers import outlier_of, outliers
from bilstm_nlp.data.series.series import Series

ROWS = np.arange(120)


def seen(values: np.ndarray) -> np.ndarray:
    return np.ones(len(values), dtype=np.bool_)


ORDINARY = {
    "normal": lambda draw: draw.normal(size=120) + 20,
    "Student, 3 degrees": lambda draw: draw.standard_t(3, 120),
    "log-normal": lambda draw: draw.lognormal(0, 1, 120),
    "rare sales": lambda draw: draw.poisson(4, 120) * (draw.random(120) < 0.1),
    "random walk": lambda draw: np.cumsum(draw.normal(size=120)),
    "growth of e per year": lambda draw: np.exp(ROWS / 12 + 0.1 * draw.normal(size=120)),
    "ten times as much in December": lambda draw: np.where(ROWS % 12 == 11, 10, 1) + 0.1 * draw.normal(size=120),
    "another level": lambda draw: np.where(ROWS > 110, 100, 1) + draw.normal(size=120),
    "constant": lambda draw: np.full(120, 3.0),
    "one sale": lambda draw: np.where(ROWS == 50, 9.0, 0.0),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_values_are_no_outliers(name):
    for seed in range(40):
        values = np.asarray(ORDINARY[name](np.random.default_rng(seed)), np.float64)
        assert outliers(values, seen(values)).tolist() == [], seed


@pytest.mark.parametrize("value", [-9999.0, 3000.0, 1e30])
def test_one_or_two_enormous_values_are_outliers(value):
    values = 20 + np.random.default_rng(1).normal(size=120)
    values[7] = value
    assert outliers(values, seen(values)).tolist() == [7]
    values[90] = 1.1 * value
    assert outliers(values, seen(values)).tolist() == [90, 7]


def test_filled_value_is_no_outlier():
    values = 20 + np.random.default_rng(1).normal(size=120)
    values[7] = 1e6
    observed = seen(values)
    observed[7] = False
    assert outliers(values, observed).tolist() == []


def test_outlier_is_told_with_its_line_and_the_others():
    values = np.array([[1.0], [2.0], [3.0], [1e6], [2.0], [1.0], [2.0]])
    series = Series("a", pd.RangeIndex(7), values, ("y",), np.arange(2, 9))
    assert str(outlier_of([series], ("y",))) == (
        "column 'y' of series 'a' is 1e+06 at 3 (line or row 5), all else lies in 1 to 3"
    )
