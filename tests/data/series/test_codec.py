"""A saved forecasting codec whose parts don't go together is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.codec import Columns, SeriesCodec
from bilstm_nlp.data.series.series import Parts, Series, SeriesSet
from bilstm_nlp.errors import InputError, RunError


def a_codec() -> SeriesCodec:
    values = np.random.default_rng(0).normal(size=(20, 2))
    series = Series("s", pd.date_range("2020-01-01", periods=20), values, ("a", "b"), np.arange(1, 21))
    return SeriesCodec.fit(
        SeriesSet("x", [series], ("a", "b"), "D"),
        [Parts.from_borders(16, 18, 20)],
        Columns(("a",), ("b",)),
        calendar="none",
        normalisation="last",
        scaler="standard",
        look_back=3,
        horizon=2,
        season_length=None,
    )


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("targets", [], "columns"),
        ("targets", ["b"], "columns"),
        ("observed", [[]], "columns|unhashable"),
        ("calendar", "lunar", "'lunar' for one of none, scaled, cyclic"),
        ("normalisation", [], r"\[\] for one of none, last, standard"),
        ("look_back", 4, "a linear map of shapes"),
        ("horizon", True, "sizes"),
        ("season", 0, "sizes"),
        ("frequency", 3, "the frequency 3"),
        ("scalers", {}, "figures of other series"),
        ("naive_errors", {"s": [1.0, 2.0]}, "figures of shapes"),
        ("deviations", {"s": [10**400]}, "OverflowError"),
    ],
)
def test_what_does_not_go_with_the_rest_is_named(key, value, found):
    codec = a_codec()
    assert SeriesCodec.from_json(codec.to_json(), codec.tensors()).columns == codec.columns
    with pytest.raises(RunError, match=rf"^codec\.json: expected a forecaster's codec, found .*({found})"):
        SeriesCodec.from_json(codec.to_json() | {key: value}, codec.tensors())


def test_tensors_and_frequencies_are_checked_too():
    codec = a_codec()
    with pytest.raises(RunError, match="a linear map of shapes"):
        SeriesCodec.from_json(codec.to_json(), codec.tensors() | {"linear.bias": np.zeros(2, np.float32)})
    with pytest.raises(RunError, match=r"KeyError\('linear.bias'\)"):
        SeriesCodec.from_json(codec.to_json(), {"linear.weights": codec.tensors()["linear.weights"]})
    with pytest.raises(InputError, match="expected a frequency such as"):
        SeriesCodec.from_json(codec.to_json() | {"frequency": "hourly"}, codec.tensors())
